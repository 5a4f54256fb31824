/**
 * Mathematics beyond arithmetic (PostgreSQL's chapter 9.3): trigonometry in degrees, logarithms to any base, factorials,
 * scales of decimals, histogram buckets.
 *
 * The functions in degrees give exact results where there are such (sind(30) = 0.5): as PostgreSQL's float.c does, they
 * reduce the angle to the first quadrant and scale by the library's own values at 30, 45 and 60 degrees.
 */
import { lnFixed } from '../../base/decimal-functions.ts';
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import type { SqlArray } from '../types/array.ts';
import { typeByOid } from '../types/registry.ts';
import { pure, T, typedScalar } from './define.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';

// ---- degrees -----------------------------------------------------------------------------------------------------

const RADIANS_PER_DEGREE = Math.PI / 180;
const SIN_30 = Math.sin(30 * RADIANS_PER_DEGREE);
const ONE_MINUS_COS_60 = 1 - Math.cos(60 * RADIANS_PER_DEGREE);
const ASIN_HALF = Math.asin(0.5);
const ACOS_HALF = Math.acos(0.5);
const ATAN_ONE = Math.atan(1);

const sineTo30 = (x: number): number => Math.sin(x * RADIANS_PER_DEGREE) / SIN_30 / 2;
const cosineTo60 = (x: number): number => 1 - (1 - Math.cos(x * RADIANS_PER_DEGREE)) / ONE_MINUS_COS_60 / 2;
const sineTo90 = (x: number): number => (x <= 30 ? sineTo30(x) : cosineTo60(90 - x));
const cosineTo90 = (x: number): number => (x <= 60 ? cosineTo60(x) : sineTo30(90 - x));
const TAN_45 = sineTo90(45) / cosineTo90(45);
const COT_45 = cosineTo90(45) / sineTo90(45);

/** An angle in degrees as one of the first quadrant, and the signs that its sine and cosine have. */
function reduced(angle: number): { readonly x: number; readonly sine: 1 | -1; readonly cosine: 1 | -1 } {
  if (!Number.isFinite(angle)) throw outOfRange();
  let x = angle % 360;
  let sine: 1 | -1 = 1;
  let cosine: 1 | -1 = 1;
  if (x < 0) {
    x = -x;
    sine = -1;
  }
  if (x > 180) {
    x = 360 - x;
    sine = sine === 1 ? -1 : 1;
  }
  if (x > 90) {
    x = 180 - x;
    cosine = -1;
  }
  return { x, sine, cosine };
}

function outOfRange(): DriftError {
  return new DriftError('22003', 'input is out of range');
}

/** Without negative zeros. */
function plain(value: number): number {
  return value === 0 ? 0 : value;
}

function tangent(angle: number): number {
  const { x, sine, cosine } = reduced(angle);
  return plain((sine * cosine * (sineTo90(x) / cosineTo90(x))) / TAN_45);
}

function cotangent(angle: number): number {
  const { x, sine, cosine } = reduced(angle);
  return plain((sine * cosine * (cosineTo90(x) / sineTo90(x))) / COT_45);
}

function arcSine(a: number): number {
  if (Math.abs(a) > 1) throw outOfRange();
  return a >= 0 ? arcSineTo1(a) : -arcSineTo1(-a);
}

const arcSineTo1 = (a: number): number =>
  a <= 0.5 ? (Math.asin(a) / ASIN_HALF) * 30 : 90 - (Math.acos(a) / ACOS_HALF) * 60;
const arcCosineTo1 = (a: number): number =>
  a <= 0.5 ? 90 - (Math.asin(a) / ASIN_HALF) * 30 : (Math.acos(a) / ACOS_HALF) * 60;

function arcCosine(a: number): number {
  if (Math.abs(a) > 1) throw outOfRange();
  return a >= 0 ? arcCosineTo1(a) : 90 + arcSineTo1(-a);
}

/** NaN stays NaN. */
function ofDegrees(name: string, compute: (a: number) => number): ScalarFunction {
  return pure(name, [T.float8], T.float8, (a: number) => (Number.isNaN(a) ? a : compute(a)));
}

const degreeFunctions: readonly ScalarFunction[] = [
  ofDegrees('sind', (angle) => {
    const { x, sine } = reduced(angle);
    return plain(sine * sineTo90(x));
  }),
  ofDegrees('cosd', (angle) => {
    const { x, cosine } = reduced(angle);
    return plain(cosine * cosineTo90(x));
  }),
  ofDegrees('tand', tangent),
  ofDegrees('cotd', cotangent),
  ofDegrees('asind', arcSine),
  ofDegrees('acosd', arcCosine),
  ofDegrees('atand', (a) => (Math.atan(a) / ATAN_ONE) * 45),
  pure('atan2d', [T.float8, T.float8], T.float8, (y: number, x: number) => (Math.atan2(y, x) / ATAN_ONE) * 45),
];

// ---- decimals ----------------------------------------------------------------------------------------------------

const MIN_SIGNIFICANT = 16;
const MAX_SCALE = 1000;
const ZERO = Numeric.fromBigInt(0n);
const ONE = Numeric.fromBigInt(1n);
const TEN = Numeric.fromBigInt(10n);

/** Where the first digit of ln(value) stands, as numeric.c estimates it. */
function logarithmWeight(value: Numeric): number {
  if (value.compare(ONE) === 0) return 0;
  const distance = value.subtract(ONE).abs();
  if (distance.compare(Numeric.fromBigInt(1n, 1)) <= 0)
    return distance.coefficient.toString().length - 1 - distance.scale;
  return Math.trunc(Math.log10(Math.abs(Number(lnFixed(value.coefficient, value.scale, 40)) * 1e-40)));
}

/** Throws 2201E for what has no logarithm, 22012 for the base one. */
function logarithm(base: Numeric, value: Numeric): Numeric {
  for (const part of [base, value]) {
    if (part.special === 'NaN') return Numeric.NaN;
    if (part.sign() < 0) throw new DriftError('2201E', 'cannot take logarithm of a negative number');
    if (part.sign() === 0) throw new DriftError('2201E', 'cannot take logarithm of zero');
  }
  if (base.special !== null) return value.special === null ? ZERO : Numeric.NaN;
  if (value.special !== null) return Numeric.Infinity;
  const weight = logarithmWeight(value) - logarithmWeight(base);
  const scale = Math.min(Math.max(MIN_SIGNIFICANT - weight, base.scale, value.scale, 0), MAX_SCALE);
  const digits = scale + Math.abs(weight) + 20;
  const divisor = lnFixed(base.coefficient, base.scale, digits);
  if (divisor === 0n) throw new DriftError('22012', 'division by zero');
  const quotient = (lnFixed(value.coefficient, value.scale, digits) * 10n ** BigInt(scale + 8)) / divisor;
  return Numeric.fromBigInt(quotient, scale + 8).round(scale);
}

function factorial(n: number | bigint): Numeric {
  if (n < 0) throw new DriftError('22003', 'factorial of a negative number is undefined');
  if (n > 32177) throw new DriftError('22003', 'value overflows numeric format');
  let product = 1n;
  for (let i = 2n; i <= BigInt(n); i++) product *= i;
  return Numeric.fromBigInt(product);
}

function minimalScale(a: Numeric): number {
  let { coefficient, scale } = a;
  while (scale > 0 && coefficient % 10n === 0n) {
    coefficient /= 10n;
    scale--;
  }
  return scale;
}

function divisor(a: Numeric, b: Numeric): Numeric {
  if (a.special !== null || b.special !== null) return Numeric.NaN;
  const scale = Math.max(a.scale, b.scale);
  let [x, y] = [a.abs().round(scale), b.abs().round(scale)];
  while (y.sign() !== 0) [x, y] = [y, x.modulo(y)];
  return x.round(scale);
}

const scaleOf = (a: Numeric, compute: (a: Numeric) => Value): Value => (a.special === null ? compute(a) : null);

const decimalFunctions: readonly ScalarFunction[] = [
  pure('log', [T.numeric], T.numeric, (a: Numeric) => logarithm(TEN, a)),
  pure('log10', [T.numeric], T.numeric, (a: Numeric) => logarithm(TEN, a)),
  pure('log', [T.numeric, T.numeric], T.numeric, logarithm),
  pure('factorial', [T.int8], T.numeric, factorial),
  pure('scale', [T.numeric], T.int4, (a: Numeric) => scaleOf(a, () => a.scale)),
  pure('min_scale', [T.numeric], T.int4, (a: Numeric) => scaleOf(a, minimalScale)),
  pure('trim_scale', [T.numeric], T.numeric, (a: Numeric) => (a.special === null ? a.round(minimalScale(a)) : a)),
  pure('gcd', [T.numeric, T.numeric], T.numeric, divisor),
  pure('lcm', [T.numeric, T.numeric], T.numeric, (a: Numeric, b: Numeric) => {
    if (a.special !== null || b.special !== null) return Numeric.NaN;
    const scale = Math.max(a.scale, b.scale);
    if (a.sign() === 0 || b.sign() === 0) return ZERO.round(scale);
    return a.divide(divisor(a, b)).round(0).multiply(b).abs().round(scale);
  }),
];

// ---- buckets -----------------------------------------------------------------------------------------------------

function bucketOf(value: Numeric, low: Numeric, high: Numeric, count: number): number {
  if (count <= 0) throw new DriftError('2201G', 'count must be greater than zero');
  if ([value, low, high].some((part) => part.special === 'NaN'))
    throw new DriftError('2201G', 'operand, lower bound, and upper bound cannot be NaN');
  if (low.special !== null || high.special !== null)
    throw new DriftError('2201G', 'lower and upper bounds must be finite');
  const direction = high.compare(low);
  if (direction === 0) throw new DriftError('2201G', 'lower bound cannot equal upper bound');
  if (value.compare(low) * direction < 0) return 0;
  if (value.compare(high) * direction >= 0) return count + 1;
  const scale = Math.max(value.scale, low.scale, high.scale);
  const units = (a: Numeric): bigint => a.round(scale).coefficient;
  const [distance, width] = [units(value) - units(low), units(high) - units(low)];
  return Number((distance * BigInt(count)) / width) + 1;
}

/** Buckets between the thresholds of an ascending array. */
function thresholdBucket(compare: (a: Value, b: Value) => number, value: Value, thresholds: SqlArray): number {
  if (thresholds.dimensions.length > 1) throw new DriftError('2202E', 'thresholds must be one-dimensional array');
  if (thresholds.elements.includes(null)) throw new DriftError('22004', 'thresholds array must not contain NULLs');
  let [from, to] = [0, thresholds.elements.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compare(value, thresholds.elements[middle] ?? null) < 0) to = middle;
    else from = middle + 1;
  }
  return from;
}

const bucketFunctions: readonly ScalarFunction[] = [
  pure('width_bucket', [T.numeric, T.numeric, T.numeric, T.int4], T.int4, bucketOf),
  typedScalar(
    'width_bucket',
    [T.anyelement, T.anyarray],
    T.int4,
    ([oid = T.text]) => {
      const { compare } = typeByOid(oid);
      return (_context, value, thresholds) => {
        if (compare === undefined) throw new DriftError('42883', 'could not identify a comparison function');
        return thresholdBucket(compare, value ?? null, thresholds as SqlArray);
      };
    },
    { volatility: 'immutable' },
  ),
];

export const mathFunctions: readonly ScalarFunction[] = [...degreeFunctions, ...decimalFunctions, ...bucketFunctions];

export const mathOperators: readonly OperatorEntry[] = [
  {
    name: '|/',
    left: 0,
    right: T.float8,
    fn: pure('dsqrt', [T.float8], T.float8, (a: number) => {
      if (a < 0) throw new DriftError('2201F', 'cannot take square root of a negative number');
      return Math.sqrt(a);
    }),
  },
  { name: '||/', left: 0, right: T.float8, fn: pure('dcbrt', [T.float8], T.float8, (a: number) => Math.cbrt(a)) },
];
