/**
 * Joining the chunks of a column in slices: what `concat` (vectors.ts) does, with looks at the clock.
 *
 * A column of a million rows is some megabytes to copy, and one of texts a million references: longer than others should
 * wait. The result is that of `concat`, to which columns of mixed physical kinds are left.
 */
import type { Task } from '../base/task.ts';
import type { Vector } from '../base/vector.ts';
import type { Pacer } from './pacer.ts';
import { concat, take } from './vectors.ts';

/** Rows that are joined at once, whatever they are. */
const FEW_ROWS = 16_384;
/** Rows from all over a column that are looked up at once. */
const TAKEN_ROWS = 4096;

export function* concatInSlices(chunks: readonly Vector[], oid: number, pacer: Pacer): Task<Vector> {
  const [first] = chunks;
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  if (first === undefined || chunks.length === 1 || length <= FEW_ROWS) return concat(chunks, oid);
  const texts = chunks.every(({ kind }) => kind === 'text' || kind === 'dict');
  if (!texts && !areAlike(chunks, first)) return concat(chunks, oid);
  const nulls = yield* joinedNulls(chunks, length, pacer);
  switch (first.kind) {
    case 'bool':
      return { kind: 'bool', data: yield* joined(chunks, new Uint8Array(length), pacer), length, nulls };
    case 'i32':
      return { kind: 'i32', data: yield* joined(chunks, new Int32Array(length), pacer), length, nulls };
    case 'f64': {
      const data = yield* joined(chunks, new Float64Array(length), pacer);
      return { kind: 'f64', data, scale: first.scale, length, nulls };
    }
    case 'i64':
      return { kind: 'i64', data: yield* joined(chunks, new BigInt64Array(length), pacer), length, nulls };
    case 'boxed':
      return { kind: 'boxed', data: yield* joinedLists(chunks, length, pacer), length, nulls };
    case 'text':
    case 'dict':
      if (chunks.every(({ kind }) => kind === 'dict')) return yield* joinedDictionaries(chunks, length, nulls, pacer);
      return { kind: 'text', data: (yield* joinedLists(chunks, length, pacer)) as string[], length, nulls };
  }
}

/** Some rows of a column, in the order of their numbers: what `take` (vectors.ts) does, with looks at the clock. */
export function* takeInSlices(
  vector: Vector,
  rows: Int32Array,
  count: number,
  { oid, pacer }: { readonly oid: number; readonly pacer: Pacer },
): Task<Vector> {
  if (count <= FEW_ROWS) return take(vector, rows, count);
  const chunks: Vector[] = [];
  for (let from = 0; from < count; from += TAKEN_ROWS) {
    const to = Math.min(from + TAKEN_ROWS, count);
    chunks.push(take(vector, rows.subarray(from, to), to - from));
    if (pacer.due()) yield* pacer.pause();
  }
  return yield* concatInSlices(chunks, oid, pacer);
}

/** Whether the chunks are all of one physical kind. */
function areAlike(chunks: readonly Vector[], first: Vector): boolean {
  return chunks.every(
    (chunk) =>
      chunk.kind === first.kind && (chunk.kind !== 'f64' || first.kind !== 'f64' || chunk.scale === first.scale),
  );
}

function* joinedNulls(chunks: readonly Vector[], length: number, pacer: Pacer): Task<Uint8Array | null> {
  if (chunks.every(({ nulls }) => nulls === null)) return null;
  const nulls = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    if (chunk.nulls !== null) nulls.set(chunk.nulls.subarray(0, chunk.length), at);
    at += chunk.length;
    if (pacer.due()) yield* pacer.pause();
  }
  return nulls;
}

function* joined<T extends Uint8Array | Int32Array | Float64Array | BigInt64Array>(
  chunks: readonly Vector[],
  target: T,
  pacer: Pacer,
): Task<T> {
  let at = 0;
  for (const chunk of chunks) {
    const data = chunk.data as Float64Array;
    // A chunk may itself be long, where what was joined once is joined again.
    for (let from = 0; from < chunk.length; from += FEW_ROWS) {
      const to = Math.min(from + FEW_ROWS, chunk.length);
      (target as Float64Array).set(data.subarray(from, to), at + from);
      if (pacer.due()) yield* pacer.pause();
    }
    at += chunk.length;
  }
  return target;
}

function* joinedLists(chunks: readonly Vector[], length: number, pacer: Pacer): Task<unknown[]> {
  // Made whole: a list that grows is copied again and again, the last time at full length.
  const data = new Array<unknown>(length);
  let at = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += FEW_ROWS) {
      const to = Math.min(from + FEW_ROWS, chunk.length);
      if (chunk.kind === 'dict') copyTexts(chunk.data, chunk.dictionary, from, to, data, at + from);
      else copyList(chunk.data as readonly unknown[], from, to, data, at + from);
      if (pacer.due()) yield* pacer.pause();
    }
    at += chunk.length;
  }
  return data;
}

// Loops of their own, for those in generators are slower.

function copyTexts(
  codes: Int32Array,
  dictionary: readonly string[],
  from: number,
  to: number,
  target: unknown[],
  at: number,
): void {
  const shift = at - from;
  for (let i = from; i < to; i++) target[i + shift] = dictionary[codes[i] as number];
}

function copyList(source: readonly unknown[], from: number, to: number, target: unknown[], at: number): void {
  const shift = at - from;
  for (let i = from; i < to; i++) target[i + shift] = source[i];
}

/** Codes of a dictionary that all chunks share, or over the union of theirs. */
function* joinedDictionaries(
  chunks: readonly Vector[],
  length: number,
  nulls: Uint8Array | null,
  pacer: Pacer,
): Task<Vector> {
  const shared = dictionaryOf(chunks[0]);
  if (shared !== null && chunks.every((chunk) => dictionaryOf(chunk) === shared))
    return {
      kind: 'dict',
      data: yield* joined(chunks, new Int32Array(length), pacer),
      dictionary: shared,
      length,
      nulls,
    };
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
      yield* unite(chunk.dictionary, codes, dictionary, remap, pacer);
      remaps.set(chunk.dictionary, remap);
    }
    for (let from = 0; from < chunk.length; from += FEW_ROWS) {
      const to = Math.min(from + FEW_ROWS, chunk.length);
      recode(chunk.data, from, to, remap, data, at + from);
      if (pacer.due()) yield* pacer.pause();
    }
    at += chunk.length;
  }
  return { kind: 'dict', data, dictionary, length, nulls };
}

function dictionaryOf(chunk: Vector | undefined): readonly string[] | null {
  return chunk?.kind === 'dict' ? chunk.dictionary : null;
}

/** Adds a dictionary's entries to the union; `remap` gets the code of each. */
function* unite(
  entries: readonly string[],
  codes: Map<string, number>,
  dictionary: string[],
  remap: Int32Array,
  pacer: Pacer,
): Task<void> {
  for (let i = 0; i < entries.length; i++) {
    const text = entries[i] as string;
    let code = codes.get(text);
    if (code === undefined) {
      code = dictionary.length;
      codes.set(text, code);
      dictionary.push(text);
    }
    remap[i] = code;
    if ((i & 4095) === 4095 && pacer.due()) yield* pacer.pause();
  }
}

function recode(source: Int32Array, from: number, to: number, remap: Int32Array, target: Int32Array, at: number): void {
  const shift = at - from;
  for (let i = from; i < to; i++) target[i + shift] = remap[source[i] as number] as number;
}
