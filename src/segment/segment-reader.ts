/**
 * SegmentReader: a segment's block table, and from the bytes one column at a time.
 *
 * The table alone (the last bytes of a segment) tells which row groups a scan needs. Columns are decoded when somebody
 * asks for them, and each block's checksum is verified then.
 */
import { ByteReader } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import { DriftError } from '../base/error.ts';
import { type ColumnFormat, type DictVector, type Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import {
  GROUP_ROWS,
  MAX_COLUMNS,
  MAX_ROWS,
  OLDEST_SEGMENT_VERSION,
  SEGMENT_MAGIC,
  SEGMENT_VERSION,
  SEQ_FORMAT,
} from './constants.ts';
import { decodeBlock } from './decode-block.ts';
import type { SegmentRef } from './segment.ts';
import { readZone, type Zone } from './zone.ts';

/** One block as the table describes it. */
interface BlockEntry {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
  readonly zone: Zone;
}

export class SegmentReader {
  readonly ref: SegmentRef;
  readonly rows: number;
  readonly currentRows: number;
  readonly columnCount: number;
  readonly groups: number;
  /** Column by column, group by group; `from` and `to` are the last two columns. */
  readonly #blocks: readonly BlockEntry[];
  readonly #what: string;

  /** Reads the block table: the last `ref.tableLength` bytes of the segment. Throws XX001. */
  constructor(ref: SegmentRef, table: Uint8Array) {
    this.ref = ref;
    this.#what = `pack-${ref.pack} at offset ${ref.offset}`;
    const what = `${this.#what}, block table`;
    if (table.length !== ref.tableLength || ref.tableLength > ref.length)
      throw corrupt(what, `${ref.tableLength} bytes expected, ${table.length} found`);
    verify(table, ref.tableCrc, what);
    const reader = new ByteReader(table, what);
    if (reader.u32() !== SEGMENT_MAGIC) throw corrupt(what, 'not a segment');
    const version = reader.u8();
    if (version < OLDEST_SEGMENT_VERSION || version > SEGMENT_VERSION)
      throw corrupt(what, `segment version ${version} is not known`);
    this.rows = reader.varint();
    this.currentRows = reader.varint();
    this.columnCount = reader.varint();
    if (this.rows > MAX_ROWS || this.currentRows > this.rows || this.columnCount > MAX_COLUMNS)
      throw corrupt(what, `${this.rows} rows (${this.currentRows} current) of ${this.columnCount} columns`);
    this.groups = Math.ceil(this.rows / GROUP_ROWS);
    const blocks: BlockEntry[] = [];
    let offset = 0;
    for (let block = 0; block < this.groups * (this.columnCount + 2); block++) {
      const entry = { offset, length: reader.varint(), crc: reader.u32(), zone: readZone(reader) };
      offset += entry.length;
      blocks.push(entry);
    }
    if (offset !== ref.length - ref.tableLength)
      throw corrupt(what, `blocks of ${offset} bytes in a segment of ${ref.length}`);
    this.#blocks = blocks;
  }

  /** Reads a whole segment's table. */
  static of(ref: SegmentRef, bytes: Uint8Array): SegmentReader {
    if (bytes.length !== ref.length)
      throw corrupt(`pack-${ref.pack} at offset ${ref.offset}`, `${ref.length} bytes expected, ${bytes.length} found`);
    return new SegmentReader(ref, bytes.subarray(ref.length - ref.tableLength));
  }

  /** What a column's values in a row group lie between; null for a column that the segment does not have. */
  zone(column: number, group: number): Zone | null {
    return column < this.columnCount ? (this.#blocks[column * this.groups + group] as BlockEntry).zone : null;
  }

  /** False if no version of the row group is valid at a sequence number. */
  mayBeVisible(group: number, seq: number): boolean {
    const from = (this.#blocks[this.columnCount * this.groups + group] as BlockEntry).zone.bounds;
    const to = (this.#blocks[(this.columnCount + 1) * this.groups + group] as BlockEntry).zone.bounds;
    return (from === null || from.min <= seq) && (to === null || seq < to.max);
  }

  /** Decodes a column that the segment has. */
  column(bytes: Uint8Array, column: number, format: ColumnFormat): Vector {
    return this.#decode(bytes, column, format, `column ${column}`);
  }

  /** Decodes one row group of a column that the segment has. */
  groupColumn(bytes: Uint8Array, column: number, group: number, format: ColumnFormat): Vector {
    return this.#decodeGroup(bytes, column, group, { format, name: `column ${column}` });
  }

  from(bytes: Uint8Array): Float64Array {
    return this.#sequence(bytes, this.columnCount, 'from');
  }

  to(bytes: Uint8Array): Float64Array {
    return this.#sequence(bytes, this.columnCount + 1, 'to');
  }

  /** The `from` of one row group. */
  fromOfGroup(bytes: Uint8Array, group: number): Float64Array {
    return this.#doubles(this.#decodeGroup(bytes, this.columnCount, group, { format: SEQ_FORMAT, name: 'from' }));
  }

  /** The `to` of one row group. */
  toOfGroup(bytes: Uint8Array, group: number): Float64Array {
    return this.#doubles(this.#decodeGroup(bytes, this.columnCount + 1, group, { format: SEQ_FORMAT, name: 'to' }));
  }

  /** A bound for `from` of the first `rows` rows; null where the zones have none. */
  maxFrom(rows: number): number | null {
    let most = 0;
    for (let group = 0; group * GROUP_ROWS < rows; group++) {
      const { bounds } = (this.#blocks[this.columnCount * this.groups + group] as BlockEntry).zone;
      if (bounds === null) return null;
      if (bounds.max > most) most = bounds.max;
    }
    return most;
  }

  /** Checks every block; throws XX001. */
  verify(bytes: Uint8Array): void {
    for (const block of this.#blocks) this.#block(bytes, block, 'block');
  }

  #sequence(bytes: Uint8Array, column: number, name: string): Float64Array {
    return this.#doubles(this.#decode(bytes, column, SEQ_FORMAT, name)).subarray(0, this.rows);
  }

  #doubles(vector: Vector): Float64Array {
    if (vector.kind !== 'f64') throw corrupt(this.#what, 'from or to is not a column of doubles');
    return vector.data;
  }

  #decode(bytes: Uint8Array, column: number, format: ColumnFormat, name: string): Vector {
    const decoded: Vector[] = [];
    for (let group = 0; group < this.groups; group++)
      decoded.push(this.#decodeGroup(bytes, column, group, { format, name }));
    if (decoded.length === 1) return decoded[0] as Vector;
    const builder = new VectorBuilder(format, this.rows);
    for (const vector of decoded) builder.appendVector(vector, null, 0, vector.length);
    return builder.view();
  }

  #decodeGroup(
    bytes: Uint8Array,
    column: number,
    group: number,
    { format, name }: { readonly format: ColumnFormat; readonly name: string },
  ): Vector {
    const block = this.#block(bytes, this.#blocks[column * this.groups + group] as BlockEntry, name);
    const count = Math.min(GROUP_ROWS, this.rows - group * GROUP_ROWS);
    const vector = decodeBlock(block, count, format, `${this.#what}, ${name}`);
    return vector.kind === 'dict' ? expanded(vector) : vector;
  }

  #block(bytes: Uint8Array, { offset, length, crc }: BlockEntry, name: string): Uint8Array {
    const block = bytes.subarray(offset, offset + length);
    verify(block, crc, `${this.#what}, ${name} at ${offset}`);
    return block;
  }
}

function expanded({ data, dictionary, nulls, length }: DictVector): Vector {
  const texts = new Array<string>(length);
  for (let row = 0; row < length; row++) texts[row] = dictionary[data[row] as number] as string;
  return { kind: 'text', data: texts, nulls, length };
}

function verify(bytes: Uint8Array, expected: number, place: string): void {
  const found = crc32c(bytes);
  if (found !== expected)
    throw corrupt(place, `checksum ${expected.toString(16)} expected, ${found.toString(16)} found`);
}

function corrupt(place: string, detail: string): DriftError {
  return new DriftError('XX001', `data corrupted: ${place}: ${detail}`);
}
