/**
 * Functions that PostgreSQL's aggregates and indexes are made of, by the names under which CREATE AGGREGATE and programs
 * call them: comparisons (int4 and its like give -1, 0 or 1), the greater and smaller of two, and steps of sums,
 * averages and variances.
 */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../types/array.ts';
import { MULTIRANGES } from '../types/multirange.ts';
import { RANGES } from '../types/range.ts';
import { typeByOid } from '../types/registry.ts';
import { pure, T, typedScalar } from './define.ts';
import type { ScalarFunction } from './function.ts';

const INT8S = 1016;
const FLOAT8S = 1022;
const OTHER = { bit: 1560, varbit: 1562, money: 790, inet: 869, macaddr: 829, macaddr8: 774 } as const;

/** Comparison, the type it is of, and the type it compares with where that is another. */
const COMPARISONS: readonly (readonly [name: string, left: number, right?: number])[] = [
  ['btboolcmp', T.bool],
  ['btcharcmp', T.char],
  ['btint4cmp', T.int4],
  ['btint8cmp', T.int8],
  ['btint24cmp', T.int2, T.int4],
  ['btint28cmp', T.int2, T.int8],
  ['btint42cmp', T.int4, T.int2],
  ['btint48cmp', T.int4, T.int8],
  ['btint82cmp', T.int8, T.int2],
  ['btint84cmp', T.int8, T.int4],
  ['btfloat4cmp', T.float4],
  ['btfloat8cmp', T.float8],
  ['btfloat48cmp', T.float4, T.float8],
  ['btfloat84cmp', T.float8, T.float4],
  ['btoidcmp', T.oid],
  ['bttextcmp', T.text],
  ['btnamecmp', T.name],
  ['btnametextcmp', T.name, T.text],
  ['bttextnamecmp', T.text, T.name],
  ['bpcharcmp', T.bpchar],
  ['byteacmp', T.bytea],
  ['bitcmp', OTHER.bit],
  ['varbitcmp', OTHER.varbit],
  ['cash_cmp', OTHER.money],
  ['numeric_cmp', T.numeric],
  ['date_cmp', T.date],
  ['time_cmp', T.time],
  ['timetz_cmp', T.timetz],
  ['timestamp_cmp', T.timestamp],
  ['timestamptz_cmp', T.timestamptz],
  ['interval_cmp', T.interval],
  ['uuid_cmp', T.uuid],
  ['jsonb_cmp', T.jsonb],
  ['network_cmp', OTHER.inet],
  ['macaddr_cmp', OTHER.macaddr],
  ['macaddr8_cmp', OTHER.macaddr8],
  ...RANGES.map(({ oid }) => ['range_cmp', oid] as const),
  ...MULTIRANGES.map(({ oid }) => ['multirange_cmp', oid] as const),
];

const POLYMORPHIC_COMPARISONS: readonly (readonly [name: string, oid: number])[] = [
  ['btarraycmp', T.anyarray],
  ['enum_cmp', T.anyenum],
];

/** The stem of `…larger` and `…smaller`. */
const EXTREMES: readonly (readonly [stem: string, oid: number])[] = [
  ['int2', T.int2],
  ['int4', T.int4],
  ['int8', T.int8],
  ['float4', T.float4],
  ['float8', T.float8],
  ['numeric_', T.numeric],
  ['oid', T.oid],
  ['text_', T.text],
  ['bpchar_', T.bpchar],
  ['date_', T.date],
  ['time_', T.time],
  ['timetz_', T.timetz],
  ['timestamp_', T.timestamp],
  ['timestamptz_', T.timestamptz],
  ['interval_', T.interval],
  ['cash', OTHER.money],
  ['network_', OTHER.inet],
];

type Order = (a: Value, b: Value) => number;

function orderOf(oid: number): Order {
  const { compare, name } = typeByOid(oid);
  if (compare === undefined) throw new DriftError('42883', `type ${name} has no order`);
  return compare;
}

/** Of equal values the second, as PostgreSQL has it; of char(n) the first where the greater is asked for. */
function extremes(name: (word: string) => string, oid: number, order: () => Order): ScalarFunction[] {
  return [
    pure(name('larger'), [oid, oid], oid, (a: Value, b: Value) =>
      order()(a, b) > (oid === T.bpchar ? -1 : 0) ? a : b,
    ),
    pure(name('smaller'), [oid, oid], oid, (a: Value, b: Value) => (order()(a, b) < 0 ? a : b)),
  ];
}

function cells(array: Value): Value[] {
  return [...(array as SqlArray).elements];
}

/** Two counters of an average over integers: the number of values and their sum. */
function counters(state: Value): [bigint, bigint] {
  const values = cells(state);
  if (values.length !== 2) throw new DriftError('22023', 'expected 2-element int8 array');
  return [BigInt(values[0] as number), BigInt(values[1] as number)];
}

function int8(value: bigint): Value {
  if (value > 9223372036854775807n || value < -9223372036854775808n)
    throw new DriftError('22003', 'bigint out of range');
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Number of values, sum, and sum of squared differences from the mean (Youngs and Cramer). */
type Moments = readonly [n: number, sum: number, squares: number];

function momentsOf(state: Value, name: string): Moments {
  const values = cells(state).map(Number);
  if (values.length !== 3) throw new DriftError('22023', `${name}: expected 3-element float8 array`);
  return values as unknown as Moments;
}

function accumulated(state: Value, value: number, name: string): Value {
  const [n, sum, squares] = momentsOf(state, name);
  const total = sum + value;
  let next = squares;
  if (n > 0) {
    const difference = value * (n + 1) - total;
    next += (difference * difference) / ((n + 1) * n);
  } else if (!Number.isFinite(value)) next = Number.NaN;
  return SqlArray.of([n + 1, total, Number.isFinite(total) ? next : Number.NaN], T.float8);
}

function combined(a: Value, b: Value): Value {
  const [n1, sum1, squares1] = momentsOf(a, 'float8_combine');
  const [n2, sum2, squares2] = momentsOf(b, 'float8_combine');
  if (n1 === 0 || n2 === 0) return n1 === 0 ? b : a;
  const difference = sum1 / n1 - sum2 / n2;
  const squares = squares1 + squares2 + (n1 * n2 * difference * difference) / (n1 + n2);
  return SqlArray.of([n1 + n2, sum1 + sum2, squares], T.float8);
}

const ofMoments = (name: string, result: (moments: Moments) => number | null): ScalarFunction =>
  pure(name, [FLOAT8S], T.float8, (state: Value) => result(momentsOf(state, name)));

const notStrict = { strict: false } as const;

/** A sum that begins with its first value. */
function sum(name: string, state: number, value: number, add: (a: Value, b: Value) => Value): ScalarFunction {
  const call = (a: Value, b: Value): Value => (b === null ? a : add(a, b));
  return pure(name, [state, value], state, call as never, notStrict);
}

const addInt8 = (a: Value, b: Value): Value => int8(BigInt((a ?? 0) as number) + BigInt(b as number));

export const supportFunctions: readonly ScalarFunction[] = [
  // PostgreSQL's own answers with the difference.
  pure('btint2cmp', [T.int2, T.int2], T.int4, (a: Value, b: Value) => Number(a) - Number(b)),
  ...COMPARISONS.map(([name, left, right = left]) =>
    pure(name, [left, right], T.int4, (a: Value, b: Value) => Math.sign(orderOf(left)(a, b))),
  ),
  ...POLYMORPHIC_COMPARISONS.map(([name, oid]) =>
    typedScalar(
      name,
      [oid, oid],
      T.int4,
      ([type = oid]) =>
        (_context, a, b) =>
          Math.sign(orderOf(type)(a ?? null, b ?? null)),
      { volatility: 'immutable' },
    ),
  ),
  ...EXTREMES.flatMap(([stem, oid]) =>
    extremes(
      (word) => `${stem}${word}`,
      oid,
      () => orderOf(oid),
    ),
  ),
  ...(['array', 'enum'] as const).flatMap((stem) =>
    (['larger', 'smaller'] as const).map((word) => {
      const oid = stem === 'array' ? T.anyarray : T.anyenum;
      const sign = word === 'larger' ? 1 : -1;
      return typedScalar(
        `${stem}_${word}`,
        [oid, oid],
        oid,
        ([type = oid]) =>
          (_context, a = null, b = null) =>
            orderOf(type)(a, b) * sign > 0 ? a : b,
        { volatility: 'immutable' },
      );
    }),
  ),
  sum('int2_sum', T.int8, T.int2, addInt8),
  sum('int4_sum', T.int8, T.int4, addInt8),
  sum('int8_sum', T.numeric, T.int8, (a, b) => {
    const value = Numeric.fromBigInt(BigInt(b as number));
    return a === null ? value : (a as Numeric).add(value);
  }),
  ...([T.int2, T.int4] as const).flatMap((oid) => {
    const name = oid === T.int2 ? 'int2' : 'int4';
    const step = (sign: bigint) => (state: Value, value: number) => {
      const [count, total] = counters(state);
      return SqlArray.of([int8(count + sign), int8(total + sign * BigInt(value))], T.int8);
    };
    return [
      pure(`${name}_avg_accum`, [INT8S, oid], INT8S, step(1n)),
      pure(`${name}_avg_accum_inv`, [INT8S, oid], INT8S, step(-1n)),
    ];
  }),
  pure('int4_avg_combine', [INT8S, INT8S], INT8S, (a: Value, b: Value) => {
    const [first, second] = [counters(a), counters(b)];
    return SqlArray.of([int8(first[0] + second[0]), int8(first[1] + second[1])], T.int8);
  }),
  pure('int8_avg', [INT8S], T.numeric, (state: Value) => {
    const [count, total] = counters(state);
    return count === 0n ? null : Numeric.fromBigInt(total).divide(Numeric.fromBigInt(count));
  }),
  pure('int2int4_sum', [INT8S], T.int8, (state: Value) => {
    const [count, total] = counters(state);
    return count === 0n ? null : int8(total);
  }),
  pure('int8inc', [T.int8], T.int8, (value: number) => int8(BigInt(value) + 1n)),
  pure('int8dec', [T.int8], T.int8, (value: number) => int8(BigInt(value) - 1n)),
  pure('int8inc_any', [T.int8, T.any], T.int8, (value: number) => int8(BigInt(value) + 1n)),
  pure('int8dec_any', [T.int8, T.any], T.int8, (value: number) => int8(BigInt(value) - 1n)),
  pure('numeric_inc', [T.numeric], T.numeric, (value: Numeric) => value.add(Numeric.fromBigInt(1n))),
  ...([T.float4, T.float8] as const).map((oid) => {
    const name = oid === T.float4 ? 'float4_accum' : 'float8_accum';
    return pure(name, [FLOAT8S, oid], FLOAT8S, (state: Value, value: number) => accumulated(state, value, name));
  }),
  pure('float8_combine', [FLOAT8S, FLOAT8S], FLOAT8S, combined),
  ofMoments('float8_avg', ([n, total]) => (n === 0 ? null : total / n)),
  ofMoments('float8_var_pop', ([n, , squares]) => (n === 0 ? null : squares / n)),
  ofMoments('float8_var_samp', ([n, , squares]) => (n <= 1 ? null : squares / (n - 1))),
  ofMoments('float8_stddev_pop', ([n, , squares]) => (n === 0 ? null : Math.sqrt(squares / n))),
  ofMoments('float8_stddev_samp', ([n, , squares]) => (n <= 1 ? null : Math.sqrt(squares / (n - 1)))),
  pure('booland_statefunc', [T.bool, T.bool], T.bool, (a: boolean, b: boolean) => a && b),
  pure('boolor_statefunc', [T.bool, T.bool], T.bool, (a: boolean, b: boolean) => a || b),
];
