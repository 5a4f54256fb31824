/**
 * Segments: an immutable run of row versions as bytes (FORMAT.md). This file writes them; segment-reader.ts reads them.
 *
 *     blocks   column 0 group 0, group 1, … │ column 1 group 0, … │ … │ from │ to
 *     table    magic, version, rows, current rows, columns; then of every block length, CRC-32C and zone
 *
 * The first rows, `currentRows` of them, are current and sorted by key: what a leaf shows now. A leaf's closed versions
 * follow in the order in which they ended. A sealed tile has no current rows: all of its versions are sorted by key, then
 * from.
 *
 * The reference to a segment carries the checksum of its table, the table those of the blocks; so a block that is torn,
 * altered or read from the wrong place is noticed before a value of it is used.
 */
import { ByteWriter } from '../base/bytes.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { crc32c } from '../base/crc32c.ts';
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { GROUP_ROWS, SEGMENT_MAGIC, SEGMENT_VERSION, SEQ_FORMAT } from './constants.ts';
import { encodeBlock, encodeBoxedBlock } from './encode-block.ts';
import { filterOf, isWorth } from './filter.ts';
import { isSpreadOut, writeZone, type Zone, zoneOf } from './zone.ts';

/** Bytes copied without a pause. */
const COPIED_AT_ONCE: number = 512 * 1024;

/** Where a segment lies, and what its block table must sum to. */
export interface SegmentRef {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  readonly tableLength: number;
  readonly tableCrc: number;
}

/** Row versions by column; `from` and `to` as sequence numbers, `to` Infinity for versions open at the end. */
export interface SegmentRows {
  readonly columns: readonly Vector[];
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly currentRows: number;
}

export interface EncodedSegment {
  readonly bytes: Uint8Array;
  readonly tableLength: number;
  readonly tableCrc: number;
}

/** Encodes the rows, with a pause after each block; they must not change meanwhile. */
export function* encodeSegment(rows: SegmentRows, formats: readonly ColumnFormat[]): Task<EncodedSegment> {
  const count = rows.from.length;
  const blocks: Uint8Array[] = [];
  const table = new ByteWriter(256);
  table.u32(SEGMENT_MAGIC);
  table.u8(SEGMENT_VERSION);
  table.varint(count);
  table.varint(rows.currentRows);
  table.varint(formats.length);
  const put = function* (vector: Vector, format: ColumnFormat): Task<void> {
    const zones: Zone[] = [];
    for (let start = 0; start < count; start += GROUP_ROWS) {
      zones.push(zoneOf(vector, start, Math.min(start + GROUP_ROWS, count)));
      yield PAUSE;
    }
    const isSpread = isSpreadOut(zones);
    for (const [group, zone] of zones.entries()) {
      const start = group * GROUP_ROWS;
      const end = Math.min(start + GROUP_ROWS, count);
      const block =
        vector.kind === 'boxed'
          ? yield* encodeBoxedBlock(vector, start, end, format)
          : encodeBlock(vector, start, end, format);
      yield PAUSE;
      const filter = isWorth(end - start, block.length, isSpread) ? filterOf(vector, start, end) : null;
      table.varint(block.length);
      table.u32(crc32c(block));
      writeZone(table, filter === null ? zone : { ...zone, filter });
      blocks.push(block);
      yield PAUSE;
    }
  };
  for (let c = 0; c < formats.length; c++) yield* put(rows.columns[c] as Vector, formats[c] as ColumnFormat);
  yield* put({ kind: 'f64', data: rows.from, length: count, nulls: null }, SEQ_FORMAT);
  yield* put({ kind: 'f64', data: rows.to, length: count, nulls: null }, SEQ_FORMAT);
  const tableBytes = table.finish();
  blocks.push(tableBytes);
  return { bytes: yield* joined(blocks), tableLength: tableBytes.length, tableCrc: crc32c(tableBytes) };
}

function* joined(blocks: readonly Uint8Array[]): Task<Uint8Array> {
  let [length, at, paused] = [0, 0, 0];
  for (const block of blocks) length += block.length;
  const bytes = new Uint8Array(length);
  for (const block of blocks) {
    bytes.set(block, at);
    at += block.length;
    if (at - paused < COPIED_AT_ONCE) continue;
    paused = at;
    yield PAUSE;
  }
  return bytes;
}
