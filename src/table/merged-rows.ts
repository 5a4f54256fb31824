/**
 * Rows of a leaf in key order where some of them come from its closed versions: current and closed ones side by side in one
 * set of vectors, and the order over both. Apart from the scan (tree-scan.ts), because a page's first reads do not need it.
 */
import type { Vector } from '../base/vector.ts';
import { concatVectors, gatherDoubles, gatherVector } from './gather.ts';
import type { LeafImage } from './leaf-image.ts';
import type { Key, ScanOptions, TreeColumn } from './table.ts';

export interface MergedRows {
  readonly column: (ordinal: number) => Vector;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** Row numbers in the vectors, in the order asked for. */
  readonly rows: Int32Array;
}

/** `current` are rows, `closed` closed rows, each in key order; together they hold a key once at most. */
export function mergedRows(
  image: LeafImage,
  current: Int32Array,
  closed: Int32Array,
  formats: readonly TreeColumn[],
  options: ScanOptions,
): MergedRows {
  const total = current.length + closed.length;
  const keyAt = (at: number): Key =>
    (at < current.length
      ? image.keys[current[at] as number]
      : image.closedKeys[closed[at - current.length] as number]) as Key;
  const rows = Int32Array.from({ length: total }, (_, at) => at).sort((a, b) => (keyAt(a) < keyAt(b) ? -1 : 1));
  if (options.order === 'desc') rows.reverse();
  const columns: Vector[] = [];
  for (const column of new Set(options.columns)) {
    const { format } = formats[column] as TreeColumn;
    columns[column] = concatVectors(format, [
      gatherVector(image.view(column), current),
      gatherVector(image.closedView(column), closed),
    ]);
  }
  const from = new Float64Array(total);
  const to = new Float64Array(total).fill(Infinity);
  from.set(gatherDoubles(image.from.data, current));
  from.set(gatherDoubles(image.closedFrom.data, closed), current.length);
  to.set(gatherDoubles(image.closedTo.data, closed), current.length);
  return { column: (ordinal) => columns[ordinal] as Vector, from, to, rows };
}
