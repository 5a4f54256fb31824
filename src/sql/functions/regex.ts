/**
 * Matching with PostgreSQL's preferences.
 *
 * JavaScript takes the first match that its order of trying finds; POSIX, of the matches that start leftmost, takes the
 * longest, or the shortest where the pattern as a whole is not greedy. Where they start is the same. So for patterns in
 * which the order can make a difference (alternatives; greedy and non-greedy parts together) the end is looked for among
 * all: the pattern is tried against the text cut at each candidate, the preferred first. Patterns that look beyond their
 * match (constraints, look-around) cannot be tried on cut texts: they are tried with the rest behind them counted.
 */
import { DriftError } from '../../base/error.ts';
import { Dissector, type RegexNode } from './regex-dissect.ts';
import { regexError, regexOptions } from './regex-options.ts';
import { readRegex } from './regex-syntax.ts';

/** Ends tried at most. */
const MAX_ENDS = 2000;
/** Longest match that is taken apart anew. */
const MAX_DISSECTED = 500;
/** Of those that need a pattern of their own. */
const MAX_COUNTED_ENDS = 500;
const KEPT = 200;

export interface RegexMatch {
  /** Positions in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** The parenthesised parts; null for those that took no part. */
  readonly groups: readonly (string | null)[];
  readonly spans: readonly (readonly [start: number, end: number] | null)[];
}

export class Regex {
  readonly #find: RegExp;
  readonly #whole: RegExp | null;
  /** The source, where ends are tried by counting what is behind them. */
  readonly #counted: string | null;
  readonly #mode: string;
  readonly #tree: RegexNode | null;
  readonly #dissector: Dissector;
  readonly #byRest: Map<number, RegExp> = new Map();
  readonly #short: boolean;
  readonly groups: number;

  constructor(pattern: string, flags: string) {
    const found = readRegex(pattern, regexOptions(flags));
    const mode = `du${found.ignoreCase ? 'i' : ''}`;
    this.groups = found.groups;
    this.#short = found.prefersShort;
    this.#mode = mode;
    this.#tree = found.tree;
    this.#dissector = new Dissector(mode);
    this.#counted = found.ordered && found.context ? found.source : null;
    try {
      this.#find = new RegExp(found.source, `g${mode}`);
      this.#whole = found.ordered && !found.context ? new RegExp(`(?:${found.source})(?![^])`, `y${mode}`) : null;
    } catch (error) {
      throw regexError(error instanceof Error ? error.message : 'unsupported');
    }
  }

  test(text: string): boolean {
    this.#find.lastIndex = 0;
    return this.#find.test(text);
  }

  /** The first match at or behind a position. */
  exec(text: string, from = 0): RegexMatch | null {
    this.#find.lastIndex = from;
    const found = this.#find.exec(text);
    if (found === null) return null;
    const chosen = this.#whole === null && this.#counted === null ? null : this.#preferred(text, found);
    return this.#withParts(text, matchOf(chosen ?? found));
  }

  /** The match with the parts that PostgreSQL gives to its parentheses. */
  #withParts(text: string, match: RegexMatch): RegexMatch {
    const { start, end } = match;
    if (this.#tree === null || end - start > MAX_DISSECTED) return match;
    const spans = this.#dissector.dissect(this.#tree, this.groups, text, [start, end]);
    if (spans === null) return match;
    return { start, end, spans, groups: spans.map((span) => (span === null ? null : text.slice(span[0], span[1]))) };
  }

  /** All matches, one behind the other; an empty one moves on by a character. */
  *matches(text: string, from = 0): Generator<RegexMatch> {
    for (let at = from; at <= text.length;) {
      const match = this.exec(text, at);
      if (match === null) return;
      yield match;
      at = match.end > match.start ? match.end : match.end + charLength(text, match.end);
    }
  }

  #preferred(text: string, found: RegExpExecArray): RegExpExecArray | null {
    const start = found.index;
    const end = start + found[0].length;
    const most = this.#counted === null ? MAX_ENDS : MAX_COUNTED_ENDS;
    const at = (cut: number): RegExpExecArray | null => this.#endingAt(text, start, cut);
    if (this.#short) {
      for (let cut = start; cut < end; cut++) {
        const match = at(cut);
        if (match !== null) return match;
      }
      return null;
    }
    for (let cut = Math.min(text.length, end + most); cut > end; cut--) {
      const match = at(cut);
      if (match !== null) return match;
    }
    return null;
  }

  /** The match from `start` to `cut`, if there is one. */
  #endingAt(text: string, start: number, cut: number): RegExpExecArray | null {
    if (this.#whole !== null) {
      this.#whole.lastIndex = start;
      return this.#whole.exec(text.slice(0, cut));
    }
    const unit = text.charCodeAt(cut);
    if (unit >= 0xdc00 && unit < 0xe000) return null;
    const rest = [...text.slice(cut)].length;
    let regex = this.#byRest.get(rest);
    if (regex === undefined) {
      if (this.#byRest.size >= KEPT) this.#byRest.clear();
      regex = new RegExp(`(?:${this.#counted ?? ''})(?=[^]{${rest}}(?![^]))`, `y${this.#mode}`);
      this.#byRest.set(rest, regex);
    }
    regex.lastIndex = start;
    return regex.exec(text);
  }
}

function matchOf(found: RegExpExecArray): RegexMatch {
  const spans = (found.indices ?? []).slice(1).map((span) => span ?? null);
  return {
    start: found.index,
    end: found.index + found[0].length,
    groups: found.slice(1).map((group: string | undefined) => group ?? null),
    spans,
  };
}

export function charLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

const known = new Map<string, Regex>();

/** A compiled pattern; the last ones are kept. Throws 2201B, 22023. */
export function regexOf(pattern: string, flags = ''): Regex {
  const key = `${flags}/${pattern}`;
  let regex = known.get(key);
  if (regex === undefined) {
    if (pattern.length > 65536) throw new DriftError('54000', 'regular expression is too complex');
    if (known.size >= KEPT) known.clear();
    regex = new Regex(pattern, flags);
    known.set(key, regex);
  }
  return regex;
}
