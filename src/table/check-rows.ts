/** The keys and intervals of a stored segment, for checks: read apart from the cache, so that looking throws nothing out. */
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

/** Checks every block, and decodes what says which versions there are. Throws XX001. */
export function checkedRows(ref: SegmentRef, bytes: Uint8Array, { columns, codec }: RowLayout): CheckedRows {
  const reader = SegmentReader.of(ref, bytes);
  reader.verify(bytes);
  const { rows, currentRows } = reader;
  const parts = codec.key.map(({ column }) => reader.column(bytes, column, (columns[column] as TreeColumn).format));
  return { rows, currentRows, keys: codec.ofRows(parts, 0, rows), from: reader.from(bytes), to: reader.to(bytes) };
}
