/**
 * LIKE patterns, compiled: `%` any run of characters, `_` any character, a backslash takes the next one as it is.
 *
 * A pattern is pieces between its `%`. The first stands at the text's start, the last at its end, those between are found
 * from left to right, each at the first place behind the one before: no other choice could match where this one does
 * not. So time is at most text times pattern, for every pattern (a regular expression would try all choices).
 */
import { DriftError } from '../../base/error.ts';

/** What stands between two `%`: literals and, as null, single characters of any kind. */
interface Piece {
  readonly parts: readonly (string | null)[];
  /** Characters it takes, counted as code points. */
  readonly points: number;
}

export class LikePattern {
  readonly #pieces: readonly Piece[];
  readonly #ignoreCase: boolean;

  /** Throws 22025. */
  constructor(pattern: string, ignoreCase: boolean) {
    this.#pieces = piecesOf(ignoreCase ? pattern.toLowerCase() : pattern);
    this.#ignoreCase = ignoreCase;
  }

  test(value: string): boolean {
    const text = this.#ignoreCase ? value.toLowerCase() : value;
    const pieces = this.#pieces;
    const first = pieces[0] as Piece;
    let at = endOf(text, 0, first);
    if (pieces.length === 1) return at === text.length;
    if (at < 0) return false;
    for (let i = 1; i < pieces.length - 1; i++) {
      at = find(text, at, pieces[i] as Piece);
      if (at < 0) return false;
    }
    const last = pieces.at(-1) as Piece;
    const start = back(text, last.points);
    return start >= at && endOf(text, start, last) === text.length;
  }
}

function piecesOf(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  let parts: (string | null)[] = [];
  let literal = '';
  const endLiteral = (): void => {
    if (literal !== '') parts.push(literal);
    literal = '';
  };
  const endPiece = (): void => {
    endLiteral();
    pieces.push({ parts, points: parts.reduce((sum, part) => sum + (part === null ? 1 : [...part].length), 0) });
    parts = [];
  };
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === '%') endPiece();
    else if (char === '_') {
      endLiteral();
      parts.push(null);
    } else if (char === '\\') {
      if (++i === pattern.length) throw new DriftError('22025', 'LIKE pattern must not end with escape character');
      literal += pattern.charAt(i);
    } else literal += char;
  }
  endPiece();
  return pieces;
}

/** Where the piece ends that stands at `start`, or -1 where it does not stand there. */
function endOf(text: string, start: number, piece: Piece): number {
  let at = start;
  for (const part of piece.parts) {
    if (part === null) {
      if (at >= text.length) return -1;
      at += width(text, at);
    } else {
      if (!text.startsWith(part, at)) return -1;
      at += part.length;
    }
  }
  return at;
}

/** Where the first occurrence of the piece from `from` on ends, or -1. */
function find(text: string, from: number, piece: Piece): number {
  const [first] = piece.parts;
  if (first === undefined) return from;
  for (let at = from; at <= text.length; at += at < text.length ? width(text, at) : 1) {
    if (first !== null) {
      at = text.indexOf(first, at);
      if (at < 0) return -1;
    }
    const end = endOf(text, at, piece);
    if (end >= 0) return end;
  }
  return -1;
}

/** Where the last `points` characters begin, or -1 where there are fewer. */
function back(text: string, points: number): number {
  let at = text.length;
  for (let left = points; left > 0; left--) {
    if (at === 0) return -1;
    at--;
    if (at > 0 && isLow(text, at) && isHigh(text, at - 1)) at--;
  }
  return at;
}

const isHigh = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xd800;
const isLow = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

/** Code units of the character at `at`. */
function width(text: string, at: number): number {
  return isHigh(text, at) && at + 1 < text.length && isLow(text, at + 1) ? 2 : 1;
}
