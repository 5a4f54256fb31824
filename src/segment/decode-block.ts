/**
 * decodeBlock: the inverse of encodeBlock; every length is checked against what remains.
 *
 * Text is decoded once for the whole block and cut by substring; dictionaries stay dictionaries ('dict' vectors).
 */
import { ByteReader } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { ENCODING, KIND } from './constants.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes a block of `rows` rows. `what` names the place in messages. */
export function decodeBlock(bytes: Uint8Array, rows: number, format: ColumnFormat, what: string): Vector {
  const input = new ByteReader(bytes, what);
  const kind = input.u8();
  const encoding = input.u8();
  const hasNulls = input.u8() === 1;
  const scaled = input.varint();
  const scale = scaled === 0 ? undefined : scaled - 1;
  const nulls = hasNulls ? unpackNulls(input.raw((rows + 7) >> 3), rows) : null;
  const common = { length: rows, nulls };
  switch (kind) {
    case KIND.bool:
      return { kind: 'bool', data: input.raw(rows).slice(), ...common };
    case KIND.i32:
      return { kind: 'i32', data: numbers(input, encoding, new Int32Array(rows), what), ...common };
    case KIND.f64:
      return { kind: 'f64', data: numbers(input, encoding, new Float64Array(rows), what), scale, ...common };
    case KIND.i64:
      return { kind: 'i64', data: new BigInt64Array(input.raw(rows * 8).slice().buffer), ...common };
    case KIND.text: {
      if (encoding === ENCODING.plain) return { kind: 'text', data: plainText(input, rows, what), ...common };
      if (encoding !== ENCODING.dictionary) throw corrupt(what, `unknown text encoding ${encoding}`);
      const size = input.varint();
      if (size > rows) throw corrupt(what, `dictionary of ${size} entries for ${rows} rows`);
      const dictionary = plainText(input, size, what);
      const data = new Int32Array(unpack(input, size <= 256 ? 1 : 2, rows));
      for (let row = 0; row < rows; row++)
        if ((data[row] as number) >= size) throw corrupt(what, 'code beyond the dictionary');
      return { kind: 'dict', data, dictionary, ...common };
    }
    case KIND.boxed:
      return { kind: 'boxed', data: boxed(input, rows, nulls, format, what), ...common };
    default:
      throw corrupt(what, `unknown block kind ${kind}`);
  }
}

function numbers<T extends Int32Array | Float64Array>(input: ByteReader, encoding: number, target: T, what: string): T {
  const rows = target.length;
  switch (encoding) {
    case ENCODING.plain:
      new Uint8Array(target.buffer).set(input.raw(target.byteLength));
      return target;
    case ENCODING.constant:
      target.fill(input.f64());
      return target;
    case ENCODING.frame: {
      const base = input.f64();
      const offsets = unpack(input, input.u8(), rows);
      for (let row = 0; row < rows; row++) target[row] = base + (offsets[row] as number);
      return target;
    }
    case ENCODING.delta: {
      let value = input.f64();
      const base = input.f64();
      const excess = unpack(input, input.u8(), rows);
      target[0] = value;
      for (let row = 1; row < rows; row++) {
        value += base + (excess[row] as number);
        target[row] = value;
      }
      return target;
    }
    default:
      throw corrupt(what, `unknown number encoding ${encoding}`);
  }
}

function unpack(input: ByteReader, width: number, rows: number): Uint8Array | Uint16Array | Uint32Array {
  if (width === 1) return input.raw(rows);
  if (width === 2) return new Uint16Array(input.raw(rows * 2).slice().buffer);
  return new Uint32Array(input.raw(rows * 4).slice().buffer);
}

function unpackNulls(bits: Uint8Array, rows: number): Uint8Array {
  const nulls = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) nulls[row] = ((bits[row >> 3] as number) >> (row & 7)) & 1;
  return nulls;
}

function plainText(input: ByteReader, count: number, what: string): string[] {
  const lengths = new Int32Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const length = input.varint();
    lengths[i] = length;
    total += length;
  }
  const utf16 = input.u8() === 1;
  const bytes = input.bytes();
  const joined = utf16 ? fromUnits(bytes) : decodeUtf8(bytes, what);
  if (joined.length !== total) throw corrupt(what, `text of ${joined.length} units where ${total} were expected`);
  const strings = new Array<string>(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    strings[i] = joined.substring(at, at + (lengths[i] as number));
    at += lengths[i] as number;
  }
  return strings;
}

function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw corrupt(what, 'text is not UTF-8');
  }
}

function fromUnits(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2)
    text += String.fromCharCode((bytes[i] as number) | ((bytes[i + 1] as number) << 8));
  return text;
}

function boxed(
  input: ByteReader,
  rows: number,
  nulls: Uint8Array | null,
  format: ColumnFormat,
  what: string,
): unknown[] {
  const data = new Array<unknown>(rows);
  for (let row = 0; row < rows; row++) {
    const bytes = input.bytes();
    if (nulls !== null && nulls[row] === 1) {
      data[row] = undefined;
      continue;
    }
    if (format.codec === undefined) throw corrupt(what, 'values of a type without a codec');
    data[row] = format.codec.decode(bytes.slice());
  }
  return data;
}

function corrupt(what: string, detail: string): DriftError {
  return new DriftError('XX001', `data corrupted: ${what}: ${detail}`);
}
