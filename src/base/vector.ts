/**
 * Vectors: the one form in which values travel, from a decoded segment through kernels to the caller.
 *
 * A vector is a column of `length` values of one SQL type in one of seven physical kinds. The kind is a property of
 * the vector, not of the SQL type: an int8 column is `f64` while all of its values are exact integers in a double and
 * `i64` once one is beyond 2^53; a text column is `dict` where it came from a dictionary encoding and `text` elsewhere.
 *
 *     kind    data            SQL types
 *     bool    Uint8Array      boolean (0 or 1)
 *     i32     Int32Array      smallint, integer, oid, date (days since 1970-01-01; ±infinity as INT32 limits)
 *     f64     Float64Array    real, double precision; bigint, timestamp[tz], time (microseconds since 1970-01-01 UTC or
 *                             midnight; ±Infinity) as exact integers; numeric as integer × 10^-scale with `scale` >= 0
 *     i64     BigInt64Array   the same integers where one is beyond Number.MAX_SAFE_INTEGER (infinity: int64 limits)
 *     text    string[]        text, varchar, char, name, uuid (lower case), json (as written), jsonb (canonical text)
 *     dict    Int32Array      codes into `dictionary`; same types as text
 *     boxed   unknown[]       numeric (Numeric), interval (Interval), bytea (Uint8Array), timetz, arrays, ranges, records
 *
 * Invariants: `nulls`, where present, has a 1 for each null and at least `length` entries; the data of a null is
 * unspecified but present (0, '', undefined); data arrays have at least `length` entries; a vector is immutable once
 * it has been handed on (builders are the only writers).
 *
 * The boxed form of a single value ("Value") is: null, boolean, number, bigint (only beyond 2^53), string, or an object
 * of the type's own class. `valueAt` reads it; `VectorBuilder` (vector-builder.ts) writes it.
 */

import { Numeric } from './numeric.ts';

export type Kind = 'bool' | 'i32' | 'f64' | 'i64' | 'text' | 'dict' | 'boxed';

interface Common {
  readonly length: number;
  /** One byte a value, 1 = null; null when no value is null. */
  readonly nulls: Uint8Array | null;
}
export interface BoolVector extends Common {
  readonly kind: 'bool';
  readonly data: Uint8Array;
}
export interface Int32Vector extends Common {
  readonly kind: 'i32';
  readonly data: Int32Array;
}
export interface Float64Vector extends Common {
  readonly kind: 'f64';
  readonly data: Float64Array;
  /** For numeric only: value = data × 10^-scale; undefined for every other type. */
  readonly scale?: number | undefined;
}
export interface Int64Vector extends Common {
  readonly kind: 'i64';
  readonly data: BigInt64Array;
}
export interface TextVector extends Common {
  readonly kind: 'text';
  readonly data: readonly string[];
}
export interface DictVector extends Common {
  readonly kind: 'dict';
  readonly data: Int32Array;
  readonly dictionary: readonly string[];
}
export interface BoxedVector extends Common {
  readonly kind: 'boxed';
  readonly data: readonly unknown[];
}
export type Vector = BoolVector | Int32Vector | Float64Vector | Int64Vector | TextVector | DictVector | BoxedVector;

/** One SQL value outside of a vector. */
export type Value = null | boolean | number | bigint | string | object;

/**
 * A batch: columns of equal length, and the rows of them that count. `selection` null means rows 0 … length-1;
 * otherwise its first `count` entries are the row numbers, ascending unless an operator says that it orders.
 */
export interface Batch {
  readonly columns: readonly Vector[];
  readonly length: number;
  readonly selection: Int32Array | null;
  /** Number of rows that count: `length` without a selection. */
  readonly count: number;
}

/** Rows a batch holds at most; sources cut at this size. */
export const BATCH_ROWS = 4096;

export function isNull(vector: Vector, row: number): boolean {
  return vector.nulls !== null && vector.nulls[row] === 1;
}

/** Returns the boxed value of a row; a scaled f64 comes back as a Numeric. */
export function valueAt(vector: Vector, row: number): Value {
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  switch (vector.kind) {
    case 'bool':
      return vector.data[row] === 1;
    case 'i32':
      return vector.data[row] as number;
    case 'f64':
      return vector.scale === undefined
        ? (vector.data[row] as number)
        : Numeric.fromScaled(vector.data[row] as number, vector.scale);
    case 'i64': {
      const value = vector.data[row] as bigint;
      return value >= MIN_SAFE && value <= MAX_SAFE ? Number(value) : value;
    }
    case 'text':
      return vector.data[row] as string;
    case 'dict':
      return vector.dictionary[vector.data[row] as number] as string;
    case 'boxed':
      return vector.data[row] as object;
  }
}

const MIN_SAFE = BigInt(Number.MIN_SAFE_INTEGER);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * How a stored column holds its type, decided once from the SQL type when the column is made:
 * `int` is f64 that becomes i64 when a value beyond 2^53 arrives, `decimal` is f64 at a fixed scale (numeric(p,s) with
 * p <= 15) that becomes boxed when a value does not fit, the others are the vector kind of that name.
 */
export interface ColumnFormat {
  readonly kind: 'bool' | 'i32' | 'f64' | 'int' | 'decimal' | 'text' | 'boxed';
  /** For `decimal`: digits after the point. */
  readonly scale?: number | undefined;
  /** For `boxed` (and for `decimal` values that did not fit): how one value becomes bytes. */
  readonly codec?: ValueCodec | undefined;
}

/** Bytes for one boxed value; `name` is written to disk and never changes its meaning. */
export interface ValueCodec {
  readonly name: string;
  encode(value: object): Uint8Array;
  decode(bytes: Uint8Array): object;
  /** Order-preserving, prefix-free bytes: encodings compare as the type's values do. For keys and indexes. */
  encodeKey(value: object): Uint8Array;
}
