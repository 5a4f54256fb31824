/**
 * decodeBlock: the inverse of encodeBlock; every length is checked against what remains.
 *
 * Text is decoded once for the whole block and cut by substring; dictionaries stay dictionaries ('dict' vectors).
 */
import { ByteReader } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { readCompressed } from './compressed.ts';
import { ENCODING, KIND } from './constants.ts';
import { decodeNumbers } from './decode-numbers.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes a block of `rows` rows. `what` names the place in messages. */
export function decodeBlock(bytes: Uint8Array, rows: number, format: ColumnFormat, what: string): Vector {
  const input = new ByteReader(bytes, what);
  const kind = input.u8();
  const hasNulls = input.u8() === 1;
  const scaled = input.varint();
  const scale = scaled === 0 ? undefined : scaled - 1;
  const nulls = hasNulls ? unpackNulls(input.raw((rows + 7) >> 3), rows) : null;
  const common = { length: rows, nulls };
  switch (kind) {
    case KIND.bool:
      return { kind: 'bool', data: Uint8Array.from(decodeNumbers(input, new Int32Array(rows), what)), ...common };
    case KIND.i32:
      return { kind: 'i32', data: decodeNumbers(input, new Int32Array(rows), what), ...common };
    case KIND.f64:
      return { kind: 'f64', data: decodeNumbers(input, new Float64Array(rows), what), scale, ...common };
    case KIND.i64:
      return { kind: 'i64', data: wide(input, rows, what), ...common };
    case KIND.text: {
      const encoding = input.u8();
      if (encoding === ENCODING.plain) return { kind: 'text', data: texts(input, rows, what), ...common };
      if (encoding !== ENCODING.dictionary) throw corrupt(what, `unknown text encoding ${encoding}`);
      const size = input.varint();
      if (size > rows) throw corrupt(what, `dictionary of ${size} entries for ${rows} rows`);
      const dictionary = texts(input, size, what);
      const data = decodeNumbers(input, new Int32Array(rows), what);
      for (let row = 0; row < rows; row++) {
        const code = data[row] as number;
        if (code < 0 || code >= size) throw corrupt(what, 'code beyond the dictionary');
      }
      return { kind: 'dict', data, dictionary, ...common };
    }
    case KIND.boxed:
      return { kind: 'boxed', data: boxed(input, rows, nulls, format, what), ...common };
    default:
      throw corrupt(what, `unknown block kind ${kind}`);
  }
}

function wide(input: ByteReader, rows: number, what: string): BigInt64Array {
  const encoding = input.u8();
  if (encoding === ENCODING.plain) {
    const bytes = readCompressed(input, what);
    if (bytes.length !== rows * 8) throw corrupt(what, `${bytes.length} bytes of 64-bit integers`);
    return new BigInt64Array(bytes.slice().buffer);
  }
  if (encoding !== ENCODING.whole) throw corrupt(what, `unknown encoding ${encoding} of 64-bit integers`);
  const numbers = decodeNumbers(input, new Float64Array(rows), what);
  const data = new BigInt64Array(rows);
  const halves = new Int32Array(data.buffer);
  for (let row = 0; row < rows; row++) {
    const value = numbers[row] as number;
    // An element of 32 bits takes the lowest bits of what it is given.
    halves[2 * row] = value % 0x100000000;
    halves[2 * row + 1] = Math.floor(value / 0x100000000);
  }
  return data;
}

function unpackNulls(bits: Uint8Array, rows: number): Uint8Array {
  const nulls = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) nulls[row] = ((bits[row >> 3] as number) >> (row & 7)) & 1;
  return nulls;
}

function texts(input: ByteReader, count: number, what: string): string[] {
  const lengths = decodeNumbers(input, new Int32Array(count), what);
  const utf16 = input.u8() === 1;
  const bytes = readCompressed(input, what);
  const joined = utf16 ? fromUnits(bytes) : decodeUtf8(bytes, what);
  const strings = new Array<string>(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const next = at + (lengths[i] as number);
    if (next < at) throw corrupt(what, 'text of a negative length');
    strings[i] = joined.substring(at, next);
    at = next;
  }
  if (joined.length !== at) throw corrupt(what, `text of ${joined.length} units where ${at} were expected`);
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
  const lengths = decodeNumbers(input, new Int32Array(rows), what);
  const all = new ByteReader(readCompressed(input, what), what);
  const data = new Array<unknown>(rows);
  for (let row = 0; row < rows; row++) {
    const length = lengths[row] as number;
    if (length < 0) throw corrupt(what, 'a value of a negative length');
    const bytes = all.raw(length);
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
