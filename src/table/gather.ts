/**
 * Moving rows between vectors: gather by row numbers, slice without copying, concatenate, scatter into a builder.
 *
 * Every function keeps the physical kind where it can (typed loops) and falls back to boxed values where kinds differ.
 */
import type { ColumnFormat, Value, Vector } from '../base/vector.ts';
import { valueAt } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';

/** Returns rows `from` to `to` of a vector, sharing its memory. */
export function sliceVector(vector: Vector, from: number, to: number): Vector {
  if (from === 0 && to === vector.length) return vector;
  const length = to - from;
  const nulls = vector.nulls === null ? null : vector.nulls.subarray(from, to);
  switch (vector.kind) {
    case 'bool':
      return { kind: 'bool', data: vector.data.subarray(from, to), length, nulls };
    case 'i32':
      return { kind: 'i32', data: vector.data.subarray(from, to), length, nulls };
    case 'f64':
      return { kind: 'f64', data: vector.data.subarray(from, to), length, nulls, scale: vector.scale };
    case 'i64':
      return { kind: 'i64', data: vector.data.subarray(from, to), length, nulls };
    case 'text':
      return { kind: 'text', data: vector.data.slice(from, to), length, nulls };
    case 'dict':
      return { kind: 'dict', data: vector.data.subarray(from, to), dictionary: vector.dictionary, length, nulls };
    case 'boxed':
      return { kind: 'boxed', data: vector.data.slice(from, to), length, nulls };
  }
}

/** Returns the vector of the given rows: entries `from` to `to` of `rows`. */
export function gatherVector(vector: Vector, rows: Int32Array, from = 0, to: number = rows.length): Vector {
  const length = to - from;
  let nulls: Uint8Array | null = null;
  if (vector.nulls !== null) {
    nulls = new Uint8Array(length);
    for (let i = 0; i < length; i++) nulls[i] = vector.nulls[rows[from + i] as number] as number;
  }
  switch (vector.kind) {
    case 'bool': {
      const data = new Uint8Array(length);
      for (let i = 0; i < length; i++) data[i] = vector.data[rows[from + i] as number] as number;
      return { kind: 'bool', data, length, nulls };
    }
    case 'i32': {
      const data = new Int32Array(length);
      for (let i = 0; i < length; i++) data[i] = vector.data[rows[from + i] as number] as number;
      return { kind: 'i32', data, length, nulls };
    }
    case 'f64':
      return { kind: 'f64', data: gatherDoubles(vector.data, rows, from, to), length, nulls, scale: vector.scale };
    case 'i64': {
      const data = new BigInt64Array(length);
      for (let i = 0; i < length; i++) data[i] = vector.data[rows[from + i] as number] as bigint;
      return { kind: 'i64', data, length, nulls };
    }
    case 'dict': {
      const data = new Int32Array(length);
      for (let i = 0; i < length; i++) data[i] = vector.data[rows[from + i] as number] as number;
      return { kind: 'dict', data, dictionary: vector.dictionary, length, nulls };
    }
    case 'text': {
      const data = new Array<string>(length);
      for (let i = 0; i < length; i++) data[i] = vector.data[rows[from + i] as number] as string;
      return { kind: 'text', data, length, nulls };
    }
    case 'boxed': {
      const data = new Array<unknown>(length);
      for (let i = 0; i < length; i++) data[i] = vector.data[rows[from + i] as number];
      return { kind: 'boxed', data, length, nulls };
    }
  }
}

export function gatherDoubles(
  source: Float64Array,
  rows: Int32Array,
  from = 0,
  to: number = rows.length,
): Float64Array {
  const data = new Float64Array(to - from);
  for (let i = from; i < to; i++) data[i - from] = source[rows[i] as number] as number;
  return data;
}

/** Joins vectors of one column into one. */
export function concatVectors(format: ColumnFormat, vectors: readonly Vector[]): Vector {
  const only = vectors[0];
  if (vectors.length === 1 && only !== undefined) return only;
  let length = 0;
  for (const vector of vectors) length += vector.length;
  const builder = new VectorBuilder(format, length);
  for (const vector of vectors) builder.appendVector(vector, null, 0, vector.length);
  return builder.view();
}

/** Returns a vector of one value repeated. */
export function constantVector(format: ColumnFormat, value: Value, length: number): Vector {
  const builder = new VectorBuilder(format, length);
  if (value === null && (format.kind === 'f64' || format.kind === 'int' || format.kind === 'decimal')) {
    const scale = format.kind === 'decimal' ? (format.scale ?? 0) : undefined;
    return { kind: 'f64', data: new Float64Array(length), nulls: new Uint8Array(length).fill(1), length, scale };
  }
  for (let i = 0; i < length; i++) builder.append(value);
  return builder.view();
}

/** Overwrites rows `targets[i]` of a builder with `source[sources[i]]`. The caller owns all views of the builder. */
export function scatter(builder: VectorBuilder, targets: Int32Array, source: Vector, sources: Int32Array): void {
  const view = builder.view();
  if (view.kind === source.kind && view.nulls === null && source.nulls === null) {
    if (view.kind === 'f64' && source.kind === 'f64' && view.scale === source.scale) {
      for (let i = 0; i < targets.length; i++)
        view.data[targets[i] as number] = source.data[sources[i] as number] as number;
      return;
    }
    if (view.kind === 'i32' && source.kind === 'i32') {
      for (let i = 0; i < targets.length; i++)
        view.data[targets[i] as number] = source.data[sources[i] as number] as number;
      return;
    }
  }
  for (let i = 0; i < targets.length; i++) builder.set(targets[i] as number, valueAt(source, sources[i] as number));
}

/** True when two cells hold the same value, display form included (1.10 is not 1.1). */
export function sameCell(a: Vector, rowA: number, b: Vector, rowB: number, format: ColumnFormat): boolean {
  const nullA = a.nulls !== null && a.nulls[rowA] === 1;
  const nullB = b.nulls !== null && b.nulls[rowB] === 1;
  if (nullA || nullB) return nullA && nullB;
  if (a.kind === 'f64' && b.kind === 'f64' && a.scale === b.scale) return Object.is(a.data[rowA], b.data[rowB]);
  if (a.kind === 'i32' && b.kind === 'i32') return a.data[rowA] === b.data[rowB];
  const x = valueAt(a, rowA);
  const y = valueAt(b, rowB);
  if (Object.is(x, y)) return true;
  if (typeof x !== 'object' || typeof y !== 'object' || x === null || y === null || format.codec === undefined)
    return false;
  const left = format.codec.encode(x);
  const right = format.codec.encode(y);
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Doubles as a vector without nulls. */
export function doubles(data: Float64Array): Vector {
  return { kind: 'f64', data, length: data.length, nulls: null };
}
