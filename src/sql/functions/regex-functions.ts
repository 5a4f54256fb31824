/** The regexp_… functions, substring with a pattern, and the operators ~ ~* !~ !~* (PostgreSQL's chapter 9.7). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../types/array.ts';
import { pure, setFunction, T } from './define.ts';
import type { OperatorEntry, ScalarFunction, SetFunction } from './function.ts';
import { type RegexMatch, regexOf } from './regex.ts';

function operator(name: string, id: string, flags: string, wanted: boolean, left: number = T.text): OperatorEntry {
  const call = (text: string, pattern: string): boolean => regexOf(pattern, flags).test(text) === wanted;
  return { name, left, right: T.text, fn: pure(id, [left, T.text], T.bool, call) };
}

export const regexOperators: readonly OperatorEntry[] = [
  operator('~', 'textregexeq', '', true),
  operator('!~', 'textregexne', '', false),
  operator('~*', 'texticregexeq', 'i', true),
  operator('!~*', 'texticregexne', 'i', false),
  operator('~', 'bpcharregexeq', '', true, T.bpchar),
  operator('!~', 'bpcharregexne', '', false, T.bpchar),
  operator('~*', 'bpcharicregexeq', 'i', true, T.bpchar),
  operator('!~*', 'bpcharicregexne', 'i', false, T.bpchar),
];

/** Flags without `g`, where that says something; elsewhere it is refused. */
function ungreedy(flags: string, name: string): string {
  if (!flags.includes('g')) return flags;
  throw new DriftError('22023', `${name}() does not support the "global" option`, {
    hint: name === 'regexp_match' ? 'Use the regexp_matches function instead.' : undefined,
  });
}

function checked(name: string, value: number, least = 1): number {
  if (value < least) throw new DriftError('22023', `invalid value for parameter "${name}": ${value}`);
  return value;
}

/** The UTF-16 position of the n-th character, counted from one. */
function positionOf(text: string, start: number): number {
  let at = 0;
  for (let i = 1; i < start && at <= text.length; i++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}

function characterAt(text: string, position: number): number {
  let count = 1;
  for (let at = 0; at < position; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

function groupsOf(text: string, match: RegexMatch): SqlArray {
  return SqlArray.of(match.groups.length === 0 ? [text.slice(match.start, match.end)] : match.groups, T.text);
}

/** The n-th match at or behind a character. */
function nthMatch(text: string, pattern: string, start: number, n: number, flags: string): RegexMatch | undefined {
  let count = 0;
  for (const match of regexOf(pattern, flags).matches(text, positionOf(text, start))) if (++count === n) return match;
  return undefined;
}

/** Replaces the n-th match, or with n = 0 all from `start` on. */
function replace(text: string, pattern: string, replacement: string, start: number, n: number, flags: string): string {
  let result = '';
  let done = 0;
  let count = 0;
  for (const match of regexOf(pattern, flags).matches(text, positionOf(text, start))) {
    if (n !== 0 && ++count !== n) continue;
    result += text.slice(done, match.start) + filledIn(replacement, text, match);
    done = match.end;
    if (n !== 0) break;
  }
  return result + text.slice(done);
}

/** \1 … \9, \& and \\ in a replacement. */
function filledIn(replacement: string, text: string, match: RegexMatch): string {
  if (!replacement.includes('\\')) return replacement;
  return replacement.replace(/\\([1-9&\\])/g, (_, what: string) =>
    what === '&' ? text.slice(match.start, match.end) : what === '\\' ? '\\' : (match.groups[Number(what) - 1] ?? ''),
  );
}

/** The parts between matches. Empty matches at either end of the text or right behind another one split nothing. */
function* pieces(text: string, pattern: string, flags: string): Generator<string> {
  let done = 0;
  for (const match of regexOf(pattern, flags).matches(text)) {
    if (match.start >= text.length || match.end <= done) continue;
    yield text.slice(done, match.start);
    done = match.end;
  }
  yield text.slice(done);
}

function find(text: string, pattern: string): Value {
  const match = regexOf(pattern).exec(text);
  if (match === null) return null;
  return match.groups.length > 0 ? (match.groups[0] ?? null) : text.slice(match.start, match.end);
}

function positionIn(text: string, pattern: string, start = 1, n = 1, end = 0, flags = '', group = 0): number {
  checked('start', start);
  checked('n', n);
  if (end !== 0 && end !== 1) throw new DriftError('22023', `invalid value for parameter "endoption": ${end}`);
  checked('subexpr', group, 0);
  const match = nthMatch(text, pattern, start, n, ungreedy(flags, 'regexp_instr'));
  if (match === undefined) return 0;
  const span = group === 0 ? ([match.start, match.end] as const) : match.spans[group - 1];
  return span === null || span === undefined ? 0 : characterAt(text, span[end] as number);
}

function part(text: string, pattern: string, start = 1, n = 1, flags = '', group = 0): Value {
  checked('start', start);
  checked('n', n);
  checked('subexpr', group, 0);
  const match = nthMatch(text, pattern, start, n, ungreedy(flags, 'regexp_substr'));
  if (match === undefined) return null;
  return group === 0 ? text.slice(match.start, match.end) : (match.groups[group - 1] ?? null);
}

const text2 = [T.text, T.text] as const;
const text3 = [T.text, T.text, T.text] as const;
const text4 = [...text3, T.text] as const;

export const regexFunctions: readonly ScalarFunction[] = [
  pure('substring', text2, T.text, find),
  pure(
    'regexp_like',
    text3,
    T.bool,
    (text: string, pattern: string, flags = '') => regexOf(pattern, ungreedy(flags, 'regexp_like')).test(text),
    { optional: 1 },
  ),
  pure(
    'regexp_count',
    [...text2, T.int4, T.text],
    T.int4,
    (text: string, pattern: string, start = 1, flags = '') => {
      checked('start', start);
      const regex = regexOf(pattern, ungreedy(flags, 'regexp_count'));
      return [...regex.matches(text, positionOf(text, start))].length;
    },
    { optional: 2 },
  ),
  pure('regexp_instr', [...text2, T.int4, T.int4, T.int4, T.text, T.int4], T.int4, positionIn, { optional: 5 }),
  pure('regexp_substr', [...text2, T.int4, T.int4, T.text, T.int4], T.text, part, { optional: 4 }),
  pure(
    'regexp_match',
    text3,
    T.textArray,
    (text: string, pattern: string, flags = '') => {
      const match = regexOf(pattern, ungreedy(flags, 'regexp_match')).exec(text);
      return match === null ? null : groupsOf(text, match);
    },
    { optional: 1 },
  ),
  pure('regexp_replace', text3, T.text, (text: string, pattern: string, by: string) =>
    replace(text, pattern, by, 1, 1, ''),
  ),
  pure('regexp_replace', text4, T.text, (text: string, pattern: string, by: string, flags: string) => {
    if (/^\d/.test(flags)) {
      throw new DriftError('22023', `invalid regular expression option: "${flags.charAt(0)}"`, {
        hint: 'If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.',
      });
    }
    return replace(text, pattern, by, 1, flags.includes('g') ? 0 : 1, flags.replaceAll('g', ''));
  }),
  pure('regexp_replace', [...text3, T.int4], T.text, (text: string, pattern: string, by: string, start: number) =>
    replace(text, pattern, by, checked('start', start), 1, ''),
  ),
  pure(
    'regexp_replace',
    [...text3, T.int4, T.int4, T.text],
    T.text,
    (text: string, pattern: string, by: string, start: number, n: number, flags = '') =>
      replace(text, pattern, by, checked('start', start), checked('n', n, 0), flags.replaceAll('g', '')),
    { optional: 1 },
  ),
  pure(
    'regexp_split_to_array',
    text3,
    T.textArray,
    (text: string, pattern: string, flags = '') =>
      SqlArray.of([...pieces(text, pattern, ungreedy(flags, 'regexp_split_to_array'))], T.text),
    { optional: 1 },
  ),
];

export const regexSets: readonly SetFunction[] = [
  ...[text2, text3].map((args) =>
    setFunction(
      'regexp_matches',
      args,
      [{ name: 'regexp_matches', oid: T.textArray }],
      function* (_context, text, pattern, flags) {
        const options = String(flags ?? '');
        for (const match of regexOf(String(pattern), options.replaceAll('g', '')).matches(String(text))) {
          yield [groupsOf(String(text), match)];
          if (!options.includes('g')) return;
        }
      },
    ),
  ),
  ...[text2, text3].map((args) =>
    setFunction(
      'regexp_split_to_table',
      args,
      [{ name: 'regexp_split_to_table', oid: T.text }],
      function* (_context, text, pattern, flags) {
        for (const piece of pieces(
          String(text),
          String(pattern),
          ungreedy(String(flags ?? ''), 'regexp_split_to_table'),
        ))
          yield [piece];
      },
    ),
  ),
];
