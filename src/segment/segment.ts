/**
 * Segments: an immutable run of row versions as bytes (FORMAT.md), and back.
 *
 *     blocks   column 0 group 0, group 1, … │ column 1 group 0, … │ … │ from │ to
 *     table    magic, version, rows, columns, then length and CRC-32C of every block
 *
 * The reference to a segment carries the checksum of its table, the table those of the blocks; so a block that is torn,
 * altered or read from the wrong place is noticed before a value of it is used.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import { DriftError } from '../base/error.ts';
import { type ColumnFormat, type Vector, valueAt } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import { GROUP_ROWS, MAX_COLUMNS, MAX_ROWS, SEGMENT_MAGIC, SEGMENT_VERSION } from './constants.ts';
import { decodeBlock } from './decode-block.ts';
import { encodeBlock } from './encode-block.ts';

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
}

export interface EncodedSegment {
  readonly bytes: Uint8Array;
  readonly tableLength: number;
  readonly tableCrc: number;
}

const SEQ_FORMAT: ColumnFormat = { kind: 'f64' };

export function encodeSegment(rows: SegmentRows, formats: readonly ColumnFormat[]): EncodedSegment {
  const count = rows.from.length;
  const blocks = new ByteWriter(count * formats.length * 4 + 256);
  const table = new ByteWriter(256);
  table.u32(SEGMENT_MAGIC);
  table.u8(SEGMENT_VERSION);
  table.varint(count);
  table.varint(formats.length);
  const put = (vector: Vector, format: ColumnFormat): void => {
    for (let start = 0; start < count; start += GROUP_ROWS) {
      const block = encodeBlock(vector, start, Math.min(start + GROUP_ROWS, count), format);
      table.varint(block.length);
      table.u32(crc32c(block));
      blocks.raw(block);
    }
  };
  for (let c = 0; c < formats.length; c++) put(rows.columns[c] as Vector, formats[c] as ColumnFormat);
  put({ kind: 'f64', data: rows.from, length: count, nulls: null }, SEQ_FORMAT);
  put({ kind: 'f64', data: rows.to, length: count, nulls: null }, SEQ_FORMAT);
  const tableBytes = table.finish();
  blocks.raw(tableBytes);
  return { bytes: blocks.finish(), tableLength: tableBytes.length, tableCrc: crc32c(tableBytes) };
}

/** Checks every checksum of a segment without decoding it; throws XX001. */
export function verifySegment(bytes: Uint8Array, ref: SegmentRef): void {
  const { what, table, tableStart, blocks } = openTable(bytes, ref);
  let offset = 0;
  for (let block = 0; block < blocks; block++) offset += blockAt(bytes, table, offset, { tableStart, what }).length;
}

/** Decodes a segment; it may have fewer columns than `formats` (columns added later), never more. */
export function decodeSegment(bytes: Uint8Array, ref: SegmentRef, formats: readonly ColumnFormat[]): SegmentRows {
  const { what, table, tableStart, rows, columnCount } = openTable(bytes, ref);
  if (columnCount > formats.length) throw corrupt(what, `${columnCount} columns where ${formats.length} are known`);
  let offset = 0;
  const next = (format: ColumnFormat, name: string): Vector => {
    const builder = new VectorBuilder(format, rows);
    let whole: Vector | null = null;
    for (let start = 0; start < rows; start += GROUP_ROWS) {
      const place = `${what}, ${name}`;
      const block = blockAt(bytes, table, offset, { tableStart, what: place });
      offset += block.length;
      const count = Math.min(GROUP_ROWS, rows - start);
      const vector = decodeBlock(block, count, format, place);
      if (count === rows && vector.kind !== 'dict') whole = vector;
      else if (vector.kind === 'dict') for (let row = 0; row < count; row++) builder.append(valueAt(vector, row));
      else builder.appendVector(vector, null, 0, count);
    }
    return whole ?? builder.view();
  };
  const columns: Vector[] = [];
  for (let c = 0; c < columnCount; c++) columns.push(next(formats[c] as ColumnFormat, `column ${c}`));
  const from = doubles(next(SEQ_FORMAT, 'from'), rows, what);
  const to = doubles(next(SEQ_FORMAT, 'to'), rows, what);
  return { columns, from, to };
}

interface OpenTable {
  /** For messages. */
  readonly what: string;
  /** Behind the header: lengths and checksums of the blocks. */
  readonly table: ByteReader;
  readonly tableStart: number;
  readonly rows: number;
  readonly columnCount: number;
  readonly blocks: number;
}

function openTable(bytes: Uint8Array, ref: SegmentRef): OpenTable {
  const what = `pack-${ref.pack} at offset ${ref.offset}`;
  if (bytes.length !== ref.length || ref.tableLength > bytes.length) {
    throw corrupt(what, `segment of ${ref.length} bytes expected, ${bytes.length} found`);
  }
  const tableStart = bytes.length - ref.tableLength;
  const tableBytes = bytes.subarray(tableStart);
  verify(tableBytes, ref.tableCrc, `${what}, block table`);
  const table = new ByteReader(tableBytes, `${what}, block table`);
  if (table.u32() !== SEGMENT_MAGIC) throw corrupt(what, 'not a segment');
  const version = table.u8();
  if (version !== SEGMENT_VERSION) throw corrupt(what, `segment version ${version} is not known`);
  const rows = table.varint();
  const columnCount = table.varint();
  if (rows > MAX_ROWS || columnCount > MAX_COLUMNS) throw corrupt(what, `${rows} rows of ${columnCount} columns`);
  const blocks = Math.ceil(rows / GROUP_ROWS) * (columnCount + 2);
  return { what, table, tableStart, rows, columnCount, blocks };
}

/** The block at an offset, checked against the next entry of the block table. */
function blockAt(
  bytes: Uint8Array,
  table: ByteReader,
  offset: number,
  { tableStart, what }: { readonly tableStart: number; readonly what: string },
): Uint8Array {
  const length = table.varint();
  const crc = table.u32();
  const place = `${what}, block at ${offset}`;
  if (length > tableStart - offset) throw corrupt(place, `${length} bytes expected, ${tableStart - offset} left`);
  const block = bytes.subarray(offset, offset + length);
  verify(block, crc, place);
  return block;
}

function doubles(vector: Vector, rows: number, what: string): Float64Array {
  if (vector.kind !== 'f64') throw corrupt(what, 'sequence numbers are not doubles');
  return vector.data.subarray(0, rows);
}

function verify(bytes: Uint8Array, expected: number, place: string): void {
  const found = crc32c(bytes);
  if (found !== expected) {
    throw corrupt(place, `checksum ${expected.toString(16)} expected, ${found.toString(16)} found`);
  }
}

function corrupt(place: string, detail: string): DriftError {
  return new DriftError('XX001', `data corrupted: ${place}: ${detail}`);
}
