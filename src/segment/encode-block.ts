/**
 * encodeBlock: one column of one row group as bytes, in the smallest encoding that applies.
 *
 *     u8 kind, u8 encoding, u8 has nulls, [scale + 1 or 0 as varint], [nulls: one bit a row], values
 *
 * Integers (i32, and f64 whose values are all whole) become a constant, a frame of reference or differences where those
 * are smaller; repeated text becomes a dictionary. Values of nulls are written as they lie in the vector.
 */
import { ByteWriter } from '../base/bytes.ts';
import { assert } from '../base/error.ts';
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { ENCODING, KIND } from './constants.ts';

const encoder = new TextEncoder();

/** Encodes rows `start` to `end` of a vector. */
export function encodeBlock(vector: Vector, start: number, end: number, format: ColumnFormat): Uint8Array {
  const out = new ByteWriter(64);
  switch (vector.kind) {
    case 'bool':
      head(out, KIND.bool, ENCODING.plain, vector, start, end);
      out.raw(vector.data.subarray(start, end));
      break;
    case 'i32':
      encodeNumbers(out, KIND.i32, vector, vector.data.subarray(start, end), start, end);
      break;
    case 'f64':
      encodeNumbers(out, KIND.f64, vector, vector.data.subarray(start, end), start, end);
      break;
    case 'i64':
      head(out, KIND.i64, ENCODING.plain, vector, start, end);
      out.raw(bytesOf(vector.data.slice(start, end)));
      break;
    case 'text':
      encodeStrings(out, vector, vector.data.slice(start, end), start, end);
      break;
    case 'dict': {
      const strings: string[] = [];
      for (let row = start; row < end; row++) strings.push(vector.dictionary[vector.data[row] as number] ?? '');
      encodeStrings(out, vector, strings, start, end);
      break;
    }
    case 'boxed':
      head(out, KIND.boxed, ENCODING.plain, vector, start, end);
      for (let row = start; row < end; row++) {
        const value = vector.data[row];
        const present = typeof value === 'object' && value !== null && vector.nulls?.[row] !== 1;
        assert(!present || format.codec !== undefined, 'a boxed column needs its codec');
        out.bytes(present && format.codec !== undefined ? format.codec.encode(value) : new Uint8Array(0));
      }
      break;
  }
  return out.finish();
}

function head(out: ByteWriter, kind: number, encoding: number, vector: Vector, start: number, end: number): void {
  const nulls = vector.nulls;
  let any = false;
  for (let row = start; nulls !== null && row < end && !any; row++) any = nulls[row] === 1;
  out.u8(kind);
  out.u8(encoding);
  out.u8(any ? 1 : 0);
  out.varint(vector.kind === 'f64' && vector.scale !== undefined ? vector.scale + 1 : 0);
  if (!any || nulls === null) return;
  const bits = new Uint8Array((end - start + 7) >> 3);
  for (let row = start; row < end; row++) {
    if (nulls[row] === 1) bits[(row - start) >> 3] = (bits[(row - start) >> 3] as number) | (1 << ((row - start) & 7));
  }
  out.raw(bits);
}

function encodeNumbers(
  out: ByteWriter,
  kind: number,
  vector: Vector,
  values: Int32Array | Float64Array,
  start: number,
  end: number,
): void {
  const plan = planNumbers(values);
  head(out, kind, plan.encoding, vector, start, end);
  if (plan.encoding === ENCODING.constant) {
    out.f64(values[0] as number);
  } else if (plan.encoding === ENCODING.frame) {
    out.f64(plan.base);
    out.u8(plan.width);
    const offsets = packed(plan.width, values.length);
    for (let i = 0; i < values.length; i++) offsets[i] = (values[i] as number) - plan.base;
    out.raw(bytesOf(offsets));
  } else if (plan.encoding === ENCODING.delta) {
    out.f64(values[0] as number);
    out.f64(plan.base);
    out.u8(plan.width);
    const excess = packed(plan.width, values.length);
    for (let i = 1; i < values.length; i++) excess[i] = (values[i] as number) - (values[i - 1] as number) - plan.base;
    out.raw(bytesOf(excess));
  } else {
    out.raw(bytesOf(values.slice()));
  }
}

interface NumberPlan {
  readonly encoding: number;
  readonly base: number;
  readonly width: number;
}

function planNumbers(values: Int32Array | Float64Array): NumberPlan {
  let min = Infinity;
  let max = -Infinity;
  let minDelta = Infinity;
  let maxDelta = -Infinity;
  let constant = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Object.is(value, values[0])) constant = false;
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      min = NaN;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    if (i > 0) {
      const delta = value - (values[i - 1] as number);
      if (delta < minDelta) minDelta = delta;
      if (delta > maxDelta) maxDelta = delta;
    }
  }
  if (constant && values.length > 0) return { encoding: ENCODING.constant, base: 0, width: 0 };
  const plainWidth = values.BYTES_PER_ELEMENT;
  const frame = Number.isNaN(min) ? 8 : widthOf(max - min);
  const safe = Number.isSafeInteger(max - min) && Number.isSafeInteger(maxDelta - minDelta);
  const delta = Number.isNaN(min) || !safe ? 8 : widthOf(maxDelta - minDelta);
  if (!Number.isNaN(min) && delta < frame && delta < plainWidth)
    return { encoding: ENCODING.delta, base: minDelta, width: delta };
  if (!Number.isNaN(min) && frame < plainWidth) return { encoding: ENCODING.frame, base: min, width: frame };
  return { encoding: ENCODING.plain, base: 0, width: plainWidth };
}

function widthOf(range: number): number {
  if (range <= 0xff) return 1;
  if (range <= 0xffff) return 2;
  return range <= 0xffffffff ? 4 : 8;
}

function packed(width: number, length: number): Uint8Array | Uint16Array | Uint32Array {
  if (width === 1) return new Uint8Array(length);
  return width === 2 ? new Uint16Array(length) : new Uint32Array(length);
}

function encodeStrings(out: ByteWriter, vector: Vector, strings: readonly string[], start: number, end: number): void {
  const codes = new Map<string, number>();
  for (const text of strings) {
    if (!codes.has(text)) codes.set(text, codes.size);
    if (codes.size > strings.length / 2) break;
  }
  if (strings.length < 8 || codes.size > strings.length / 2) {
    head(out, KIND.text, ENCODING.plain, vector, start, end);
    plainText(out, strings);
    return;
  }
  head(out, KIND.text, ENCODING.dictionary, vector, start, end);
  out.varint(codes.size);
  plainText(out, [...codes.keys()]);
  const packedCodes = packed(codes.size <= 256 ? 1 : 2, strings.length);
  for (let i = 0; i < strings.length; i++) packedCodes[i] = codes.get(strings[i] as string) as number;
  out.raw(bytesOf(packedCodes));
}

/** Lengths in UTF-16 units, then one buffer for all: UTF-8, or UTF-16 where a lone surrogate forbids it. */
function plainText(out: ByteWriter, strings: readonly string[]): void {
  for (const text of strings) out.varint(text.length);
  const joined = strings.join('');
  if (joined.isWellFormed()) {
    out.u8(0);
    out.bytes(encoder.encode(joined));
    return;
  }
  out.u8(1);
  const units = new Uint16Array(joined.length);
  for (let i = 0; i < units.length; i++) units[i] = joined.charCodeAt(i);
  out.bytes(bytesOf(units));
}

/** The bytes of a typed array that owns its buffer (little endian on every platform the engine runs on). */
function bytesOf(
  array: Float64Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array | Uint32Array,
): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
