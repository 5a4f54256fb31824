/**
 * Numeric: an exact decimal number, PostgreSQL's `numeric`, as coefficient × 10^-scale or one of NaN, ±Infinity.
 *
 * The scale is the display scale: 1.10 and 1.1 are equal but print differently. Immutable. Results have the scales that
 * PostgreSQL gives them (numeric.c): sums the greater one, products the sum, quotients at least sixteen digits.
 */
import { DriftError } from './error.ts';

/** Digits PostgreSQL aims at in quotients and roots, and the most it keeps behind the point. */
const MIN_SIGNIFICANT = 16;
const MAX_SCALE = 16383;
const MAX_INTEGER_DIGITS = 131072;
/** PostgreSQL computes in groups of four decimal digits; its result scales show it. */
const GROUP = 4;

export class Numeric {
  static readonly NaN: Numeric = new Numeric(0n, 0, 'NaN');
  static readonly Infinity: Numeric = new Numeric(0n, 0, 'Infinity');
  static readonly NegativeInfinity: Numeric = new Numeric(0n, 0, '-Infinity');

  readonly coefficient: bigint;
  /** Digits after the decimal point, 0 … 16383. */
  readonly scale: number;
  readonly special: 'NaN' | 'Infinity' | '-Infinity' | null;

  constructor(coefficient: bigint, scale: number, special: Numeric['special'] = null) {
    this.coefficient = coefficient;
    this.scale = scale;
    this.special = special;
  }

  /** Makes a numeric from an exact integer in a double and a scale (a cell of a `decimal` vector). */
  static fromScaled(integer: number, scale: number): Numeric {
    return new Numeric(BigInt(integer), scale);
  }

  /** Returns the integer × 10^-scale of this value if that is exact and safe in a double, else undefined. */
  toScaled(scale: number): number | undefined {
    if (this.special !== null) return undefined;
    let coefficient = this.coefficient;
    if (this.scale > scale) {
      const divisor = 10n ** BigInt(this.scale - scale);
      if (coefficient % divisor !== 0n) return undefined;
      coefficient /= divisor;
    } else if (this.scale < scale) {
      coefficient *= 10n ** BigInt(scale - this.scale);
    }
    const value = Number(coefficient);
    return Number.isSafeInteger(value) ? value : undefined;
  }

  /** Prints the value as PostgreSQL does. */
  toString(): string {
    if (this.special !== null) return this.special;
    const negative = this.coefficient < 0n;
    let digits = (negative ? -this.coefficient : this.coefficient).toString();
    if (this.scale > 0) {
      digits = digits.padStart(this.scale + 1, '0');
      digits = `${digits.slice(0, -this.scale)}.${digits.slice(-this.scale)}`;
    }
    return negative ? `-${digits}` : digits;
  }

  static fromBigInt(value: bigint, scale = 0): Numeric {
    return new Numeric(value, scale);
  }

  /** Makes the shortest decimal that reads back as the double. */
  static fromNumber(value: number): Numeric {
    if (Number.isNaN(value)) return Numeric.NaN;
    if (value === Infinity) return Numeric.Infinity;
    if (value === -Infinity) return Numeric.NegativeInfinity;
    return Numeric.parse(String(value)) ?? Numeric.NaN;
  }

  /** Reads a decimal number, with an exponent or not; undefined where the text is none. */
  static parse(text: string): Numeric | undefined {
    const trimmed = text.trim();
    const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/.exec(trimmed);
    if (match === null) return special(trimmed.toLowerCase());
    const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
    if (whole === '' && fraction === '') return undefined;
    let scale = fraction.length - Number(exponent);
    if (whole.length - 1 - scale > MAX_INTEGER_DIGITS || scale > MAX_SCALE * 2) throw overflow();
    let coefficient = BigInt(whole + fraction);
    if (scale < 0) {
      coefficient *= 10n ** BigInt(-scale);
      scale = 0;
    }
    return new Numeric(sign === '-' ? -coefficient : coefficient, scale).#checked();
  }

  toNumber(): number {
    if (this.special !== null)
      return this.special === 'NaN' ? Number.NaN : this.special === 'Infinity' ? Infinity : -Infinity;
    return Number(this.toString());
  }

  /** -1, 0 or 1; NaN counts as positive. */
  sign(): number {
    if (this.special !== null) return this.special === '-Infinity' ? -1 : 1;
    return this.coefficient > 0n ? 1 : this.coefficient < 0n ? -1 : 0;
  }

  /** PostgreSQL's order: NaN equals itself and is greater than everything. */
  compare(other: Numeric): number {
    if (this.special !== null || other.special !== null) return rank(this) - rank(other);
    const [a, b] = aligned(this, other);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  add(other: Numeric): Numeric {
    if (this.special !== null || other.special !== null) return this.#specialSum(other);
    const [a, b] = aligned(this, other);
    return new Numeric(a + b, Math.max(this.scale, other.scale)).#checked();
  }

  subtract(other: Numeric): Numeric {
    return this.add(other.negate());
  }

  multiply(other: Numeric): Numeric {
    if (this.special !== null || other.special !== null) {
      const sign = this.sign() * other.sign();
      if (this.special === 'NaN' || other.special === 'NaN' || sign === 0) return Numeric.NaN;
      return sign > 0 ? Numeric.Infinity : Numeric.NegativeInfinity;
    }
    const product = new Numeric(this.coefficient * other.coefficient, this.scale + other.scale);
    return (product.scale > MAX_SCALE ? product.round(MAX_SCALE) : product).#checked();
  }

  /** Throws 22012 for a zero divisor. */
  divide(other: Numeric): Numeric {
    if (this.special === 'NaN' || other.special === 'NaN') return Numeric.NaN;
    if (other.sign() === 0) throw new DriftError('22012', 'division by zero');
    if (this.special !== null)
      return other.special !== null
        ? Numeric.NaN
        : other.sign() * this.sign() > 0
          ? Numeric.Infinity
          : Numeric.NegativeInfinity;
    if (other.special !== null) return new Numeric(0n, 0);
    const scale = divisionScale(this, other);
    const shift = scale + other.scale - this.scale;
    const numerator = shift >= 0 ? this.coefficient * 10n ** BigInt(shift) : this.coefficient;
    const denominator = shift >= 0 ? other.coefficient : other.coefficient * 10n ** BigInt(-shift);
    return new Numeric(roundedQuotient(numerator, denominator), scale).#checked();
  }

  /** Remainder with the dividend's sign. */
  modulo(other: Numeric): Numeric {
    if (this.special === 'NaN' || other.special === 'NaN' || this.special !== null) return Numeric.NaN;
    if (other.special !== null) return this;
    if (other.sign() === 0) throw new DriftError('22012', 'division by zero');
    const [a, b] = aligned(this, other);
    return new Numeric(a % b, Math.max(this.scale, other.scale));
  }

  negate(): Numeric {
    if (this.special !== null)
      return this.special === 'NaN' ? this : this.special === 'Infinity' ? Numeric.NegativeInfinity : Numeric.Infinity;
    return new Numeric(-this.coefficient, this.scale);
  }

  abs(): Numeric {
    return this.sign() < 0 ? this.negate() : this;
  }

  /** Rounds half away from zero to `scale` digits behind the point (negative: before it). */
  round(scale: number): Numeric {
    return this.#cut(scale, roundedQuotient);
  }

  trunc(scale: number): Numeric {
    return this.#cut(scale, (a, b) => a / b);
  }

  ceil(): Numeric {
    return this.#cut(0, (a, b) => (a > 0n && a % b !== 0n ? a / b + 1n : a / b));
  }

  floor(): Numeric {
    return this.#cut(0, (a, b) => (a < 0n && a % b !== 0n ? a / b - 1n : a / b));
  }

  sqrt(): Numeric {
    if (this.special === 'NaN' || this.special === 'Infinity') return this;
    if (this.sign() < 0) throw new DriftError('2201F', 'cannot take square root of a negative number');
    const digits = Math.max(this.coefficient.toString().length - this.scale, 1);
    const scale = Math.max(this.scale, MIN_SIGNIFICANT - Math.ceil(digits / 2));
    const root = integerRoot(this.coefficient * 10n ** BigInt(2 * (scale + 1) - this.scale));
    return new Numeric(root, scale + 1).round(scale);
  }

  /** Whole exponents are exact; others are computed in double precision. */
  power(exponent: Numeric): Numeric {
    if (this.special !== null || exponent.special !== null)
      return Numeric.fromNumber(this.toNumber() ** exponent.toNumber());
    if (this.sign() === 0 && exponent.sign() < 0)
      throw new DriftError('2201F', 'zero raised to a negative power is undefined');
    const whole = exponent.trunc(0);
    if (whole.compare(exponent) === 0 && whole.abs().compare(new Numeric(100_000n, 0)) <= 0) {
      const times = whole.coefficient < 0n ? -whole.coefficient : whole.coefficient;
      if (Number(times) * Math.max(this.coefficient.toString().length - this.scale, 0) > MAX_INTEGER_DIGITS)
        throw overflow();
      const power = new Numeric(this.coefficient ** times, this.scale * Number(times));
      const digits = MIN_SIGNIFICANT - Math.max(0, Math.floor(Math.log10(Math.abs(power.toNumber()) || 1)));
      const scale = Math.max(this.scale, exponent.scale, Math.min(digits, MAX_SCALE));
      if (whole.coefficient >= 0n) return power.#rescaled(scale);
      return new Numeric(1n, 0).#dividedTo(power, Math.max(scale, MIN_SIGNIFICANT));
    }
    if (this.sign() < 0)
      throw new DriftError('2201F', 'a negative number raised to a non-integer power yields a complex result');
    return approximate(this.toNumber() ** exponent.toNumber());
  }

  exp(): Numeric {
    return approximate(Math.exp(this.toNumber()));
  }

  ln(): Numeric {
    if (this.sign() === 0) throw new DriftError('2201E', 'cannot take logarithm of zero');
    if (this.sign() < 0) throw new DriftError('2201E', 'cannot take logarithm of a negative number');
    return approximate(Math.log(this.toNumber()));
  }

  #cut(scale: number, quotient: (a: bigint, b: bigint) => bigint): Numeric {
    if (this.special !== null) return this;
    if (scale >= this.scale) return scale > MAX_SCALE ? this : this.#rescaled(scale);
    const cut = quotient(this.coefficient, 10n ** BigInt(this.scale - scale));
    return scale >= 0 ? new Numeric(cut, scale) : new Numeric(cut * 10n ** BigInt(-scale), 0);
  }

  #rescaled(scale: number): Numeric {
    if (scale < this.scale) return this.round(scale);
    return new Numeric(this.coefficient * 10n ** BigInt(scale - this.scale), scale);
  }

  #dividedTo(other: Numeric, scale: number): Numeric {
    return new Numeric(
      roundedQuotient(
        this.coefficient * 10n ** BigInt(scale + other.scale),
        other.coefficient * 10n ** BigInt(this.scale),
      ),
      scale,
    );
  }

  #specialSum(other: Numeric): Numeric {
    if (this.special === 'NaN' || other.special === 'NaN') return Numeric.NaN;
    if (this.special !== null && other.special !== null && this.special !== other.special) return Numeric.NaN;
    return this.special !== null ? this : other;
  }

  #checked(): Numeric {
    if (this.coefficient === 0n) return this;
    const digits = this.coefficient.toString().length - this.scale - (this.coefficient < 0n ? 1 : 0);
    if (digits > MAX_INTEGER_DIGITS) throw overflow();
    return this;
  }
}

function special(word: string): Numeric | undefined {
  if (word === 'nan') return Numeric.NaN;
  if (/^\+?inf(inity)?$/.test(word)) return Numeric.Infinity;
  return /^-inf(inity)?$/.test(word) ? Numeric.NegativeInfinity : undefined;
}

function rank(value: Numeric): number {
  if (value.special === null) return 0;
  return value.special === 'NaN' ? 2 : value.special === 'Infinity' ? 1 : -1;
}

function aligned(a: Numeric, b: Numeric): readonly [bigint, bigint] {
  if (a.scale === b.scale) return [a.coefficient, b.coefficient];
  if (a.scale > b.scale) return [a.coefficient, b.coefficient * 10n ** BigInt(a.scale - b.scale)];
  return [a.coefficient * 10n ** BigInt(b.scale - a.scale), b.coefficient];
}

/** Quotient rounded half away from zero. */
function roundedQuotient(a: bigint, b: bigint): bigint {
  const negative = a < 0n !== b < 0n;
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const rounded = (2n * x + y) / (2n * y);
  return negative ? -rounded : rounded;
}

/** select_div_scale of numeric.c: at least sixteen significant digits, judged by groups of four. */
function divisionScale(a: Numeric, b: Numeric): number {
  const [first, second] = [leading(a), leading(b)];
  let weight = first.weight - second.weight;
  if (first.digits <= second.digits) weight--;
  const wanted = MIN_SIGNIFICANT - weight * GROUP;
  return Math.min(Math.max(wanted, a.scale, b.scale, 0), 1000);
}

/** Weight of the first non-zero group of four digits (0: the group before the point) and its digits. */
function leading(value: Numeric): { readonly weight: number; readonly digits: number } {
  if (value.coefficient === 0n) return { weight: 0, digits: 0 };
  const text = (value.coefficient < 0n ? -value.coefficient : value.coefficient).toString();
  const exponent = text.length - 1 - value.scale;
  const weight = Math.floor(exponent / GROUP);
  const count = exponent - weight * GROUP + 1;
  return { weight, digits: Number(text.slice(0, count).padEnd(count, '0')) };
}

function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** A double as numeric with sixteen significant digits. */
function approximate(value: number): Numeric {
  if (!Number.isFinite(value)) {
    if (Number.isNaN(value)) return Numeric.NaN;
    throw overflow();
  }
  const digits = value === 0 ? 1 : Math.floor(Math.log10(Math.abs(value))) + 1;
  return Numeric.fromNumber(value).round(Math.max(MIN_SIGNIFICANT - Math.max(digits, 0), 0));
}

function overflow(): DriftError {
  return new DriftError('22003', 'value overflows numeric format');
}
