/** The keys and intervals of a stored segment, for checks: read apart from the cache, so that looking throws nothing out. */
import { PAUSE, type Task } from '../base/task.ts';
import type { Vector } from '../base/vector.ts';
import type { SegmentRef } from '../segment/segment.ts';
import { SegmentReader } from '../segment/segment-reader.ts';
import type { RowLayout } from './part.ts';
import type { Key, TreeColumn } from './table.ts';

export interface CheckedRows {
  readonly rows: number;
  readonly currentRows: number;
  readonly keys: readonly Key[];
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/** Rows that are looked at between two pauses. */
export const ROWS_AT_ONCE: number = 8192;

/** Checks every block, and decodes what says which versions there are. Throws XX001. */
export function* checkedRows(ref: SegmentRef, bytes: Uint8Array, { columns, codec }: RowLayout): Task<CheckedRows> {
  const reader = SegmentReader.of(ref, bytes);
  reader.verify(bytes);
  yield PAUSE;
  const { rows, currentRows } = reader;
  const parts: Vector[] = [];
  for (const { column } of codec.key) {
    parts.push(reader.column(bytes, column, (columns[column] as TreeColumn).format));
    yield PAUSE;
  }
  const keys: Key[] = [];
  for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
    for (const key of codec.ofRows(parts, row, Math.min(row + ROWS_AT_ONCE, rows))) keys.push(key);
    yield PAUSE;
  }
  const from = reader.from(bytes);
  yield PAUSE;
  return { rows, currentRows, keys, from, to: reader.to(bytes) };
}
