/** bytea (PostgreSQL's chapter 9.5): bits and bytes, encodings, digests. */
import { DriftError } from '../../base/error.ts';
import { sha224, sha256 } from '../../base/sha256.ts';
import type { Value } from '../../base/vector.ts';
import { hexText } from '../types/basic.ts';
import { aggregate, pure, T } from './define.ts';
import { md5, sha384, sha512 } from './digests.ts';
import type { AggregateFunction, OperatorEntry, ScalarFunction } from './function.ts';

const utf8 = new TextEncoder();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

export const binaryOperators: readonly OperatorEntry[] = [
  {
    name: '||',
    left: T.bytea,
    right: T.bytea,
    fn: pure('byteacat', [T.bytea, T.bytea], T.bytea, (a: Uint8Array, b: Uint8Array) => joined([a, b])),
  },
];

// ---- encodings ---------------------------------------------------------------------------------------------------

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Characters of base64 in a line. */
const LINE = 76;

function encode(bytes: Uint8Array, format: string): string {
  switch (format.toLowerCase()) {
    case 'hex':
      return hexText(bytes);
    case 'base64':
      return toBase64(bytes);
    case 'escape':
      return Array.from(bytes, (byte) =>
        byte === 92
          ? '\\\\'
          : byte === 0 || byte > 127
            ? `\\${byte.toString(8).padStart(3, '0')}`
            : String.fromCharCode(byte),
      ).join('');
    default:
      throw new DriftError('22023', `unrecognized encoding: "${format}"`);
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = [18, 12, 6, 0].map((shift) => BASE64.charAt((group >> shift) & 63));
    const missing = Math.max(i + 3 - bytes.length, 0);
    text += digits.slice(0, 4 - missing).join('') + '='.repeat(missing);
  }
  return (text.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []).join('\n');
}

function decode(text: string, format: string): Uint8Array {
  switch (format.toLowerCase()) {
    case 'hex':
      return fromHex(text);
    case 'base64':
      return fromBase64(text);
    case 'escape':
      return fromEscape(text);
    default:
      throw new DriftError('22023', `unrecognized encoding: "${format}"`);
  }
}

function fromHex(text: string): Uint8Array {
  // White space may stand between bytes, not within one.
  const digits = text.replace(/([0-9a-f]{2})[ \n\t\r]+/giu, '$1').replace(/^[ \n\t\r]+/, '');
  const bad = /[^0-9a-f]/iu.exec(digits)?.[0];
  if (bad !== undefined) throw new DriftError('22023', `invalid hexadecimal digit: "${bad}"`);
  if (digits.length % 2 !== 0) throw new DriftError('22023', 'invalid hexadecimal data: odd number of digits');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

function fromBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let [group, count, ends] = [0, 0, 0];
  for (const char of text) {
    if (/[ \n\t\r]/.test(char)) continue;
    if (char === '=') {
      if (ends === 0 && count < 2) throw new DriftError('22023', 'unexpected "=" while decoding base64 sequence');
      ends++;
      group <<= 6;
    } else {
      const digit = BASE64.indexOf(char);
      if (digit < 0) throw new DriftError('22023', `invalid symbol "${char}" found while decoding base64 sequence`);
      group = (group << 6) | digit;
    }
    if (++count < 4) continue;
    bytes.push((group >> 16) & 255);
    if (ends < 2) bytes.push((group >> 8) & 255);
    if (ends < 1) bytes.push(group & 255);
    [group, count] = [0, 0];
  }
  if (count !== 0) {
    throw new DriftError('22023', 'invalid base64 end sequence', {
      hint: 'Input data is missing padding, is truncated, or is otherwise corrupted.',
    });
  }
  return Uint8Array.from(bytes);
}

function fromEscape(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const part of text.match(/\\\\|\\[0-3][0-7]{2}|[^\\]+|\\/g) ?? []) {
    if (part === '\\') throw new DriftError('22P02', 'invalid input syntax for type bytea');
    if (part === '\\\\') parts.push(Uint8Array.of(92));
    else parts.push(part.startsWith('\\') ? Uint8Array.of(Number.parseInt(part.slice(1), 8)) : utf8.encode(part));
  }
  return joined(parts);
}

const UTF8_NAMES = ['utf8', 'utf-8', 'unicode', 'sql_ascii'];
const LATIN1_NAMES = ['latin1', 'latin-1', 'iso88591', 'iso-8859-1', 'iso_8859_1'];

function convertFrom(bytes: Uint8Array, encoding: string): string {
  const name = encoding.toLowerCase();
  if (LATIN1_NAMES.includes(name)) return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  if (!UTF8_NAMES.includes(name)) throw new DriftError('22023', `invalid source encoding name "${encoding}"`);
  try {
    if (bytes.includes(0)) throw new RangeError('a zero byte');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DriftError('22021', `invalid byte sequence for encoding "UTF8": ${firstInvalid(bytes)}`);
  }
}

/** The bytes at which the text stops being UTF-8. */
function firstInvalid(bytes: Uint8Array): string {
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] as number;
    const length =
      first === 0
        ? 0
        : first < 0x80
          ? 1
          : first < 0xc2
            ? 0
            : first < 0xe0
              ? 2
              : first < 0xf0
                ? 3
                : first < 0xf5
                  ? 4
                  : 0;
    const following = bytes.subarray(at + 1, at + length);
    if (length === 0 || following.length < length - 1 || following.some((byte) => (byte & 0xc0) !== 0x80)) {
      const shown = bytes.subarray(at, at + Math.max(length, 1));
      return Array.from(shown, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
    }
    at += length;
  }
  return '';
}

function convertTo(text: string, encoding: string): Uint8Array {
  const name = encoding.toLowerCase();
  if (UTF8_NAMES.includes(name)) return utf8.encode(text);
  if (!LATIN1_NAMES.includes(name)) throw new DriftError('22023', `invalid destination encoding name "${encoding}"`);
  return Uint8Array.from(text, (char) => {
    const code = char.codePointAt(0) as number;
    if (code < 256) return code;
    const bytes = Array.from(utf8.encode(char), (byte) => `0x${byte.toString(16)}`).join(' ');
    throw new DriftError(
      '22P05',
      `character with byte sequence ${bytes} in encoding "UTF8" has no equivalent in encoding "LATIN1"`,
    );
  });
}

// ---- bytes -------------------------------------------------------------------------------------------------------

function at(index: number | bigint, count: number): number {
  if (index < 0 || index >= count) throw new DriftError('2202E', `index ${index} out of valid range, 0..${count - 1}`);
  return Number(index);
}

function changed(bytes: Uint8Array, index: number, byte: number): Uint8Array {
  const copy = bytes.slice();
  copy[index] = byte;
  return copy;
}

function setBit(bytes: Uint8Array, n: number | bigint, bit: number): Uint8Array {
  const index = at(n, bytes.length * 8);
  if (bit !== 0 && bit !== 1) throw new DriftError('22023', 'new bit must be 0 or 1');
  const mask = 1 << (index % 8);
  const old = bytes[index >> 3] as number;
  return changed(bytes, index >> 3, bit === 1 ? old | mask : old & ~mask);
}

function slice(bytes: Uint8Array, start: number, count?: number): Uint8Array {
  if (count !== undefined && count < 0) throw new DriftError('22011', 'negative substring length not allowed');
  const from = Math.max(start - 1, 0);
  return bytes.slice(from, count === undefined ? bytes.length : Math.max(start - 1 + count, from));
}

function overlay(bytes: Uint8Array, by: Uint8Array, start: number, count = by.length): Uint8Array {
  if (start <= 0) throw new DriftError('22011', 'negative substring length not allowed');
  return joined([bytes.slice(0, start - 1), by, bytes.slice(Math.max(start - 1 + count, 0))]);
}

function trim(bytes: Uint8Array, set: Uint8Array, start: boolean, end: boolean): Uint8Array {
  let [from, to] = [0, bytes.length];
  while (start && from < to && set.includes(bytes[from] as number)) from++;
  while (end && to > from && set.includes(bytes[to - 1] as number)) to--;
  return bytes.slice(from, to);
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let i = 0; i + part.length <= bytes.length; i++)
    if (part.every((byte, j) => bytes[i + j] === byte)) return i + 1;
  return 0;
}

const digests = { sha224, sha256, sha384, sha512 } as const;

export const binaryFunctions: readonly ScalarFunction[] = [
  pure('md5', [T.text], T.text, (text: string) => hexText(md5(utf8.encode(text)))),
  pure('md5', [T.bytea], T.text, (bytes: Uint8Array) => hexText(md5(bytes))),
  ...Object.entries(digests).map(([name, digest]) =>
    pure(name, [T.bytea], T.bytea, (bytes: Uint8Array) => digest(bytes)),
  ),
  pure('encode', [T.bytea, T.text], T.text, encode),
  pure('decode', [T.text, T.text], T.bytea, decode),
  pure('convert_from', [T.bytea, T.name], T.text, convertFrom),
  pure('convert_to', [T.text, T.name], T.bytea, convertTo),
  pure('bit_length', [T.bytea], T.int4, (bytes: Uint8Array) => bytes.length * 8),
  pure(
    'length',
    [T.bytea, T.name],
    T.int4,
    (bytes: Uint8Array, encoding: string) => [...convertFrom(bytes, encoding)].length,
  ),
  pure('bit_count', [T.bytea], T.int8, (bytes: Uint8Array) => {
    let count = 0;
    for (const byte of bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
    return count;
  }),
  pure('get_byte', [T.bytea, T.int4], T.int4, (bytes: Uint8Array, n: number) => bytes[at(n, bytes.length)] as number),
  pure('set_byte', [T.bytea, T.int4, T.int4], T.bytea, (bytes: Uint8Array, n: number, byte: number) =>
    changed(bytes, at(n, bytes.length), byte & 255),
  ),
  pure('get_bit', [T.bytea, T.int8], T.int4, (bytes: Uint8Array, n: number | bigint) => {
    const index = at(n, bytes.length * 8);
    return ((bytes[index >> 3] as number) >> (index % 8)) & 1;
  }),
  pure('set_bit', [T.bytea, T.int8, T.int4], T.bytea, setBit),
  ...(['substr', 'substring'] as const).flatMap((name) => [
    pure(name, [T.bytea, T.int4], T.bytea, (bytes: Uint8Array, start: number) => slice(bytes, start)),
    pure(name, [T.bytea, T.int4, T.int4], T.bytea, slice),
  ]),
  pure('overlay', [T.bytea, T.bytea, T.int4, T.int4], T.bytea, overlay, { optional: 1 }),
  pure('position', [T.bytea, T.bytea], T.int4, indexOf),
  pure('btrim', [T.bytea, T.bytea], T.bytea, (a: Uint8Array, set: Uint8Array) => trim(a, set, true, true)),
  pure('ltrim', [T.bytea, T.bytea], T.bytea, (a: Uint8Array, set: Uint8Array) => trim(a, set, true, false)),
  pure('rtrim', [T.bytea, T.bytea], T.bytea, (a: Uint8Array, set: Uint8Array) => trim(a, set, false, true)),
];

export const binaryAggregates: readonly AggregateFunction[] = [
  aggregate<Uint8Array[]>('string_agg', [T.bytea, T.bytea], T.bytea, {
    strict: false,
    init: () => [],
    step(parts, [value = null, by = null]: readonly Value[]) {
      if (value === null) return parts;
      if (parts.length > 0 && by !== null) parts.push(by as Uint8Array);
      parts.push(value as Uint8Array);
      return parts;
    },
    final: (parts) => (parts.length === 0 ? null : joined(parts)),
  }),
];
