/**
 * Row changes as log frames, and back.
 *
 * Frames are columnar and bounded (at most FRAME_ROWS rows), so that bulk loads copy arrays and one-row commits stay
 * small. All entries of a transaction's write set that are in force are written; overtaken ones are not.
 *
 *     INSERT       table, rows, columns, each column: cells
 *     PATCH        table, rows, keys, count of ordinals, each ordinal: cells   (only the assigned columns)
 *     SOFT_DELETE  table, rows, keys
 *     SEQUENCE     sequence id, last value, is called
 *
 * table/FORMAT.md has the byte layout of keys and cells.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import type { ColumnFormat, Value, ValueCodec, Vector } from '../base/vector.ts';
import { isNull } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import { FRAME_INSERT, FRAME_PATCH, FRAME_SEQUENCE, FRAME_SOFT_DELETE } from '../log/constants.ts';
import type { LogFrame } from '../log/frame.ts';
import { type Key, OP_DELETE, OP_INSERT, OP_UPDATE, type RowChanges, type TreeColumn } from '../table/table.ts';

/** Rows in one frame at most: keeps frames far below the log's limit. */
const FRAME_ROWS = 4096;

/** Changes of one table as they come out of the log: patches hold only their assigned columns. */
export interface LoggedChange {
  readonly tableId: number;
  readonly op: number;
  readonly count: number;
  /** Absent for inserts: the key is in the row. */
  readonly keys: readonly Key[];
  readonly ordinals: readonly number[];
  readonly columns: readonly Vector[];
}

export interface SequenceValue {
  readonly id: number;
  readonly value: bigint;
  readonly isCalled: boolean;
}

/** Encodes one table's changes, or those entries of them; `columns` describe the table's tree. */
export function encodeChanges(
  tableId: number,
  changes: RowChanges,
  columns: readonly TreeColumn[],
  part: { readonly start: number; readonly end: number } = { start: 0, end: changes.count },
): LogFrame[] {
  const frames: LogFrame[] = [];
  const all = columns.map((_, ordinal) => ordinal);
  let { start } = part;
  while (start < part.end) {
    const op = changes.ops[start] as number;
    const assigned = changes.assigned[start] ?? null;
    const rows: number[] = [];
    let end = start;
    while (end < part.end && rows.length < FRAME_ROWS && sameRun(changes, end, op, assigned)) rows.push(end++);
    const ordinals = op === OP_UPDATE ? (assigned ?? all) : all;
    if (op === OP_INSERT) frames.push(insertFrame(tableId, changes, columns, rows));
    else if (op === OP_UPDATE) frames.push(patchFrame(tableId, changes, columns, rows, ordinals));
    else if (op === OP_DELETE) frames.push(deleteFrame(tableId, changes, rows));
    start = Math.max(end, start + 1);
  }
  return frames;
}

export function encodeSequence(sequence: SequenceValue): LogFrame {
  const writer = new ByteWriter();
  writer.varint(sequence.id);
  writer.string(sequence.value.toString());
  writer.u8(sequence.isCalled ? 1 : 0);
  return { type: FRAME_SEQUENCE, payload: writer.finish() };
}

export function decodeSequence(payload: Uint8Array): SequenceValue {
  const reader = new ByteReader(payload, 'log sequence frame');
  return { id: reader.varint(), value: reader.bigint(), isCalled: reader.u8() === 1 };
}

/** Id of the table a change frame belongs to. */
export function tableOfFrame(frame: LogFrame): number {
  return new ByteReader(frame.payload, 'log change frame').varint();
}

/** Decodes a change frame; `columnsOf` gives the description of its table. */
export function decodeChange(frame: LogFrame, columnsOf: (tableId: number) => readonly TreeColumn[]): LoggedChange {
  const reader = new ByteReader(frame.payload, 'log change frame');
  const tableId = reader.varint();
  const count = reader.varint();
  const columns = columnsOf(tableId);
  if (count > FRAME_ROWS) throw new DriftError('XX001', `log change frame of table ${tableId} claims ${count} rows`);
  switch (frame.type) {
    case FRAME_INSERT: {
      const width = reader.varint();
      const ordinals = Array.from({ length: checkedWidth(width, columns, tableId) }, (_, ordinal) => ordinal);
      return {
        tableId,
        op: OP_INSERT,
        count,
        keys: [],
        ordinals,
        columns: readColumns(reader, columns, ordinals, count),
      };
    }
    case FRAME_PATCH: {
      const keys = readKeys(reader, count);
      const width = checkedWidth(reader.varint(), columns, tableId);
      const ordinals: number[] = [];
      for (let i = 0; i < width; i++) ordinals.push(reader.varint());
      return { tableId, op: OP_UPDATE, count, keys, ordinals, columns: readColumns(reader, columns, ordinals, count) };
    }
    case FRAME_SOFT_DELETE:
      return { tableId, op: OP_DELETE, count, keys: readKeys(reader, count), ordinals: [], columns: [] };
    default:
      throw new DriftError('XX001', `log frame of unknown type ${frame.type}`);
  }
}

function sameRun(changes: RowChanges, entry: number, op: number, assigned: readonly number[] | null): boolean {
  if (changes.ops[entry] !== op) return false;
  return op !== OP_UPDATE || (changes.assigned[entry] ?? null) === assigned;
}

function insertFrame(
  tableId: number,
  changes: RowChanges,
  columns: readonly TreeColumn[],
  rows: readonly number[],
): LogFrame {
  const writer = new ByteWriter();
  writer.varint(tableId);
  writer.varint(rows.length);
  writer.varint(columns.length);
  for (let c = 0; c < columns.length; c++) writeCells(writer, formatOf(columns, c), changes.rows[c] as Vector, rows);
  return { type: FRAME_INSERT, payload: writer.finish() };
}

function patchFrame(
  tableId: number,
  changes: RowChanges,
  columns: readonly TreeColumn[],
  rows: readonly number[],
  ordinals: readonly number[],
): LogFrame {
  const writer = new ByteWriter();
  writer.varint(tableId);
  writer.varint(rows.length);
  writeKeys(writer, changes, rows);
  writer.varint(ordinals.length);
  for (const ordinal of ordinals) writer.varint(ordinal);
  for (const ordinal of ordinals) writeCells(writer, formatOf(columns, ordinal), changes.rows[ordinal] as Vector, rows);
  return { type: FRAME_PATCH, payload: writer.finish() };
}

function deleteFrame(tableId: number, changes: RowChanges, rows: readonly number[]): LogFrame {
  const writer = new ByteWriter();
  writer.varint(tableId);
  writer.varint(rows.length);
  writeKeys(writer, changes, rows);
  return { type: FRAME_SOFT_DELETE, payload: writer.finish() };
}

function formatOf(columns: readonly TreeColumn[], ordinal: number): ColumnFormat {
  const column = columns[ordinal];
  if (column === undefined)
    throw new DriftError('XX001', `log change frame names column ${ordinal} of ${columns.length}`);
  return column.format;
}

const KEY_NUMBER = 0;
const KEY_BIGINT = 1;
const KEY_STRING = 2;

export function writeKeys(writer: ByteWriter, changes: Pick<RowChanges, 'keys'>, rows: Iterable<number>): void {
  for (const row of rows) {
    const key = changes.keys[row] as Key;
    if (typeof key === 'number') {
      writer.u8(KEY_NUMBER);
      writer.f64(key);
    } else if (typeof key === 'bigint') {
      writer.u8(KEY_BIGINT);
      writer.string(key.toString());
    } else {
      writer.u8(KEY_STRING);
      writer.string(key);
    }
  }
}

export function readKeys(reader: ByteReader, count: number): Key[] {
  const keys: Key[] = [];
  for (let i = 0; i < count; i++) {
    const tag = reader.u8();
    if (tag === KEY_NUMBER) keys.push(reader.f64());
    else if (tag === KEY_BIGINT) keys.push(reader.bigint());
    else if (tag === KEY_STRING) keys.push(reader.string());
    else throw new DriftError('XX001', `log change frame has a key of unknown tag ${tag}`);
  }
  return keys;
}

const HAS_NULLS = 0x80;
const TAGS = { bool: 1, i32: 2, f64: 3, i64: 4, text: 5, boxed: 6 } as const;

function writeCells(writer: ByteWriter, format: ColumnFormat, vector: Vector, rows: readonly number[]): void {
  const anyNull = vector.nulls !== null && rows.some((row) => isNull(vector, row));
  const kind = vector.kind === 'dict' ? 'text' : vector.kind;
  writer.u8(TAGS[kind] | (anyNull ? HAS_NULLS : 0));
  if (anyNull) for (const row of rows) writer.u8(isNull(vector, row) ? 1 : 0);
  switch (vector.kind) {
    case 'bool':
      for (const row of rows) writer.u8(vector.data[row] as number);
      return;
    case 'i32':
      for (const row of rows) writer.zigzag(vector.data[row] as number);
      return;
    case 'f64':
      for (const row of rows) writer.f64(vector.data[row] as number);
      return;
    case 'i64':
      for (const row of rows) writer.i64(vector.data[row] as bigint);
      return;
    case 'text':
      for (const row of rows) writer.string(vector.data[row] as string);
      return;
    case 'dict':
      for (const row of rows)
        writer.string(isNull(vector, row) ? '' : (vector.dictionary[vector.data[row] as number] as string));
      return;
    case 'boxed': {
      const codec = codecOf(format);
      for (const row of rows) {
        const value = isNull(vector, row) ? null : vector.data[row];
        writer.bytes(value === null || value === undefined ? new Uint8Array(0) : codec.encode(value));
      }
    }
  }
}

function readColumns(
  reader: ByteReader,
  columns: readonly TreeColumn[],
  ordinals: readonly number[],
  count: number,
): Vector[] {
  return ordinals.map((ordinal) => readCells(reader, formatOf(columns, ordinal), count));
}

function readCells(reader: ByteReader, format: ColumnFormat, count: number): Vector {
  const tag = reader.u8();
  const nulls: boolean[] = [];
  if ((tag & HAS_NULLS) !== 0) for (let i = 0; i < count; i++) nulls.push(reader.u8() === 1);
  const builder = new VectorBuilder(format, count);
  const next = cellReader(reader, tag & ~HAS_NULLS, format);
  for (let i = 0; i < count; i++) builder.append(next(nulls[i] === true));
  return builder.view();
}

/** Returns a function that reads the next cell; scaled doubles are turned into Numeric by the builder's own scale. */
function cellReader(reader: ByteReader, tag: number, format: ColumnFormat): (none: boolean) => Value {
  switch (tag) {
    case TAGS.bool:
      return nullable(() => reader.u8() === 1);
    case TAGS.i32:
      return nullable(() => reader.zigzag());
    case TAGS.f64:
      return nullable(() => reader.f64());
    case TAGS.i64:
      return nullable(() => reader.i64());
    case TAGS.text:
      return nullable(() => reader.string());
    case TAGS.boxed: {
      const codec = codecOf(format);
      return (none) => {
        const bytes = reader.bytes();
        return none ? null : codec.decode(bytes);
      };
    }
    default:
      throw new DriftError('XX001', `log change frame has cells of unknown tag ${tag}`);
  }
}

/** A null's cell is there too; it is read and dropped. */
function nullable(read: () => Value): (none: boolean) => Value {
  return (none) => {
    const value = read();
    return none ? null : value;
  };
}

function codecOf(format: ColumnFormat): ValueCodec {
  if (format.codec === undefined)
    throw new DriftError('XX001', `log change frame: boxed cells in a column of format ${format.kind}`);
  return format.codec;
}

function checkedWidth(width: number, columns: readonly TreeColumn[], tableId: number): number {
  if (width > columns.length) {
    throw new DriftError(
      'XX001',
      `log change frame of table ${tableId} has ${width} columns, the table ${columns.length}`,
    );
  }
  return width;
}
