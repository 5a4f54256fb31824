/**
 * Zones: what a block's values lie between, so that a scan can pass over blocks in which nothing can match.
 *
 *     zone = u8 flags (1 some null, 2 some value, 4 numbers follow, 8 texts follow, 16 the second text is cut, 32 a filter follows)
 *          | [f64 min | f64 max] | [string min | string max] | [varint length | filter (filter.ts)]
 *
 * Numbers bound what is held as int32, int64 (a little wider where doubles are not exact) or double, scaled integers of decimals
 * too, and booleans as 0 and 1. Texts are bounded in the order of code units by their first characters: where the second
 * bound is cut, every text that begins with it may be there. A block with NaN, and one of another kind, has no bounds:
 * then everything may match.
 */
import type { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import type { Value, Vector } from '../base/vector.ts';
import { filterMayHold } from './filter.ts';

const SOME_NULL = 1;
const SOME_VALUE = 2;
const NUMBERS = 4;
const TEXTS = 8;
const CUT = 16;
const FILTER = 32;
/** More than the share by which an integer of 64 bits and its double differ. */
const ROUNDING = 2 ** -51;
/** Code units of a text's bounds. */
const TEXT_UNITS = 16;

export interface Zone {
  readonly someNull: boolean;
  readonly someValue: boolean;
  readonly bounds: { readonly min: number; readonly max: number } | null;
  readonly texts: TextBounds | null;
  /** Which values may be there (filter.ts). */
  readonly filter: Uint8Array | null;
}

interface TextBounds {
  readonly min: string;
  readonly max: string;
  /** `max` is the beginning of the greatest text. */
  readonly isCut: boolean;
}

export type ZoneOp = '=' | '<' | '<=' | '>' | '>=' | 'is null' | 'is not null';

/** True unless no row of the block can satisfy `column op value`. */
export function zoneMayMatch(zone: Zone, op: ZoneOp, value: Value): boolean {
  if (op === 'is null') return zone.someNull;
  if (!zone.someValue) return false;
  if (op === 'is not null') return true;
  if (op === '=' && zone.filter !== null && !filterMayHold(zone.filter, value)) return false;
  if (typeof value === 'string') return zone.texts === null || textMayMatch(zone.texts, op, value);
  if (zone.bounds === null || typeof value !== 'number' || Number.isNaN(value)) return true;
  return mayMatch(zone.bounds.min, zone.bounds.max, op, value);
}

function textMayMatch({ min, max, isCut }: TextBounds, op: ZoneOp, value: string): boolean {
  if (!isCut || !value.startsWith(max)) return mayMatch(min, max, op, value);
  // Nothing is known about where the value lies among the texts that begin as it does.
  return op !== '<' || min < value;
}

function mayMatch<T extends number | string>(min: T, max: T, op: ZoneOp, value: T): boolean {
  switch (op) {
    case '=':
      return min <= value && value <= max;
    case '<':
      return min < value;
    case '<=':
      return min <= value;
    case '>':
      return max > value;
    case '>=':
      return max >= value;
    default:
      return true;
  }
}

/** Zone of rows `start` to `end`. */
export function zoneOf(vector: Vector, start: number, end: number): Zone {
  const { nulls } = vector;
  let nullCount = 0;
  if (nulls !== null) for (let row = start; row < end; row++) nullCount += nulls[row] as number;
  const someValue = nullCount < end - start;
  const bounds = someValue ? boundsIn(vector, start, end) : null;
  const texts = someValue ? textsIn(vector, start, end) : null;
  return { someNull: nullCount > 0, someValue, bounds, texts, filter: null };
}

/** True if the bounds of a column's blocks rule little out: half of them overlap, or there is one only. */
export function isSpreadOut(zones: readonly Zone[]): boolean {
  const known = zones.filter(({ bounds, texts }) => bounds !== null || texts !== null);
  let overlaps = 0;
  for (const [i, a] of known.entries()) for (const b of known.slice(i + 1)) if (overlap(a, b)) overlaps++;
  return known.length > 0 && overlaps >= (known.length * (known.length - 1)) / 4;
}

function overlap(a: Zone, b: Zone): boolean {
  if (a.bounds !== null && b.bounds !== null) return a.bounds.min <= b.bounds.max && b.bounds.min <= a.bounds.max;
  return a.texts === null || b.texts === null || (a.texts.min <= b.texts.max && b.texts.min <= a.texts.max);
}

function boundsIn(vector: Vector, start: number, end: number): Zone['bounds'] {
  switch (vector.kind) {
    case 'bool':
    case 'i32':
    case 'f64':
      return boundsOf(vector.data, vector.nulls, start, end);
    case 'i64': {
      const numbers = Float64Array.from(vector.data.subarray(start, end), Number);
      const bounds = boundsOf(numbers, vector.nulls?.subarray(start, end) ?? null, 0, numbers.length);
      return bounds === null ? null : widened(bounds);
    }
    default:
      return null;
  }
}

/** Bounds that hold for integers which doubles only come near to. */
function widened({ min, max }: { readonly min: number; readonly max: number }): Zone['bounds'] {
  return {
    min: Number.isSafeInteger(min) ? min : min - Math.abs(min) * ROUNDING,
    max: Number.isSafeInteger(max) ? max : max + Math.abs(max) * ROUNDING,
  };
}

function boundsOf(
  data: Uint8Array | Int32Array | Float64Array,
  nulls: Uint8Array | null,
  start: number,
  end: number,
): Zone['bounds'] {
  let min = Infinity;
  let max = -Infinity;
  for (let row = start; row < end; row++) {
    if (nulls !== null && nulls[row] === 1) continue;
    const value = data[row] as number;
    if (Number.isNaN(value)) return null;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

function textsIn(vector: Vector, start: number, end: number): TextBounds | null {
  if (vector.kind !== 'text' && vector.kind !== 'dict') return null;
  const { nulls } = vector;
  let min: string | undefined;
  let max = '';
  for (let row = start; row < end; row++) {
    if (nulls !== null && nulls[row] === 1) continue;
    const text = vector.kind === 'text' ? vector.data[row] : vector.dictionary[vector.data[row] as number];
    if (text === undefined) return null;
    if (min === undefined || text < min) min = text;
    if (text > max) max = text;
  }
  if (min === undefined) return null;
  const bounds = { min: beginning(min), max: beginning(max) };
  return bounds.min.isWellFormed() && bounds.max.isWellFormed()
    ? { ...bounds, isCut: bounds.max.length < max.length }
    : null;
}

/** The first code units of a text, without half of a pair at the end. */
function beginning(text: string): string {
  if (text.length <= TEXT_UNITS) return text;
  const last = text.charCodeAt(TEXT_UNITS - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? TEXT_UNITS - 1 : TEXT_UNITS);
}

export function writeZone(writer: ByteWriter, { someNull, someValue, bounds, texts, filter }: Zone): void {
  writer.u8(
    (someNull ? SOME_NULL : 0) |
      (someValue ? SOME_VALUE : 0) |
      (bounds === null ? 0 : NUMBERS) |
      (texts === null ? 0 : TEXTS) |
      (texts?.isCut === true ? CUT : 0) |
      (filter === null ? 0 : FILTER),
  );
  if (bounds !== null) {
    writer.f64(bounds.min);
    writer.f64(bounds.max);
  }
  if (texts !== null) {
    writer.string(texts.min);
    writer.string(texts.max);
  }
  if (filter !== null) writer.bytes(filter);
}

export function readZone(reader: ByteReader): Zone {
  const flags = reader.u8();
  const bounds = (flags & NUMBERS) === 0 ? null : { min: reader.f64(), max: reader.f64() };
  const texts =
    (flags & TEXTS) === 0 ? null : { min: reader.string(), max: reader.string(), isCut: (flags & CUT) !== 0 };
  const filter = (flags & FILTER) === 0 ? null : reader.bytes();
  if (filter !== null && (filter.length === 0 || filter.length % 32 !== 0))
    throw new DriftError('XX001', `data corrupted: a filter of ${filter.length} bytes`);
  return { someNull: (flags & SOME_NULL) !== 0, someValue: (flags & SOME_VALUE) !== 0, bounds, texts, filter };
}
