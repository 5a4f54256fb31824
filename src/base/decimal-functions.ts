/**
 * exp, ln and whole powers of decimals to any number of digits, by integer arithmetic.
 *
 * A fixed-point number is a bigint counting units of 10^-digits. Every function works with GUARD digits more than asked
 * for, so its result is off by at most one in the last digit it returns; callers ask for a few more than they keep.
 */
import { assert } from './error.ts';

const GUARD = 12;

export function powerOfTen(exponent: number): bigint {
  assert(exponent >= 0, 'a power of ten is whole');
  return 10n ** BigInt(exponent);
}

/** a × 10^-scale at another scale, cut towards zero. */
export function rescale(value: bigint, from: number, to: number): bigint {
  return to >= from ? value * powerOfTen(to - from) : value / powerOfTen(from - to);
}

const lnTens = new Map<number, bigint>();

/** ln 10 = 2 ln 3.1622… is slow to reach; it is 3 ln 2 + ln 1.25, each by its atanh series. */
function lnTen(digits: number): bigint {
  let known = lnTens.get(digits);
  if (known === undefined) {
    const unit = powerOfTen(digits + GUARD);
    const lnTwo = 2n * atanh(unit / 3n, unit);
    known = (3n * lnTwo + 2n * atanh(unit / 9n, unit)) / powerOfTen(GUARD);
    if (lnTens.size > 64) lnTens.clear();
    lnTens.set(digits, known);
  }
  return known;
}

/** x + x³/3 + x⁵/5 … for |x| < 1, all in units of 1/unit. */
function atanh(x: bigint, unit: bigint): bigint {
  const square = (x * x) / unit;
  let sum = 0n;
  let term = x;
  for (let i = 1n; term !== 0n; i += 2n) {
    sum += term / i;
    term = (term * square) / unit;
  }
  return sum;
}

/**
 * Natural logarithm of coefficient × 10^-scale, in units of 10^-digits. REQUIRES: coefficient > 0.
 * The number is moved next to one by a power of ten, then ln m = 2 atanh((m - 1) / (m + 1)).
 */
export function lnFixed(coefficient: bigint, scale: number, digits: number): bigint {
  assert(coefficient > 0n, 'a logarithm is of a positive number');
  const text = coefficient.toString();
  const moved = text.length - 1 - scale + (text.charCodeAt(0) >= 51 ? 1 : 0);
  const work = Math.max(digits + GUARD, 0);
  const unit = powerOfTen(work);
  const divisor = scale + moved;
  const numerator = divisor >= 0 ? coefficient : coefficient * powerOfTen(-divisor);
  const denominator = divisor >= 0 ? powerOfTen(divisor) : 1n;
  const ratio = ((numerator - denominator) * unit) / (numerator + denominator);
  const value = 2n * atanh(ratio, unit) + BigInt(moved) * lnTen(work);
  return rescale(value, work, digits);
}

/**
 * e^(x × 10^-scale) as digits and a power of ten: value × 10^-scale of the result, with `significant` digits or so.
 * x = k ln 10 + r, so that e^x = 10^k e^r with |r| small; r is halved until its series is short, and e^r squared back.
 */
export function expFixed(
  x: bigint,
  scale: number,
  significant: number,
): { readonly value: bigint; readonly scale: number } {
  const work = Math.max(significant, 1) + GUARD + 8;
  const fixed = rescale(x, scale, work);
  const ten = lnTen(work);
  const moved = fixed / ten;
  const halvings = Math.ceil(Math.sqrt(work)) + 2;
  const finer = work + halvings;
  const unit = powerOfTen(finer);
  const reduced = rescale(fixed - moved * ten, work, finer) >> BigInt(halvings);
  let sum = unit;
  let term = unit;
  for (let i = 1n; term !== 0n; i++) {
    term = (term * reduced) / unit / i;
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) / unit;
  return { value: sum, scale: finer - Number(moved) };
}

/** (coefficient × 10^-scale)^times with at least `significant` digits: squares and multiplies, cutting what is not asked for. */
export function powerFixed(
  coefficient: bigint,
  scale: number,
  times: number,
  significant: number,
): { readonly value: bigint; readonly scale: number } {
  const kept = significant + GUARD + String(times).length;
  let [value, valueScale] = [1n, 0];
  let [square, squareScale] = [coefficient, scale];
  for (let left = times; ;) {
    if (left % 2 === 1) [value, valueScale] = cut(value * square, valueScale + squareScale, kept);
    left = Math.floor(left / 2);
    if (left === 0) return { value, scale: valueScale };
    [square, squareScale] = cut(square * square, squareScale * 2, kept);
  }
}

function cut(value: bigint, scale: number, kept: number): [bigint, number] {
  // Four bits a digit never underestimate the digits: the cheap test saves printing numbers that are short anyway.
  if (BigInt.asIntN(kept * 3, value) === value) return [value, scale];
  const excess = value.toString().length - kept;
  return excess > 0 ? [value / powerOfTen(excess), scale - excess] : [value, scale];
}
