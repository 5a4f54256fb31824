/**
 * The test behind TABLESAMPLE: whether a row belongs to the sample. Not callable by name.
 *
 * With REPEATABLE a row's fate is a hash of the seed and its key, so the same rows are chosen again, also AS OF an
 * earlier moment; without, it is the session's generator.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { scalar, T } from './define.ts';
import type { ScalarFunction } from './function.ts';

/** sample(percentage), for each row anew. */
export const randomSample: ScalarFunction = scalar(
  'tablesample',
  [T.float8],
  T.bool,
  (context, percentage) => context.random() * 100 < shareOf(percentage ?? null),
  { volatility: 'volatile', strict: false },
);

/** sample(percentage, seed, key …): the same for the same seed and key. */
export const repeatableSample: ScalarFunction = scalar(
  'tablesample_repeatable',
  [T.float8, T.float8, T.any],
  T.bool,
  (_context, percentage, seed, ...key) => {
    if (seed === null) throw new DriftError('2202G', 'TABLESAMPLE REPEATABLE parameter cannot be null');
    return (hash([seed ?? null, ...key]) / 2 ** 32) * 100 < shareOf(percentage ?? null);
  },
  { volatility: 'immutable', strict: false, variadic: true },
);

/** Throws 2202H for what is no percentage. */
export function shareOf(percentage: Value): number {
  if (percentage === null) throw new DriftError('2202H', 'TABLESAMPLE parameter cannot be null');
  const share = Number(percentage);
  if (share >= 0 && share <= 100) return share;
  throw new DriftError('2202H', 'sample percentage must be between 0 and 100');
}

/** FNV-1a over the values' text with a last mixing (murmur3's), so that neighbouring keys fall apart. */
function hash(values: readonly Value[]): number {
  let state = 0x811c9dc5;
  for (const value of values) {
    const text = `${String(value)}\u0000`;
    for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
