/** What a leaf's image becomes: its rows closed, the image copied, or sealed into one sorted run of versions. */
import type { ColumnFormat, Vector } from '../base/vector.ts';
import type { SegmentRows } from '../segment/segment.ts';
import { concatVectors, constantVector, gatherDoubles, gatherVector, sliceVector } from './gather.ts';
import { LeafImage } from './leaf-image.ts';
import type { Key, TreeColumn } from './table.ts';
import { MemoryPart, type SealedPart } from './part.ts';

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
  const order = closedRows === 0 ? current : versionOrder(image, current, closedRows);
  const views = image.views();
  const closedViews = image.closedViews();
  const columnOf = (format: ColumnFormat, c: number): Vector =>
    closedRows === 0 ? (views[c] as Vector) : concatVectors(format, [views[c] as Vector, closedViews[c] as Vector]);
  return new MemoryPart(
    columns.map(({ format }, c) => gatherVector(columnOf(format, c), order)),
    Array.from(order, keyAt),
    Float64Array.from(order, fromAt),
    Float64Array.from(order, (at) => (at < rows ? Infinity : (image.closedTo.data[at - rows] as number))),
  );
}

/** Rows and closed rows (numbered behind all rows) by key, then from. */
function versionOrder(image: LeafImage, current: Int32Array, closedRows: number): Int32Array {
  const { rows, keys, closedKeys } = image;
  const closed = new Int32Array(closedRows);
  for (let row = 0; row < closedRows; row++) closed[row] = row;
  // Stable: closed versions of one key lie in the order of their time, and all of them before the current one.
  closed.sort((a, b) => {
    const [left, right] = [closedKeys[a] as Key, closedKeys[b] as Key];
    return left < right ? -1 : left === right ? a - b : 1;
  });
  const order = new Int32Array(current.length + closedRows);
  let next = 0;
  let n = 0;
  for (const row of current) {
    const key = keys[row] as Key;
    while (next < closedRows && (closedKeys[closed[next] as number] as Key) <= key)
      order[n++] = rows + (closed[next++] as number);
    order[n++] = row;
  }
  while (next < closedRows) order[n++] = rows + (closed[next++] as number);
  return order;
}

/** The same versions with another list of columns. */
export function fitted(part: SealedPart, columns: readonly TreeColumn[]): SealedPart {
  const present = part.columns;
  return new MemoryPart(
    columns.map(({ format, missing }, c) => present[c] ?? constantVector(format, missing, part.rows)),
    part.keys,
    part.from,
    part.to,
  );
}

/** Lays out a leaf for a segment: current rows (given in key order), then the first `closedRows` closed versions. */
export function leafRows(
  image: LeafImage,
  current: Int32Array,
  closedRows: number,
  columns: readonly TreeColumn[],
): SegmentRows {
  const count = current.length + closedRows;
  const from = new Float64Array(count);
  const to = new Float64Array(count).fill(Infinity);
  from.set(gatherDoubles(image.from.data, current));
  from.set(image.closedFrom.data.subarray(0, closedRows), current.length);
  to.set(image.closedTo.data.subarray(0, closedRows), current.length);
  const inPlace = isWhole(current);
  const vectors = columns.map(({ format }, c) => {
    const view = image.view(c);
    const now = inPlace ? sliceVector(view, 0, current.length) : gatherVector(view, current);
    return closedRows === 0 ? now : concatVectors(format, [now, sliceVector(image.closedView(c), 0, closedRows)]);
  });
  return { columns: vectors, from, to, currentRows: current.length };
}

/** True if the row numbers are 0, 1, 2 … */
function isWhole(rows: Int32Array): boolean {
  for (let i = 0; i < rows.length; i++) if (rows[i] !== i) return false;
  return true;
}
