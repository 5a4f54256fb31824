/**
 * Sorting row numbers by 32-bit words: a least-significant-digit radix sort over digits of 16 bits. It is stable, compares
 * nothing, and passes over digits in which all rows agree.
 */
import type { Task } from '../base/task.ts';
import type { Pacer } from './pacer.ts';

/** Rows moved between looks at the clock. */
const STEP_ROWS = 16_384;
/** Rows of a pass that counts. */
const COUNT_ROWS = 262_144;

/** Row numbers 0 … length-1, in `rows`, in the order of the words (most significant first); `rows` is used up. */
export function* radixSort(
  rows: Int32Array,
  words: readonly Uint32Array[],
  length: number,
  pacer: Pacer,
): Task<Int32Array> {
  let from: Int32Array = rows;
  let to: Int32Array = new Int32Array(length);
  const counts = new Int32Array(65536);
  for (let w = words.length - 1; w >= 0; w--) {
    const word = words[w] as Uint32Array;
    for (let shift = 0; shift < 32; shift += 16) {
      if (pacer.due()) yield* pacer.pause();
      counts.fill(0);
      for (let at = 0; at < length; at += COUNT_ROWS) {
        countDigits(word.subarray(at, at + COUNT_ROWS), shift, counts);
        if (pacer.due()) yield* pacer.pause();
      }
      if (counts[((word[0] as number) >>> shift) & 0xffff] === length) continue;
      let total = 0;
      for (let d = 0; d < 65536; d++) {
        const count = counts[d] as number;
        counts[d] = total;
        total += count;
      }
      for (let at = 0; at < length; at += STEP_ROWS) {
        if (pacer.due()) yield* pacer.pause();
        scatter(from.subarray(at, at + STEP_ROWS), word, shift, counts, to);
      }
      [from, to] = [to, from];
    }
  }
  return from;
}

// Loops of their own, for those in generators are slower.

function countDigits(word: Uint32Array, shift: number, counts: Int32Array): void {
  for (let i = 0; i < word.length; i++) {
    const digit = ((word[i] as number) >>> shift) & 0xffff;
    counts[digit] = (counts[digit] as number) + 1;
  }
}

/** Moves rows to where their digits belong. */
function scatter(rows: Int32Array, word: Uint32Array, shift: number, counts: Int32Array, to: Int32Array): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const digit = ((word[row] as number) >>> shift) & 0xffff;
    const at = counts[digit] as number;
    counts[digit] = at + 1;
    to[at] = row;
  }
}

/** 0, 1, 2 … */
export function numbersBelow(length: number): Int32Array {
  const numbers = new Int32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = i;
  return numbers;
}
