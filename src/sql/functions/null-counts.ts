/** num_nulls and num_nonnulls, of any number of arguments. */
import type { Value } from '../../base/vector.ts';
import { pure, T } from './define.ts';
import type { ScalarFunction } from './function.ts';

const counter = (name: string, counts: (value: Value) => boolean): ScalarFunction =>
  pure(name, [T.any], T.int4, (...values: Value[]) => values.filter(counts).length, { variadic: true, strict: false });

export const nullCounts: readonly ScalarFunction[] = [
  counter('num_nulls', (value) => value === null),
  counter('num_nonnulls', (value) => value !== null),
];
