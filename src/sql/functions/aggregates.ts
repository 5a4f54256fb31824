/** Aggregates and the names of window functions. States are small objects; hot ones have accumulators in exec. */
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import { addIntervals, scaleInterval } from '../types/interval-arithmetic.ts';
import { Interval } from '../types/interval.ts';
import { typeByOid } from '../types/registry.ts';
import { fitInteger } from './arithmetic.ts';
import { aggregate, T, typedAggregate, windowFunction } from './define.ts';
import type { AggregateFunction, WindowFunction } from './function.ts';

const ORDERED = [
  T.int2,
  T.int4,
  T.int8,
  T.float4,
  T.float8,
  T.numeric,
  T.text,
  T.bpchar,
  T.date,
  T.time,
  T.timetz,
  T.timestamp,
  T.timestamptz,
  T.interval,
  T.oid,
  T.anyarray,
  T.anyenum,
  869,
  790,
  3220,
] as const;

interface NumericSum {
  sum: Numeric;
  count: number;
}

export const aggregates: readonly AggregateFunction[] = [
  aggregate<number>('count', [], T.int8, {
    init: () => 0,
    step: (n) => n + 1,
    final: (n) => n,
    merge: (a, b) => a + b,
  }),
  aggregate<number>('count', [T.any], T.int8, {
    init: () => 0,
    step: (n) => n + 1,
    final: (n) => n,
    merge: (a, b) => a + b,
  }),
  ...([T.int2, T.int4] as const).map((oid) =>
    aggregate<bigint | null>('sum', [oid], T.int8, {
      init: () => null,
      step: (sum, [value]) => (sum ?? 0n) + BigInt(value as number),
      final: (sum) => (sum === null ? null : fitInteger(sum, T.int8)),
      merge: either((a, b) => a + b),
    }),
  ),
  aggregate<bigint | null>('sum', [T.int8], T.numeric, {
    init: () => null,
    step: (sum, [value]) => (sum ?? 0n) + BigInt(value as number),
    final: (sum) => (sum === null ? null : Numeric.fromBigInt(sum)),
    merge: either((a, b) => a + b),
  }),
  aggregate<Numeric | null>('sum', [T.numeric], T.numeric, {
    init: () => null,
    step: (sum, [value]) => (sum === null ? (value as Numeric) : sum.add(value as Numeric)),
    final: (sum) => sum,
    merge: either((a, b) => a.add(b)),
  }),
  ...([T.float4, T.float8] as const).map((oid) =>
    aggregate<number | null>('sum', [oid], oid, {
      init: () => null,
      step: (sum, [value]) =>
        oid === T.float4 ? Math.fround((sum ?? 0) + (value as number)) : (sum ?? 0) + (value as number),
      final: (sum) => sum,
      merge: either((a, b) => (oid === T.float4 ? Math.fround(a + b) : a + b)),
    }),
  ),
  ...([T.int2, T.int4, T.int8, T.numeric] as const).map((oid) =>
    aggregate<NumericSum>('avg', [oid], T.numeric, {
      init: () => ({ sum: Numeric.fromBigInt(0n), count: 0 }),
      step: (state, [value]) => {
        state.sum = state.sum.add(value instanceof Numeric ? value : Numeric.fromBigInt(BigInt(value as number)));
        state.count++;
        return state;
      },
      final: ({ sum, count }) => (count === 0 ? null : sum.divide(Numeric.fromBigInt(BigInt(count)))),
      merge: (a, b) => ({ sum: a.sum.add(b.sum), count: a.count + b.count }),
    }),
  ),
  ...([T.float4, T.float8] as const).map((oid) =>
    aggregate<{ sum: number; count: number }>('avg', [oid], T.float8, {
      init: () => ({ sum: 0, count: 0 }),
      step: (state, [value]) => {
        state.sum += value as number;
        state.count++;
        return state;
      },
      final: ({ sum, count }) => (count === 0 ? null : sum / count),
      merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
    }),
  ),
  ...ORDERED.flatMap((oid) => [extreme('min', oid, -1), extreme('max', oid, 1)]),
  ...(['bool_and', 'every'] as const).map((name) => boolean(name, (a, b) => a && b)),
  boolean('bool_or', (a, b) => a || b),
  aggregate<string | null>('string_agg', [T.text, T.text], T.text, {
    strict: false,
    init: () => null,
    step: (state, [value, by]) =>
      value === null
        ? state
        : state === null
          ? (value as string)
          : state + ((by as string | null) ?? '') + (value as string),
    final: (state) => state,
  }),
  ...([T.int2, T.int4, T.int8] as const).flatMap((oid) => [
    bits('bit_and', oid, (a, b) => a & b),
    bits('bit_or', oid, (a, b) => a | b),
    bits('bit_xor', oid, (a, b) => a ^ b),
  ]),
  ...(['stddev', 'stddev_samp', 'stddev_pop', 'variance', 'var_samp', 'var_pop'] as const).flatMap((name) => [
    floatSpread(name, T.float4),
    floatSpread(name, T.float8),
  ]),
  ...(['stddev', 'stddev_samp', 'stddev_pop', 'variance', 'var_samp', 'var_pop'] as const).flatMap((name) =>
    ([T.int2, T.int4, T.int8, T.numeric] as const).map((oid) => numericSpread(name, oid)),
  ),
  ...(['sum', 'avg'] as const).map((name) =>
    aggregate<{ sum: Interval; count: number }>(name, [T.interval], T.interval, {
      init: () => ({ sum: new Interval(0, 0, 0), count: 0 }),
      step: ({ sum, count }, [value]) => ({ sum: addIntervals(sum, value as Interval), count: count + 1 }),
      final: ({ sum, count }) => (count === 0 ? null : name === 'sum' ? sum : scaleInterval(sum, count, true)),
    }),
  ),
];

export const windowFunctions: readonly WindowFunction[] = [
  ...(['row_number', 'rank', 'dense_rank'] as const).map((name) => windowFunction(name, [], T.int8)),
  ...(['percent_rank', 'cume_dist'] as const).map((name) => windowFunction(name, [], T.float8)),
  windowFunction('ntile', [T.int4], T.int4),
  ...(['lag', 'lead'] as const).flatMap((name) => [
    windowFunction(name, [T.anyelement], T.anyelement),
    windowFunction(name, [T.anyelement, T.int4], T.anyelement),
    windowFunction(name, [T.anyelement, T.int4, T.anyelement], T.anyelement),
  ]),
  windowFunction('first_value', [T.anyelement], T.anyelement),
  windowFunction('last_value', [T.anyelement], T.anyelement),
  windowFunction('nth_value', [T.anyelement, T.int4], T.anyelement),
];

/** Merges states of which null means no rows. */
function either<S>(merge: (a: S, b: S) => S): (a: S | null, b: S | null) => S | null {
  return (a, b) => (a === null ? b : b === null ? a : merge(a, b));
}

/** Of equal values the later one, as numeric_larger and its like have it; char(n) keeps the first of the greatest. */
function extreme(name: 'min' | 'max', oid: number, sign: number): AggregateFunction {
  const least = oid === T.bpchar && sign > 0 ? 1 : 0;
  return typedAggregate<Value>(name, [oid], oid, ([type = oid]) => {
    const { compare } = typeByOid(type);
    const better = (value: Value, best: Value): boolean =>
      compare !== undefined && compare(value, best) * sign >= least;
    return {
      init: () => null,
      step: (best, [value = null]) => (best === null || better(value, best) ? value : best),
      final: (best) => best,
      merge: either((a, b) => (better(b, a) ? b : a)),
    };
  });
}

function boolean(name: string, combine: (a: boolean, b: boolean) => boolean): AggregateFunction {
  return aggregate<boolean | null>(name, [T.bool], T.bool, {
    init: () => null,
    step: (state, [value]) => (state === null ? (value as boolean) : combine(state, value as boolean)),
    final: (state) => state,
    merge: either(combine),
  });
}

function bits(
  name: string,
  oid: typeof T.int2 | typeof T.int4 | typeof T.int8,
  combine: (a: bigint, b: bigint) => bigint,
): AggregateFunction {
  return aggregate<bigint | null>(name, [oid], oid, {
    init: () => null,
    step: (state, [value]) => (state === null ? BigInt(value as number) : combine(state, BigInt(value as number))),
    final: (state) => (state === null ? null : fitInteger(state, oid)),
    merge: either(combine),
  });
}

/** Variance by Welford's method. */
function floatSpread(name: string, oid: number): AggregateFunction {
  return aggregate<{ n: number; mean: number; m2: number }>(name, [oid], T.float8, {
    init: () => ({ n: 0, mean: 0, m2: 0 }),
    step: (state, [value]) => {
      state.n++;
      const delta = (value as number) - state.mean;
      state.mean += delta / state.n;
      state.m2 += delta * ((value as number) - state.mean);
      return state;
    },
    final: ({ n, m2 }) => {
      const divisor = name.endsWith('_pop') ? n : n - 1;
      if (divisor <= 0) return null;
      return name.startsWith('stddev') ? Math.sqrt(m2 / divisor) : m2 / divisor;
    },
    merge: (a, b) => {
      const n = a.n + b.n;
      if (a.n === 0 || b.n === 0) return a.n === 0 ? { ...b } : { ...a };
      const delta = b.mean - a.mean;
      return { n, mean: a.mean + (delta * b.n) / n, m2: a.m2 + b.m2 + (delta * delta * a.n * b.n) / n };
    },
  });
}

function numericSpread(name: string, oid: number): AggregateFunction {
  interface State {
    n: bigint;
    sum: Numeric;
    squares: Numeric;
  }
  return aggregate<State>(name, [oid], T.numeric, {
    init: () => ({ n: 0n, sum: Numeric.fromBigInt(0n), squares: Numeric.fromBigInt(0n) }),
    step: (state, [value]) => {
      const x = value instanceof Numeric ? value : Numeric.fromBigInt(BigInt(value as number));
      state.n++;
      state.sum = state.sum.add(x);
      state.squares = state.squares.add(x.multiply(x));
      return state;
    },
    final: ({ n, sum, squares }) => {
      const divisor = name.endsWith('_pop') ? n : n - 1n;
      if (n === 0n || divisor <= 0n) return null;
      const count = Numeric.fromBigInt(n);
      const squared = count.multiply(squares).subtract(sum.multiply(sum));
      if (squared.special === null && squared.sign() <= 0) return Numeric.fromBigInt(0n);
      const spread = squared.divide(count.multiply(Numeric.fromBigInt(divisor)));
      return name.startsWith('stddev') ? spread.sqrt(spread.scale) : spread;
    },
    merge: (a, b) => ({ n: a.n + b.n, sum: a.sum.add(b.sum), squares: a.squares.add(b.squares) }),
  });
}
