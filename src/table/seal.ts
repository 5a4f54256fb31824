/** What a leaf's image becomes: its rows closed, the image copied, or sealed into one sorted run of versions. */
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { concatVectors, constantVector, gatherDoubles, gatherVector } from './gather.ts';
import { LeafImage } from './leaf-image.ts';
import type { Key, TreeColumn } from './table.ts';
import type { SealedPart } from './tile.ts';

/** Moves the present versions of rows to the closed ones: they end at `seq`. */
export function closeRows(image: LeafImage, rows: Int32Array, seq: number): void {
  image.appendClosed(
    image.views().map((view) => gatherVector(view, rows)),
    Array.from(rows, (row) => image.keys[row] as Key),
    gatherDoubles(image.from.data, rows),
    new Float64Array(rows.length).fill(seq),
  );
}

/** Same rows at the same places, in memory of its own, with these columns. */
export function copied(old: LeafImage, columns: readonly TreeColumn[]): LeafImage {
  const fill = (present: readonly Vector[], length: number): Vector[] =>
    columns.map((column, c) => present[c] ?? constantVector(column.format, column.missing, length));
  const image = new LeafImage(columns);
  image.appendSorted(fill(old.views(), old.rows), old.keys, old.from.data.subarray(0, old.rows), 0, old.rows);
  image.sorted = old.sorted;
  image.tail = new Map(old.tail);
  image.holes = old.holes === null ? null : old.holes.slice();
  image.holeCount = old.holeCount;
  image.appendClosed(
    fill(old.closedViews(), old.closedRows),
    old.closedKeys,
    old.closedFrom.data.subarray(0, old.closedRows),
    old.closedTo.data.subarray(0, old.closedRows),
  );
  return image;
}

/** Makes one sorted run of current rows (given in key order) and the first `closedRows` closed versions. */
export function sealPart(
  image: LeafImage,
  current: Int32Array,
  closedRows: number,
  columns: readonly TreeColumn[],
): SealedPart {
  const { rows } = image;
  const keyAt = (at: number): Key => (at < rows ? image.keys[at] : image.closedKeys[at - rows]) as Key;
  const fromAt = (at: number): number => (at < rows ? image.from.data[at] : image.closedFrom.data[at - rows]) as number;
  let order = current;
  if (closedRows > 0) {
    order = new Int32Array(current.length + closedRows);
    order.set(current);
    for (let i = 0; i < closedRows; i++) order[current.length + i] = rows + i;
    order.sort((a, b) => (keyAt(a) === keyAt(b) ? fromAt(a) - fromAt(b) : keyAt(a) < keyAt(b) ? -1 : 1));
  }
  const views = image.views();
  const closedViews = image.closedViews();
  const columnOf = (format: ColumnFormat, c: number): Vector =>
    closedRows === 0 ? (views[c] as Vector) : concatVectors(format, [views[c] as Vector, closedViews[c] as Vector]);
  return {
    columns: columns.map(({ format }, c) => gatherVector(columnOf(format, c), order)),
    keys: Array.from(order, keyAt),
    from: Float64Array.from(order, fromAt),
    to: Float64Array.from(order, (at) => (at < rows ? Infinity : (image.closedTo.data[at - rows] as number))),
  };
}
