/**
 * Ordered-set aggregates (PostgreSQL's table 9.63): percentile_cont, percentile_disc, mode. Their rows arrive in the order
 * of WITHIN GROUP, the direct argument in front of the value.
 */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../types/array.ts';
import { addIntervals, scaleInterval } from '../types/interval-arithmetic.ts';
import { Interval } from '../types/interval.ts';
import { typeByOid } from '../types/registry.ts';
import { aggregate, T, typedAggregate } from './define.ts';
import type { AggregateFunction } from './function.ts';

const FLOAT8_ARRAY = 1022;
const INTERVAL_ARRAY = 1187;

interface Ordered {
  direct: Value;
  readonly values: Value[];
}

const init = (): Ordered => ({ direct: null, values: [] });

function step(state: Ordered, [direct = null, value = null]: readonly Value[]): Ordered {
  state.direct = direct;
  if (value !== null) state.values.push(value);
  return state;
}

function shareOf(value: Value): number {
  const share = value instanceof Numeric ? value.toNumber() : (value as number);
  if (!(share >= 0 && share <= 1)) throw new DriftError('22003', `percentile value ${share} is not between 0 and 1`);
  return share;
}

/** One percentile for a number, an array of them for an array. */
function percentiles(
  state: Ordered,
  elementOid: number,
  at: (share: number, values: readonly Value[]) => Value,
): Value {
  const { direct, values } = state;
  if (direct === null || values.length === 0) return null;
  if (!(direct instanceof SqlArray)) return at(shareOf(direct), values);
  const found = direct.elements.map((share) => (share === null ? null : at(shareOf(share), values)));
  return new SqlArray(direct.dimensions, direct.lowerBounds, found, elementOid);
}

/** Between the two values next to the position, in proportion. */
function interpolated(share: number, values: readonly Value[]): Value {
  const position = share * (values.length - 1);
  const [low, high] = [values[Math.floor(position)] ?? null, values[Math.ceil(position)] ?? null];
  const part = position - Math.floor(position);
  if (low instanceof Interval && high instanceof Interval) {
    if (part === 0) return low;
    return addIntervals(low, scaleInterval(addIntervals(high, low, -1), part));
  }
  const [a, b] = [numberOf(low), numberOf(high)];
  return part === 0 ? a : a + (b - a) * part;
}

function numberOf(value: Value): number {
  return value instanceof Numeric ? value.toNumber() : Number(value);
}

/** The first value at or behind the position. */
function discrete(share: number, values: readonly Value[]): Value {
  return values[Math.max(Math.ceil(share * values.length), 1) - 1] ?? null;
}

/** `args`: the direct argument's type, then the values'. */
function continuous(args: readonly [number, number], returns: number): AggregateFunction {
  return aggregate<Ordered>('percentile_cont', args, returns, {
    orderedSet: true,
    strict: false,
    init,
    step,
    final: (state) => percentiles(state, args[1], interpolated),
  });
}

export const orderedAggregates: readonly AggregateFunction[] = [
  continuous([T.float8, T.float8], T.float8),
  continuous([T.float8, T.interval], T.interval),
  continuous([FLOAT8_ARRAY, T.float8], FLOAT8_ARRAY),
  continuous([FLOAT8_ARRAY, T.interval], INTERVAL_ARRAY),
  ...[T.float8, FLOAT8_ARRAY].map((direct) =>
    typedAggregate<Ordered>(
      'percentile_disc',
      [direct, T.anyelement],
      direct === T.float8 ? T.anyelement : T.anyarray,
      ([, oid = T.text]) => ({
        orderedSet: true,
        strict: false,
        init,
        step,
        final: (state) => percentiles(state, oid, discrete),
      }),
    ),
  ),
  typedAggregate<Mode>('mode', [T.anyelement], T.anyelement, ([oid = T.text]) => {
    const { compare } = typeByOid(oid);
    return {
      orderedSet: true,
      init: () => ({ value: null, count: 0, best: null, most: 0 }),
      step(state, [value = null]) {
        if (state.count === 0 || compare?.(value, state.value) !== 0) {
          state.value = value;
          state.count = 0;
        }
        // Of several, the first in the order.
        if (++state.count > state.most) {
          state.best = state.value;
          state.most = state.count;
        }
        return state;
      },
      final: ({ best }) => best,
    };
  }),
];

/** The value that came last and how often in a row, and the one that did most often. */
interface Mode {
  value: Value;
  count: number;
  best: Value;
  most: number;
}
