/**
 * Hashes of keys, by which rows are spread over partitions: equal keys hash alike, whatever vectors they lie in.
 *
 * The hash is not that of KeyTable, whose codes depend on what came before. `level` gives another spread of the same keys,
 * for partitions that are still too big.
 */
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { hashFamily } from '../physical.ts';

/** A number for each counting row, by position; where `anyNull` is given it says which keys have a null. */
export function hashRows(
  keys: readonly Vector[],
  oids: readonly number[],
  batch: Batch,
  level: number,
  anyNull?: Uint8Array,
): Int32Array {
  const hashes = new Int32Array(batch.count).fill(Math.imul(level + 1, GOLDEN));
  for (let c = 0; c < keys.length; c++) mixColumn(keys[c] as Vector, oids[c] as number, batch, hashes, anyNull);
  return hashes;
}

/** The partition of a hash, of a number that is a power of two. */
export function partitionOf(hash: number, partitions: number): number {
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 16) & (partitions - 1);
}

const GOLDEN = 0x9e3779b1 | 0;
const NULL_HASH = 0x51ed270b;
const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ (mixed >>> 16);
}

function hashNumber(value: number): number {
  if (value !== value) return 0x7ff8;
  double[0] = value + 0;
  return Math.imul((words[0] as number) ^ Math.imul(words[1] as number, 0x85ebca6b), GOLDEN) ^ (words[1] as number);
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

function mixColumn(
  vector: Vector,
  oid: number,
  batch: Batch,
  hashes: Int32Array,
  anyNull: Uint8Array | undefined,
): void {
  const { selection, count } = batch;
  const { nulls } = vector;
  const family = hashFamily(oid);
  const numbers = (vector.kind === 'i32' || vector.kind === 'f64') && family === 'number';
  const entries = vector.kind === 'dict' ? vector.dictionary.map((text) => hashValue(text, oid, family)) : null;
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    let value: number;
    if (nulls !== null && nulls[i] === 1) {
      value = NULL_HASH;
      if (anyNull !== undefined) anyNull[k] = 1;
    } else if (numbers) value = hashNumber(vector.data[i] as number);
    else if (entries !== null) value = entries[vector.data[i] as number] as number;
    else value = hashValue(valueAt(vector, i), oid, family);
    hashes[k] = mix(hashes[k] as number, value);
  }
}

function hashValue(value: Value, oid: number, family: ReturnType<typeof hashFamily>): number {
  if (family === 'number') return hashNumber(Number(value));
  if (family === 'text' && typeof value === 'string') return hashText(value);
  // Equal numerics have one nearest double, whatever their scales.
  if (family === 'numeric') return hashNumber(Number(String(value)));
  const key = typeByOid(oid).hashKey(value);
  return typeof key === 'number' ? hashNumber(key) : hashText(String(key));
}
