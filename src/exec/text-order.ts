/**
 * rankTexts: the places of texts in the order of their code units, a few characters at a time.
 *
 * Comparing two texts of a million costs a look at both, which lie anywhere in memory, and twenty of them a text. Here
 * the next characters of each text become a number, numbers are sorted, and only texts that agree in them go on to the
 * characters behind: a most-significant-digit radix sort (McIlroy, Bostic and McIlroy 1993) with wide digits.
 *
 *     rows     │ all the rows, in order as far as is known                          │
 *     starts     1 where a text differs from the one before
 *     ranges   runs of rows that agree in their first `depth` characters, still to be sorted
 *
 * A range of many rows takes eight characters and a radix sort; one of some takes five, which with the row's place
 * make one exact double, and the platform's sort of doubles; one of few compares the texts. Characters that all of a
 * range agree in, as names that are numbered do, are passed over first. A character counts one more than its code unit
 * and the end of a text 0, so that a text comes before those that it begins; where a code unit does not fit into
 * eight bits, fewer characters of two bytes take the places.
 */
import type { Task } from '../base/task.ts';
import type { Pacer } from './pacer.ts';
import { numbersBelow, radixSort } from './radix-sort.ts';

/** Rows up to which texts are compared. */
const FEW_ROWS = 12;
/** Rows up to which a place takes 13 bits beside the 40 of the characters. */
const SOME_ROWS = 8192;
/** Rows between looks at the clock. */
const STEP_ROWS = 4096;
/** The greatest code unit that takes eight bits. */
const NARROW = 254;

interface Texts {
  readonly data: readonly string[];
  readonly rows: Int32Array;
  readonly starts: Uint8Array;
  /** Triples of start, end, depth. */
  readonly ranges: number[];
}

/** Ranks of the first `length` texts; equal texts share one. */
export function* rankTexts(data: readonly string[], length: number, pacer: Pacer): Task<Uint32Array> {
  const texts: Texts = { data, rows: numbersBelow(length), starts: new Uint8Array(length), ranges: [0, length, 0] };
  const { rows, starts, ranges } = texts;
  let work = 0;
  while (ranges.length > 0) {
    const given = ranges.pop() as number;
    const end = ranges.pop() as number;
    const start = ranges.pop() as number;
    const count = end - start;
    if (count <= FEW_ROWS) sortFew(texts, start, end);
    else {
      const depth = count <= SOME_ROWS ? agreement(texts, start, end, given) : given;
      if (count <= SOME_ROWS) sortSome(texts, start, end, depth);
      else yield* sortMany(texts, start, end, depth, pacer);
    }
    work += count;
    if (work < STEP_ROWS) continue;
    work = 0;
    if (pacer.due()) yield* pacer.pause();
  }
  const ranks = new Uint32Array(length);
  for (let from = 0, rank = 0; from < length; from += STEP_ROWS) {
    const to = Math.min(from + STEP_ROWS, length);
    for (let at = from; at < to; at++) {
      rank += starts[at] as number;
      ranks[rows[at] as number] = rank;
    }
    if (pacer.due()) yield* pacer.pause();
  }
  return ranks;
}

function sortFew({ data, rows, starts }: Texts, start: number, end: number): void {
  for (let at = start + 1; at < end; at++) {
    const row = rows[at] as number;
    const text = data[row] as string;
    let to = at;
    for (; to > start && (data[rows[to - 1] as number] as string) > text; to--) rows[to] = rows[to - 1] as number;
    rows[to] = row;
  }
  for (let at = start + 1; at < end; at++)
    if (data[rows[at] as number] !== data[rows[at - 1] as number]) starts[at] = 1;
}

/** From `depth` on, up to where all texts of a range agree. */
function agreement({ data, rows }: Texts, start: number, end: number, depth: number): number {
  const first = data[rows[start] as number] as string;
  let common = first.length;
  for (let at = start + 1; at < end && common > depth; at++) {
    const text = data[rows[at] as number] as string;
    let i = depth;
    while (i < common && text.charCodeAt(i) === first.charCodeAt(i)) i++;
    common = i;
  }
  return common;
}

const SOME_KEYS: Float64Array = new Float64Array(SOME_ROWS);
const SOME_MOVED: Int32Array = new Int32Array(SOME_ROWS);

function sortSome(texts: Texts, start: number, end: number, depth: number): void {
  const { data, rows, starts } = texts;
  const count = end - start;
  const keys = SOME_KEYS.subarray(0, count);
  let width = 5;
  for (let k = 0; k < count && width === 5; k++) {
    const text = data[rows[start + k] as number] as string;
    const high = narrow(text, depth);
    const next = depth + 4 < text.length ? text.charCodeAt(depth + 4) : -1;
    if (high < 0 || next > NARROW) width = 2;
    else keys[k] = (high * 256 + next + 1) * SOME_ROWS + k;
  }
  for (let k = 0; k < count && width === 2; k++) {
    const text = data[rows[start + k] as number] as string;
    keys[k] = (unit(text, depth) * 131_072 + unit(text, depth + 1)) * SOME_ROWS + k;
  }
  keys.sort();
  const moved = SOME_MOVED;
  for (let k = 0; k < count; k++) moved[k] = rows[start + ((keys[k] as number) % SOME_ROWS)] as number;
  let run = 0;
  for (let k = 1; k <= count; k++) {
    if (k < count && Math.floor((keys[k] as number) / SOME_ROWS) === Math.floor((keys[k - 1] as number) / SOME_ROWS))
      continue;
    if (k < count) starts[start + k] = 1;
    if (k - run > 1) goOn(texts, start + run, start + k, depth + width, moved[run] as number);
    run = k;
  }
  rows.set(moved.subarray(0, count), start);
}

/** A run of equal characters up to `depth`: texts that have ended are equal. */
function goOn({ data, ranges }: Texts, start: number, end: number, depth: number, row: number): void {
  if ((data[row] as string).length >= depth) ranges.push(start, end, depth);
}

function* sortMany(texts: Texts, start: number, end: number, depth: number, pacer: Pacer): Task<void> {
  const { rows, starts } = texts;
  const count = end - start;
  const high = new Uint32Array(count);
  const low = new Uint32Array(count);
  let width = 8;
  for (let from = 0; from < count; from += STEP_ROWS) {
    const to = Math.min(from + STEP_ROWS, count);
    if (!pack(texts, start, depth, { high, low, width }, from, to)) {
      width = 2;
      from = -STEP_ROWS;
    }
    if (pacer.due()) yield* pacer.pause();
  }
  const order = yield* radixSort(numbersBelow(count), [high, low], count, pacer);
  const before = rows.slice(start, end);
  for (let from = 0, run = 0; from < count; from += STEP_ROWS) {
    const to = Math.min(from + STEP_ROWS, count);
    for (let k = from; k < to; k++) {
      const own = order[k] as number;
      rows[start + k] = before[own] as number;
      const next = k + 1 < count ? (order[k + 1] as number) : -1;
      if (next >= 0 && high[own] === high[next] && low[own] === low[next]) continue;
      if (next >= 0) starts[start + k + 1] = 1;
      if (k > run) goOn(texts, start + run, start + k + 1, depth + width, before[own] as number);
      run = k + 1;
    }
    if (pacer.due()) yield* pacer.pause();
  }
}

/** The next characters of rows `from` to `to` of a range as two words; false where they need more bits. */
function pack(
  { data, rows }: Texts,
  start: number,
  depth: number,
  { high, low, width }: { readonly high: Uint32Array; readonly low: Uint32Array; readonly width: number },
  from: number,
  to: number,
): boolean {
  for (let k = from; k < to; k++) {
    const text = data[rows[start + k] as number] as string;
    if (width === 2) {
      high[k] = unit(text, depth);
      low[k] = unit(text, depth + 1);
      continue;
    }
    const first = narrow(text, depth);
    const second = narrow(text, depth + 4);
    if (first < 0 || second < 0) return false;
    high[k] = first;
    low[k] = second;
  }
  return true;
}

/** Four characters from `at` on in 32 bits; -1 where one needs more than eight. */
function narrow(text: string, at: number): number {
  if (at + 4 <= text.length) {
    const a = text.charCodeAt(at);
    const b = text.charCodeAt(at + 1);
    const c = text.charCodeAt(at + 2);
    const d = text.charCodeAt(at + 3);
    if (a > NARROW || b > NARROW || c > NARROW || d > NARROW) return -1;
    return (((a + 1) << 24) | ((b + 1) << 16) | ((c + 1) << 8) | (d + 1)) >>> 0;
  }
  let word = 0;
  for (let i = at; i < at + 4; i++) {
    const code = i < text.length ? text.charCodeAt(i) + 1 : 0;
    if (code > NARROW + 1) return -1;
    word = ((word << 8) | code) >>> 0;
  }
  return word;
}

/** One character in 17 bits. */
function unit(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) + 1 : 0;
}
