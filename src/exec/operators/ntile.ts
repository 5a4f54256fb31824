/** ntile: rows dealt out to so many buckets, the first ones a row longer where they do not come out even. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';

/** The bucket of each position of a partition of `count` rows. */
export function ntile(count: number, buckets: Value): (position: number) => Value {
  if (buckets === null) return () => null;
  const n = Number(buckets);
  if (n <= 0) throw new DriftError('22014', 'argument of ntile must be greater than zero');
  const size = Math.floor(count / n);
  const bigger = count % n;
  const split = bigger * (size + 1);
  return (p) => (p < split ? Math.floor(p / (size + 1)) + 1 : bigger + Math.floor((p - split) / size) + 1);
}
