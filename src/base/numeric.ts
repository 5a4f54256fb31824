/**
 * Numeric: an exact decimal number, PostgreSQL's `numeric`, as coefficient × 10^-scale or one of NaN, ±Infinity.
 *
 * The scale is the display scale: 1.10 and 1.1 are equal but print differently. Immutable. Results have the scales that
 * PostgreSQL gives them (numeric.c): sums the greater one, products the sum, quotients at least sixteen digits.
 */
import { expFixed, lnFixed, powerFixed } from './decimal-functions.ts';
import { DriftError } from './error.ts';

/** Digits PostgreSQL aims at in quotients and roots, and the most it keeps behind the point. */
const MIN_SIGNIFICANT = 16;
const MAX_SCALE = 16383;
const MAX_INTEGER_DIGITS = 131072;
/** Most digits behind the point that functions choose by themselves, and that round() takes. */
const MAX_RESULT_SCALE = 1000;
const MAX_ROUND_SCALE = 2000;
/** exp() beyond ± this overflows or vanishes. */
const MAX_EXPONENT = 6000;
/** Exponents beyond this are refused, whatever they stand on. */
const MAX_EXPONENT_TEXT = 1_073_741_823;
const LOG10_E = 0.434294481903252;
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
    const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(trimmed);
    if (match === null) return special(trimmed.toLowerCase());
    const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
    if (whole === '' && fraction === '') return undefined;
    if (Math.abs(Number(exponent)) > MAX_EXPONENT_TEXT) throw overflow();
    let scale = fraction.length - Number(exponent);
    if (whole.length - 1 - scale > MAX_INTEGER_DIGITS || scale > MAX_SCALE) throw overflow();
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
    return (product.scale > MAX_SCALE ? product.#cut(MAX_SCALE, roundedQuotient) : product).#checked();
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
    return this.#cut(roundScale(scale), roundedQuotient);
  }

  trunc(scale: number): Numeric {
    return this.#cut(roundScale(scale), (a, b) => a / b);
  }

  ceil(): Numeric {
    return this.#cut(0, (a, b) => (a > 0n && a % b !== 0n ? a / b + 1n : a / b));
  }

  floor(): Numeric {
    return this.#cut(0, (a, b) => (a < 0n && a % b !== 0n ? a / b - 1n : a / b));
  }

  /** To a scale of its own where none is asked for. */
  sqrt(wanted?: number): Numeric {
    if (this.special === 'NaN' || this.special === 'Infinity') return this;
    if (this.sign() < 0) throw new DriftError('2201F', 'cannot take square root of a negative number');
    const scale = wanted ?? resultScale(2 * leading(this).weight + 1, this.scale);
    const finer = Math.max(scale + 1, Math.ceil(this.scale / 2));
    return new Numeric(integerRoot(this.coefficient * 10n ** BigInt(2 * finer - this.scale)), finer).round(scale);
  }

  /** Whole exponents give sixteen digits behind the point, others sixteen significant ones. Throws 2201F, 22003. */
  power(exponent: Numeric): Numeric {
    const special = this.special !== null || exponent.special !== null;
    if (this.sign() === 0 && exponent.sign() < 0 && exponent.special !== 'NaN')
      throw new DriftError('2201F', 'zero raised to a negative power is undefined');
    const whole = exponent.trunc(0);
    if (!special && whole.compare(exponent) === 0 && BigInt.asIntN(32, whole.coefficient) === whole.coefficient)
      return this.#powerWhole(Number(whole.coefficient));
    if (this.sign() < 0 && exponent.special === null && whole.compare(exponent) !== 0) {
      throw new DriftError('2201F', 'a negative number raised to a non-integer power yields a complex result');
    }
    if (special) return this.#powerSpecial(exponent);
    if (this.coefficient === 0n) return new Numeric(0n, MIN_SIGNIFICANT);
    if (this.sign() < 0) {
      const size = this.negate().power(exponent);
      return whole.coefficient % 2n === 0n ? size : size.negate();
    }
    const rough = Number(lnFixed(this.coefficient, this.scale, 30)) * 1e-30 * exponent.toNumber();
    if (rough > MAX_EXPONENT) throw overflow();
    if (rough < -MAX_EXPONENT) return new Numeric(0n, MAX_RESULT_SCALE);
    const scale = resultScale(Math.trunc(rough * LOG10_E), Math.max(this.scale, exponent.scale));
    const significant = Math.max(scale + Math.ceil(rough * LOG10_E), 0) + 8;
    const digits = significant + Math.max(exponent.coefficient.toString().length - exponent.scale, 0) + 8;
    return fromExp(
      lnFixed(this.coefficient, this.scale, digits) * exponent.coefficient,
      digits + exponent.scale,
      scale,
      significant,
    );
  }

  #powerSpecial(exponent: Numeric): Numeric {
    const [one, base] = [new Numeric(1n, 0), this.toNumber()];
    if (Math.abs(base) === 1 && (base === 1 || exponent.special !== 'NaN') && this.abs().compare(one) === 0) return one;
    return Numeric.fromNumber(base ** exponent.toNumber());
  }

  #powerWhole(exponent: number): Numeric {
    const scale = resultScale(0, this.scale);
    if (exponent === 0) return new Numeric(1n, 0).#rescaled(scale);
    if (this.coefficient === 0n) return new Numeric(0n, scale);
    const size =
      exponent *
      (Number(lnFixed(this.coefficient < 0n ? -this.coefficient : this.coefficient, this.scale, 30)) * 1e-30 * LOG10_E);
    if (size > 2 * MAX_INTEGER_DIGITS) throw overflow();
    if (size + 1 < -scale) return new Numeric(0n, scale);
    const significant = scale + Math.abs(Math.trunc(size)) + 8;
    const power = powerFixed(this.coefficient, this.scale, Math.abs(exponent), significant);
    if (exponent < 0) {
      const shift = scale + power.scale;
      const numerator = shift >= 0 ? 10n ** BigInt(shift) : 1n;
      return new Numeric(
        roundedQuotient(numerator, shift >= 0 ? power.value : power.value * 10n ** BigInt(-shift)),
        scale,
      );
    }
    return fromFixed(power, scale).#checked();
  }

  exp(): Numeric {
    if (this.special !== null) return this.special === '-Infinity' ? new Numeric(0n, 0) : this;
    const rough = this.toNumber();
    const limited = Math.min(Math.max(rough * LOG10_E, -MAX_ROUND_SCALE), MAX_ROUND_SCALE);
    const scale = resultScale(Math.trunc(limited), this.scale);
    if (Math.abs(rough) >= MAX_EXPONENT) {
      if (rough > 0) throw overflow();
      return new Numeric(0n, scale);
    }
    return fromExp(this.coefficient, this.scale, scale, Math.max(scale + Math.ceil(limited), 0) + 8);
  }

  ln(): Numeric {
    if (this.sign() === 0) throw new DriftError('2201E', 'cannot take logarithm of zero');
    if (this.sign() < 0) throw new DriftError('2201E', 'cannot take logarithm of a negative number');
    if (this.special !== null) return this;
    const scale = resultScale(logarithmWeight(this), this.scale);
    return new Numeric(lnFixed(this.coefficient, this.scale, scale + 8), scale + 8).round(scale);
  }

  #cut(scale: number, quotient: (a: bigint, b: bigint) => bigint): Numeric {
    if (this.special !== null) return this;
    if (scale >= this.scale) return this.#rescaled(scale);
    const cut = quotient(this.coefficient, 10n ** BigInt(this.scale - scale));
    return scale >= 0 ? new Numeric(cut, scale) : new Numeric(cut * 10n ** BigInt(-scale), 0);
  }

  #rescaled(scale: number): Numeric {
    if (scale < this.scale) return this.round(scale);
    return new Numeric(this.coefficient * 10n ** BigInt(scale - this.scale), scale);
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

function roundScale(scale: number): number {
  return Math.min(Math.max(scale, -MAX_ROUND_SCALE), MAX_ROUND_SCALE);
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

/** Digits behind the point of a result whose first digit stands at 10^weight. */
function resultScale(weight: number, least: number): number {
  return Math.min(Math.max(MIN_SIGNIFICANT - weight, least, 0), MAX_RESULT_SCALE);
}

/** estimate_ln_dweight of numeric.c: where the first digit of ln(value) stands, roughly. */
function logarithmWeight(value: Numeric): number {
  const distance = value.subtract(new Numeric(1n, 0));
  if (distance.abs().compare(new Numeric(1n, 1)) <= 0) {
    if (distance.coefficient === 0n) return 0;
    const { weight, digits } = leading(distance);
    return weight * GROUP + Math.trunc(Math.log10(digits));
  }
  return Math.trunc(Math.log10(Math.abs(Number(lnFixed(value.coefficient, value.scale, 30)) * 1e-30)));
}

function fromFixed(fixed: { readonly value: bigint; readonly scale: number }, scale: number): Numeric {
  const drop = fixed.scale - scale;
  return new Numeric(
    drop > 0 ? roundedQuotient(fixed.value, 10n ** BigInt(drop)) : fixed.value * 10n ** BigInt(-drop),
    scale,
  );
}

function fromExp(x: bigint, xScale: number, scale: number, significant: number): Numeric {
  return fromFixed(expFixed(x, xScale, significant), scale);
}

function overflow(): DriftError {
  return new DriftError('22003', 'value overflows numeric format');
}
