/**
 * One change of a row as the bytes that its hash is over: the same from a commit under way and from history.
 *
 *     table id    varint
 *     key         tag and value: 0 double, 1 whole number as text, 2 text (as of table/table.ts, Key)
 *     what        0 the row is gone, 1 the row is there, with
 *       cells     for each that is not null: ordinal + 1 as varint, tag, value; then 0
 *
 * Tags of cells: 1 false, 2 true, 3 double, 4 whole number beyond 2^53 as text, 5 text, 6 bytes of the type's own codec.
 * Vectors hold a value in several ways; what is encoded is the value. The changes of a commit are ordered by table id,
 * then by key; FORMAT.md says the rest.
 */
import { ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { Key, TreeColumn } from '../../table/table.ts';

export function encodeGone(tableId: number, key: Key): Uint8Array {
  const writer = begun(tableId, key);
  writer.u8(0);
  return writer.finish();
}

/** `width`: how many columns the table had had by then, dropped ones too. */
export function encodeRow(
  tableId: number,
  key: Key,
  row: {
    readonly columns: readonly TreeColumn[];
    readonly vectors: readonly Vector[];
    readonly row: number;
    readonly width: number;
  },
): Uint8Array {
  const writer = begun(tableId, key);
  writer.u8(1);
  for (let ordinal = 0; ordinal < row.width; ordinal++) {
    const value = valueAt(row.vectors[ordinal] as Vector, row.row);
    if (value === null) continue;
    writer.varint(ordinal + 1);
    writeValue(writer, value, row.columns[ordinal] as TreeColumn);
  }
  writer.varint(0);
  return writer.finish();
}

function begun(tableId: number, key: Key): ByteWriter {
  const writer = new ByteWriter();
  writer.varint(tableId);
  if (typeof key === 'number') {
    writer.u8(0);
    writer.f64(key);
  } else {
    writer.u8(typeof key === 'bigint' ? 1 : 2);
    writer.string(key.toString());
  }
  return writer;
}

function writeValue(writer: ByteWriter, value: NonNullable<Value>, { format }: TreeColumn): void {
  switch (typeof value) {
    case 'boolean':
      writer.u8(value ? 2 : 1);
      return;
    case 'number':
      writer.u8(3);
      writer.f64(value);
      return;
    case 'bigint':
      writer.u8(4);
      writer.string(value.toString());
      return;
    case 'string':
      writer.u8(5);
      writer.string(value);
      return;
    default:
      if (format.codec === undefined)
        throw new DriftError('XX001', `a value without a codec in a ${format.kind} column`);
      writer.u8(6);
      writer.bytes(format.codec.encode(value));
  }
}
