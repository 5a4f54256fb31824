/**
 * VectorBuilder: a growing column; the only writer of vectors.
 *
 * It starts in the kind that its ColumnFormat names and promotes itself once when a value does not fit: `int` from
 * doubles to 64-bit integers, `decimal` from scaled doubles to Numeric objects. `view` hands out what is there without
 * copying: later appends do not disturb it (they write beyond its length or into a bigger array), `set` does, so a
 * caller that overwrites must own all views or copy first.
 */
import { assert } from './error.ts';
import { Numeric } from './numeric.ts';
import { type ColumnFormat, type Value, type Vector, valueAt } from './vector.ts';

type Data = Uint8Array | Int32Array | Float64Array | BigInt64Array | string[] | unknown[];
type BuiltKind = 'bool' | 'i32' | 'f64' | 'i64' | 'text' | 'boxed';

export class VectorBuilder {
  readonly format: ColumnFormat;
  #kind: BuiltKind;
  #data: Data;
  #nulls: Uint8Array | null = null;
  #length = 0;

  constructor(format: ColumnFormat, capacity = 16) {
    this.format = format;
    this.#kind = format.kind === 'int' || format.kind === 'decimal' ? 'f64' : format.kind;
    this.#data = allocate(this.#kind, Math.max(capacity, 4));
  }

  /** Takes a vector over: it must be nobody else's, and is written to from now on. */
  static adopt(format: ColumnFormat, vector: Vector): VectorBuilder {
    const builder = new VectorBuilder(format, 4);
    const fits = vector.kind !== 'dict' && (vector.kind !== 'f64' || vector.scale === builder.#scale());
    if (!fits) {
      builder.appendVector(vector, null, 0, vector.length);
      return builder;
    }
    builder.#kind = vector.kind;
    builder.#data = vector.data as Data;
    builder.#nulls = vector.nulls;
    builder.#length = vector.length;
    return builder;
  }

  get length(): number {
    return this.#length;
  }

  /** The same rows in memory of their own. */
  copy(): VectorBuilder {
    const copy = new VectorBuilder(this.format, 4);
    copy.#kind = this.#kind;
    copy.#data = this.#data.slice(0, this.#length);
    copy.#nulls = this.#nulls?.slice(0, this.#length) ?? null;
    copy.#length = this.#length;
    return copy;
  }

  /** Makes room for so many rows in all, where more are to come than it would double for. */
  reserve(length: number): void {
    this.#reserve(length);
    if (length > this.#data.length) (this.#data as unknown[]).length = length;
  }

  append(value: Value): void {
    this.#reserve(this.#length + 1);
    const row = this.#length++;
    if (this.#nulls !== null) this.#nulls[row] = 0;
    this.#store(row, value);
  }

  /** Overwrites a row below `length`. */
  set(row: number, value: Value): void {
    assert(row < this.#length, 'set beyond the end of a vector');
    if (this.#nulls !== null) this.#nulls[row] = 0;
    this.#store(row, value);
  }

  /** Appends rows of a vector: all of `rows`, or `from` to `to` where no row numbers are given. */
  appendVector(vector: Vector, rows: Int32Array | null, from: number, to: number): void {
    const count = to - from;
    this.#reserve(this.#length + count);
    const start = this.#length;
    const data = this.#data;
    if (vector.kind === this.#kind && (vector.kind !== 'f64' || vector.scale === this.#scale()) && rows === null) {
      this.#length += count;
      if (Array.isArray(data)) {
        const source = vector.data as readonly unknown[];
        for (let i = 0; i < count; i++) data[start + i] = source[from + i];
      } else if (count < FEW) {
        const source = vector.data as Float64Array;
        for (let i = 0; i < count; i++) (data as Float64Array)[start + i] = source[from + i] as number;
      } else {
        (data as Float64Array).set((vector.data as Float64Array).subarray(from, to), start);
      }
      if (vector.nulls !== null) appendNulls(this.#ensureNulls(), start, vector.nulls, from, count);
      else if (this.#nulls !== null) this.#nulls.fill(0, start, start + count);
      return;
    }
    for (let i = from; i < to; i++) this.append(valueAt(vector, rows === null ? i : (rows[i] as number)));
  }

  /** Returns the rows so far as a vector that shares this builder's memory. */
  view(): Vector {
    const common = { length: this.#length, nulls: this.#nulls };
    if (this.#kind === 'f64') return { kind: 'f64', data: this.#data as Float64Array, scale: this.#scale(), ...common };
    return { kind: this.#kind, data: this.#data, ...common } as Vector;
  }

  /** Forgets the rows from `length` on. */
  truncate(length: number): void {
    assert(length <= this.#length, 'truncate beyond the end of a vector');
    this.#length = length;
  }

  #scale(): number | undefined {
    return this.format.kind === 'decimal' ? (this.format.scale ?? 0) : undefined;
  }

  #store(row: number, value: Value): void {
    if (value === null || value === undefined) {
      this.#ensureNulls()[row] = 1;
      if (this.#kind === 'text') (this.#data as string[])[row] = '';
      else if (this.#kind === 'boxed') (this.#data as unknown[])[row] = undefined;
      else if (this.#kind === 'i64') (this.#data as BigInt64Array)[row] = 0n;
      else (this.#data as Float64Array)[row] = 0;
      return;
    }
    switch (this.#kind) {
      case 'bool':
        (this.#data as Uint8Array)[row] = value === true ? 1 : 0;
        return;
      case 'i32':
        (this.#data as Int32Array)[row] = value as number;
        return;
      case 'f64':
        this.#storeDouble(row, value);
        return;
      case 'i64':
        (this.#data as BigInt64Array)[row] = toInt64(value);
        return;
      default:
        (this.#data as unknown[])[row] = value;
    }
  }

  #storeDouble(row: number, value: Value): void {
    if (typeof value === 'number') {
      (this.#data as Float64Array)[row] = value;
    } else if (typeof value === 'bigint') {
      this.#promote('i64', row);
      (this.#data as BigInt64Array)[row] = value;
    } else {
      assert(value instanceof Numeric, 'a decimal column takes Numeric values');
      const scale = this.#scale() ?? 0;
      const scaled = value.scale <= scale ? value.toScaled(scale) : undefined;
      if (scaled !== undefined) {
        (this.#data as Float64Array)[row] = scaled;
      } else {
        this.#promote('boxed', row);
        (this.#data as unknown[])[row] = value;
      }
    }
  }

  #promote(kind: 'i64' | 'boxed', rows: number): void {
    const old = this.view();
    const data = allocate(kind, Math.max(this.#capacity(), 4));
    const rowsToMove = Math.max(rows, this.#length);
    for (let row = 0; row < rowsToMove; row++) {
      const value = row < old.length ? valueAt(old, row) : null;
      if (value === null) continue;
      if (kind === 'i64') (data as BigInt64Array)[row] = toInt64(value);
      else (data as unknown[])[row] = value;
    }
    this.#kind = kind;
    this.#data = data;
  }

  #ensureNulls(): Uint8Array {
    this.#nulls ??= new Uint8Array(this.#capacity());
    return this.#nulls;
  }

  #capacity(): number {
    return Array.isArray(this.#data) ? Math.max(this.#nulls?.length ?? 0, this.#length, 16) : this.#data.length;
  }

  #reserve(length: number): void {
    if (!Array.isArray(this.#data) && length > this.#data.length) {
      const bigger = allocate(this.#kind, Math.max(length, this.#data.length * 2)) as Float64Array;
      bigger.set(this.#data as Float64Array);
      this.#data = bigger;
    }
    if (this.#nulls !== null && length > this.#nulls.length) {
      const bigger = new Uint8Array(Math.max(length, this.#nulls.length * 2));
      bigger.set(this.#nulls);
      this.#nulls = bigger;
    }
  }
}

function appendNulls(target: Uint8Array, start: number, source: Uint8Array, from: number, count: number): void {
  // A view of a small array would give it a buffer of its own outside of the heap.
  if (count < FEW) for (let i = 0; i < count; i++) target[start + i] = source[from + i] as number;
  else target.set(source.subarray(from, from + count), start);
}

/** Rows below which a loop is cheaper than a view of the source. */
const FEW = 16;

const INT64_MAX = 2n ** 63n - 1n;

function toInt64(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (value === Infinity) return INT64_MAX;
  if (value === -Infinity) return -INT64_MAX - 1n;
  return BigInt(value as number);
}

function allocate(kind: BuiltKind, capacity: number): Data {
  switch (kind) {
    case 'bool':
      return new Uint8Array(capacity);
    case 'i32':
      return new Int32Array(capacity);
    case 'f64':
      return new Float64Array(capacity);
    case 'i64':
      return new BigInt64Array(capacity);
    default:
      return [];
  }
}
