/**
 * KeyTable: gives equal keys equal dense numbers 0, 1, 2 …; the heart of grouping, joining and distinct.
 *
 * Each key column has its own table from values to codes; keys of several columns fold their codes pairwise through
 * tables of (code so far, next code). So the loops see only numbers: a double hashed by its bits, or a pair of int32,
 * in open-addressing tables of typed arrays. Integers that lie close together, as ids do, need no hash: their code
 * stands at their place. Texts are interned once a dictionary entry, or once a string.
 *
 *     (a, b, c)  →  codes a′ b′ c′  →  (a′, b′) ↦ p  →  (p, c′) ↦ id
 *
 * Tables of a million keys take longer to grow than others should wait: `assignInSlices` lets them grow, with pauses,
 * before it adds keys. What it has half done is in arrays that nobody else sees.
 *
 * With `nullsMatch` null is a key like others (GROUP BY, DISTINCT); without, a row with a null has number -1 (joins).
 */
import type { Task } from '../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import { Numeric } from '../base/numeric.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { DATE, hashFamily, type HashFamily, TIME, TIMESTAMP, TIMESTAMPTZ, BOOL, UUID } from './physical.ts';
import type { Pacer } from './pacer.ts';
import { FEW_SLOTS, GOLDEN, hashDouble, NumberSlots, slotsFor, STEP_SLOTS } from './number-slots.ts';
import { numberedTexts } from './joined-texts.ts';
import { type ColumnTexts, NotedTexts } from './numbered-texts.ts';
import { PairCodes } from './pair-codes.ts';
import { TextCodes } from './text-codes.ts';

export class KeyTable {
  readonly #columns: ColumnCodes[];
  readonly #pairs: PairCodes[];

  constructor(oids: readonly number[], nullsMatch: readonly boolean[]) {
    this.#columns = oids.map((oid, i) => new ColumnCodes(oid, nullsMatch[i] ?? true));
    this.#pairs = oids.slice(1).map(() => new PairCodes());
  }

  /** Number of distinct keys so far. */
  get count(): number {
    const last = this.#pairs[this.#pairs.length - 1] ?? this.#columns[0];
    return last === undefined ? 0 : last.count;
  }

  /** Bytes its tables take, roughly. */
  get bytes(): number {
    let bytes = 0;
    for (const column of this.#columns) bytes += column.bytes;
    for (const pair of this.#pairs) bytes += pair.bytes;
    return bytes;
  }

  /** So many rows are to come: tells whether integers lie close enough together. */
  expect(rows: number): void {
    for (const column of this.#columns) column.expect(rows);
  }

  /** Like `assign`, with pauses where the tables grow. For batches of a few thousand rows. */
  *assignInSlices(vectors: readonly Vector[], batch: Batch, pacer: Pacer): Task<Int32Array> {
    for (let c = 0; c < this.#columns.length; c++)
      yield* (this.#columns[c] as ColumnCodes).makeRoom(vectors[c] as Vector, batch, pacer);
    for (const pair of this.#pairs) yield* pair.makeRoom(batch.count, pacer);
    return this.assign(vectors, batch);
  }

  /** Numbers of the batch's counting rows, by position in its selection; new keys get new numbers. */
  assign(vectors: readonly Vector[], batch: Batch): Int32Array {
    return this.#fold(vectors, batch, true);
  }

  /** The same without adding keys: -1 for a key that is not there. */
  find(vectors: readonly Vector[], batch: Batch): Int32Array {
    return this.#fold(vectors, batch, false);
  }

  #fold(vectors: readonly Vector[], batch: Batch, insert: boolean): Int32Array {
    const codes = new Int32Array(batch.count);
    (this.#columns[0] as ColumnCodes).codes(vectors[0] as Vector, batch, codes, insert);
    if (vectors.length === 1) return codes;
    const next = new Int32Array(batch.count);
    for (let c = 1; c < vectors.length; c++) {
      (this.#columns[c] as ColumnCodes).codes(vectors[c] as Vector, batch, next, insert);
      (this.#pairs[c - 1] as PairCodes).fold(codes, next, batch.count, insert);
    }
    return codes;
  }
}

const INITIAL_SLOTS = 1024;
/** Rows of a batch for which it is not asked whether texts have numbers. */
const FEW_ROWS = 64;
/** Slots of a dense table that are always acceptable where there is a batch of rows for them. */
const DENSE_SLOTS = 262_144;

/** Values of one column to codes. */
class ColumnCodes {
  readonly #family: HashFamily;
  readonly #direct: boolean;
  readonly #hashKey: (value: Value) => string | number | boolean | bigint;
  readonly #nullsMatch: boolean;
  count = 0;
  #keys: Float64Array = new Float64Array(INITIAL_SLOTS);
  /** Code + 1 of each slot; 0: free. */
  #slots: Int32Array = new Int32Array(INITIAL_SLOTS);
  #inTable = 0;
  /** Code + 1 of each integer from `#base` on, while they lie close together; null once they do not. */
  #dense: Int32Array | null = new Int32Array(0);
  #base = 0;
  readonly #texts = new TextCodes();
  #nullCode = -1;
  #nanCode = -1;
  #dictionary: readonly string[] | null = null;
  #remap: Int32Array = new Int32Array(0);
  readonly #noted = new NotedTexts();
  #scale = -1;
  #expected = 0;

  constructor(oid: number, nullsMatch: boolean) {
    this.#family = hashFamily(oid);
    this.#direct =
      oid === DATE || oid === TIME || oid === TIMESTAMP || oid === TIMESTAMPTZ || oid === BOOL || oid === UUID;
    const type = typeByOid(oid);
    this.#hashKey = type === undefined ? (value) => value as string : (value) => type.hashKey(value);
    this.#nullsMatch = nullsMatch;
  }

  get bytes(): number {
    return this.#keys.length * 12 + ((this.#dense?.length ?? 0) + this.#noted.length) * 4 + this.#texts.size * 64;
  }

  expect(rows: number): void {
    this.#expected = rows;
  }

  /** Does in slices what `codes` would have to do at once before it adds these rows. */
  *makeRoom(vector: Vector, batch: Batch, pacer: Pacer): Task<void> {
    if (vector.kind === 'text' || vector.kind === 'dict') return;
    const dense = this.#dense;
    if (dense !== null && dense.length > FEW_SLOTS) {
      const isInteger = vector.kind === 'i32' || vector.kind === 'bool';
      const covered = isInteger ? this.#covering(vector.data as Int32Array, vector.nulls, batch) : 'apart';
      if (covered === 'apart') yield* this.#toHashInSlices(dense, pacer);
      else if (covered !== 'fits') yield* this.#coverInSlices(covered, pacer);
    }
    const size = this.#dense === null ? this.#sizeFor(batch.count) : 0;
    if (size <= this.#slots.length || this.#slots.length < FEW_SLOTS) return;
    const wider = new NumberSlots(size);
    for (let at = 0; at < this.#slots.length; at += STEP_SLOTS) {
      wider.move(this.#keys, this.#slots, at, at + STEP_SLOTS);
      if (pacer.due()) yield* pacer.pause();
    }
    this.#take(wider);
  }

  *#toHashInSlices(dense: Int32Array, pacer: Pacer): Task<void> {
    const hash = new NumberSlots(slotsFor(this.#inTable + this.count, this.#slots.length));
    hash.move(this.#keys, this.#slots, 0, this.#slots.length);
    for (let at = 0; at < dense.length; at += STEP_SLOTS) {
      hash.moveDense(dense, this.#base, at, at + STEP_SLOTS);
      if (pacer.due()) yield* pacer.pause();
    }
    this.#dense = null;
    this.#take(hash);
  }

  *#coverInSlices({ base, length }: DenseRange, pacer: Pacer): Task<void> {
    const old = this.#dense as Int32Array;
    const dense = new Int32Array(length);
    for (let at = 0; at < old.length; at += 8 * STEP_SLOTS) {
      dense.set(old.subarray(at, at + 8 * STEP_SLOTS), this.#base - base + at);
      if (pacer.due()) yield* pacer.pause();
    }
    this.#dense = dense;
    this.#base = base;
  }

  codes(vector: Vector, batch: Batch, out: Int32Array, insert: boolean): void {
    const plain = this.#family === 'number' || this.#family === 'text' || this.#direct;
    switch (vector.kind) {
      case 'i32':
      case 'bool':
        if (plain) return this.#numbers(vector.data as Int32Array, vector.nulls, batch, out, insert);
        break;
      case 'f64':
        if (this.#family === 'numeric' && vector.scale !== undefined) {
          if (this.#scale < 0) this.#scale = vector.scale;
          if (this.#scale === vector.scale) return this.#doubles(vector.data, vector.nulls, batch, out, insert);
        } else if (plain) {
          return this.#doubles(vector.data, vector.nulls, batch, out, insert);
        }
        break;
      case 'dict':
        if (plain) return this.#dictionaryCodes(vector.data, vector.dictionary, vector.nulls, batch, out, insert);
        break;
      case 'text':
        if (plain) {
          const numbered = batch.count < FEW_ROWS ? null : numberedTexts(vector);
          return numbered === null
            ? this.#textCodes(vector.data, vector.nulls, batch, out, insert)
            : this.#numberedCodes(numbered.numbers, numbered.column, batch, out, insert);
        }
        break;
      default:
    }
    for (let k = 0; k < batch.count; k++) {
      const value = valueAt(vector, batch.selection === null ? k : (batch.selection[k] as number));
      out[k] = value === null ? this.#nullCodeOf(insert) : this.#codeOf(value, plain, insert);
    }
  }

  #codeOf(value: Value, plain: boolean, insert: boolean): number {
    if (typeof value === 'number' && plain) return this.#number(value, insert);
    if (typeof value === 'boolean' && plain) return this.#number(value ? 1 : 0, insert);
    if (value instanceof Numeric && this.#family === 'numeric') {
      if (this.#scale < 0) this.#scale = Math.min(value.scale, 15);
      const scaled = value.toScaled(this.#scale);
      if (scaled !== undefined) return this.#number(scaled, insert);
    }
    return this.#text(
      plain && (typeof value === 'string' || typeof value === 'bigint') ? value : this.#hashKey(value),
      insert,
    );
  }

  #nullCodeOf(insert: boolean): number {
    if (!this.#nullsMatch) return -1;
    if (this.#nullCode < 0 && insert) this.#nullCode = this.count++;
    return this.#nullCode;
  }

  #text(key: string | number | boolean | bigint, insert: boolean): number {
    if (!insert) return this.#texts.get(key) ?? -1;
    const code = this.#texts.numberOf(key, this.count);
    if (code === this.count) this.count++;
    return code;
  }

  #textCodes(data: readonly string[], nulls: Uint8Array | null, batch: Batch, out: Int32Array, insert: boolean): void {
    const { selection, count } = batch;
    const texts = this.#texts;
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) {
        out[k] = this.#nullCodeOf(insert);
        continue;
      }
      const text = data[i] as string;
      if (insert) {
        const code = texts.numberOf(text, this.count);
        if (code === this.count) this.count++;
        out[k] = code;
      } else out[k] = texts.get(text) ?? -1;
    }
  }

  /** As `#dictionaryCodes`, of a list that all parts of a column share and that may have grown since the last. */
  #numberedCodes(numbers: Int32Array, column: ColumnTexts, batch: Batch, out: Int32Array, insert: boolean): void {
    const { texts } = column;
    const known = this.#noted.of(column);
    const { selection, count } = batch;
    for (let k = 0; k < count; k++) {
      const number = numbers[selection === null ? k : (selection[k] as number)] as number;
      if (number < 0) {
        out[k] = this.#nullCodeOf(insert);
        continue;
      }
      let code = known[number] as number;
      if (code < 0) {
        code = this.#text(texts[number] as string, insert);
        if (code >= 0) known[number] = code;
      }
      out[k] = code;
    }
  }

  #dictionaryCodes(
    data: Int32Array,
    dictionary: readonly string[],
    nulls: Uint8Array | null,
    batch: Batch,
    out: Int32Array,
    insert: boolean,
  ): void {
    if (this.#dictionary !== dictionary || this.#remap.length !== dictionary.length) {
      this.#dictionary = dictionary;
      this.#remap = new Int32Array(dictionary.length).fill(-2);
    }
    const remap = this.#remap;
    const { selection, count } = batch;
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) {
        out[k] = this.#nullCodeOf(insert);
        continue;
      }
      const entry = data[i] as number;
      let code = remap[entry] as number;
      if (code < 0) {
        code = this.#text(dictionary[entry] as string, insert);
        remap[entry] = insert ? code : code < 0 ? -2 : code;
      }
      out[k] = code;
    }
  }

  #numbers(data: Int32Array, nulls: Uint8Array | null, batch: Batch, out: Int32Array, insert: boolean): void {
    const { selection, count } = batch;
    if (this.#dense !== null) {
      if (!insert || this.#cover(data, nulls, batch)) return this.#denseCodes(data, nulls, batch, out, insert);
      this.#toHash();
    }
    if (insert) this.#reserve(count);
    const keys = this.#keys;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const shift = Math.clz32(mask);
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) {
        out[k] = this.#nullCodeOf(insert);
        continue;
      }
      const key = data[i] as number;
      let slot = Math.imul(key, GOLDEN) >>> shift;
      let code = slots[slot] as number;
      while (code !== 0 && keys[slot] !== key) {
        slot = (slot + 1) & mask;
        code = slots[slot] as number;
      }
      if (code === 0 && insert) {
        code = ++this.count;
        this.#inTable++;
        slots[slot] = code;
        keys[slot] = key;
      }
      out[k] = code - 1;
    }
  }

  /** Makes room in `#dense` for a batch's integers; false where they lie too far apart. */
  #cover(data: Int32Array, nulls: Uint8Array | null, batch: Batch): boolean {
    const range = this.#covering(data, nulls, batch);
    if (range === 'apart') return false;
    if (range === 'fits') return true;
    const old = this.#dense as Int32Array;
    const dense = new Int32Array(range.length);
    if (old.length > 0) dense.set(old, this.#base - range.base);
    this.#dense = dense;
    this.#base = range.base;
    return true;
  }

  /** The range that `#dense` must cover so that a batch's integers have room. */
  #covering(data: Int32Array, nulls: Uint8Array | null, batch: Batch): DenseRange | 'fits' | 'apart' {
    const { selection, count } = batch;
    let low = Infinity;
    let high = -Infinity;
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) continue;
      const key = data[i] as number;
      if (key < low) low = key;
      if (key > high) high = key;
    }
    const old = this.#dense as Int32Array;
    const end = this.#base + old.length;
    if (low > high || (low >= this.#base && high < end)) return 'fits';
    const first = old.length === 0 ? low : Math.min(low, this.#base);
    const last = old.length === 0 ? high : Math.max(high, end - 1);
    const rows = Math.max(this.count + count, this.#expected);
    const limit = Math.min(64 * rows, Math.max(DENSE_SLOTS, 8 * rows));
    if (last - first >= limit) return 'apart';
    // Room for more on the side that has grown: keys often ascend.
    const length = Math.max(last - first + 1, Math.min(old.length * 2, limit));
    return { base: first < this.#base && old.length > 0 ? last - length + 1 : first, length };
  }

  #denseCodes(data: Int32Array, nulls: Uint8Array | null, batch: Batch, out: Int32Array, insert: boolean): void {
    const { selection, count } = batch;
    const dense = this.#dense as Int32Array;
    const base = this.#base;
    const length = dense.length;
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) {
        out[k] = this.#nullCodeOf(insert);
        continue;
      }
      const slot = (data[i] as number) - base;
      let code = slot >= 0 && slot < length ? (dense[slot] as number) : 0;
      if (code === 0 && insert) {
        code = ++this.count;
        dense[slot] = code;
      }
      out[k] = code - 1;
    }
  }

  /** Gives up `#dense`: its keys go to the hash table under the codes that they have. */
  #toHash(): void {
    const dense = this.#dense;
    this.#dense = null;
    if (dense === null || dense.length === 0) return;
    this.#reserve(this.count);
    const hash = new NumberSlots(this.#slots.length, this.#keys, this.#slots, this.#inTable);
    hash.moveDense(dense, this.#base, 0, dense.length);
    this.#inTable = hash.count;
  }

  #doubles(data: Float64Array, nulls: Uint8Array | null, batch: Batch, out: Int32Array, insert: boolean): void {
    const { selection, count } = batch;
    if (this.#dense !== null) this.#toHash();
    if (insert) this.#reserve(count);
    const keys = this.#keys;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const shift = Math.clz32(mask);
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) {
        out[k] = this.#nullCodeOf(insert);
        continue;
      }
      const key = data[i] as number;
      if (key !== key) {
        out[k] = this.#nan(insert);
        continue;
      }
      let slot = hashDouble(key) >>> shift;
      let code = slots[slot] as number;
      while (code !== 0 && keys[slot] !== key) {
        slot = (slot + 1) & mask;
        code = slots[slot] as number;
      }
      if (code === 0 && insert) {
        code = ++this.count;
        this.#inTable++;
        slots[slot] = code;
        keys[slot] = key;
      }
      out[k] = code - 1;
    }
  }

  #number(key: number, insert: boolean): number {
    if (key !== key) return this.#nan(insert);
    if (this.#dense !== null) this.#toHash();
    if (insert) this.#reserve(1);
    const mask = this.#slots.length - 1;
    let slot = hashDouble(key) >>> Math.clz32(mask);
    let code = this.#slots[slot] as number;
    while (code !== 0 && this.#keys[slot] !== key) {
      slot = (slot + 1) & mask;
      code = this.#slots[slot] as number;
    }
    if (code === 0 && insert) {
      code = ++this.count;
      this.#inTable++;
      this.#slots[slot] = code;
      this.#keys[slot] = key;
    }
    return code - 1;
  }

  #nan(insert: boolean): number {
    if (this.#nanCode < 0 && insert) this.#nanCode = this.count++;
    return this.#nanCode;
  }

  #sizeFor(more: number): number {
    return slotsFor(this.#inTable + more, this.#slots.length);
  }

  /** Keeps the table at most half full after `more` new keys. */
  #reserve(more: number): void {
    const size = this.#sizeFor(more);
    if (size === this.#slots.length) return;
    const wider = new NumberSlots(size);
    wider.move(this.#keys, this.#slots, 0, this.#slots.length);
    this.#take(wider);
  }

  #take({ keys, slots, count }: NumberSlots): void {
    this.#keys = keys;
    this.#slots = slots;
    this.#inTable = count;
  }
}

/** Integers from `base` on. */
interface DenseRange {
  readonly base: number;
  readonly length: number;
}
