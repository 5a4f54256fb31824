/**
 * to_char of numbers and to_number. The rules are those of PostgreSQL's formatting.c, whose order of decisions (where a
 * sign goes, what FM leaves out, when a leading zero shows) is kept, so that every pattern prints the same.
 */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import { pure, T } from './define.ts';
import type { ScalarFunction } from './function.ts';
import { printfExponent, printfFixed } from './printf-float.ts';
import { type NumberKeyword, type NumberPattern, type NumberStep, numberPattern } from './number-pattern.ts';

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

/** "#…" beyond what Roman numbers can say. */
export function romanNumeral(value: number): string {
  if (!(value >= 1 && value <= 3999)) return '#'.repeat(15);
  let [rest, text] = [value, ''];
  for (const [size, letters] of ROMAN) {
    for (; rest >= size; rest -= size) text += letters;
  }
  return text;
}

/** st, nd, rd, th. */
export function ordinalSuffix(digits: string): string {
  const last = digits.at(-1) ?? '';
  if (digits.at(-2) === '1') return 'th';
  return last === '1' ? 'st' : last === '2' ? 'nd' : last === '3' ? 'rd' : 'th';
}

/** The digits of a number cut to a pattern. */
interface Digits {
  readonly text: string;
  readonly sign: '+' | '-';
  /** Columns of the pattern in front of the first digit. */
  readonly blanks: number;
}

function digitsOf(value: Numeric, pattern: NumberPattern): Digits {
  let shown = value;
  if (pattern.shifted) {
    shown = value.multiply(Numeric.fromBigInt(10n ** BigInt(pattern.multi)));
    pattern.pre += pattern.multi;
  }
  return cut(shown.round(pattern.post).toString(), pattern);
}

/** A number's text, rounded as the pattern says. */
function cut(text: string, pattern: NumberPattern): Digits {
  const sign = text.startsWith('-') ? '-' : '+';
  const digits = sign === '-' ? text.slice(1) : text;
  const point = digits.indexOf('.');
  const whole = point < 0 ? digits.length : point;
  if (whole > pattern.pre) return { text: `${'#'.repeat(pattern.pre)}.${'#'.repeat(pattern.post)}`, sign, blanks: 0 };
  return { text: digits, sign, blanks: pattern.pre - whole };
}

function formatNumber(value: Numeric, pattern: NumberPattern): string {
  if (pattern.scientific) return scientific(value, pattern);
  if (pattern.roman) {
    const roman = value.special === null ? romanNumeral(value.round(0).toNumber()) : '#'.repeat(15);
    return new NumberWriter(pattern, { text: roman, sign: '+', blanks: 0 }).write();
  }
  return new NumberWriter(pattern, digitsOf(value, pattern)).write();
}

/** An integer of the small types, which PostgreSQL prints by way of a double where it has an exponent. */
function formatInteger(value: number, pattern: NumberPattern): string {
  if (pattern.scientific) return printfExponent(value, pattern.post);
  return formatNumber(Numeric.fromBigInt(BigInt(value)), pattern);
}

/** PostgreSQL prints the numeric and bigint 9.996 by 9.99EEEE as 10.00e+00, and the integer or double as 1.00e+01. */
function scientific(value: Numeric, { pre, post }: NumberPattern): string {
  if (value.special !== null) return noNumber(pre, post);
  const size = value.abs();
  const exponent = value.sign() === 0 ? 0 : size.coefficient.toString().length - 1 - size.scale;
  const mantissa = shift(size, exponent).round(post);
  const power = Math.abs(exponent).toString().padStart(2, '0');
  return `${value.sign() < 0 ? '-' : ' '}${mantissa.toString()}e${exponent < 0 ? '-' : '+'}${power}`;
}

function noNumber(pre: number, post: number): string {
  return ` ${'#'.repeat(pre)}.${'#'.repeat(post + 4)}`;
}

/** value × 10^-exponent. */
function shift(value: Numeric, exponent: number): Numeric {
  const scale = value.scale + exponent;
  return scale >= 0
    ? Numeric.fromBigInt(value.coefficient, scale)
    : Numeric.fromBigInt(value.coefficient * 10n ** BigInt(-scale));
}

class NumberWriter {
  readonly #pattern: NumberPattern;
  readonly #number: string;
  readonly #sign: '+' | '-';
  readonly #blanks: number;
  readonly #zeroStart: number;
  readonly #columns: number;
  /** Position of the last digit that FM keeps; -1: all are kept. */
  readonly #last: number;
  #signWritten: boolean;
  #position = 0;
  #column = 0;
  #inside = false;
  #text = '';

  constructor(pattern: NumberPattern, digits: Digits) {
    this.#pattern = pattern;
    this.#number = digits.text;
    this.#sign = digits.sign;
    this.#blanks = digits.blanks;
    this.#zeroStart = pattern.zeroStart > 0 ? pattern.zeroStart - 1 : 0;
    if (pattern.plus || pattern.minus) this.#signWritten = !(pattern.plus && !pattern.minus);
    else {
      if (digits.sign !== '-' && pattern.fill) pattern.bracket = false;
      this.#signWritten = digits.sign === '+' && pattern.fill && pattern.sign === 'none';
      if (pattern.sign === 'before' && pattern.pre === pattern.signAt) pattern.sign = 'behind';
    }
    this.#last = pattern.fill && pattern.decimal ? this.#lastRelevant() : -1;
    this.#columns = pattern.post + pattern.pre - 1 + (!this.#signWritten && this.#blanks === 0 ? 1 : 0);
  }

  #lastRelevant(): number {
    const point = this.#number.indexOf('.');
    if (point < 0) return -1;
    let last = point;
    for (let i = point + 1; i < this.#number.length; i++) if (this.#number.charAt(i) !== '0') last = i;
    const { zeroEnd } = this.#pattern;
    if (zeroEnd <= this.#blanks) return last;
    return Math.max(last, Math.min(this.#number.length - 1, zeroEnd - this.#blanks));
  }

  write(): string {
    for (const step of this.#pattern.steps) {
      if (step.kind === 'text') this.#text += step.text;
      else this.#keyword(step.keyword, step.lower);
    }
    return this.#text;
  }

  #keyword(keyword: NumberKeyword, lower: boolean): void {
    const { fill, roman, decimal } = this.#pattern;
    switch (keyword) {
      case '9':
      case '0':
      case '.':
      case 'D':
        if (!roman) this.#digit(keyword);
        break;
      case ',':
      case 'G':
        if (this.#inside) this.#text += ',';
        else if (!fill) this.#text += ' ';
        break;
      case 'L':
        this.#text += ' ';
        break;
      case 'RN': {
        const text = lower ? this.#number.toLowerCase() : this.#number;
        this.#text += fill ? text : text.padStart(15);
        break;
      }
      case 'TH':
        if (!roman && !this.#number.startsWith('#') && this.#sign !== '-' && !decimal) {
          const suffix = ordinalSuffix(this.#number);
          this.#text += lower ? suffix : suffix.toUpperCase();
        }
        break;
      case 'MI':
        if (this.#sign === '-') this.#text += '-';
        else if (!fill) this.#text += ' ';
        break;
      case 'PL':
        if (this.#sign === '+') this.#text += '+';
        else if (!fill) this.#text += ' ';
        break;
      case 'SG':
        this.#text += this.#sign;
        break;
      default:
        break;
    }
  }

  /** Whether the digit to come is the 0 of 0.1, for which 9.9 shows a space. */
  #leadingZero(): boolean {
    const { zero, post } = this.#pattern;
    return !zero && this.#position === 0 && this.#number.startsWith('0') && post !== 0;
  }

  #lastIsPoint(): boolean {
    return this.#last >= 0 && this.#number.charAt(this.#last) === '.';
  }

  #digit(keyword: NumberKeyword): void {
    const pattern = this.#pattern;
    this.#inside = false;
    this.#openingSign();
    const zeroes = pattern.zero && this.#zeroStart <= this.#column;
    if (this.#column < this.#blanks && !zeroes) {
      if (!pattern.fill) this.#text += ' ';
    } else if (this.#column < this.#blanks) {
      this.#text += '0';
      this.#inside = true;
    } else {
      this.#character(keyword);
      if (this.#position < this.#number.length) this.#position++;
    }
    this.#closingSign();
    this.#column++;
  }

  #openingSign(): void {
    const pattern = this.#pattern;
    if (this.#signWritten) return;
    const reached = this.#column >= this.#blanks || (pattern.zero && this.#zeroStart === this.#column);
    if (!reached || (this.#leadingZero() && !this.#lastIsPoint())) return;
    if (pattern.sign !== 'none') {
      if (pattern.sign !== 'before') return;
      this.#text += this.#sign;
    } else if (pattern.bracket) this.#text += this.#sign === '+' ? ' ' : '<';
    else if (this.#sign === '-') this.#text += '-';
    else if (!pattern.fill) this.#text += ' ';
    this.#signWritten = true;
  }

  #character(keyword: NumberKeyword): void {
    const char = this.#number.charAt(this.#position);
    const { fill } = this.#pattern;
    if (char === '.') {
      if (!this.#lastIsPoint() || fill) this.#text += '.';
    } else if (this.#last >= 0 && this.#position > this.#last && keyword !== '0') {
      // FM leaves trailing zeros out.
    } else if (this.#leadingZero()) {
      if (!fill) this.#text += ' ';
      else if (this.#lastIsPoint()) this.#text += '0';
    } else {
      this.#text += char;
      this.#inside = true;
    }
  }

  #closingSign(): void {
    const { bracket, sign, decimal } = this.#pattern;
    let end = this.#columns + (this.#blanks > 0 ? 1 : 0) + (decimal ? 1 : 0);
    if (this.#last >= 0 && this.#last === this.#position) end = this.#column;
    if (this.#column + 1 !== end) return;
    if (this.#signWritten && bracket) this.#text += this.#sign === '+' ? ' ' : '>';
    else if (sign === 'behind') this.#text += this.#sign;
  }
}

// ---- to_number ---------------------------------------------------------------------------------------------------

/** Reads a number by its pattern: digits and the point count, separators and signs stand where the pattern has them. */
function parseNumber(text: string, source: string): Numeric | null {
  const pattern = numberPattern(source);
  if (pattern.roman) throw new DriftError('0A000', '"RN" not supported for input');
  if (pattern.scientific) throw new DriftError('0A000', '"EEEE" not supported for input');
  const reader = new NumberReader(text);
  for (const step of pattern.steps) reader.step(step);
  const { digits, negative } = reader;
  if (!/\d/.test(digits)) throw new DriftError('22P02', `invalid input syntax for type numeric: "${digits || ' '}"`);
  const value = Numeric.parse((negative ? '-' : '') + digits);
  if (value === undefined) throw new DriftError('22P02', `invalid input syntax for type numeric: "${digits}"`);
  if (!pattern.shifted) return value;
  return value.multiply(shift(Numeric.fromBigInt(1n), pattern.multi));
}

class NumberReader {
  readonly #text: string;
  #at = 0;
  digits = '';
  negative = false;

  constructor(text: string) {
    this.#text = text;
  }

  step(step: NumberStep): void {
    if (this.#at >= this.#text.length) return;
    if (step.kind === 'text') {
      this.#at += step.text.length;
      return;
    }
    switch (step.keyword) {
      case '9':
      case '0':
        this.#digit();
        break;
      case '.':
      case 'D':
        this.#digit();
        break;
      case ',':
      case 'G':
      case 'L':
        if (
          this.#text.charAt(this.#at) === ',' ||
          (step.keyword === 'L' && /[^\d\s.+-]/.test(this.#text.charAt(this.#at)))
        )
          this.#at++;
        break;
      case 'MI':
      case 'S':
      case 'SG':
      case 'PL':
      case 'PR':
        this.#sign();
        break;
      case 'TH':
        if (/[a-z]{2}/i.test(this.#text.slice(this.#at, this.#at + 2))) this.#at += 2;
        break;
      default:
        break;
    }
  }

  #sign(): void {
    const char = this.#text.charAt(this.#at);
    if (char === '-' || char === '<') this.negative = true;
    if ('+-<>'.includes(char)) this.#at++;
  }

  #digit(): void {
    while (this.#text.charAt(this.#at) === ' ') this.#at++;
    if (this.digits === '') this.#sign();
    const char = this.#text.charAt(this.#at);
    if (/\d/.test(char) || (char === '.' && !this.digits.includes('.'))) {
      this.digits += char;
      this.#at++;
    }
    const next = this.#text.charAt(this.#at);
    if (this.digits !== '' && (next === '-' || next === '>') && this.#at === this.#text.length - 1) this.#sign();
  }
}

/** Digits that a double holds. */
const DOUBLE_DIGITS = 15;
const SINGLE_DIGITS = 6;

function formatFloat(value: number, source: string, precision: number): string {
  const pattern = numberPattern(source);
  if (!Number.isFinite(value) || pattern.roman) return formatNumber(Numeric.fromNumber(value), pattern);
  if (pattern.scientific) return printfExponent(value, pattern.post);
  let shown = value;
  if (pattern.shifted) {
    shown = value * 10 ** pattern.multi;
    if (precision === SINGLE_DIGITS) shown = Math.fround(shown);
    pattern.pre += pattern.multi;
  }
  const whole = printfFixed(Math.abs(shown), 0).length;
  pattern.post = Math.min(pattern.post, Math.max(precision - whole, 0));
  return new NumberWriter(pattern, cut(printfFixed(shown, pattern.post), pattern)).write();
}

export const numberFormats: readonly ScalarFunction[] = [
  pure('to_char', [T.int4, T.text], T.text, (value: number, pattern: string) =>
    pattern === '' ? '' : formatInteger(value, numberPattern(pattern)),
  ),
  pure('to_char', [T.int8, T.text], T.text, (value: number | bigint, pattern: string) =>
    pattern === '' ? '' : formatNumber(Numeric.fromBigInt(BigInt(value)), numberPattern(pattern)),
  ),
  pure('to_char', [T.numeric, T.text], T.text, (value: Numeric, pattern: string) =>
    pattern === '' ? '' : formatNumber(value, numberPattern(pattern)),
  ),
  pure('to_char', [T.float4, T.text], T.text, (a: number, pattern: string) => formatFloat(a, pattern, SINGLE_DIGITS)),
  pure('to_char', [T.float8, T.text], T.text, (a: number, pattern: string) => formatFloat(a, pattern, DOUBLE_DIGITS)),
  pure('to_number', [T.text, T.text], T.numeric, (text: string, pattern: string) =>
    pattern === '' ? null : parseNumber(text, pattern),
  ),
];
