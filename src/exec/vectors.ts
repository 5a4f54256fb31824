/**
 * Making vectors: gathering rows, joining chunks, repeating a constant, packing boxed values.
 *
 * These are the only places where the executor copies columns. All keep the physical kind where they can: rows of a
 * dictionary vector stay codes, scaled decimals stay doubles.
 */
import { Numeric } from '../base/numeric.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import { INT64_MAX, INT64_MIN, kindOfType } from './physical.ts';

/** The rows of `vector` numbered by the first `count` entries of `rows`. */
export function take(vector: Vector, rows: Int32Array, count: number): Vector {
  const nulls = vector.nulls === null ? null : takeBytes(vector.nulls, rows, count);
  switch (vector.kind) {
    case 'bool':
      return { kind: 'bool', data: takeBytes(vector.data, rows, count), length: count, nulls };
    case 'i32':
      return { kind: 'i32', data: takeInts(vector.data, rows, count), length: count, nulls };
    case 'f64':
      return { kind: 'f64', data: takeDoubles(vector.data, rows, count), scale: vector.scale, length: count, nulls };
    case 'i64': {
      const data = new BigInt64Array(count);
      for (let i = 0; i < count; i++) data[i] = vector.data[rows[i] as number] as bigint;
      return { kind: 'i64', data, length: count, nulls };
    }
    case 'text':
      return { kind: 'text', data: takeStrings(vector.data, rows, count), length: count, nulls };
    case 'dict':
      return {
        kind: 'dict',
        data: takeInts(vector.data, rows, count),
        dictionary: vector.dictionary,
        length: count,
        nulls,
      };
    case 'boxed': {
      const data: unknown[] = [];
      for (let i = 0; i < count; i++) data.push(vector.data[rows[i] as number]);
      return { kind: 'boxed', data, length: count, nulls };
    }
  }
}

/** Like `take`; row number -1 gives null. */
export function takeOrNull(vector: Vector, rows: Int32Array, count: number): Vector {
  const safe = new Int32Array(count);
  const nulls = new Uint8Array(count);
  let missing = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[i] as number;
    if (row < 0) {
      nulls[i] = 1;
      missing++;
    } else {
      safe[i] = row;
      if (vector.nulls !== null) nulls[i] = vector.nulls[row] as number;
    }
  }
  if (missing === 0) return take(vector, rows, count);
  if (vector.length === 0) return nullsLike(vector, count, nulls);
  return { ...take({ ...vector, nulls: null }, safe, count), nulls };
}

function nullsLike(vector: Vector, length: number, nulls: Uint8Array): Vector {
  switch (vector.kind) {
    case 'bool':
      return { kind: 'bool', data: new Uint8Array(length), length, nulls };
    case 'i32':
      return { kind: 'i32', data: new Int32Array(length), length, nulls };
    case 'f64':
      return { kind: 'f64', data: new Float64Array(length), scale: vector.scale, length, nulls };
    case 'i64':
      return { kind: 'i64', data: new BigInt64Array(length), length, nulls };
    case 'text':
    case 'dict':
      return { kind: 'dict', data: new Int32Array(length), dictionary: [''], length, nulls };
    case 'boxed':
      return { kind: 'boxed', data: new Array<unknown>(length).fill(undefined), length, nulls };
  }
}

function takeBytes(source: Uint8Array, rows: Int32Array, count: number): Uint8Array {
  const data = new Uint8Array(count);
  for (let i = 0; i < count; i++) data[i] = source[rows[i] as number] as number;
  return data;
}

function takeInts(source: Int32Array, rows: Int32Array, count: number): Int32Array {
  const data = new Int32Array(count);
  for (let i = 0; i < count; i++) data[i] = source[rows[i] as number] as number;
  return data;
}

function takeDoubles(source: Float64Array, rows: Int32Array, count: number): Float64Array {
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = source[rows[i] as number] as number;
  return data;
}

function takeStrings(source: readonly string[], rows: Int32Array, count: number): string[] {
  const data: string[] = new Array<string>(count);
  for (let i = 0; i < count; i++) data[i] = source[rows[i] as number] as string;
  return data;
}

/** Rows `from` to `to` of a vector; shares memory. */
export function slice(vector: Vector, from: number, to: number): Vector {
  const length = to - from;
  const nulls = vector.nulls === null ? null : vector.nulls.subarray(from, to);
  switch (vector.kind) {
    case 'bool':
      return { kind: 'bool', data: vector.data.subarray(from, to), length, nulls };
    case 'i32':
      return { kind: 'i32', data: vector.data.subarray(from, to), length, nulls };
    case 'f64':
      return { kind: 'f64', data: vector.data.subarray(from, to), scale: vector.scale, length, nulls };
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

/** A column of a batch without the rows that don't count. */
export function compact(vector: Vector, batch: Batch): Vector {
  if (batch.selection !== null) return take(vector, batch.selection, batch.count);
  return vector.length === batch.length ? vector : slice(vector, 0, batch.length);
}

/** All chunks one after another, as one vector of type `oid`. */
export function concat(chunks: readonly Vector[], oid: number): Vector {
  const [first] = chunks;
  if (first === undefined) return emptyVector(oid);
  if (chunks.length === 1) return first;
  let length = 0;
  let anyNulls = false;
  let same = true;
  let sameDictionary = true;
  for (const chunk of chunks) {
    length += chunk.length;
    if (chunk.nulls !== null) anyNulls = true;
    if (chunk.kind !== first.kind) same = false;
    else if (chunk.kind === 'f64' && first.kind === 'f64' && chunk.scale !== first.scale) same = false;
    if (chunk.kind !== 'dict' || first.kind !== 'dict' || chunk.dictionary !== first.dictionary) sameDictionary = false;
  }
  const nulls = anyNulls ? new Uint8Array(length) : null;
  if (nulls !== null) {
    let at = 0;
    for (const chunk of chunks) {
      if (chunk.nulls !== null) nulls.set(chunk.nulls.subarray(0, chunk.length), at);
      at += chunk.length;
    }
  }
  if (first.kind === 'dict' && sameDictionary) {
    return {
      kind: 'dict',
      data: joinTyped(chunks, new Int32Array(length)),
      dictionary: first.dictionary,
      length,
      nulls,
    };
  }
  if (same) {
    switch (first.kind) {
      case 'bool':
        return { kind: 'bool', data: joinTyped(chunks, new Uint8Array(length)), length, nulls };
      case 'i32':
        return { kind: 'i32', data: joinTyped(chunks, new Int32Array(length)), length, nulls };
      case 'f64':
        return { kind: 'f64', data: joinTyped(chunks, new Float64Array(length)), scale: first.scale, length, nulls };
      case 'dict':
        return joinDictionaries(chunks, length, nulls);
      default:
    }
  }
  return joinMixed(chunks, first, length, nulls);
}

function joinTyped<T extends Uint8Array | Int32Array | Float64Array>(chunks: readonly Vector[], target: T): T {
  let at = 0;
  for (const chunk of chunks) {
    (target as Float64Array).set((chunk.data as Float64Array).subarray(0, chunk.length), at);
    at += chunk.length;
  }
  return target;
}

/** Unites dictionaries while the union stays much smaller than the rows; else the column becomes plain text. */
function joinDictionaries(chunks: readonly Vector[], length: number, nulls: Uint8Array | null): Vector {
  const codes = new Map<string, number>();
  const dictionary: string[] = [];
  const data = new Int32Array(length);
  const remaps = new Map<readonly string[], Int32Array>();
  let at = 0;
  for (const chunk of chunks) {
    if (chunk.kind !== 'dict') continue;
    let remap = remaps.get(chunk.dictionary);
    if (remap === undefined) {
      remap = new Int32Array(chunk.dictionary.length);
      for (let i = 0; i < remap.length; i++) {
        const text = chunk.dictionary[i] as string;
        let code = codes.get(text);
        if (code === undefined) {
          code = dictionary.length;
          codes.set(text, code);
          dictionary.push(text);
        }
        remap[i] = code;
      }
      remaps.set(chunk.dictionary, remap);
    }
    for (let i = 0; i < chunk.length; i++) data[at + i] = remap[chunk.data[i] as number] as number;
    at += chunk.length;
  }
  return { kind: 'dict', data, dictionary, length, nulls };
}

function joinMixed(chunks: readonly Vector[], first: Vector, length: number, nulls: Uint8Array | null): Vector {
  if (first.kind === 'text' || first.kind === 'dict') {
    const data: string[] = [];
    for (const chunk of chunks) {
      if (chunk.kind === 'text') for (let i = 0; i < chunk.length; i++) data.push(chunk.data[i] as string);
      else for (let i = 0; i < chunk.length; i++) data.push((valueAt(chunk, i) ?? '') as string);
    }
    return { kind: 'text', data, length, nulls };
  }
  let integers = true;
  let numbers = true;
  for (const chunk of chunks) {
    if (chunk.kind === 'boxed' || chunk.kind === 'bool') numbers = false;
    if (chunk.kind === 'f64' && chunk.scale !== undefined) numbers = false;
    if (chunk.kind !== 'i64' && chunk.kind !== 'i32' && chunk.kind !== 'f64') integers = false;
    if (chunk.kind === 'i64') integers &&= true;
  }
  if (numbers && chunks.some((chunk) => chunk.kind === 'i64') && integers) {
    const data = new BigInt64Array(length);
    let at = 0;
    for (const chunk of chunks) {
      for (let i = 0; i < chunk.length; i++) {
        if (chunk.nulls === null || chunk.nulls[i] === 0) data[at + i] = toInt64(valueAt(chunk, i));
      }
      at += chunk.length;
    }
    return { kind: 'i64', data, length, nulls };
  }
  if (numbers) {
    const data = new Float64Array(length);
    let at = 0;
    for (const chunk of chunks) {
      if (chunk.kind === 'f64' || chunk.kind === 'i32') data.set(chunk.data.subarray(0, chunk.length), at);
      at += chunk.length;
    }
    return { kind: 'f64', data, length, nulls };
  }
  const data: unknown[] = [];
  for (const chunk of chunks) for (let i = 0; i < chunk.length; i++) data.push(valueAt(chunk, i) ?? undefined);
  return { kind: 'boxed', data, length, nulls };
}

export function toInt64(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (value === Infinity) return INT64_MAX;
  if (value === -Infinity) return INT64_MIN;
  return BigInt(value as number);
}

export function emptyVector(oid: number): Vector {
  return vectorFromValues([], oid);
}

/** Packs boxed values (null for null) into a vector of the kind that suits type `oid`. */
export function vectorFromValues(values: readonly Value[], oid: number): Vector {
  return packRows(values, values.length, null, values.length, oid);
}

/**
 * Packs boxed values into a vector aligned with a batch: position i holds values[i] where i is among `rows` (null:
 * all of 0 … length-1); other positions are unspecified.
 */
export function packRows(
  values: readonly Value[],
  length: number,
  rows: Int32Array | null,
  count: number,
  oid: number,
): Vector {
  let nulls: Uint8Array | null = null;
  for (let k = 0; k < count; k++) {
    const i = rows === null ? k : (rows[k] as number);
    if (values[i] === null || values[i] === undefined) (nulls ??= new Uint8Array(length))[i] = 1;
  }
  const kind = kindOfType(oid);
  switch (kind) {
    case 'bool': {
      const data = new Uint8Array(length);
      for (let k = 0; k < count; k++) {
        const i = rows === null ? k : (rows[k] as number);
        if (values[i] === true) data[i] = 1;
      }
      return { kind: 'bool', data, length, nulls };
    }
    case 'i32': {
      const data = new Int32Array(length);
      for (let k = 0; k < count; k++) {
        const i = rows === null ? k : (rows[k] as number);
        if (typeof values[i] === 'number') data[i] = values[i];
      }
      return { kind: 'i32', data, length, nulls };
    }
    case 'f64':
      return packDoubles(values, length, rows, count, nulls);
    case 'text': {
      const data: string[] = new Array<string>(length).fill('');
      for (let k = 0; k < count; k++) {
        const i = rows === null ? k : (rows[k] as number);
        if (typeof values[i] === 'string') data[i] = values[i];
      }
      return { kind: 'text', data, length, nulls };
    }
    case 'boxed': {
      const data: unknown[] = new Array<unknown>(length).fill(undefined);
      for (let k = 0; k < count; k++) {
        const i = rows === null ? k : (rows[k] as number);
        data[i] = values[i] ?? undefined;
      }
      return { kind: 'boxed', data, length, nulls };
    }
  }
}

function packDoubles(
  values: readonly Value[],
  length: number,
  rows: Int32Array | null,
  count: number,
  nulls: Uint8Array | null,
): Vector {
  const data = new Float64Array(length);
  for (let k = 0; k < count; k++) {
    const i = rows === null ? k : (rows[k] as number);
    const value = values[i];
    if (typeof value === 'number') data[i] = value;
    else if (typeof value === 'bigint') return packInt64(values, length, rows, count, nulls);
  }
  return { kind: 'f64', data, length, nulls };
}

function packInt64(
  values: readonly Value[],
  length: number,
  rows: Int32Array | null,
  count: number,
  nulls: Uint8Array | null,
): Vector {
  const data = new BigInt64Array(length);
  for (let k = 0; k < count; k++) {
    const i = rows === null ? k : (rows[k] as number);
    const value = values[i];
    if (value !== null && value !== undefined) data[i] = toInt64(value);
  }
  return { kind: 'i64', data, length, nulls };
}

/** `length` times the same value. Text becomes a dictionary of one entry; a numeric stays scaled where it is exact. */
export function constantVector(value: Value, length: number, oid: number): Vector {
  if (value === null) {
    return nullsLike(emptyVector(oid), length, new Uint8Array(length).fill(1));
  }
  if (typeof value === 'string') {
    return { kind: 'dict', data: new Int32Array(length), dictionary: [value], length, nulls: null };
  }
  if (value instanceof Numeric) {
    const scaled = value.scale <= MAX_FAST_SCALE ? value.toScaled(value.scale) : undefined;
    if (scaled !== undefined) {
      return { kind: 'f64', data: new Float64Array(length).fill(scaled), scale: value.scale, length, nulls: null };
    }
  }
  switch (kindOfType(oid)) {
    case 'bool':
      return { kind: 'bool', data: new Uint8Array(length).fill(value === true ? 1 : 0), length, nulls: null };
    case 'i32':
      return { kind: 'i32', data: new Int32Array(length).fill(value as number), length, nulls: null };
    case 'f64':
      if (typeof value === 'bigint')
        return { kind: 'i64', data: new BigInt64Array(length).fill(value), length, nulls: null };
      return { kind: 'f64', data: new Float64Array(length).fill(value as number), length, nulls: null };
    default:
      return { kind: 'boxed', data: new Array<unknown>(length).fill(value), length, nulls: null };
  }
}

/** Scales up to which numerics are held as scaled doubles. */
export const MAX_FAST_SCALE = 15;

/** A batch of all rows of its columns. */
export function wholeBatch(columns: readonly Vector[], length: number): Batch {
  return { columns, length, selection: null, count: length };
}

/** The batch with only its counting rows, columns compacted. */
export function compactBatch(batch: Batch): Batch {
  if (batch.selection === null) return batch;
  return wholeBatch(
    batch.columns.map((column) => compact(column, batch)),
    batch.count,
  );
}

/** Bytes that a vector holds, roughly. */
export function vectorBytes(vector: Vector): number {
  const nulls = vector.nulls === null ? 0 : vector.length;
  switch (vector.kind) {
    case 'bool':
      return vector.length + nulls;
    case 'i32':
    case 'dict':
      return vector.length * 4 + nulls;
    case 'f64':
    case 'i64':
      return vector.length * 8 + nulls;
    case 'text': {
      let characters = 0;
      for (let i = 0; i < vector.length; i++) characters += (vector.data[i] as string).length;
      return vector.length * 24 + characters + nulls;
    }
    case 'boxed':
      return vector.length * 64 + nulls;
  }
}
