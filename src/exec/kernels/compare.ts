/**
 * Comparison kernels: = <> < <= > >= over int32, doubles, scaled decimals, booleans and text.
 *
 * An operator is a mask of the outcomes it accepts: 1 less, 2 equal, 4 greater. Floats follow PostgreSQL: NaN equals
 * NaN and is greater than every number. Text compares by code units.
 *
 * A comparison with a constant becomes a range of accepted values, so that one loop serves five operators.
 */
import { Numeric } from '../../base/numeric.ts';
import type { Batch, Value, Vector } from '../../base/vector.ts';
import { asDoubles, rescale, unionNulls } from './arguments.ts';

export const LESS = 1;
export const EQUAL = 2;
export const GREATER = 4;

const MASKS: Readonly<Record<string, number>> = { eq: 2, ne: 5, lt: 1, le: 3, gt: 4, ge: 6 };

const PATTERN =
  /^(int[248]{1,2}|float4|float8|float48|float84|date_|timestamp_|timestamptz_|time_|oid|bool|numeric_|text|text_|uuid_|name|enum_|bit|varbit|macaddr_|macaddr8_)(eq|ne|lt|le|gt|ge)$/;

/** The mask of a comparison function that the kernels know by its PostgreSQL name; 0 for others. */
export function comparisonMask(name: string): number {
  const match = PATTERN.exec(name);
  return match === null ? 0 : (MASKS[match[2] as string] as number);
}

/** The mask for the arguments swapped. */
export function swapMask(mask: number): number {
  return (mask & EQUAL) | (mask & LESS ? GREATER : 0) | (mask & GREATER ? LESS : 0);
}

/** Compares row by row; null where a kind is unknown. */
export function compareVectors(mask: number, a: Vector, b: Vector, batch: Batch): Vector | null {
  const { length, selection, count } = batch;
  const out = new Uint8Array(length);
  if (a.kind === 'i32' && b.kind === 'i32') {
    compareInts(mask, a.data, b.data, out, selection, count);
  } else if (a.kind === 'bool' && b.kind === 'bool') {
    compareBytes(mask, a.data, b.data, out, selection, count);
  } else if ((a.kind === 'text' || a.kind === 'dict') && (b.kind === 'text' || b.kind === 'dict')) {
    compareTexts(mask, a, b, out, batch);
  } else if (a.kind === 'f64' && b.kind === 'f64' && a.scale !== undefined && b.scale !== undefined) {
    const scale = Math.max(a.scale, b.scale);
    const left = rescale(a.data, a.scale, scale, batch);
    const right = rescale(b.data, b.scale, scale, batch);
    if (left === null || right === null) return null;
    compareDoubles(mask, left, right, out, selection, count);
  } else {
    const left = asDoubles(a);
    const right = asDoubles(b);
    if (left === null || right === null) return null;
    compareDoubles(mask, left, right, out, selection, count);
  }
  return { kind: 'bool', data: out, length, nulls: unionNulls(a, b, length) };
}

function compareInts(
  mask: number,
  a: Int32Array,
  b: Int32Array,
  out: Uint8Array,
  selection: Int32Array | null,
  count: number,
): void {
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = a[i] as number;
    const y = b[i] as number;
    out[i] = (mask >> (x < y ? 0 : x === y ? 1 : 2)) & 1;
  }
}

function compareBytes(
  mask: number,
  a: Uint8Array,
  b: Uint8Array,
  out: Uint8Array,
  selection: Int32Array | null,
  count: number,
): void {
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = a[i] as number;
    const y = b[i] as number;
    out[i] = (mask >> (x < y ? 0 : x === y ? 1 : 2)) & 1;
  }
}

function compareDoubles(
  mask: number,
  a: Float64Array,
  b: Float64Array,
  out: Uint8Array,
  selection: Int32Array | null,
  count: number,
): void {
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = a[i] as number;
    const y = b[i] as number;
    const outcome = x < y ? 0 : x === y ? 1 : x > y ? 2 : compareNaN(x, y);
    out[i] = (mask >> outcome) & 1;
  }
}

/** Outcome (0 less, 1 equal, 2 greater) where at least one is NaN. */
function compareNaN(x: number, y: number): number {
  if (x === x) return 0;
  return y === y ? 2 : 1;
}

function compareTexts(mask: number, a: Vector, b: Vector, out: Uint8Array, batch: Batch): void {
  const { selection, count } = batch;
  const left = a.kind === 'dict' ? a.dictionary : null;
  const right = b.kind === 'dict' ? b.dictionary : null;
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = (left === null ? a.data[i] : left[a.data[i] as number]) as string;
    const y = (right === null ? b.data[i] : right[b.data[i] as number]) as string;
    out[i] = (mask >> (x < y ? 0 : x === y ? 1 : 2)) & 1;
  }
}

/**
 * The values a comparison with a constant accepts, as numbers of a vector's physical form: low <= x <= high, or with
 * `not` everything but `low`; `nan` whether NaN is accepted.
 */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
  readonly not: boolean;
  readonly nan: boolean;
}

const NOTHING: NumberRange = { low: Infinity, high: -Infinity, not: false, nan: false };

/** Range for `x <mask> constant`; null where it can't be told in doubles. `integers`: x has integer values only. */
export function rangeOf(mask: number, constant: Value, vector: Vector): NumberRange | null {
  if (vector.kind === 'f64' && vector.scale !== undefined) {
    return constant instanceof Numeric ? decimalRange(mask, constant, vector.scale) : null;
  }
  if (vector.kind !== 'f64' && vector.kind !== 'i32') return null;
  if (typeof constant === 'bigint') {
    // Beyond every integer that a double column holds, so only the side counts.
    const above = constant > 0n;
    const accepted = above ? (mask & LESS) !== 0 : (mask & GREATER) !== 0;
    return accepted ? { low: -Infinity, high: Infinity, not: false, nan: true } : NOTHING;
  }
  if (typeof constant !== 'number' || constant !== constant) return null;
  const nan = (mask & GREATER) !== 0;
  switch (mask) {
    case EQUAL:
      return { low: constant, high: constant, not: false, nan: false };
    case LESS | GREATER:
      return { low: constant, high: constant, not: true, nan };
    case LESS:
      return constant === -Infinity ? NOTHING : { low: -Infinity, high: nextDown(constant), not: false, nan };
    case LESS | EQUAL:
      return { low: -Infinity, high: constant, not: false, nan };
    case GREATER:
      // Above infinity only NaN is left: no range.
      if (constant === Infinity) return null;
      return { low: nextUp(constant), high: Infinity, not: false, nan };
    case GREATER | EQUAL:
      return { low: constant, high: Infinity, not: false, nan };
    default:
      return null;
  }
}

function decimalRange(mask: number, constant: Numeric, scale: number): NumberRange | null {
  if (constant.special !== null) return null;
  let floor = constant.coefficient;
  let exact = true;
  if (constant.scale > scale) {
    const divisor = 10n ** BigInt(constant.scale - scale);
    const remainder = ((floor % divisor) + divisor) % divisor;
    exact = remainder === 0n;
    floor = (floor - remainder) / divisor;
  } else {
    floor *= 10n ** BigInt(scale - constant.scale);
  }
  const at = Number(floor);
  if (!Number.isSafeInteger(at)) return null;
  const range = (low: number, high: number): NumberRange => ({ low, high, not: false, nan: false });
  switch (mask) {
    case EQUAL:
      return exact ? range(at, at) : NOTHING;
    case LESS | GREATER:
      return exact ? { low: at, high: at, not: true, nan: false } : range(-Infinity, Infinity);
    case LESS:
      return range(-Infinity, exact ? at - 1 : at);
    case LESS | EQUAL:
      return range(-Infinity, at);
    case GREATER:
      return range(at + 1, Infinity);
    case GREATER | EQUAL:
      return range(exact ? at : at + 1, Infinity);
    default:
      return null;
  }
}

const bits = new DataView(new ArrayBuffer(8));

function nextUp(x: number): number {
  if (x === 0) return Number.MIN_VALUE;
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + (x > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

function nextDown(x: number): number {
  return -nextUp(-x);
}

/** Both ranges at once, where neither excludes a point. */
export function intersectRanges(a: NumberRange, b: NumberRange): NumberRange | null {
  if (a.not || b.not) return null;
  return { low: Math.max(a.low, b.low), high: Math.min(a.high, b.high), not: false, nan: a.nan && b.nan };
}

/** Writes the rows whose value lies in the range to `out`, which may be the selection; returns how many. Nulls never do. */
export function selectRange(vector: Vector, range: NumberRange, batch: Batch, out: Int32Array): number {
  const { selection, count } = batch;
  const { nulls } = vector;
  if (range.not) return selectNot(vector.data as Float64Array, nulls, range, selection, count, out);
  if (vector.kind === 'i32') return selectInts(vector.data, nulls, range.low, range.high, selection, count, out);
  const data = vector.data as Float64Array;
  if (range.nan) return selectDoublesOrNaN(data, nulls, range.low, range.high, selection, count, out);
  return selectDoubles(data, nulls, range.low, range.high, selection, count, out);
}

function selectInts(
  data: Int32Array,
  nulls: Uint8Array | null,
  low: number,
  high: number,
  selection: Int32Array | null,
  count: number,
  out: Int32Array,
): number {
  // With integer bounds the loop compares integers.
  const from = Math.max(Math.ceil(low), -2147483648);
  const to = Math.min(Math.floor(high), 2147483647);
  if (!(from <= to)) return 0;
  const first = from | 0;
  const last = to | 0;
  let n = 0;
  if (selection === null && nulls === null) {
    for (let i = 0; i < count; i++) {
      out[n] = i;
      const x = data[i] as number;
      n += x >= first && x <= last ? 1 : 0;
    }
    return n;
  }
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = data[i] as number;
    out[n] = i;
    n += x >= first && x <= last && (nulls === null || nulls[i] === 0) ? 1 : 0;
  }
  return n;
}

function selectDoubles(
  data: Float64Array,
  nulls: Uint8Array | null,
  low: number,
  high: number,
  selection: Int32Array | null,
  count: number,
  out: Int32Array,
): number {
  let n = 0;
  if (selection === null && nulls === null) {
    for (let i = 0; i < count; i++) {
      out[n] = i;
      const x = data[i] as number;
      n += x >= low && x <= high ? 1 : 0;
    }
    return n;
  }
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = data[i] as number;
    out[n] = i;
    n += x >= low && x <= high && (nulls === null || nulls[i] === 0) ? 1 : 0;
  }
  return n;
}

function selectDoublesOrNaN(
  data: Float64Array,
  nulls: Uint8Array | null,
  low: number,
  high: number,
  selection: Int32Array | null,
  count: number,
  out: Int32Array,
): number {
  let n = 0;
  if (selection === null && nulls === null) {
    for (let i = 0; i < count; i++) {
      out[n] = i;
      const x = data[i] as number;
      n += x < low || x > high ? 0 : 1;
    }
    return n;
  }
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = data[i] as number;
    out[n] = i;
    n += !(x < low || x > high) && (nulls === null || nulls[i] === 0) ? 1 : 0;
  }
  return n;
}

function selectNot(
  data: Float64Array | Int32Array,
  nulls: Uint8Array | null,
  range: NumberRange,
  selection: Int32Array | null,
  count: number,
  out: Int32Array,
): number {
  const value = range.low;
  let n = 0;
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    out[n] = i;
    n += data[i] !== value && (nulls === null || nulls[i] === 0) ? 1 : 0;
  }
  return n;
}
