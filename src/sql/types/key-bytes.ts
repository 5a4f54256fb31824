/**
 * Bytes that order as values do, for the elements of arrays in keys: the encodings of one type are prefix-free, and
 * compare by bytes as the type's values compare.
 *
 *     bool        one byte                       text       UTF-16 units, big endian, ended by a zero unit
 *     i32, int    8 bytes, sign flipped          others     the codec's own key
 *     f64         8 bytes of the double, flipped; NaN is greatest
 */
import { ByteWriter } from '../../base/bytes.ts';
import { assert } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { SqlType } from './type.ts';

const INT64_BIAS = 1n << 63n;

/** Appends the key of a value that is not null. */
export function writeKey(writer: ByteWriter, type: SqlType, value: Value): void {
  const format = type.format(-1);
  switch (format.kind) {
    case 'bool':
      writer.u8(value === true ? 1 : 0);
      return;
    case 'i32':
    case 'int':
      writer.raw(wordBytes(toInt64(value) + INT64_BIAS));
      return;
    case 'f64':
      writer.raw(wordBytes(doubleBits(value as number)));
      return;
    case 'text':
      writeText(writer, String(type.oid === BPCHAR ? type.hashKey(value) : value));
      return;
    case 'decimal':
    case 'boxed':
      assert(format.codec !== undefined && typeof value === 'object' && value !== null, 'a key needs a codec');
      writer.raw(format.codec.encodeKey(value));
  }
}

const BPCHAR = 1042;

function toInt64(value: Value): bigint {
  if (value === Infinity) return INT64_BIAS - 1n;
  return value === -Infinity ? -INT64_BIAS : BigInt(value as number | bigint);
}

function wordBytes(word: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, word);
  return bytes;
}

/** The double's bits: negative ones inverted, positive ones above them. */
function doubleBits(value: number): bigint {
  if (Number.isNaN(value)) return (1n << 64n) - 1n;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value + 0 === 0 ? 0 : value);
  const bits = view.getBigUint64(0);
  return bits >= INT64_BIAS ? bits ^ ((1n << 64n) - 1n) : bits | INT64_BIAS;
}

function writeText(writer: ByteWriter, text: string): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    writer.u8(unit >> 8);
    writer.u8(unit & 255);
  }
  writer.u8(0);
  writer.u8(0);
}
