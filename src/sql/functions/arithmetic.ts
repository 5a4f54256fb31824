/** Arithmetic of the number types: operators and the functions of PostgreSQL's chapter 9.3. */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import { pure, scalar, T } from './define.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';

type Integer = number | bigint;
type IntOid = typeof T.int2 | typeof T.int4 | typeof T.int8;
const INT_NAMES: Readonly<Record<number, string>> = { [T.int2]: 'smallint', [T.int4]: 'integer', [T.int8]: 'bigint' };
const LIMITS: Readonly<Record<number, bigint>> = { [T.int2]: 1n << 15n, [T.int4]: 1n << 31n, [T.int8]: 1n << 63n };

/** Brings an exact result into range: a number where it is safe; 22003 where it does not fit the type. */
export function fitInteger(value: bigint, oid: IntOid): Integer {
  const limit = LIMITS[oid] as bigint;
  if (value >= limit || value < -limit) throw new DriftError('22003', `${INT_NAMES[oid]} out of range`);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function divisionByZero(): DriftError {
  return new DriftError('22012', 'division by zero');
}

const INT_OPERATIONS: Readonly<Record<string, readonly [string, (a: bigint, b: bigint) => bigint]>> = {
  '+': ['pl', (a, b) => a + b],
  '-': ['mi', (a, b) => a - b],
  '*': ['mul', (a, b) => a * b],
  '/': ['div', (a, b) => a / b],
  '%': ['mod', (a, b) => a % b],
};

function integerOperators(left: IntOid, right: IntOid, stem: string): OperatorEntry[] {
  const wide = left === T.int8 || right === T.int8 ? T.int8 : left === T.int4 || right === T.int4 ? T.int4 : T.int2;
  return Object.entries(INT_OPERATIONS)
    .filter(([operator]) => operator !== '%' || left === right)
    .map(([operator, [suffix, compute]]) => {
      const call = (a: Integer, b: Integer): Value => {
        if ((operator === '/' || operator === '%') && (b === 0 || b === 0n)) throw divisionByZero();
        return fitInteger(compute(BigInt(a), BigInt(b)), wide);
      };
      return { name: operator, left, right, fn: pure(`${stem}${suffix}`, [left, right], wide, call) };
    });
}

function floatOperators(left: number, right: number, stem: string): OperatorEntry[] {
  const single = left === T.float4 && right === T.float4;
  const returns = single ? T.float4 : T.float8;
  const make = (operator: string, suffix: string, compute: (a: number, b: number) => number): OperatorEntry => ({
    name: operator,
    left,
    right,
    fn: pure(`${stem}${suffix}`, [left, right], returns, (a: number, b: number) => {
      if (operator === '/' && b === 0 && !Number.isNaN(a)) throw divisionByZero();
      const result = single ? Math.fround(compute(a, b)) : compute(a, b);
      if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b))
        throw new DriftError('22003', 'value out of range: overflow');
      if (result === 0 && (operator === '*' || operator === '/') && a !== 0 && Number.isFinite(b))
        throw new DriftError('22003', 'value out of range: underflow');
      return result;
    }),
  });
  return [
    make('+', 'pl', (a, b) => a + b),
    make('-', 'mi', (a, b) => a - b),
    make('*', 'mul', (a, b) => a * b),
    make('/', 'div', (a, b) => a / b),
  ].map((entry) => (entry.name === '*' ? { ...entry, fn: { ...entry.fn, call: zeroSafe(entry.fn.call) } } : entry));
}

/** 0 × x is 0, not an underflow. */
function zeroSafe(call: ScalarFunction['call']): ScalarFunction['call'] {
  return (context, a, b) => (b === 0 && Number.isFinite(a as number) ? 0 : call(context, a ?? null, b ?? null));
}

const numericOperators: readonly OperatorEntry[] = (
  [
    ['+', 'numeric_add', (a: Numeric, b: Numeric) => a.add(b)],
    ['-', 'numeric_sub', (a: Numeric, b: Numeric) => a.subtract(b)],
    ['*', 'numeric_mul', (a: Numeric, b: Numeric) => a.multiply(b)],
    ['/', 'numeric_div', (a: Numeric, b: Numeric) => a.divide(b)],
    ['%', 'numeric_mod', (a: Numeric, b: Numeric) => a.modulo(b)],
    ['^', 'numeric_power', (a: Numeric, b: Numeric) => a.power(b)],
  ] as const
).map(([name, id, call]) => ({
  name,
  left: T.numeric,
  right: T.numeric,
  fn: pure(id, [T.numeric, T.numeric], T.numeric, call),
}));

const prefixOperators: readonly OperatorEntry[] = [
  ...([T.int2, T.int4, T.int8] as const).flatMap((oid) => [
    {
      name: '-',
      left: 0,
      right: oid,
      fn: pure(`int${width(oid)}um`, [oid], oid, (a: Integer) => fitInteger(-BigInt(a), oid)),
    },
    { name: '+', left: 0, right: oid, fn: pure(`int${width(oid)}up`, [oid], oid, (a: Integer) => a) },
    {
      name: '@',
      left: 0,
      right: oid,
      fn: pure(`int${width(oid)}abs`, [oid], oid, (a: Integer) => fitInteger(a < 0 ? -BigInt(a) : BigInt(a), oid)),
    },
    {
      name: '~',
      left: 0,
      right: oid,
      fn: pure(`int${width(oid)}not`, [oid], oid, (a: Integer) => fitInteger(~BigInt(a), oid)),
    },
  ]),
  ...([T.float4, T.float8] as const).flatMap((oid) => [
    { name: '-', left: 0, right: oid, fn: pure(`float${width(oid)}um`, [oid], oid, (a: number) => -a) },
    { name: '+', left: 0, right: oid, fn: pure(`float${width(oid)}up`, [oid], oid, (a: number) => a) },
    { name: '@', left: 0, right: oid, fn: pure(`float${width(oid)}abs`, [oid], oid, (a: number) => Math.abs(a)) },
  ]),
  {
    name: '-',
    left: 0,
    right: T.numeric,
    fn: pure('numeric_uminus', [T.numeric], T.numeric, (a: Numeric) => a.negate()),
  },
  { name: '+', left: 0, right: T.numeric, fn: pure('numeric_uplus', [T.numeric], T.numeric, (a: Numeric) => a) },
  { name: '@', left: 0, right: T.numeric, fn: pure('numeric_abs', [T.numeric], T.numeric, (a: Numeric) => a.abs()) },
];

const bitOperators: readonly OperatorEntry[] = ([T.int2, T.int4, T.int8] as const).flatMap((oid) => {
  const make = (name: string, suffix: string, compute: (a: bigint, b: bigint) => bigint): OperatorEntry => ({
    name,
    left: oid,
    right: oid,
    fn: pure(`int${width(oid)}${suffix}`, [oid, oid], oid, (a: Integer, b: Integer) =>
      fitInteger(compute(BigInt(a), BigInt(b)), oid),
    ),
  });
  const shift = (name: string, suffix: string, left: boolean): OperatorEntry => ({
    name,
    left: oid,
    right: T.int4,
    fn: pure(`int${width(oid)}${suffix}`, [oid, T.int4], oid, (a: Integer, b: number) => {
      // As C does it: int2 is shifted as an int4, and only the low bits of the count matter.
      const bits = Math.max(width(oid) * 8, 32);
      const by = BigInt(((b % bits) + bits) % bits);
      return fitInteger(BigInt.asIntN(width(oid) * 8, left ? BigInt(a) << by : BigInt(a) >> by), oid);
    }),
  });
  return [
    make('&', 'and', (a, b) => a & b),
    make('|', 'or', (a, b) => a | b),
    make('#', 'xor', (a, b) => a ^ b),
    shift('<<', 'shl', true),
    shift('>>', 'shr', false),
  ];
});

export const arithmeticOperators: readonly OperatorEntry[] = [
  ...integerOperators(T.int2, T.int2, 'int2'),
  ...integerOperators(T.int4, T.int4, 'int4'),
  ...integerOperators(T.int8, T.int8, 'int8'),
  ...integerOperators(T.int2, T.int4, 'int24'),
  ...integerOperators(T.int4, T.int2, 'int42'),
  ...integerOperators(T.int2, T.int8, 'int28'),
  ...integerOperators(T.int8, T.int2, 'int82'),
  ...integerOperators(T.int4, T.int8, 'int48'),
  ...integerOperators(T.int8, T.int4, 'int84'),
  ...floatOperators(T.float4, T.float4, 'float4'),
  ...floatOperators(T.float8, T.float8, 'float8'),
  ...floatOperators(T.float4, T.float8, 'float48'),
  ...floatOperators(T.float8, T.float4, 'float84'),
  { name: '^', left: T.float8, right: T.float8, fn: pure('dpow', [T.float8, T.float8], T.float8, power) },
  ...numericOperators,
  ...prefixOperators,
  ...bitOperators,
];

export const arithmeticFunctions: readonly ScalarFunction[] = [
  ...([T.int2, T.int4, T.int8] as const).map((oid) =>
    pure('abs', [oid], oid, (a: Integer) => fitInteger(a < 0 ? -BigInt(a) : BigInt(a), oid)),
  ),
  ...([T.int2, T.int4, T.int8] as const).map((oid) =>
    pure('mod', [oid, oid], oid, (a: Integer, b: Integer) => {
      if (b === 0 || b === 0n) throw divisionByZero();
      return fitInteger(BigInt(a) % BigInt(b), oid);
    }),
  ),
  pure('abs', [T.float8], T.float8, (a: number) => Math.abs(a)),
  pure('abs', [T.float4], T.float4, (a: number) => Math.abs(a)),
  pure('abs', [T.numeric], T.numeric, (a: Numeric) => a.abs()),
  pure('mod', [T.numeric, T.numeric], T.numeric, (a: Numeric, b: Numeric) => a.modulo(b)),
  pure('div', [T.numeric, T.numeric], T.numeric, (a: Numeric, b: Numeric) =>
    a.subtract(a.modulo(b)).divide(b).trunc(0),
  ),
  ...(['ceil', 'ceiling'] as const).flatMap((name) => [
    pure(name, [T.float8], T.float8, (a: number) => Math.ceil(a)),
    pure(name, [T.numeric], T.numeric, (a: Numeric) => a.ceil()),
  ]),
  pure('floor', [T.float8], T.float8, (a: number) => Math.floor(a)),
  pure('floor', [T.numeric], T.numeric, (a: Numeric) => a.floor()),
  pure('round', [T.float8], T.float8, roundHalfEven),
  pure('round', [T.numeric], T.numeric, (a: Numeric) => a.round(0)),
  pure('round', [T.numeric, T.int4], T.numeric, (a: Numeric, scale: number) => a.round(scale)),
  pure('trunc', [T.float8], T.float8, (a: number) => Math.trunc(a)),
  pure('trunc', [T.numeric], T.numeric, (a: Numeric) => a.trunc(0)),
  pure('trunc', [T.numeric, T.int4], T.numeric, (a: Numeric, scale: number) => a.trunc(scale)),
  pure('sign', [T.float8], T.float8, (a: number) => (a > 0 ? 1 : a < 0 ? -1 : 0)),
  pure('sign', [T.numeric], T.numeric, (a: Numeric) =>
    a.special === 'NaN' ? a : Numeric.fromBigInt(BigInt(a.sign())),
  ),
  pure('sqrt', [T.float8], T.float8, (a: number) => {
    if (a < 0) throw new DriftError('2201F', 'cannot take square root of a negative number');
    return Math.sqrt(a);
  }),
  pure('sqrt', [T.numeric], T.numeric, (a: Numeric) => a.sqrt()),
  pure('cbrt', [T.float8], T.float8, (a: number) => Math.cbrt(a)),
  ...(['power', 'pow'] as const).flatMap((name) => [
    pure(name, [T.float8, T.float8], T.float8, power),
    pure(name, [T.numeric, T.numeric], T.numeric, (a: Numeric, b: Numeric) => a.power(b)),
  ]),
  pure('exp', [T.float8], T.float8, (a: number) => underflowing(overflowing(Math.exp(a), a), a)),
  pure('exp', [T.numeric], T.numeric, (a: Numeric) => a.exp()),
  pure('ln', [T.float8], T.float8, (a: number) => logarithm(a, Math.log)),
  pure('ln', [T.numeric], T.numeric, (a: Numeric) => a.ln()),
  pure('log', [T.float8], T.float8, (a: number) => logarithm(a, Math.log10)),
  pure('log10', [T.float8], T.float8, (a: number) => logarithm(a, Math.log10)),
  pure('pi', [], T.float8, () => Math.PI),
  pure('degrees', [T.float8], T.float8, (a: number) => (a * 180) / Math.PI),
  pure('radians', [T.float8], T.float8, (a: number) => (a * Math.PI) / 180),
  ...(['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'] as const).map(
    (name) => pure(name, [T.float8], T.float8, (a: number) => inDomain(Math[name](a), a)),
  ),
  pure('atan2', [T.float8, T.float8], T.float8, (a: number, b: number) => Math.atan2(a, b)),
  pure('cot', [T.float8], T.float8, (a: number) => inDomain(1 / Math.tan(a), a)),
  ...([T.int4, T.int8] as const).flatMap((oid) => [
    pure('gcd', [oid, oid], oid, (a: Integer, b: Integer) => fitInteger(gcd(BigInt(a), BigInt(b)), oid)),
    pure('lcm', [oid, oid], oid, (a: Integer, b: Integer) => {
      const divisor = gcd(BigInt(a), BigInt(b));
      const product = divisor === 0n ? 0n : (BigInt(a) / divisor) * BigInt(b);
      return fitInteger(product < 0n ? -product : product, oid);
    }),
  ]),
  scalar('random', [], T.float8, (context) => context.random(), { volatility: 'volatile' }),
  scalar(
    'setseed',
    [T.float8],
    T.void,
    (context, seed) => {
      context.setSeed(seed as number);
      return '';
    },
    { volatility: 'volatile' },
  ),
  pure(
    'width_bucket',
    [T.float8, T.float8, T.float8, T.int4],
    T.int4,
    (value: number, low: number, high: number, count: number) => {
      if (count <= 0) throw new DriftError('2201G', 'count must be greater than zero');
      if (low === high) throw new DriftError('2201G', 'lower bound cannot equal upper bound');
      const share = (value - low) / (high - low);
      return share < 0 ? 0 : share >= 1 ? count + 1 : Math.floor(share * count) + 1;
    },
  ),
];

function width(oid: number): 2 | 4 | 8 {
  return oid === T.int2 ? 2 : oid === T.int4 || oid === T.float4 ? 4 : 8;
}

export function roundHalfEven(a: number): number {
  if (!Number.isFinite(a) || Math.abs(a) > 4503599627370496) return a;
  const floor = Math.floor(a);
  const rest = a - floor;
  if (rest !== 0.5) return Math.round(a);
  return floor % 2 === 0 ? floor : floor + 1;
}

function power(a: number, b: number): number {
  if (a === 0 && b < 0) throw new DriftError('2201F', 'zero raised to a negative power is undefined');
  if (a < 0 && Number.isFinite(b) && !Number.isInteger(b))
    throw new DriftError('2201F', 'a negative number raised to a non-integer power yields a complex result');
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  const result = overflowing(a ** b, a, b);
  return a === 0 ? result : underflowing(result, a, b);
}

function overflowing(result: number, ...from: readonly number[]): number {
  if (!Number.isFinite(result) && from.every(Number.isFinite))
    throw new DriftError('22003', 'value out of range: overflow');
  return result;
}

/** Zero that came of numbers too small to be told from it. */
function underflowing(result: number, ...from: readonly number[]): number {
  if (result === 0 && from.every(Number.isFinite)) throw new DriftError('22003', 'value out of range: underflow');
  return result;
}

function logarithm(a: number, compute: (x: number) => number): number {
  if (a === 0) throw new DriftError('2201E', 'cannot take logarithm of zero');
  if (a < 0) throw new DriftError('2201E', 'cannot take logarithm of a negative number');
  return compute(a);
}

function inDomain(result: number, a: number): number {
  if (Number.isNaN(result) && !Number.isNaN(a)) throw new DriftError('22003', 'input is out of range');
  return result;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
