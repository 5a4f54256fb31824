/**
 * Sorting: keys become unsigned 32-bit words whose order is the SQL order, row numbers are sorted by the words.
 *
 * An int32 is one word, a double two (its bits, made monotone), a text or boxed value one: its rank among the distinct
 * values, which are sorted first (texts: text-order.ts). Descending keys are inverted, nulls add a word before. Then a least-significant-digit
 * radix sort over 16-bit digits, stable and without comparisons, skipping digits in which all rows agree; small
 * inputs take a comparison sort over the same words.
 *
 * A million rows take longer than other sessions should wait: the work is a task that pauses between its passes.
 */
import { runSync, type Task } from '../base/task.ts';
import { type Value, type Vector, valueAt } from '../base/vector.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { sortBy } from './merge-sort.ts';
import { type Pacer, UNPACED } from './pacer.ts';
import { numbersBelow, radixSort } from './radix-sort.ts';
import { TextCodes } from './text-codes.ts';
import { rankTexts } from './text-order.ts';

export interface OrderOf {
  readonly oid: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Row numbers 0 … length-1 in the order of the keys; equal rows keep their order. For few rows: it does not pause. */
export function sortRows(keys: readonly Vector[], orders: readonly OrderOf[], length: number): Int32Array {
  return runSync(sortInSlices(keys, orders, length, UNPACED));
}

/** The same, with pauses. */
export function* sortInSlices(
  keys: readonly Vector[],
  orders: readonly OrderOf[],
  length: number,
  pacer: Pacer,
): Task<Int32Array> {
  const words: Uint32Array[] = [];
  for (let k = 0; k < keys.length; k++)
    words.push(...(yield* orderWords(keys[k] as Vector, orders[k] as OrderOf, length, pacer)));
  const rows = numbersBelow(length);
  if (pacer.due()) yield* pacer.pause();
  if (words.length === 0) return rows;
  return length < SMALL ? compareSort(rows, words) : yield* radixSort(rows, words, length, pacer);
}

const SMALL = 2048;
/** Rows between looks at the clock. */
const STEP_ROWS = 16_384;
/** The same where each row costs a look into a map. */
const SLOW_STEP_ROWS = 4096;

/** The words of one key for each row, most significant first. */
export function* orderWords(vector: Vector, order: OrderOf, length: number, pacer: Pacer): Task<Uint32Array[]> {
  const words = yield* valueWords(vector, order.oid, length, pacer);
  const { nulls } = vector;
  const nullWord = nulls === null ? null : new Uint32Array(length);
  if (nullWord === null && !order.descending) return words;
  const whenNull = order.nullsFirst ? 0 : 1;
  let any = false;
  for (let from = 0; from < length; from += STEP_ROWS) {
    const to = Math.min(from + STEP_ROWS, length);
    if (order.descending) for (const word of words) invert(word, from, to);
    if (nulls !== null && nullWord !== null && markNulls(words, nulls, { nullWord, whenNull }, from, to)) any = true;
    if (pacer.due()) yield* pacer.pause();
  }
  return any && nullWord !== null ? [nullWord, ...words] : words;
}

function invert(word: Uint32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) word[i] = ~(word[i] as number);
}

/** Puts nulls to their end and makes them equal; says whether there are any. */
function markNulls(
  words: readonly Uint32Array[],
  nulls: Uint8Array,
  { nullWord, whenNull }: { readonly nullWord: Uint32Array; readonly whenNull: number },
  from: number,
  to: number,
): boolean {
  let any = false;
  for (let i = from; i < to; i++) {
    if (nulls[i] === 1) {
      any = true;
      nullWord[i] = whenNull;
      for (const word of words) word[i] = 0;
    } else {
      nullWord[i] = 1 - whenNull;
    }
  }
  return any;
}

function* valueWords(vector: Vector, oid: number, length: number, pacer: Pacer): Task<Uint32Array[]> {
  let ranks: Uint32Array | null = null;
  if (vector.kind === 'text') return [yield* textRanks(vector.data, textCompare(oid), length, pacer)];
  if (vector.kind === 'boxed') return [yield* boxedRanks(vector, oid, length, pacer)];
  if (vector.kind === 'dict') ranks = yield* ranksOf(vector.dictionary, textCompare(oid), pacer);
  const word = new Uint32Array(length);
  const low = vector.kind === 'f64' || vector.kind === 'i64' ? new Uint32Array(length) : null;
  for (let from = 0; from < length; from += STEP_ROWS) {
    numberWords(vector, ranks, { word, low }, from, Math.min(from + STEP_ROWS, length));
    if (pacer.due()) yield* pacer.pause();
  }
  return low === null ? [word] : [word, low];
}

/** The words of some rows of what is not text; `ranks` are those of a dictionary's entries. */
function numberWords(
  vector: Vector,
  ranks: Uint32Array | null,
  { word, low }: { readonly word: Uint32Array; readonly low: Uint32Array | null },
  from: number,
  to: number,
): void {
  if (vector.kind === 'bool') for (let i = from; i < to; i++) word[i] = vector.data[i] as number;
  else if (vector.kind === 'i32') for (let i = from; i < to; i++) word[i] = (vector.data[i] as number) ^ 0x80000000;
  else if (vector.kind === 'f64' && low !== null) doubleWords(vector.data, word, low, from, to);
  else if (vector.kind === 'i64' && low !== null) {
    const halves = new Uint32Array(vector.data.buffer, vector.data.byteOffset, 2 * to);
    for (let i = from; i < to; i++) {
      word[i] = (halves[2 * i + 1] as number) ^ 0x80000000;
      low[i] = halves[2 * i] as number;
    }
  } else if (vector.kind === 'dict' && ranks !== null) recode(vector.data, ranks, word, from, to);
}

function recode(
  codes: Int32Array | Uint32Array,
  ranks: Uint32Array,
  word: Uint32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) word[i] = ranks[codes[i] as number] as number;
}

/** IEEE bits made monotone: negative numbers inverted, positive ones above them; NaN last, -0 as 0. */
function doubleWords(data: Float64Array, high: Uint32Array, low: Uint32Array, start: number, end: number): void {
  const chunk = new Float64Array(1024);
  const bits = new Uint32Array(chunk.buffer);
  for (let from = start; from < end; from += 1024) {
    const count = Math.min(1024, end - from);
    for (let i = 0; i < count; i++) {
      const value = data[from + i] as number;
      chunk[i] = value === value ? value + 0 : NaN;
    }
    for (let i = 0; i < count; i++) {
      const top = bits[2 * i + 1] as number;
      const bottom = bits[2 * i] as number;
      if (top >>> 31 === 1) {
        high[from + i] = ~top;
        low[from + i] = ~bottom;
      } else {
        high[from + i] = top | 0x80000000;
        low[from + i] = bottom;
      }
    }
  }
}

type TextCompare = ((a: string, b: string) => number) | undefined;

/** Undefined: by code units, which is what the plain sort does. */
function textCompare(oid: number): TextCompare {
  if (oid === 25 || oid === 1043 || oid === 19 || oid === 2950 || oid === 705) return undefined;
  const compare = typeByOid(oid)?.compare;
  return compare === undefined ? undefined : (a, b) => compare(a, b);
}

/** The rank of each entry among the distinct entries; entries that compare equal share one. */
function* ranksOf(entries: readonly string[], compare: TextCompare, pacer: Pacer): Task<Uint32Array> {
  const by = compare ?? ((a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0));
  const compared = (a: number, b: number): number => by(entries[a] as string, entries[b] as string);
  const order = yield* sortBy(numbersBelow(entries.length), compared, pacer);
  return yield* ranksIn(order, entries.length, compared, pacer);
}

/** Ranks of numbers by their order; neighbours that compare equal share one. */
function* ranksIn(
  order: Int32Array,
  length: number,
  compare: (a: number, b: number) => number,
  pacer: Pacer,
): Task<Uint32Array> {
  const ranks = new Uint32Array(length);
  let rank = 0;
  for (let k = 0; k < order.length; k++) {
    if (k > 0 && compare(order[k - 1] as number, order[k] as number) !== 0) rank++;
    ranks[order[k] as number] = rank;
    if ((k & (SLOW_STEP_ROWS - 1)) === SLOW_STEP_ROWS - 1 && pacer.due()) yield* pacer.pause();
  }
  return ranks;
}

function* textRanks(data: readonly string[], compare: TextCompare, length: number, pacer: Pacer): Task<Uint32Array> {
  if (compare === undefined) return yield* rankTexts(data, length, pacer);
  const codes = new TextCodes();
  const distinct: string[] = [];
  const word = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const text = data[i] as string;
    const code = codes.numberOf(text, distinct.length);
    if (code === distinct.length) distinct.push(text);
    word[i] = code;
    if ((i & (SLOW_STEP_ROWS - 1)) === SLOW_STEP_ROWS - 1 && pacer.due()) yield* pacer.pause();
  }
  const ranks = yield* ranksOf(distinct, compare, pacer);
  for (let from = 0; from < length; from += STEP_ROWS) {
    recode(word, ranks, word, from, Math.min(from + STEP_ROWS, length));
    if (pacer.due()) yield* pacer.pause();
  }
  return word;
}

function* boxedRanks(vector: Vector, oid: number, length: number, pacer: Pacer): Task<Uint32Array> {
  const compare = typeByOid(oid)?.compare ?? (() => 0);
  const values: Value[] = [];
  const present = new Int32Array(length);
  let count = 0;
  for (let i = 0; i < length; i++) {
    const value = valueAt(vector, i);
    values.push(value);
    if (value !== null) present[count++] = i;
    if ((i & (SLOW_STEP_ROWS - 1)) === SLOW_STEP_ROWS - 1 && pacer.due()) yield* pacer.pause();
  }
  const compared = (a: number, b: number): number => compare(values[a] as Value, values[b] as Value);
  const order = yield* sortBy(present.subarray(0, count), compared, pacer);
  return yield* ranksIn(order, length, compared, pacer);
}

function compareSort(rows: Int32Array, words: readonly Uint32Array[]): Int32Array {
  return rows.sort((a, b) => {
    for (const word of words) {
      const x = word[a] as number;
      const y = word[b] as number;
      if (x !== y) return x < y ? -1 : 1;
    }
    return a - b;
  });
}
