/**
 * Lexer: cuts SQL text into tokens by PostgreSQL's rules (chapter 4.1 of its manual, src/backend/parser/scan.l).
 *
 * A token is a row in four growing columns, not an object: its code (one integer that tells classes, punctuation and
 * keywords apart), where it starts and ends, and for the few string tokens with escapes its value in a side table. Values
 * of the others are cut out of the text when the parser asks. A 10 MB INSERT costs eleven bytes a token and nothing to
 * collect.
 *
 * The text is read in runs, each up to the next semicolon, and long ones when the parser gets there: what follows a bad
 * statement is not looked at before its turn, and data lines after COPY … FROM STDIN are never read as SQL. An error found by the lexer becomes a token too, and is
 * thrown when the parser arrives at it, so that errors come in the order of the text.
 *
 * Codes: classes below 32; one-character tokens by their character code; operators of two characters from 128;
 * keywords from 256.
 */
import { DriftError } from '../base/error.ts';
import { keywordCode } from './keywords.ts';
import { decodeEscapes, decodeUnicodeEscapes } from './string-escapes.ts';

export const END_OF_INPUT = 0;
export const IDENTIFIER = 1;
export const QUOTED_IDENTIFIER = 2;
export const INTEGER = 3;
/** A number with point or exponent. */
export const DECIMAL = 4;
export const STRING = 5;
export const BIT_STRING = 6;
export const HEX_STRING = 7;
export const PARAMETER = 8;
/** An operator that has no code of its own. */
export const OPERATOR = 9;
/** A lexical error; thrown when reached. */
export const ERROR = 10;

export const DOT_DOT = 128;
export const COLON_EQUALS = 129;
export const EQUALS_GREATER = 130;
export const LESS_EQUALS = 131;
export const GREATER_EQUALS = 132;
export const NOT_EQUALS = 133;
export const DOUBLE_COLON = 134;

// Character classes.
const SPACE = 1;
const LETTER = 2;
const DIGIT = 4;
const OPERATOR_CHAR = 8;
const SELF = 16;
/** Characters that let an operator end in + or -. */
const OPERATOR_SPECIAL = 32;
const IDENTIFIER_PART = 64;
const CLASSES = new Uint8Array(128);
for (const c of ' \t\n\r\f') CLASSES[c.charCodeAt(0)] = SPACE;
for (let c = 97; c <= 122; c++) CLASSES[c] = CLASSES[c - 32] = LETTER | IDENTIFIER_PART;
CLASSES[95] = LETTER | IDENTIFIER_PART;
CLASSES[36] = IDENTIFIER_PART;
for (let c = 48; c <= 57; c++) CLASSES[c] = DIGIT | IDENTIFIER_PART;
for (const c of '~!@#^&|`?%') CLASSES[c.charCodeAt(0)] = OPERATOR_CHAR | OPERATOR_SPECIAL;
for (const c of '+-*/<>=') CLASSES[c.charCodeAt(0)] = OPERATOR_CHAR;
for (const c of ',()[].;:+-*/%^<>=') CLASSES[c.charCodeAt(0)] = (CLASSES[c.charCodeAt(0)] as number) | SELF;

const QUOTE = 39;
const SEMICOLON = 59;

/** Characters after which a run is broken off. */
const RUN_LENGTH = 16_384;

export class Lexer {
  readonly text: string;
  /** Number of tokens read so far. */
  count = 0;
  codes: Uint16Array = new Uint16Array(64);
  starts: Int32Array = new Int32Array(64);
  ends: Int32Array = new Int32Array(64);
  /** Values of string tokens that are not their text between the quotes. */
  readonly values: Map<number, string> = new Map();
  readonly errors: Map<number, DriftError> = new Map();
  #at = 0;

  /** `isChecked`: its characters are known to be good (parser/long-text.ts). */
  constructor(text: string, isChecked = false) {
    if (!isChecked) refuseBadCharacters(text);
    this.text = text;
  }

  /** Offset at which the next run begins. */
  get offset(): number {
    return this.#at;
  }

  /** Forgets all tokens and goes on at an offset. */
  restart(offset: number): void {
    this.count = 0;
    this.values.clear();
    this.errors.clear();
    this.#at = offset;
  }

  /** Reads tokens up to and including the next semicolon, or END_OF_INPUT; one at least, and no more than some thousands. */
  readRun(): void {
    const stop = this.#at + RUN_LENGTH;
    do {
      const start = this.#skipSpace(this.#at);
      if (start < 0) return;
      const code = start >= this.text.length ? this.#push(END_OF_INPUT, start, start) : this.#readToken(start);
      if (code === SEMICOLON || code === END_OF_INPUT || code === ERROR) return;
    } while (this.#at < stop);
  }

  #push(code: number, start: number, end: number): number {
    const i = this.count++;
    if (i === this.codes.length) this.#grow();
    this.codes[i] = code;
    this.starts[i] = start;
    this.ends[i] = end;
    this.#at = end;
    return code;
  }

  #grow(): void {
    const size = this.codes.length * 2;
    const { codes, starts, ends } = this;
    this.codes = new Uint16Array(size);
    this.codes.set(codes);
    this.starts = new Int32Array(size);
    this.starts.set(starts);
    this.ends = new Int32Array(size);
    this.ends.set(ends);
  }

  /** Makes an error token of everything that remains. */
  #fail(message: string, start: number, near?: string, code = '42601'): number {
    const quoted = near ?? this.text.slice(start);
    const error = new DriftError(code, `${message} at or near "${shorten(quoted)}"`, { position: start + 1 });
    this.errors.set(this.count, error);
    return this.#push(ERROR, start, this.text.length);
  }

  /** Returns the offset of the next token, or -1 after an unterminated comment. */
  #skipSpace(from: number): number {
    const { text } = this;
    let i = from;
    for (;;) {
      const c = text.charCodeAt(i);
      if (c === 32 || (c < 128 && (CLASSES[c] as number) === SPACE)) {
        i++;
      } else if (c === 45 && text.charCodeAt(i + 1) === 45) {
        i = lineEnd(text, i + 2);
      } else if (c === 47 && text.charCodeAt(i + 1) === 42) {
        const end = commentEnd(text, i);
        if (end < 0) {
          this.#fail('unterminated /* comment', i);
          return -1;
        }
        i = end;
      } else if (c === 92 && this.count === 0 && RESTRICTION.test(text.slice(i, i + 12))) {
        i = lineEnd(text, i);
      } else {
        return i;
      }
    }
  }

  #readToken(start: number): number {
    const { text } = this;
    const c = text.charCodeAt(start);
    const kind = c < 128 ? (CLASSES[c] as number) : LETTER;
    if ((kind & LETTER) !== 0) return this.#readWord(start, c);
    if ((kind & DIGIT) !== 0) return this.#readNumber(start);
    if (c === QUOTE) return this.#readString(start, start);
    if (c === 46) {
      const next = text.charCodeAt(start + 1);
      if (next >= 48 && next <= 57) return this.#readNumber(start);
      if (next === 46) return this.#push(DOT_DOT, start, start + 2);
      return this.#push(c, start, start + 1);
    }
    if (c === 58) {
      const next = text.charCodeAt(start + 1);
      if (next === 58) return this.#push(DOUBLE_COLON, start, start + 2);
      if (next === 61) return this.#push(COLON_EQUALS, start, start + 2);
      return this.#push(c, start, start + 1);
    }
    if ((kind & OPERATOR_CHAR) !== 0) return this.#readOperator(start, c);
    if ((kind & SELF) !== 0) return this.#push(c, start, start + 1);
    if (c === 34) return this.#readQuotedIdentifier(start, start);
    if (c === 36) return this.#readDollar(start);
    return this.#fail('syntax error', start, text.slice(start, start + 1));
  }

  #readWord(start: number, first: number): number {
    const { text } = this;
    const second = text.charCodeAt(start + 1);
    if (second === QUOTE) {
      const letter = first | 32;
      if (letter === 101) return this.#readString(start, start + 1, 'escape');
      if (letter === 98) return this.#readString(start, start + 1, 'bit');
      if (letter === 120) return this.#readString(start, start + 1, 'hex');
      // N'…' is the type nchar before a string.
      if (letter === 110) return this.#push(keywordCode('nchar', 0, 5), start, start + 1);
    } else if (second === 38 && (first | 32) === 117) {
      const third = text.charCodeAt(start + 2);
      if (third === QUOTE) return this.#readString(start, start + 2, 'unicode');
      if (third === 34) return this.#readQuotedIdentifier(start, start + 2);
    }
    const end = wordEnd(text, start + 1);
    return this.#push(keywordCode(text, start, end) || IDENTIFIER, start, end);
  }

  #readNumber(start: number): number {
    const { text } = this;
    let code = INTEGER;
    let i = digitsEnd(text, start);
    if (text.charCodeAt(i) === 46 && text.charCodeAt(i + 1) !== 46) {
      code = DECIMAL;
      i = digitsEnd(text, i + 1);
    }
    if ((text.charCodeAt(i) | 32) === 101) {
      let exponent = i + 1;
      const sign = text.charCodeAt(exponent);
      if (sign === 43 || sign === 45) exponent++;
      const end = digitsEnd(text, exponent);
      if (end > exponent) {
        code = DECIMAL;
        i = end;
      }
    }
    if (isWordStart(text.charCodeAt(i))) {
      return this.#fail('trailing junk after numeric literal', start, text.slice(start, wordEnd(text, i)));
    }
    return this.#push(code, start, i);
  }

  #readOperator(start: number, first: number): number {
    const { text } = this;
    let end = start + 1;
    let special = (CLASSES[first] as number) & OPERATOR_SPECIAL;
    for (;;) {
      const c = text.charCodeAt(end);
      const kind = c < 128 ? (CLASSES[c] as number) : 0;
      if ((kind & OPERATOR_CHAR) === 0) break;
      // A comment ends an operator.
      const next = text.charCodeAt(end + 1);
      if ((c === 45 && next === 45) || (c === 47 && next === 42)) break;
      special |= kind & OPERATOR_SPECIAL;
      end++;
    }
    // `a=-1` is `a = -1`: only with one of ~!@#^&|`?% in it may an operator end in + or -.
    while (special === 0 && end > start + 1) {
      const last = text.charCodeAt(end - 1);
      if (last !== 43 && last !== 45) break;
      end--;
    }
    if (end === start + 1) return this.#push((CLASSES[first] as number) & SELF ? first : OPERATOR, start, end);
    if (end === start + 2) {
      const second = text.charCodeAt(start + 1);
      if (second === 61) {
        if (first === 60) return this.#push(LESS_EQUALS, start, end);
        if (first === 62) return this.#push(GREATER_EQUALS, start, end);
        if (first === 33) return this.#push(NOT_EQUALS, start, end);
      } else if (second === 62) {
        if (first === 61) return this.#push(EQUALS_GREATER, start, end);
        if (first === 60) return this.#push(NOT_EQUALS, start, end);
      }
    }
    return this.#push(OPERATOR, start, end);
  }

  /** Reads '…' whose quote is at `open`; pieces separated by white space with a line break are one string. */
  #readString(start: number, open: number, form: 'plain' | 'escape' | 'unicode' | 'bit' | 'hex' = 'plain'): number {
    const { text } = this;
    const backslash = form === 'escape';
    let end = stringEnd(text, open, backslash);
    if (end < 0) return this.#fail('unterminated quoted string', start);
    let raw: string | undefined;
    for (;;) {
      const again = continuation(text, end);
      if (again < 0) break;
      raw =
        (raw ?? text.slice(open + 1, end - 1)) + text.slice(again + 1, (end = stringEnd(text, again, backslash)) - 1);
      if (end < 0) return this.#fail('unterminated quoted string', start);
    }
    if (form === 'plain') {
      if (raw !== undefined || hasDoubledQuote(text, open + 1, end - 1)) {
        this.values.set(this.count, (raw ?? text.slice(open + 1, end - 1)).replaceAll("''", "'"));
      }
      return this.#push(STRING, start, end);
    }
    raw ??= text.slice(open + 1, end - 1);
    if (form === 'bit' || form === 'hex') {
      this.values.set(this.count, raw);
      return this.#push(form === 'bit' ? BIT_STRING : HEX_STRING, start, end);
    }
    return this.#readEscaped(raw, { start, end, open, form });
  }

  #readEscaped(raw: string, token: { start: number; end: number; open: number; form: 'escape' | 'unicode' }): number {
    let { end } = token;
    try {
      if (token.form === 'escape') {
        this.values.set(this.count, decodeEscapes(raw, token.open + 1));
      } else {
        const uescape = this.#readUescape(end);
        end = uescape.end;
        this.values.set(this.count, decodeUnicodeEscapes(raw.replaceAll("''", "'"), uescape.character, token.start));
      }
    } catch (error) {
      if (!(error instanceof DriftError)) throw error;
      this.errors.set(this.count, error.with({ position: token.start + 1 }));
      return this.#push(ERROR, token.start, this.text.length);
    }
    return this.#push(STRING, token.start, end);
  }

  /** Reads an optional UESCAPE 'c' after a U& token. */
  #readUescape(from: number): { end: number; character: string } {
    const { text } = this;
    const at = this.#skipSpace(from);
    if (at < 0 || text.slice(at, at + 7).toLowerCase() !== 'uescape') return { end: from, character: '\\' };
    const open = this.#skipSpace(at + 7);
    const character = text.charAt(open + 1);
    if (text.charAt(open) !== "'" || text.charAt(open + 2) !== "'" || /[0-9a-fA-F+'"\s]/.test(character)) {
      throw new DriftError('42601', 'invalid Unicode escape character', { position: at + 1 });
    }
    return { end: open + 3, character };
  }

  #readQuotedIdentifier(start: number, open: number): number {
    const { text } = this;
    let i = open + 1;
    let doubled = false;
    for (;;) {
      const close = text.indexOf('"', i);
      if (close < 0) return this.#fail('unterminated quoted identifier', start);
      i = close + 1;
      if (text.charCodeAt(i) !== 34) break;
      doubled = true;
      i++;
    }
    let value = text.slice(open + 1, i - 1);
    if (value === '') return this.#fail('zero-length delimited identifier', start, text.slice(start, i));
    if (doubled) value = value.replaceAll('""', '"');
    if (open !== start) {
      try {
        const uescape = this.#readUescape(i);
        i = uescape.end;
        value = decodeUnicodeEscapes(value, uescape.character, start);
      } catch (error) {
        if (!(error instanceof DriftError)) throw error;
        this.errors.set(this.count, error.with({ position: start + 1 }));
        return this.#push(ERROR, start, text.length);
      }
    }
    if (doubled || open !== start) this.values.set(this.count, value);
    return this.#push(QUOTED_IDENTIFIER, start, i);
  }

  /** Reads `$1` or a dollar-quoted string. */
  #readDollar(start: number): number {
    const { text } = this;
    const next = text.charCodeAt(start + 1);
    if (next >= 48 && next <= 57) {
      const end = digitsEnd(text, start + 1);
      if (isWordStart(text.charCodeAt(end))) {
        return this.#fail('trailing junk after parameter', start, text.slice(start, wordEnd(text, end)));
      }
      return this.#push(PARAMETER, start, end);
    }
    let i = start + 1;
    if (isWordStart(next)) {
      while (isWordStart(text.charCodeAt(i)) || isDigit(text.charCodeAt(i))) i++;
    }
    if (text.charCodeAt(i) !== 36) return this.#fail('syntax error', start, '$');
    const tag = text.slice(start, i + 1);
    const close = text.indexOf(tag, i + 1);
    if (close < 0) return this.#fail('unterminated dollar-quoted string', start);
    this.values.set(this.count, text.slice(i + 1, close));
    return this.#push(STRING, start, close + tag.length);
  }
}

/** Throws 22021 for what no text may have; `from`: where it begins in the whole. */
export function refuseBadCharacters(text: string, from = 0): void {
  const zero = text.indexOf('\0');
  if (zero >= 0) {
    const message = 'invalid byte sequence for encoding "UTF8": 0x00';
    throw new DriftError('22021', message, { position: from + zero + 1 });
  }
  const surrogate = text.search(/\p{Surrogate}/u);
  if (surrogate >= 0) {
    const code = text.charCodeAt(surrogate).toString(16);
    throw new DriftError('22021', `invalid character in statement: lone surrogate U+${code.toUpperCase()}`, {
      position: from + surrogate + 1,
    });
  }
}

function isWordStart(c: number): boolean {
  return c >= 128 || (c < 128 && ((CLASSES[c] as number) & LETTER) !== 0);
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function wordEnd(text: string, from: number): number {
  let i = from;
  for (;;) {
    const c = text.charCodeAt(i);
    // NaN, past the end, is neither.
    if (!(c >= 128 || (c < 128 && ((CLASSES[c] as number) & IDENTIFIER_PART) !== 0))) return i;
    i++;
  }
}

function digitsEnd(text: string, from: number): number {
  let i = from;
  while (isDigit(text.charCodeAt(i))) i++;
  return i;
}

/** Lines with which pg_dump tells psql to take no commands of its own from the data. */
const RESTRICTION = /^\\(?:un)?restrict\s/;

function lineEnd(text: string, from: number): number {
  let i = from;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || c === 13) break;
  }
  return i;
}

/** Returns the offset after a comment that may contain others, or -1. */
function commentEnd(text: string, from: number): number {
  let depth = 1;
  for (let i = from + 2; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 42 && text.charCodeAt(i + 1) === 47) {
      i++;
      if (--depth === 0) return i + 1;
    } else if (c === 47 && text.charCodeAt(i + 1) === 42) {
      i++;
      depth++;
    }
  }
  return -1;
}

/** Returns the offset after the closing quote, or -1. */
function stringEnd(text: string, open: number, backslash: boolean): number {
  for (let i = open + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      if (text.charCodeAt(i + 1) !== QUOTE) return i + 1;
      i++;
    } else if (backslash && c === 92) {
      i++;
    }
  }
  return -1;
}

function hasDoubledQuote(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (text.charCodeAt(i) === QUOTE) return true;
  return false;
}

/** Returns where a string goes on in a next line, or -1. */
function continuation(text: string, from: number): number {
  let lineBreak = false;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || c === 13) lineBreak = true;
    else if (c === 45 && text.charCodeAt(i + 1) === 45) i = lineEnd(text, i + 2) - 1;
    else if (c === QUOTE) return lineBreak ? i : -1;
    else if (c !== 32 && c !== 9 && c !== 12) return -1;
  }
  return -1;
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
