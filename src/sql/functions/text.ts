/** Text: concatenation, patterns, and the functions of PostgreSQL's chapters 9.4 and 9.7. Positions count code points. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { pure, T, typedScalar } from './define.ts';
import { LikePattern } from './like.ts';
import { asText, formatFunctions } from './format-text.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';
import { regexOf } from './regex.ts';

const MAX_TEXT = 256 * 1024 * 1024;

function operator(
  name: string,
  id: string,
  call: (a: string, b: string) => Value,
  types: readonly [number, number] = [T.text, T.text],
): OperatorEntry {
  const returns = name === '||' ? T.text : T.bool;
  return { name, left: types[0], right: types[1], fn: pure(id, [...types], returns, call) };
}

export const textOperators: readonly OperatorEntry[] = [
  operator('||', 'textcat', (a, b) => a + b),
  {
    name: '||',
    left: T.anynonarray,
    right: T.text,
    fn: typedScalar('anytextcat', [T.anynonarray, T.text], T.text, ([oid = T.text]) => {
      return (context, a = null, b) => asText(a, oid, context) + String(b);
    }),
  },
  {
    name: '||',
    left: T.text,
    right: T.anynonarray,
    fn: typedScalar('textanycat', [T.text, T.anynonarray], T.text, ([, oid = T.text]) => {
      return (context, a, b = null) => String(a) + asText(b, oid, context);
    }),
  },
  operator('~~', 'textlike', (a, b) => like(a, b, false)),
  operator('!~~', 'textnlike', (a, b) => !like(a, b, false)),
  operator('~~*', 'texticlike', (a, b) => like(a, b, true)),
  operator('!~~*', 'texticnlike', (a, b) => !like(a, b, true)),
  ...(
    [
      ['~~', 'bpcharlike', false, true],
      ['!~~', 'bpcharnlike', false, false],
      ['~~*', 'bpchariclike', true, true],
      ['!~~*', 'bpcharicnlike', true, false],
    ] as const
  ).map(([name, id, fold, wanted]): OperatorEntry => ({
    name,
    left: T.bpchar,
    right: T.text,
    fn: pure(id, [T.bpchar, T.text], T.bool, (a: string, b: string) => like(a, b, fold) === wanted),
  })),
  ...(
    [
      ['~~', 'bytealike', true],
      ['!~~', 'byteanlike', false],
    ] as const
  ).map(([name, id, wanted]): OperatorEntry => ({
    name,
    left: T.bytea,
    right: T.bytea,
    fn: pure(
      id,
      [T.bytea, T.bytea],
      T.bool,
      (a: Uint8Array, b: Uint8Array) => like(byteText(a), byteText(b), false) === wanted,
    ),
  })),
  operator('^@', 'starts_with', (a, b) => a.startsWith(b)),
];

/** A character for each byte. */
function byteText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

export const textFunctions: readonly ScalarFunction[] = [
  ...(['length', 'char_length', 'character_length'] as const).map((name) =>
    pure(name, [T.text], T.int4, (a: string) => codePoints(a)),
  ),
  pure('length', [T.bytea], T.int4, (a: Uint8Array) => a.length),
  pure('octet_length', [T.text], T.int4, (a: string) => new TextEncoder().encode(a).length),
  pure('octet_length', [T.bpchar], T.int4, (a: string) => new TextEncoder().encode(a).length),
  pure('octet_length', [T.bytea], T.int4, (a: Uint8Array) => a.length),
  pure('bit_length', [T.text], T.int4, (a: string) => new TextEncoder().encode(a).length * 8),
  pure('lower', [T.text], T.text, (a: string) => a.toLowerCase()),
  pure('upper', [T.text], T.text, (a: string) => a.toUpperCase()),
  pure('initcap', [T.text], T.text, (a: string) =>
    a.toLowerCase().replace(/[\p{L}\p{N}]+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1)),
  ),
  ...(['substr', 'substring'] as const).flatMap((name) => [
    pure(name, [T.text, T.int4], T.text, (a: string, start: number) => substring(a, start, undefined)),
    pure(name, [T.text, T.int4, T.int4], T.text, (a: string, start: number, count: number) =>
      substring(a, start, count),
    ),
  ]),
  pure('left', [T.text, T.int4], T.text, (a: string, n: number) =>
    n >= 0 ? [...a].slice(0, n).join('') : [...a].slice(0, n).join(''),
  ),
  pure('right', [T.text, T.int4], T.text, (a: string, n: number) =>
    n === 0 ? '' : n > 0 ? [...a].slice(-n).join('') : [...a].slice(-n).join(''),
  ),
  ...trims(),
  ...([T.int4] as const).flatMap(() => [
    pure('lpad', [T.text, T.int4], T.text, (a: string, n: number) => pad(a, n, ' ', true)),
    pure('lpad', [T.text, T.int4, T.text], T.text, (a: string, n: number, fill: string) => pad(a, n, fill, true)),
    pure('rpad', [T.text, T.int4], T.text, (a: string, n: number) => pad(a, n, ' ', false)),
    pure('rpad', [T.text, T.int4, T.text], T.text, (a: string, n: number, fill: string) => pad(a, n, fill, false)),
  ]),
  pure('repeat', [T.text, T.int4], T.text, (a: string, n: number) => {
    if (a.length * Math.max(n, 0) > MAX_TEXT) throw new DriftError('54000', 'requested length too large');
    return a.repeat(Math.max(n, 0));
  }),
  pure('replace', [T.text, T.text, T.text], T.text, (a: string, from: string, to: string) =>
    from === '' ? a : a.replaceAll(from, () => to),
  ),
  pure('translate', [T.text, T.text, T.text], T.text, (a: string, from: string, to: string) => {
    const [source, target] = [[...from], [...to]];
    return [...a].map((char) => (source.includes(char) ? (target[source.indexOf(char)] ?? '') : char)).join('');
  }),
  pure('reverse', [T.text], T.text, (a: string) => [...a].reverse().join('')),
  ...(['strpos', 'position'] as const).map((name) =>
    pure(name, [T.text, T.text], T.int4, (a: string, part: string) => {
      const at = a.indexOf(part);
      return at < 0 ? 0 : codePoints(a.slice(0, at)) + 1;
    }),
  ),
  pure('split_part', [T.text, T.text, T.int4], T.text, (a: string, by: string, n: number) => {
    if (n === 0) throw new DriftError('22023', 'field position must not be zero');
    const parts = by === '' ? [a] : a.split(by);
    return parts[n > 0 ? n - 1 : parts.length + n] ?? '';
  }),
  pure('starts_with', [T.text, T.text], T.bool, (a: string, b: string) => a.startsWith(b)),
  pure('ascii', [T.text], T.int4, (a: string) => a.codePointAt(0) ?? 0),
  pure('chr', [T.int4], T.text, (n: number) => {
    if (n === 0) throw new DriftError('54000', 'null character not permitted');
    if (n < 0) throw new DriftError('22023', 'character number must be positive');
    if (n > 0x10ffff) throw new DriftError('54000', `requested character too large for encoding: ${n}`);
    if (n >= 0xd800 && n <= 0xdfff) throw new DriftError('54000', `requested character not valid for encoding: ${n}`);
    return String.fromCodePoint(n);
  }),
  ...([T.int4, T.int8] as const).map((oid) =>
    pure('to_hex', [oid], T.text, (n: number | bigint) =>
      BigInt.asUintN(oid === T.int4 ? 32 : 64, BigInt(n)).toString(16),
    ),
  ),
  ...formatFunctions,
  pure('normalize', [T.text, T.text], T.text, (a: string, form = 'NFC') => a.normalize(formOf(form)), { optional: 1 }),
  pure('is_normalized', [T.text, T.text], T.bool, (a: string, form = 'NFC') => a.normalize(formOf(form)) === a, {
    optional: 1,
  }),
  pure('substring', [T.text, T.text, T.text], T.text, (text: string, pattern: string, escape: string) => {
    const match = regexOf(similar(pattern, escape)).exec(text);
    return match === null ? null : match.groups.length > 0 ? (match.groups[0] ?? null) : text;
  }),
  pure('like_escape', [T.text, T.text], T.text, (pattern: string, escape: string) => likeEscape(pattern, escape)),
  pure('similar_to_escape', [T.text], T.text, (pattern: string) => similar(pattern)),
  pure('similar_to_escape', [T.text, T.text], T.text, (pattern: string, escape: string) => similar(pattern, escape)),
  pure('overlay', [T.text, T.text, T.int4], T.text, (a: string, b: string, start: number) =>
    overlay(a, b, start, codePoints(b)),
  ),
  pure('overlay', [T.text, T.text, T.int4, T.int4], T.text, overlay),
];

function trims(): ScalarFunction[] {
  const sides = [
    ['btrim', true, true],
    ['ltrim', true, false],
    ['rtrim', false, true],
  ] as const;
  return sides.flatMap(([name, start, end]) => [
    pure(name, [T.text], T.text, (a: string) => trim(a, ' ', start, end)),
    pure(name, [T.text, T.text], T.text, (a: string, chars: string) => trim(a, chars, start, end)),
  ]);
}

function trim(text: string, chars: string, start: boolean, end: boolean): string {
  const set = new Set(chars);
  const points = [...text];
  let [from, to] = [0, points.length];
  while (start && from < to && set.has(points[from] as string)) from++;
  while (end && to > from && set.has(points[to - 1] as string)) to--;
  return points.slice(from, to).join('');
}

function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  return count;
}

function substring(text: string, start: number, count: number | undefined): string {
  if (count !== undefined && count < 0) throw new DriftError('22011', 'negative substring length not allowed');
  const points = codePoints(text) === text.length ? null : [...text];
  const from = Math.max(start - 1, 0);
  const to = count === undefined ? text.length : Math.max(start - 1 + count, 0);
  return points === null ? text.slice(from, Math.max(to, from)) : points.slice(from, Math.max(to, from)).join('');
}

function pad(text: string, length: number, fill: string, before: boolean): string {
  const points = [...text];
  if (length <= 0) return '';
  if (length > MAX_TEXT) throw new DriftError('54000', 'requested length too large');
  if (points.length >= length) return points.slice(0, length).join('');
  if (fill === '') return text;
  const filler = [...fill];
  const padding = Array.from({ length: length - points.length }, (_, i) => filler[i % filler.length]).join('');
  return before ? padding + text : text + padding;
}

function overlay(a: string, b: string, start: number, count: number): string {
  if (start <= 0) throw new DriftError('22011', 'negative substring length not allowed');
  const points = [...a];
  return points.slice(0, Math.max(start - 1, 0)).join('') + b + points.slice(Math.max(start - 1 + count, 0)).join('');
}

const patterns = new Map<string, LikePattern>();

/** LIKE and ILIKE. Throws 22025. */
export function like(text: string, pattern: string, ignoreCase: boolean): boolean {
  const key = `${ignoreCase ? 'i' : ''} ${pattern}`;
  let found = patterns.get(key);
  if (found === undefined) {
    if (patterns.size > 200) patterns.clear();
    found = new LikePattern(pattern, ignoreCase);
    patterns.set(key, found);
  }
  return found.test(text);
}

function likeEscape(pattern: string, escape: string): string {
  if (codePoints(escape) > 1)
    throw new DriftError('22025', 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  if (escape === '\\') return pattern;
  return [...pattern]
    .map((char, i, all) => (char === '\\' ? '\\\\' : char === escape && all[i - 1] !== escape ? '\\' : char))
    .join('');
}

/**
 * A pattern of SIMILAR TO as a regular expression. The parts that two escaped double quotes separate are for
 * substring: the first takes as little as it can, the second as much.
 */
function similar(pattern: string, escape = '\\'): string {
  if (codePoints(escape) > 1)
    throw new DriftError('22025', 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  const separated = escape === '' ? 0 : pattern.split(`${escape}"`).length - 1;
  let source = '';
  let separators = 0;
  let bracket = false;
  const chars = [...pattern];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string;
    if (char === escape) {
      const next = chars[++i];
      if (next !== '"' || bracket) source += next === undefined ? '' : `\\${next}`;
      else if (++separators > 2) {
        throw new DriftError(
          '2200C',
          'SQL regular expression may not contain more than two escape-double-quote separators',
        );
      } else source += separators === 1 ? ')(' : ')(?:';
    } else if (bracket) {
      source += char === '\\' ? '\\\\' : char;
      if (char === ']') bracket = false;
    } else if (char === '[') {
      bracket = true;
      source += char;
    } else if (char === '%') source += separators === 0 && separated > 0 ? '.*?' : '.*';
    else if (char === '_') source += '.';
    else if (char === '(') source += '(?:';
    else source += /[\\.^$]/.test(char) ? `\\${char}` : char;
  }
  return `^(?:${source})$`;
}

function formOf(form: string): 'NFC' | 'NFD' | 'NFKC' | 'NFKD' {
  const upper = form.toUpperCase();
  if (upper === 'NFC' || upper === 'NFD' || upper === 'NFKC' || upper === 'NFKD') return upper;
  throw new DriftError('22023', `invalid normalization form: ${form}`);
}
