/**
 * Batches as bytes, for temporary files: what a column is in memory, nearly as it is.
 *
 *     u32 rows, u32 columns, then for each column
 *     u8 kind · u8 has nulls · u8 scale + 1 (0: none) · u8 wide · u32 bytes of data · u32 bytes of text · nulls, data, text
 *
 * Numbers are the bytes of their typed arrays. Text is one string of all values and where each ends; it is UTF-8, or
 * 16-bit units (`wide`) where it has halves of surrogate pairs. A dictionary goes along with its codes while it is not
 * longer than the rows; else its column becomes text. Boxed values are tagged, those of a type's own class in the form
 * in which the type is stored.
 *
 * Invariant: decoding what was encoded gives equal values, of the same kind but for dictionaries.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { assert, DriftError } from '../../base/error.ts';
import { type Batch, type Value, type ValueCodec, type Vector, valueAt } from '../../base/vector.ts';
import { SqlRecord } from '../../sql/types/record.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { compact, wholeBatch } from '../vectors.ts';

const KINDS = ['bool', 'i32', 'f64', 'i64', 'text', 'dict', 'boxed'] as const;
const HEAD_BYTES = 12;
const encoder: TextEncoder = new TextEncoder();
const utf8: TextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The counting rows of a batch. */
export function encodeBatch(batch: Batch, oids: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [words([batch.count, oids.length])];
  for (let c = 0; c < oids.length; c++)
    encodeColumn(compact(batch.columns[c] as Vector, batch), oids[c] as number, parts);
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function decodeBatch(bytes: Uint8Array, oids: readonly number[]): Batch {
  const reader = new PartReader(bytes);
  const [rows, width] = [reader.u32(), reader.u32()];
  assert(width === oids.length, 'a block has the columns that were written');
  return wholeBatch(
    oids.map((oid) => decodeColumn(reader, rows, oid)),
    rows,
  );
}

function encodeColumn(given: Vector, oid: number, parts: Uint8Array[]): void {
  const vector = given.kind === 'dict' && given.dictionary.length > given.length ? asText(given) : given;
  const { length, nulls } = vector;
  let data: Uint8Array;
  let text: { readonly bytes: Uint8Array; readonly wide: boolean } = { bytes: NOTHING, wide: false };
  switch (vector.kind) {
    case 'bool':
      data = vector.data.subarray(0, length);
      break;
    case 'i32':
    case 'f64':
    case 'i64':
      data = bytesOf(vector.data, length);
      break;
    case 'text':
      data = bytesOf(ends(vector.data, length), length);
      text = joined(vector.data, length);
      break;
    case 'dict': {
      const { dictionary } = vector;
      data = new Uint8Array(4 * (length + dictionary.length));
      data.set(bytesOf(vector.data, length));
      data.set(bytesOf(ends(dictionary, dictionary.length), dictionary.length), 4 * length);
      text = joined(dictionary, dictionary.length);
      break;
    }
    case 'boxed':
      data = encodeBoxed(vector.data, length, oid);
  }
  const scale = vector.kind === 'f64' && vector.scale !== undefined ? vector.scale + 1 : 0;
  const head = new Uint8Array(HEAD_BYTES);
  head.set([KINDS.indexOf(vector.kind), nulls === null ? 0 : 1, scale, text.wide ? 1 : 0]);
  head.set(words([data.length, text.bytes.length]), 4);
  parts.push(head);
  if (nulls !== null) parts.push(nulls.subarray(0, length));
  parts.push(data, text.bytes);
}

function decodeColumn(reader: PartReader, length: number, oid: number): Vector {
  const [kind, hasNulls, scale, wide] = reader.take(4) as unknown as readonly number[];
  const [dataBytes, textBytes] = [reader.u32(), reader.u32()];
  const nulls = hasNulls === 1 ? reader.take(length) : null;
  const data = reader.take(dataBytes);
  const text = reader.take(textBytes);
  switch (KINDS[kind ?? 0]) {
    case 'bool':
      return { kind: 'bool', data, length, nulls };
    case 'i32':
      return { kind: 'i32', data: new Int32Array(data.buffer), length, nulls };
    case 'f64':
      return {
        kind: 'f64',
        data: new Float64Array(data.buffer),
        scale: scale === 0 ? undefined : (scale as number) - 1,
        length,
        nulls,
      };
    case 'i64':
      return { kind: 'i64', data: new BigInt64Array(data.buffer), length, nulls };
    case 'text':
      return { kind: 'text', data: parted(text, wide === 1, new Int32Array(data.buffer)), length, nulls };
    case 'dict': {
      const numbers = new Int32Array(data.buffer);
      const dictionary = parted(text, wide === 1, numbers.subarray(length));
      return { kind: 'dict', data: numbers.subarray(0, length), dictionary, length, nulls };
    }
    case 'boxed':
      return { kind: 'boxed', data: decodeBoxed(data, length, oid), length, nulls };
    default:
      throw new DriftError('XX001', 'a temporary file is damaged: a column of an unknown kind');
  }
}

const NOTHING = new Uint8Array(0);

function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return bytes;
}

function bytesOf(data: Int32Array | Float64Array | BigInt64Array, length: number): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, length * data.BYTES_PER_ELEMENT);
}

function asText(vector: Vector): Vector {
  const data: string[] = [];
  for (let i = 0; i < vector.length; i++) data.push((valueAt(vector, i) ?? '') as string);
  return { kind: 'text', data, length: vector.length, nulls: vector.nulls };
}

// ---- text ----------------------------------------------------------------------------------------------------------

function ends(texts: readonly string[], count: number): Int32Array {
  const result = new Int32Array(count);
  let end = 0;
  for (let i = 0; i < count; i++) {
    end += (texts[i] as string).length;
    result[i] = end;
  }
  return result;
}

function joined(texts: readonly string[], count: number): { readonly bytes: Uint8Array; readonly wide: boolean } {
  const all = (texts.length === count ? texts : texts.slice(0, count)).join('');
  if (!/\p{Surrogate}/u.test(all)) return { bytes: encoder.encode(all), wide: false };
  const units = new Uint16Array(all.length);
  for (let i = 0; i < all.length; i++) units[i] = all.charCodeAt(i);
  return { bytes: new Uint8Array(units.buffer), wide: true };
}

function parted(bytes: Uint8Array, wide: boolean, stops: Int32Array): string[] {
  const all = wide ? unitsOf(bytes) : utf8.decode(bytes);
  const texts = new Array<string>(stops.length);
  let from = 0;
  for (let i = 0; i < stops.length; i++) {
    const to = stops[i] as number;
    texts[i] = all.substring(from, to);
    from = to;
  }
  return texts;
}

/** A decoder replaces half pairs, so these go one by one. */
function unitsOf(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.buffer);
  let text = '';
  for (let at = 0; at < units.length; at += 4096) text += String.fromCharCode(...units.subarray(at, at + 4096));
  return text;
}

// ---- boxed values --------------------------------------------------------------------------------------------------

const [NONE, CLASS, TEXT, NUMBER, BIG, TRUE, FALSE, RECORD] = [0, 1, 2, 3, 4, 5, 6, 7];

function encodeBoxed(values: readonly unknown[], length: number, oid: number): Uint8Array {
  const writer = new ByteWriter(length * 8);
  for (let i = 0; i < length; i++) writeValue(writer, values[i], oid);
  return writer.finish();
}

function decodeBoxed(bytes: Uint8Array, length: number, oid: number): unknown[] {
  const reader = new ByteReader(bytes, 'a temporary file');
  return Array.from({ length }, () => readValue(reader, oid));
}

function writeValue(writer: ByteWriter, value: unknown, oid: number): void {
  if (value === undefined || value === null) writer.u8(NONE);
  else if (value instanceof SqlRecord && value.oids.length === value.values.length) {
    // A row value of no named type knows its fields' types by itself; its stored form does not say them.
    writer.u8(RECORD);
    writer.varint(value.values.length);
    for (let f = 0; f < value.values.length; f++) {
      writer.varint(value.oids[f] as number);
      writer.string(value.names[f] ?? '');
      writeValue(writer, value.values[f], value.oids[f] as number);
    }
  } else if (typeof value === 'object') {
    const codec = codecOf(oid);
    assert(codec !== undefined, `type ${oid} has a stored form`);
    writer.u8(CLASS);
    writer.bytes(codec.encode(value));
  } else if (typeof value === 'string') {
    writer.u8(TEXT);
    writer.string(value);
  } else if (typeof value === 'number') {
    writer.u8(NUMBER);
    writer.f64(value);
  } else if (typeof value === 'bigint') {
    writer.u8(BIG);
    writer.string(value.toString());
  } else writer.u8(value === true ? TRUE : FALSE);
}

function readValue(reader: ByteReader, oid: number): unknown {
  switch (reader.u8()) {
    case NONE:
      return undefined;
    case CLASS:
      return codecOf(oid)?.decode(reader.bytes());
    case TEXT:
      return reader.string();
    case NUMBER:
      return reader.f64();
    case BIG:
      return BigInt(reader.string());
    case RECORD:
      return readRecord(reader);
    case TRUE:
      return true;
    default:
      return false;
  }
}

function readRecord(reader: ByteReader): SqlRecord {
  const values: Value[] = [];
  const oids: number[] = [];
  const names: string[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const oid = reader.varint();
    oids.push(oid);
    names.push(reader.string());
    values.push((readValue(reader, oid) ?? null) as Value);
  }
  return new SqlRecord(values, oids, names);
}

function codecOf(oid: number): ValueCodec | undefined {
  return typeByOid(oid).format(-1).codec;
}

/** Cuts bytes into parts, each in a buffer of its own, so that typed arrays may lie over it. */
class PartReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u32(): number {
    const { buffer, byteOffset } = this.#bytes;
    const value = new DataView(buffer, byteOffset + this.#at, 4).getUint32(0, true);
    this.#at += 4;
    return value;
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    const part = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return part as Uint8Array<ArrayBuffer>;
  }
}
