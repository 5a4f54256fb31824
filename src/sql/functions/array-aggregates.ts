/** array_agg: of values, and of arrays of equal size, which become one of a dimension more. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../types/array.ts';
import { T, typedAggregate } from './define.ts';
import type { AggregateFunction } from './function.ts';

export const arrayAggregates: readonly AggregateFunction[] = [
  typedAggregate<Value[]>('array_agg', [T.anynonarray], T.anyarray, ([oid = T.text]) => ({
    strict: false,
    init: () => [],
    step(values, [value]) {
      values.push(value ?? null);
      return values;
    },
    final: (values) => (values.length === 0 ? null : SqlArray.of(values, oid)),
  })),
  typedAggregate<SqlArray[]>('array_agg', [T.anyarray], T.anyarray, () => ({
    strict: false,
    init: () => [],
    step(arrays, [value]) {
      if (!(value instanceof SqlArray)) throw new DriftError('22004', 'cannot accumulate null arrays');
      if (value.dimensions.length === 0) throw new DriftError('2202E', 'cannot accumulate empty arrays');
      const [first] = arrays;
      if (first !== undefined && first.dimensions.join() !== value.dimensions.join())
        throw new DriftError('2202E', 'cannot accumulate arrays of different dimensionality');
      arrays.push(value);
      return arrays;
    },
    final(arrays) {
      const [first] = arrays;
      if (first === undefined) return null;
      return new SqlArray(
        [arrays.length, ...first.dimensions],
        [1, ...first.lowerBounds],
        arrays.flatMap((array) => array.elements),
        first.elementOid,
      );
    },
  })),
];
