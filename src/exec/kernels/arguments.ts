/** What kernels share: reading arguments as typed arrays, and merging their nulls. */
import type { Batch, Vector } from '../../base/vector.ts';

/** Nulls of a function of two arguments; shares an argument's array where only one has nulls. */
export function unionNulls(a: Vector, b: Vector, length: number): Uint8Array | null {
  if (a.nulls === null) return b.nulls;
  if (b.nulls === null) return a.nulls;
  const nulls = new Uint8Array(length);
  for (let i = 0; i < length; i++) nulls[i] = (a.nulls[i] as number) | (b.nulls[i] as number);
  return nulls;
}

/** The vector's values as doubles: itself, or int32 widened; null for other kinds (and for scaled decimals). */
export function asDoubles(vector: Vector): Float64Array | null {
  if (vector.kind === 'f64') return vector.scale === undefined ? vector.data : null;
  if (vector.kind !== 'i32') return null;
  return widen(vector.data, vector.length);
}

export function widen(data: Int32Array, length: number): Float64Array {
  const result = new Float64Array(length);
  for (let i = 0; i < length; i++) result[i] = data[i] as number;
  return result;
}

export const POWERS_OF_TEN: readonly number[] = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** Decimals brought to a greater scale; null where one is no longer exact. */
export function rescale(data: Float64Array, from: number, to: number, batch: Batch): Float64Array | null {
  if (from === to) return data;
  const factor = POWERS_OF_TEN[to - from];
  if (factor === undefined) return null;
  const result = new Float64Array(batch.length);
  const { selection, count } = batch;
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const value = (data[i] as number) * factor;
    if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) return null;
    result[i] = value;
  }
  return result;
}
