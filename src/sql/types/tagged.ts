/**
 * Values that say what they are: how fields of composite types and elements of arrays of user-defined types are stored.
 * Such a column is read without its type's definition (which may have changed since, or be dropped), so each value is
 * preceded by a tag.
 *
 *     0 null   1 false   2 true   3 number (f64)   4 bigint (text)   5 text   6 bytes   7 one of TYPED's, by its index
 *     8 array: count of dimensions, then length and first index of each (zigzag), then elements
 *     9 record: count of fields, then fields
 *     10 range: empty (u8); else lower, lower inclusive, upper, upper inclusive
 *     11 multirange: count of ranges, then ranges
 *
 * Keys order values of one column alike: fields and elements in turn, a null after all else.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { assert, DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import { SqlArray } from './array.ts';
import { Interval, intervalType } from './interval.ts';
import { SqlMultirange } from './multirange.ts';
import { inetType, SqlInet } from './network.ts';
import { numericType } from './numeric.ts';
import { EMPTY, SqlRange } from './range.ts';
import { SqlRecord } from './record.ts';
import { TimeTz, timetzType } from './time.ts';
import type { SqlType } from './type.ts';

/** Classes whose own codec says all; never reordered. */
const TYPED: readonly (readonly [abstract new (...args: never[]) => object, SqlType])[] = [
  [Numeric, numericType],
  [Interval, intervalType],
  [TimeTz, timetzType],
  [SqlInet, inetType],
];

export const taggedCodec: ValueCodec = {
  name: 'tagged',
  encode(value) {
    const writer = new ByteWriter();
    writeTagged(writer, value);
    return writer.finish();
  },
  decode: (bytes) => readTagged(new ByteReader(bytes, 'a composite value')) as object,
  encodeKey(value) {
    const writer = new ByteWriter();
    writeTaggedKey(writer, value);
    return writer.finish();
  },
};

function codecOf(type: SqlType): ValueCodec {
  const { codec } = type.format(-1);
  assert(codec !== undefined, 'a class of values has a codec');
  return codec;
}

function writeTagged(writer: ByteWriter, value: Value): void {
  if (value === null) writer.u8(0);
  else if (typeof value === 'boolean') writer.u8(value ? 2 : 1);
  else if (typeof value === 'number') {
    writer.u8(3);
    writer.f64(value);
  } else if (typeof value === 'bigint') {
    writer.u8(4);
    writer.string(String(value));
  } else if (typeof value === 'string') {
    writer.u8(5);
    writer.string(value);
  } else if (value instanceof Uint8Array) {
    writer.u8(6);
    writer.bytes(value);
  } else if (value instanceof SqlArray) writeArray(writer, value);
  else if (value instanceof SqlRecord) {
    writer.u8(9);
    writer.varint(value.values.length);
    for (const field of value.values) writeTagged(writer, field);
  } else if (value instanceof SqlRange) {
    writer.u8(10);
    writer.u8(value.empty ? 1 : 0);
    for (const bound of value.empty ? [] : [value.lower, value.upper]) {
      writeTagged(writer, bound.value);
      writer.u8(bound.inclusive ? 1 : 0);
    }
  } else if (value instanceof SqlMultirange) {
    writer.u8(11);
    writer.varint(value.ranges.length);
    for (const range of value.ranges) writeTagged(writer, range);
  } else {
    const index = TYPED.findIndex(([known]) => value instanceof known);
    if (index < 0) throw new DriftError('0A000', 'values of this type cannot be stored inside of a composite type');
    writer.u8(7);
    writer.u8(index);
    writer.bytes(codecOf((TYPED[index] as (typeof TYPED)[number])[1]).encode(value));
  }
}

function writeArray(writer: ByteWriter, array: SqlArray): void {
  writer.u8(8);
  writer.varint(array.dimensions.length);
  array.dimensions.forEach((length, d) => {
    writer.varint(length);
    writer.zigzag(array.lowerBounds[d] as number);
  });
  for (const element of array.elements) writeTagged(writer, element);
}

function readTagged(reader: ByteReader): Value {
  const tag = reader.u8();
  switch (tag) {
    case 0:
      return null;
    case 1:
    case 2:
      return tag === 2;
    case 3:
      return reader.f64();
    case 4:
      return BigInt(reader.string());
    case 5:
      return reader.string();
    case 6:
      return reader.bytes().slice();
    case 7: {
      const typed = TYPED[reader.u8()];
      if (typed !== undefined) return codecOf(typed[1]).decode(reader.bytes());
      break;
    }
    case 8:
      return readArray(reader);
    case 9: {
      const values: Value[] = [];
      for (let left = reader.varint(); left > 0; left--) values.push(readTagged(reader));
      return new SqlRecord(values, [], []);
    }
    case 10: {
      if (reader.u8() === 1) return EMPTY;
      const lower = { value: readTagged(reader), inclusive: reader.u8() === 1, isLower: true };
      return new SqlRange(false, lower, { value: readTagged(reader), inclusive: reader.u8() === 1, isLower: false });
    }
    case 11: {
      const ranges: SqlRange[] = [];
      for (let left = reader.varint(); left > 0; left--) ranges.push(readTagged(reader) as SqlRange);
      return new SqlMultirange(ranges);
    }
    default:
  }
  throw new DriftError('XX001', `a composite value has an unknown tag ${tag}`);
}

function readArray(reader: ByteReader): SqlArray {
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    dimensions.push(reader.varint());
    lowerBounds.push(reader.zigzag());
  }
  const count = dimensions.length === 0 ? 0 : dimensions.reduce((product, length) => product * length, 1);
  const elements: Value[] = [];
  for (let i = 0; i < count; i++) elements.push(readTagged(reader));
  return new SqlArray(dimensions, lowerBounds, elements, 0);
}

// ---- keys ----------------------------------------------------------------------------------------------------------

const END = 0;
const NULL = 255;

function writeTaggedKey(writer: ByteWriter, value: Value): void {
  if (value === null) writer.u8(NULL);
  else if (typeof value === 'boolean') writer.u8(value ? 2 : 1);
  else if (typeof value === 'number' || typeof value === 'bigint') {
    writer.u8(3);
    writeNumberKey(writer, value);
  } else if (typeof value === 'string') {
    writer.u8(5);
    for (let i = 0; i < value.length; i++) writer.raw(Uint8Array.of(value.charCodeAt(i) >> 8, value.charCodeAt(i)));
    writer.raw(Uint8Array.of(0, 0));
  } else if (value instanceof Uint8Array) {
    writer.u8(6);
    for (const byte of value) writer.raw(byte === 0 ? Uint8Array.of(0, 255) : Uint8Array.of(byte));
    writer.raw(Uint8Array.of(0, 0));
  } else if (value instanceof SqlArray) {
    for (const element of value.elements) writeTaggedKey(writer, element);
    writer.u8(END);
    for (const number of [value.dimensions.length, ...value.dimensions, ...value.lowerBounds])
      writeNumberKey(writer, number);
  } else if (value instanceof SqlRecord) {
    for (const field of value.values) writeTaggedKey(writer, field);
    writer.u8(END);
  } else if (value instanceof SqlMultirange) {
    for (const range of value.ranges) writeTaggedKey(writer, range);
    writer.u8(END);
  } else if (value instanceof SqlRange) {
    writer.u8(value.empty ? 1 : 2);
    for (const bound of value.empty ? [] : [value.lower, value.upper]) {
      writer.u8(bound.value !== null ? 2 : bound.isLower ? 1 : 3);
      if (bound.value === null) continue;
      writeTaggedKey(writer, bound.value);
      writer.u8(bound.inclusive ? 2 : bound.isLower ? 3 : 1);
    }
  } else {
    const type = TYPED.find(([known]) => value instanceof known)?.[1];
    assert(type !== undefined, 'a stored value has a key');
    writer.u8(7);
    writer.raw(codecOf(type).encodeKey(value));
  }
}

const SIGN = 1n << 63n;

/** The double's bits in order, then what an integer beyond 2^53 is above its double. */
function writeNumberKey(writer: ByteWriter, value: number | bigint): void {
  const double = Number(value);
  const view = new DataView(new ArrayBuffer(12));
  view.setFloat64(0, double === 0 ? 0 : double);
  const bits = view.getBigUint64(0);
  const ordered = Number.isNaN(double) ? (1n << 64n) - 1n : bits >= SIGN ? bits ^ ((1n << 64n) - 1n) : bits | SIGN;
  view.setBigUint64(0, ordered);
  view.setUint32(8, 0x8000_0000 + (typeof value === 'bigint' ? Number(value - BigInt(double)) : 0));
  writer.raw(new Uint8Array(view.buffer));
}
