/** What a leaf's image becomes: its rows closed, the image copied, or sealed into one sorted run of versions. */
import { PAUSE, type Task } from '../base/task.ts';
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import type { SegmentRows } from '../segment/segment.ts';
import { constantVector, gatherDoubles, gatherVector, sameCell, sliceVector } from './gather.ts';
import { LeafImage } from './leaf-image.ts';
import type { Key, RowChanges, TreeColumn } from './table.ts';
import { MemoryPart, type SealedPart } from './part.ts';

/** Rows of a column copied without a pause. */
const ROWS_AT_ONCE = 8192;

/** Moves the present versions of rows to the closed ones: they end at `seq`. */
export function closeRows(image: LeafImage, rows: Int32Array, seq: number): void {
  image.appendClosed(
    image.views().map((view) => gatherVector(view, rows)),
    Array.from(rows, (row) => image.keys[row] as Key),
    gatherDoubles(image.from.data, rows),
    new Float64Array(rows.length).fill(seq),
  );
}

/** Whether an entry of changes gives a row the values that it has. */
export function isUnchanged(
  columns: readonly TreeColumn[],
  { views, row }: { readonly views: readonly Vector[]; readonly row: number },
  changes: RowChanges,
  entry: number,
): boolean {
  const assigned = changes.assigned[entry] ?? null;
  const count = assigned === null ? columns.length : assigned.length;
  for (let i = 0; i < count; i++) {
    const column = assigned === null ? i : (assigned[i] as number);
    const source = changes.rows[column];
    if (source === undefined) continue;
    if (!sameCell(views[column] as Vector, row, source, entry, (columns[column] as TreeColumn).format)) return false;
  }
  return true;
}

/** Same rows at the same places, in memory of its own, with these columns. */
export function copied(old: LeafImage, columns: readonly TreeColumn[]): LeafImage {
  if (columns.length === old.width) return old.copy();
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

/**
 * Makes one sorted run of current rows (given in key order) and the first `closedRows` closed versions. The image must be
 * pinned where the task pauses.
 */
export function* sealPart(
  image: LeafImage,
  current: Int32Array,
  closedRows: number,
  columns: readonly TreeColumn[],
): Task<SealedPart> {
  const { rows, keys, closedKeys } = image;
  const order = closedRows === 0 ? current : yield* versionOrder(image, current, closedRows);
  yield PAUSE;
  const count = order.length;
  const sealedKeys = new Array<Key>(count);
  const from = new Float64Array(count);
  const to = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const at = order[i] as number;
    const isCurrent = at < rows;
    const closed = at - rows;
    sealedKeys[i] = (isCurrent ? keys[at] : closedKeys[closed]) as Key;
    from[i] = (isCurrent ? image.from.data[at] : image.closedFrom.data[closed]) as number;
    to[i] = isCurrent ? Infinity : (image.closedTo.data[closed] as number);
    if ((i & 8191) === 8191) yield PAUSE;
  }
  const sealed: Vector[] = [];
  for (const [c, { format }] of columns.entries()) {
    yield PAUSE;
    const view = sliceVector(image.view(c), 0, rows);
    const whole = closedRows === 0 ? view : yield* concatenated(format, view, image.closedView(c), closedRows);
    yield PAUSE;
    sealed.push(gatherVector(whole, order));
  }
  return new MemoryPart(sealed, sealedKeys, from, to);
}

/** Rows and closed rows (numbered behind all rows) by key, then from. */
function* versionOrder(image: LeafImage, current: Int32Array, closedRows: number): Task<Int32Array> {
  const { rows, keys, closedKeys } = image;
  // Stable: closed versions of one key lie in the order of their time, and all of them before the current one.
  const closed = yield* sortedByKey(closedKeys, closedRows);
  const order = new Int32Array(current.length + closedRows);
  let next = 0;
  let n = 0;
  for (const row of current) {
    const key = keys[row] as Key;
    while (next < closedRows && (closedKeys[closed[next] as number] as Key) <= key)
      order[n++] = rows + (closed[next++] as number);
    order[n++] = row;
    if ((n & 8191) === 0) yield PAUSE;
  }
  while (next < closedRows) order[n++] = rows + (closed[next++] as number);
  return order;
}

/** The first `count` positions in the order of their keys, equal ones as they are: a merge sort that pauses after a pass. */
function* sortedByKey(keys: readonly Key[], count: number): Task<Int32Array> {
  let order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let merged = new Int32Array(count);
  for (let width = 1; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = Math.min(start + width, count);
      const end = Math.min(start + 2 * width, count);
      let left = start;
      let right = middle;
      for (let n = start; n < end; n++) {
        const takesLeft =
          left < middle &&
          (right >= end || (keys[order[left] as number] as Key) <= (keys[order[right] as number] as Key));
        merged[n] = order[takesLeft ? left++ : right++] as number;
      }
    }
    [order, merged] = [merged, order];
    yield PAUSE;
  }
  return order;
}

/** The same versions with another list of columns; `constant` gives so many rows of what a column holds where it is new. */
export function fitted(
  part: SealedPart,
  columns: readonly TreeColumn[],
  constant: (column: TreeColumn, length: number) => Vector,
): SealedPart {
  const present = part.columns;
  return new MemoryPart(
    columns.map((column, c) => present[c] ?? constant(column, part.rows)),
    part.keys,
    part.from,
    part.to,
  );
}

/**
 * Lays out a leaf for a segment: current rows (given in key order), then the first `closedRows` closed versions. The
 * image must be pinned, for there are pauses.
 */
export function* leafRows(
  image: LeafImage,
  current: Int32Array,
  closedRows: number,
  columns: readonly TreeColumn[],
): Task<SegmentRows> {
  const count = current.length + closedRows;
  const from = new Float64Array(count);
  const to = new Float64Array(count).fill(Infinity);
  from.set(gatherDoubles(image.from.data, current));
  from.set(image.closedFrom.data.subarray(0, closedRows), current.length);
  to.set(image.closedTo.data.subarray(0, closedRows), current.length);
  const inPlace = isWhole(current);
  const vectors: Vector[] = [];
  for (const [c, { format }] of columns.entries()) {
    yield PAUSE;
    const view = image.view(c);
    const now = inPlace ? sliceVector(view, 0, current.length) : gatherVector(view, current);
    yield PAUSE;
    vectors.push(closedRows === 0 ? now : yield* concatenated(format, now, image.closedView(c), closedRows));
  }
  return { columns: vectors, from, to, currentRows: current.length };
}

/** A vector and the first `count` rows of another, with pauses. */
function* concatenated(format: ColumnFormat, first: Vector, second: Vector, count: number): Task<Vector> {
  const builder = new VectorBuilder(format, first.length + count);
  for (const [vector, length] of [[first, first.length] as const, [second, count] as const]) {
    for (let start = 0; start < length; start += ROWS_AT_ONCE) {
      builder.appendVector(vector, null, start, Math.min(start + ROWS_AT_ONCE, length));
      yield PAUSE;
    }
  }
  return builder.view();
}

/** True if the row numbers are 0, 1, 2 … */
function isWhole(rows: Int32Array): boolean {
  for (let i = 0; i < rows.length; i++) if (rows[i] !== i) return false;
  return true;
}
