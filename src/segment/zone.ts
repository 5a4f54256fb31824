/**
 * Zones: what a block's values lie between, so that a scan can pass over blocks in which nothing can match.
 *
 *     zone = u8 flags (1 some null, 2 some value, 4 bounds follow) | f64 min | f64 max
 *
 * Bounds are kept for numbers held as int32 or double (scaled integers of decimals too). A block with NaN, and one of
 * another kind, has none: then everything may match.
 */
import type { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { Value, Vector } from '../base/vector.ts';

const SOME_NULL = 1;
const SOME_VALUE = 2;
const BOUNDED = 4;

export interface Zone {
  readonly someNull: boolean;
  readonly someValue: boolean;
  readonly bounds: { readonly min: number; readonly max: number } | null;
}

export type ZoneOp = '=' | '<' | '<=' | '>' | '>=' | 'is null' | 'is not null';

/** True unless no row of the block can satisfy `column op value`. */
export function zoneMayMatch(zone: Zone, op: ZoneOp, value: Value): boolean {
  if (op === 'is null') return zone.someNull;
  if (!zone.someValue) return false;
  if (op === 'is not null' || zone.bounds === null || typeof value !== 'number' || Number.isNaN(value)) return true;
  const { min, max } = zone.bounds;
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
  }
}

/** Zone of rows `start` to `end`. */
export function zoneOf(vector: Vector, start: number, end: number): Zone {
  const { nulls } = vector;
  let nullCount = 0;
  if (nulls !== null) for (let row = start; row < end; row++) nullCount += nulls[row] as number;
  const someValue = nullCount < end - start;
  const numbers = vector.kind === 'i32' || vector.kind === 'f64' ? vector.data : null;
  const bounds = numbers === null || !someValue ? null : boundsOf(numbers, nulls, start, end);
  return { someNull: nullCount > 0, someValue, bounds };
}

function boundsOf(
  data: Int32Array | Float64Array,
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

export function writeZone(writer: ByteWriter, zone: Zone): void {
  writer.u8((zone.someNull ? SOME_NULL : 0) | (zone.someValue ? SOME_VALUE : 0) | (zone.bounds === null ? 0 : BOUNDED));
  if (zone.bounds === null) return;
  writer.f64(zone.bounds.min);
  writer.f64(zone.bounds.max);
}

export function readZone(reader: ByteReader): Zone {
  const flags = reader.u8();
  const bounds = (flags & BOUNDED) === 0 ? null : { min: reader.f64(), max: reader.f64() };
  return { someNull: (flags & SOME_NULL) !== 0, someValue: (flags & SOME_VALUE) !== 0, bounds };
}
