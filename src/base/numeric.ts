/**
 * Numeric: an exact decimal number, PostgreSQL's `numeric`, as coefficient × 10^-scale or one of NaN, ±Infinity.
 *
 * The scale is the display scale: 1.10 and 1.1 are equal but print differently. Immutable.
 */
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
}
