/**
 * Numbers as bytes, in the encoding that takes the fewest: one pass finds what each would take.
 *
 *     numbers  = u8 encoding | …
 *     plain    doubles, or int32 where all are: the vector's own array
 *     constant f64
 *     frame    f64 smallest | u8 width | offsets from it, packed (bits.ts)
 *     delta    f64 first | f64 smallest difference | u8 width | excess of each difference, packed, from the second on
 *     runs     varint runs | numbers: the values | numbers: how often each stands
 *     decimal  u8 exponent | numbers: value · 10^exponent, all whole
 */
import type { ByteWriter } from '../base/bytes.ts';
import { bitsFor, packBits, packedBytes } from './bits.ts';
import { ENCODING } from './constants.ts';
import { writeCompressed } from './compressed.ts';

/** Doubles with more decimal places than this stay as they are. */
const MAX_EXPONENT = 9;
/** Numbers within numbers: runs are tried so deep. */
const MAX_DEPTH = 2;
const POWERS: readonly number[] = Array.from({ length: MAX_EXPONENT + 1 }, (_, exponent) => 10 ** exponent);
const MAX_EXACT = Number.MAX_SAFE_INTEGER;
/** Scaled values up to here are exact. */
const MAX_SCALED = 2 ** 51;
const FRAME_HEAD = 9;
const DELTA_HEAD = 17;

export type Numbers = Int32Array | Float64Array;

interface Shape {
  readonly runs: number;
  /** The rest holds only where all values are whole (and none is -0). */
  readonly whole: boolean;
  readonly min: number;
  readonly max: number;
  readonly minDelta: number;
  readonly maxDelta: number;
}

/** `depth`: runs of runs of decimals end somewhere. */
export function encodeNumbers(out: ByteWriter, values: Numbers, depth = 0): void {
  const shape = shapeOf(values);
  if (values.length === 0) {
    encodePlain(out, values);
    return;
  }
  if (shape.runs === 1) {
    out.u8(ENCODING.constant);
    out.f64(values[0] as number);
    return;
  }
  const exponent = shape.whole ? null : exponentOf(values);
  if (exponent !== null) {
    out.u8(ENCODING.decimal);
    out.u8(exponent);
    encodeNumbers(out, scaledBy(values, POWERS[exponent] as number), depth + 1);
    return;
  }
  const count = values.length;
  const plain = values.byteLength;
  const width = bitsFor(shape.max - shape.min);
  const frame = shape.whole ? FRAME_HEAD + packedBytes(count, width) : plain;
  const deltaWidth = bitsFor(shape.maxDelta - shape.minDelta);
  const isDeltaSafe = shape.whole && shape.maxDelta - shape.minDelta <= Number.MAX_SAFE_INTEGER;
  const delta = isDeltaSafe ? DELTA_HEAD + packedBytes(count - 1, deltaWidth) : plain;
  const runs = depth < MAX_DEPTH ? shape.runs * (shape.whole ? (width + 12) / 8 : 9) + 24 : Infinity;
  const least = Math.min(plain, frame, delta, runs);
  if (least === plain) encodePlain(out, values);
  else if (least === runs) encodeRuns(out, values, shape.runs, depth);
  else if (least === delta) encodeDelta(out, values, shape.minDelta, deltaWidth);
  else encodeFrame(out, values, shape.min, width);
}

function shapeOf(values: Numbers): Shape {
  return values instanceof Int32Array ? shapeOfInts(values) : shapeOfDoubles(values);
}

/** No value of 32 bits is a fraction, and none is -0: nothing to ask of each. */
function shapeOfInts(values: Int32Array): Shape {
  const count = values.length;
  let before = values[0] ?? 0;
  let [runs, min, max, minDelta, maxDelta] = [count === 0 ? 0 : 1, before, before, Infinity, -Infinity];
  for (let i = 1; i < count; i++) {
    const value = values[i] as number;
    const delta = value - before;
    if (delta !== 0) runs++;
    if (delta < minDelta) minDelta = delta;
    if (delta > maxDelta) maxDelta = delta;
    if (value < min) min = value;
    if (value > max) max = value;
    before = value;
  }
  return { runs, whole: true, min, max, minDelta, maxDelta };
}

/** Of values that are not all whole only the runs count. */
function shapeOfDoubles(values: Float64Array): Shape {
  const count = values.length;
  let before = values[0] ?? 0;
  let [runs, min, max, minDelta, maxDelta] = [count === 0 ? 0 : 1, before, before, Infinity, -Infinity];
  let whole = isExact(before);
  let i = 1;
  for (; whole && i < count; i++) {
    const value = values[i] as number;
    if (!isExact(value)) break;
    const delta = value - before;
    if (delta !== 0) runs++;
    if (delta < minDelta) minDelta = delta;
    if (delta > maxDelta) maxDelta = delta;
    if (value < min) min = value;
    if (value > max) max = value;
    before = value;
  }
  whole &&= i >= count && max - min <= Number.MAX_SAFE_INTEGER;
  // NaN never equals NaN, and 0 equals -0: neither may join a run wrongly.
  for (; i < count; i++) {
    const value = values[i] as number;
    if (value !== before || (value === 0 && 1 / value !== 1 / before)) runs++;
    before = value;
  }
  return { runs, whole, min, max, minDelta, maxDelta };
}

/** A whole number that no other double rounds to, and not -0. */
function isExact(value: number): boolean {
  return Math.floor(value) === value && value <= MAX_EXACT && value >= -MAX_EXACT && (value !== 0 || 1 / value > 0);
}

/** The power of ten that makes all values whole, and that dividing by gives back exactly; null where there is none. */
function exponentOf(values: Numbers): number | null {
  if (values instanceof Int32Array) return null;
  let exponent = 1;
  let raisedAt = 0;
  for (let i = 0; i < values.length; i++) {
    while (!isDecimal(values[i] as number, POWERS[exponent] as number)) {
      if (++exponent > MAX_EXPONENT) return null;
      raisedAt = i;
    }
  }
  // What was whole with fewer places need not be so exactly with more.
  const scale = POWERS[exponent] as number;
  for (let i = 0; i < raisedAt; i++) if (!isDecimal(values[i] as number, scale)) return null;
  return exponent;
}

function isDecimal(value: number, scale: number): boolean {
  const scaled = Math.round(value * scale);
  return scaled <= MAX_SCALED && scaled >= -MAX_SCALED && scaled / scale === value && (value !== 0 || 1 / value > 0);
}

function scaledBy(values: Numbers, scale: number): Float64Array {
  const scaled = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) scaled[i] = Math.round((values[i] as number) * scale);
  return scaled;
}

function encodePlain(out: ByteWriter, values: Numbers): void {
  out.u8(ENCODING.plain);
  writeCompressed(out, new Uint8Array(values.slice().buffer));
}

function encodeFrame(out: ByteWriter, values: Numbers, min: number, width: number): void {
  out.u8(ENCODING.frame);
  out.f64(min);
  out.u8(width);
  const offsets = width > 32 ? new Float64Array(values.length) : new Uint32Array(values.length);
  if (values instanceof Int32Array) for (let i = 0; i < values.length; i++) offsets[i] = (values[i] as number) - min;
  else for (let i = 0; i < values.length; i++) offsets[i] = (values[i] as number) - min;
  out.raw(packBits(offsets, width));
}

function encodeDelta(out: ByteWriter, values: Numbers, smallest: number, width: number): void {
  out.u8(ENCODING.delta);
  out.f64(values[0] as number);
  out.f64(smallest);
  out.u8(width);
  const count = values.length - 1;
  const excess = width > 32 ? new Float64Array(count) : new Uint32Array(count);
  // Equal steps leave nothing to pack.
  for (let i = 0; width > 0 && i < count; i++) excess[i] = (values[i + 1] as number) - (values[i] as number) - smallest;
  out.raw(packBits(excess, width));
}

function encodeRuns(out: ByteWriter, values: Numbers, runs: number, depth: number): void {
  const each = values instanceof Int32Array ? new Int32Array(runs) : new Float64Array(runs);
  const lengths = new Int32Array(runs);
  let run = -1;
  let before = NaN;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value !== before || (value === 0 && !Object.is(value, before))) each[++run] = value;
    lengths[run] = (lengths[run] as number) + 1;
    before = value;
  }
  out.u8(ENCODING.runs);
  out.varint(runs);
  encodeNumbers(out, each, depth + 1);
  encodeNumbers(out, lengths, depth + 1);
}
