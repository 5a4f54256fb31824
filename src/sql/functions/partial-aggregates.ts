/**
 * Aggregates in two steps: what to compute of parts of the rows, and how the results of the parts become the whole's.
 *
 *     avg(x)      parts: sum(x), count(x)      whole: sum of sums / sum of counts
 *     count(*)    parts: count(*)              whole: sum of counts, 0 without parts
 *     var_pop(x)  parts: {n, Σx, Σx²}          whole: the sums of each, then the formula
 *
 * Here are only aggregates whose answer is the same to the last digit however the rows are parted: integers and numeric
 * are summed exactly, extremes and bits know no order. Sums of floating-point numbers are left out, for their last bits
 * depend on the order of addition, and a plan must not show in the answer; so are sums of intervals, which may overflow
 * on the way in one order and not in another.
 */
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../types/array.ts';
import { fitInteger } from './arithmetic.ts';
import { T } from './define.ts';
import type { AggregateFunction } from './function.ts';
import { functionsNamed } from './registry.ts';

export interface PartialAggregate {
  /** Of a part's rows; each takes the call's arguments. */
  readonly parts: readonly AggregateFunction[];
  /** Takes the parts' results. */
  readonly whole: AggregateFunction;
}

const INTEGERS: ReadonlySet<number> = new Set([T.int2, T.int4, T.int8]);
const SAME: ReadonlySet<string> = new Set([
  'min',
  'max',
  'bool_and',
  'bool_or',
  'every',
  'bit_and',
  'bit_or',
  'bit_xor',
]);
const SPREADS: ReadonlySet<string> = new Set([
  'stddev',
  'stddev_samp',
  'stddev_pop',
  'variance',
  'var_samp',
  'var_pop',
]);
const NUMERIC_ARRAY = 1231;

/** How an aggregate over arguments of these types is computed in two steps; null where it is not. */
export function partialAggregate(fn: AggregateFunction, argTypes: readonly number[]): PartialAggregate | null {
  // Users' aggregates have no states that merge.
  if (fn.merge === undefined || fn.orderedSet) return null;
  if (fn.name === 'count') return argTypes.length > 1 ? null : { parts: [fn], whole: MERGED_COUNT };
  const [oid] = argTypes;
  if (oid === undefined || argTypes.length !== 1) return null;
  if (SAME.has(fn.name)) return { parts: [fn], whole: fn };
  if (!INTEGERS.has(oid) && oid !== T.numeric) return null;
  if (fn.name === 'sum')
    return { parts: [fn], whole: oid === T.int8 || oid === T.numeric ? sumOf(T.numeric) : wholeSum(fn) };
  if (fn.name === 'avg') {
    const sum = sumOf(oid);
    return { parts: [sum, countOf()], whole: mergedAverage(fn, sum.returns) };
  }
  return SPREADS.has(fn.name) ? spread(fn) : null;
}

/** The built-in aggregate: search paths and users' functions of the same name do not matter here. */
function sumOf(oid: number): AggregateFunction {
  return builtIn('sum', oid);
}

function countOf(): AggregateFunction {
  return builtIn('count', T.any);
}

function builtIn(name: string, oid: number): AggregateFunction {
  for (const fn of functionsNamed(name)) if (fn.kind === 'aggregate' && fn.args[0] === oid) return fn;
  throw new Error(`no aggregate ${name}(${oid})`);
}

const MERGED_COUNT: AggregateFunction = {
  kind: 'aggregate',
  id: 'merged count(int8)',
  name: 'count',
  merges: 'counts',
  args: [T.int8],
  variadic: false,
  optional: 0,
  returns: T.int8,
  strict: true,
  orderedSet: false,
  init: () => 0n,
  step: (state, [value]) => (state as bigint) + BigInt(value as number),
  final: (state) => fitInteger(state as bigint, T.int8),
};

/** The parts' sums of integers are bigints, which the same steps add. */
function wholeSum(fn: AggregateFunction): AggregateFunction {
  return { ...fn, id: `merged ${fn.id}`, args: [T.int8], merges: 'sums' };
}

interface NumericSum {
  readonly sum: Numeric;
  readonly count: bigint;
}

function mergedAverage(fn: AggregateFunction, sumType: number): AggregateFunction {
  return {
    ...fn,
    id: `merged ${fn.id}`,
    args: [sumType, T.int8],
    merges: 'averages',
    merge: undefined,
    init: (): NumericSum => ({ sum: Numeric.fromBigInt(0n), count: 0n }),
    step(state, [sum = null, count = null]): NumericSum {
      const before = state as NumericSum;
      return { sum: before.sum.add(numericOf(sum)), count: before.count + BigInt(count as number) };
    },
    final(state) {
      const { sum, count } = state as NumericSum;
      return count === 0n ? null : sum.divide(Numeric.fromBigInt(count));
    },
  };
}

function numericOf(value: Value): Numeric {
  return value instanceof Numeric ? value : Numeric.fromBigInt(BigInt(value as number));
}

/** Variances keep {n, sum, sum of squares}; a part's result is these three as an array. */
function spread(fn: AggregateFunction): PartialAggregate | null {
  const { merge } = fn;
  if (merge === undefined) return null;
  interface State {
    readonly n: bigint;
    readonly sum: Numeric;
    readonly squares: Numeric;
  }
  const part: AggregateFunction = {
    ...fn,
    id: `part of ${fn.id}`,
    returns: NUMERIC_ARRAY,
    final(state) {
      const { n, sum, squares } = state as State;
      return SqlArray.of([Numeric.fromBigInt(n), sum, squares], T.numeric);
    },
  };
  const whole: AggregateFunction = {
    ...fn,
    id: `merged ${fn.id}`,
    args: [NUMERIC_ARRAY],
    step(state, [value]) {
      const [n, sum, squares] = (value as SqlArray).elements;
      return merge(state, { n: BigInt(String(n)), sum, squares });
    },
  };
  return { parts: [part], whole };
}
