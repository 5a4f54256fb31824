/** json (as written, checked) and jsonb (canonical text: keys by length then bytes, numbers exact, one space after : and ,). */
import { DriftError } from '../../base/error.ts';
import { makeType } from './basic.ts';
import { compareJsonb, jsonbHashKey } from './jsonb-order.ts';
import { cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

/** Far below what the stack of a worker holds. */
const MAX_DEPTH = 1000;

/** Reads JSON text and writes its canonical form; numbers keep their digits. Throws 22P02. */
export function canonicalJson(text: string): string {
  return scan(text, true);
}

/** `decoding`: escapes must stand for text that can be stored, as jsonb's must and json's need not. */
function scan(text: string, decoding: boolean): string {
  const source = cleanText(text);
  let at = 0;
  const fail = (): never => {
    throw new DriftError('22P02', 'invalid input syntax for type json', {
      detail: `Unexpected input at character ${at + 1}.`,
    });
  };
  const space = (): void => {
    while (at < source.length && ' \t\n\r'.includes(source.charAt(at))) at++;
  };
  const string = (): string => {
    const match = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    match.lastIndex = at;
    const found = match.exec(source) ?? fail();
    at += found[0].length;
    const value = JSON.parse(found[0]) as string;
    if (!decoding) return value;
    if (value.includes('\u0000'))
      throw new DriftError('22P05', 'unsupported Unicode escape sequence', {
        detail: '\\u0000 cannot be converted to text.',
      });
    if (!value.isWellFormed())
      throw new DriftError('22P02', 'invalid input syntax for type json', {
        detail: 'Unicode high surrogate must be followed by a low one.',
      });
    return value;
  };
  const value = (depth: number): string => {
    if (depth > MAX_DEPTH) throw new DriftError('54001', 'stack depth limit exceeded');
    space();
    const char = source.charAt(at);
    if (char === '{') return object(depth);
    if (char === '[') return array(depth);
    if (char === '"') return JSON.stringify(string());
    const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    literal.lastIndex = at;
    const found = literal.exec(source) ?? fail();
    at += found[0].length;
    return /^[-\d]/.test(found[0]) ? plainNumber(found[0]) : found[0];
  };
  const object = (depth: number): string => {
    const entries = new Map<string, string>();
    at++;
    space();
    if (source.charAt(at) === '}') at++;
    else
      for (;;) {
        space();
        const key = string();
        space();
        if (source.charAt(at++) !== ':') fail();
        entries.set(key, value(depth + 1));
        space();
        const next = source.charAt(at++);
        if (next === '}') break;
        if (next !== ',') fail();
      }
    const keys = [...entries.keys()].sort(byLengthThenBytes);
    return `{${keys.map((key) => `${JSON.stringify(key)}: ${entries.get(key) ?? ''}`).join(', ')}}`;
  };
  const array = (depth: number): string => {
    const items: string[] = [];
    at++;
    space();
    if (source.charAt(at) === ']') at++;
    else
      for (;;) {
        items.push(value(depth + 1));
        space();
        const next = source.charAt(at++);
        if (next === ']') break;
        if (next !== ',') fail();
      }
    return `[${items.join(', ')}]`;
  };
  const result = value(0);
  space();
  if (at < source.length) fail();
  return result;
}

const utf8 = new TextEncoder();

/** jsonb's order of keys, in UTF-8. */
function byLengthThenBytes(a: string, b: string): number {
  const [x, y] = [utf8.encode(a), utf8.encode(b)];
  if (x.length !== y.length) return x.length - y.length;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
  return 0;
}

/** A number as numeric prints it: no exponent, no negative zero. */
function plainNumber(text: string): string {
  const plain = /[eE]/.test(text) ? expandNumber(text) : text;
  return /^-[0.]*$/.test(plain) ? plain.slice(1) : plain;
}

function expandNumber(text: string): string {
  const [mantissa = '0', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '0', fraction = ''] = mantissa.replace('-', '').split('.');
  const shift = Number(exponent) - fraction.length;
  if (Math.abs(shift) > 100_000) throw new DriftError('22003', 'value overflows numeric format');
  let digits = whole + fraction;
  if (shift >= 0) digits += '0'.repeat(shift);
  else digits = digits.padStart(1 - shift, '0').replace(new RegExp(`(.{${-shift}})$`), '.$1');
  return (mantissa.startsWith('-') ? '-' : '') + digits.replace(/^0+(?=\d)/, '');
}

export const jsonTypes: readonly SqlType[] = [
  makeType({
    oid: 114,
    name: 'json',
    display: 'json',
    category: 'U',
    arrayOid: 199,
    length: -1,
    compare: undefined,
    format: () => ({ kind: 'text' }),
    input(text) {
      scan(text, false);
      return text;
    },
  }),
  makeType({
    oid: 3802,
    name: 'jsonb',
    display: 'jsonb',
    category: 'U',
    arrayOid: 3807,
    length: -1,
    format: () => ({ kind: 'text' }),
    input: canonicalJson,
    compare: (a, b) => compareJsonb(a as string, b as string),
    hashKey: (value) => jsonbHashKey(value as string),
  }),
];
