/**
 * Sorting by comparison in slices: short runs are sorted by the platform's sort, then merged pairwise, with a look at the
 * clock every few thousand steps. One call of Array.sort over a million rows would hold the thread for seconds.
 */
import type { Task } from '../base/task.ts';
import type { Pacer } from './pacer.ts';

/** Rows of a first run, and steps between looks at the clock. */
const RUN_ROWS = 4096;

/** Numbers in the order that `compare` gives; those that compare equal keep their order. The array is used up. */
export function* sortBy(items: Int32Array, compare: (a: number, b: number) => number, pacer: Pacer): Task<Int32Array> {
  const { length } = items;
  const runRows = RUN_ROWS / 4;
  for (let at = 0; at < length; at += runRows) {
    items.subarray(at, Math.min(at + runRows, length)).sort(compare);
    if (pacer.due()) yield* pacer.pause();
  }
  let from = items;
  let to: Int32Array = new Int32Array(length > runRows ? length : 0);
  for (let width = runRows; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width) {
      const middle = Math.min(start + width, length);
      const end = Math.min(start + 2 * width, length);
      let left = start;
      let right = middle;
      for (let at = start; at < end;) {
        const stop = Math.min(at + runRows, end);
        for (; at < stop; at++) {
          const takesLeft =
            left < middle && (right >= end || compare(from[left] as number, from[right] as number) <= 0);
          to[at] = from[takesLeft ? left++ : right++] as number;
        }
        if (pacer.due()) yield* pacer.pause();
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
