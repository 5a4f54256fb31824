/**
 * encodeBlock: one column of one row group as bytes, in the smallest encoding that applies.
 *
 *     block   = u8 kind | u8 has nulls | varint scale + 1 or 0 | [nulls: one bit a row] | values
 *     bool, i32, f64   numbers (encode-numbers.ts)
 *     i64     u8 whole | numbers, or u8 plain | compressed: 8 bytes each
 *     text    u8 plain | texts, or u8 dictionary | varint size | texts: the distinct strings | numbers: codes
 *     texts   numbers: lengths in UTF-16 units | u8 0 = UTF-8, 1 = UTF-16 | compressed: all characters
 *     boxed   numbers: lengths of the codec's bytes | compressed: all bytes
 *
 * Values of nulls are written as they lie in the vector.
 */
import { ByteWriter } from '../base/bytes.ts';
import { assert } from '../base/error.ts';
import { PAUSE, runSync, type Task } from '../base/task.ts';
import type { BoxedVector, ColumnFormat, Vector } from '../base/vector.ts';
import { writeCompressed } from './compressed.ts';
import { ENCODING, KIND } from './constants.ts';
import { encodeNumbers } from './encode-numbers.ts';

const encoder = new TextEncoder();
/** Strings looked at before a dictionary is tried; with more distinct ones than this among them it would hold over half. */
const SAMPLE_ROWS = 256;
const MAX_SAMPLE_DISTINCT = 248;
/** Values of a codec that are encoded without a pause. */
const BOXED_AT_ONCE = 512;
const EXPECTED_BOXED_BYTES = 16;
/** Fewer strings than this are not worth a dictionary. */
const MIN_DICTIONARY_ROWS = 8;

/** Encodes rows `start` to `end` of a vector. */
export function encodeBlock(vector: Vector, start: number, end: number, format: ColumnFormat): Uint8Array {
  const out = new ByteWriter(64);
  switch (vector.kind) {
    case 'bool':
      head(out, KIND.bool, vector, start, end);
      encodeNumbers(out, Int32Array.from(vector.data.subarray(start, end)));
      break;
    case 'i32':
      head(out, KIND.i32, vector, start, end);
      encodeNumbers(out, vector.data.subarray(start, end));
      break;
    case 'f64':
      head(out, KIND.f64, vector, start, end);
      encodeNumbers(out, vector.data.subarray(start, end));
      break;
    case 'i64':
      head(out, KIND.i64, vector, start, end);
      encodeWide(out, vector.data.slice(start, end));
      break;
    case 'text':
      head(out, KIND.text, vector, start, end);
      encodeText(out, vector.data.slice(start, end));
      break;
    case 'dict': {
      const strings: string[] = [];
      for (let row = start; row < end; row++) strings.push(vector.dictionary[vector.data[row] as number] ?? '');
      head(out, KIND.text, vector, start, end);
      encodeText(out, strings);
      break;
    }
    case 'boxed':
      return runSync(encodeBoxedBlock(vector, start, end, format));
  }
  return out.finish();
}

function head(out: ByteWriter, kind: number, vector: Vector, start: number, end: number): void {
  const { nulls } = vector;
  let any = false;
  for (let row = start; nulls !== null && row < end && !any; row++) any = nulls[row] === 1;
  out.u8(kind);
  out.u8(any ? 1 : 0);
  out.varint(vector.kind === 'f64' && vector.scale !== undefined ? vector.scale + 1 : 0);
  if (!any || nulls === null) return;
  const bits = new Uint8Array((end - start + 7) >> 3);
  for (let row = start; row < end; row++) {
    if (nulls[row] === 1) bits[(row - start) >> 3] = (bits[(row - start) >> 3] as number) | (1 << ((row - start) & 7));
  }
  out.raw(bits);
}

function encodeWide(out: ByteWriter, values: BigInt64Array): void {
  // Halves, because a BigInt each would cost more than all the rest.
  const halves = new Int32Array(values.buffer);
  const numbers = new Float64Array(values.length);
  let areSafe = true;
  for (let i = 0; i < values.length; i++) {
    const value = (halves[2 * i + 1] as number) * 0x100000000 + ((halves[2 * i] as number) >>> 0);
    numbers[i] = value;
    areSafe &&= Number.isSafeInteger(value);
  }
  out.u8(areSafe ? ENCODING.whole : ENCODING.plain);
  if (areSafe) encodeNumbers(out, numbers);
  else writeCompressed(out, new Uint8Array(values.buffer));
}

function encodeText(out: ByteWriter, strings: readonly string[]): void {
  const codes = new Map<string, number>();
  const rows = new Int32Array(strings.length);
  const most = strings.length >= MIN_DICTIONARY_ROWS && !looksDistinct(strings) ? strings.length / 2 : 0;
  for (let row = 0; row < strings.length && codes.size <= most; row++) {
    const text = strings[row] as string;
    let code = codes.get(text);
    if (code === undefined) codes.set(text, (code = codes.size));
    rows[row] = code;
  }
  if (strings.length === 0 || codes.size > most) {
    out.u8(ENCODING.plain);
    encodeTexts(out, strings);
    return;
  }
  out.u8(ENCODING.dictionary);
  out.varint(codes.size);
  encodeTexts(out, [...codes.keys()]);
  encodeNumbers(out, rows);
}

/**
 * True where a sample says that a dictionary would hold more than half of the strings: so many of them would be put into
 * a map for nothing. Neighbours are sampled in pairs, because equal ones often stand together.
 */
function looksDistinct(strings: readonly string[]): boolean {
  if (strings.length < 4 * SAMPLE_ROWS) return false;
  const sample = new Set<string>();
  const step = Math.floor((2 * strings.length) / SAMPLE_ROWS);
  for (let pair = 0; 2 * pair < SAMPLE_ROWS; pair++) {
    sample.add(strings[pair * step] as string);
    sample.add(strings[pair * step + 1] as string);
  }
  return sample.size > MAX_SAMPLE_DISTINCT;
}

/** One buffer for all: UTF-8, or UTF-16 where a lone surrogate forbids it. */
function encodeTexts(out: ByteWriter, strings: readonly string[]): void {
  const lengths = new Int32Array(strings.length);
  for (let i = 0; i < lengths.length; i++) lengths[i] = (strings[i] as string).length;
  encodeNumbers(out, lengths);
  const joined = strings.join('');
  if (joined.isWellFormed()) {
    out.u8(0);
    writeCompressed(out, encoder.encode(joined));
    return;
  }
  out.u8(1);
  const units = new Uint16Array(joined.length);
  for (let i = 0; i < units.length; i++) units[i] = joined.charCodeAt(i);
  writeCompressed(out, new Uint8Array(units.buffer));
}

/** As `encodeBlock`, with pauses: a codec's bytes take longer than anything else. */
export function* encodeBoxedBlock(
  vector: BoxedVector,
  start: number,
  end: number,
  format: ColumnFormat,
): Task<Uint8Array> {
  const { codec } = format;
  const lengths = new Int32Array(end - start);
  const all = new ByteWriter(lengths.length * EXPECTED_BOXED_BYTES);
  for (let row = start; row < end; row++) {
    if ((row - start) % BOXED_AT_ONCE === BOXED_AT_ONCE - 1) yield PAUSE;
    const value = vector.data[row];
    if (typeof value !== 'object' || value === null || vector.nulls?.[row] === 1) continue;
    assert(codec !== undefined, 'a boxed column needs its codec');
    const bytes = codec.encode(value);
    lengths[row - start] = bytes.length;
    all.raw(bytes);
  }
  yield PAUSE;
  const out = new ByteWriter(lengths.length);
  head(out, KIND.boxed, vector, start, end);
  encodeNumbers(out, lengths);
  writeCompressed(out, all.view());
  return out.finish();
}
