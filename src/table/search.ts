/** Binary searches over sorted keys, the row range that a key range covers, and the rows that had begun at a moment. */
import type { Key, KeyRange } from './table.ts';

/** First index in [0, count) whose key is >= `key` (or > `key` with `after`). */
export function lowerBound(keys: readonly Key[], count: number, key: Key, after = false): number {
  if (typeof key === 'number') return lowerBoundNumber(keys as readonly number[], count, key, after);
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = keys[middle] as Key;
    if (at < key || (after && at === key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lowerBoundNumber(keys: readonly number[], count: number, key: number, after: boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = keys[middle] as number;
    if (at < key || (after && at === key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function rangeStart(keys: readonly Key[], count: number, range: KeyRange): number {
  return range.low === undefined ? 0 : lowerBound(keys, count, range.low, range.lowInclusive === false);
}

export function rangeEnd(keys: readonly Key[], count: number, range: KeyRange): number {
  return range.high === undefined ? count : lowerBound(keys, count, range.high, range.highInclusive !== false);
}

export function inRange(key: Key, range: KeyRange): boolean {
  const { low, high } = range;
  if (low !== undefined && !(key > low || (key === low && range.lowInclusive !== false))) return false;
  return high === undefined || key < high || (key === high && range.highInclusive !== false);
}

/** The part of `range` inside [low, high); undefined bounds are open. */
export function clipRange(range: KeyRange, low: Key | undefined, high: Key | undefined): KeyRange {
  let clipped = range;
  if (low !== undefined && (clipped.low === undefined || clipped.low < low)) {
    clipped = { ...clipped, low, lowInclusive: true };
  }
  if (high !== undefined && (clipped.high === undefined || clipped.high >= high)) {
    clipped = { ...clipped, high, highInclusive: false };
  }
  return clipped;
}

/** Rows of [start, end), counted from `start`, that began at or before `seq` and are no holes. Ascending. */
export function begunRows(
  from: Float64Array,
  holes: Uint8Array | null,
  start: number,
  end: number,
  seq: number,
): Int32Array {
  const rows = new Int32Array(end - start);
  let n = 0;
  for (let row = start; row < end; row++) {
    rows[n] = row - start;
    // Rows changed before and after the moment alternate, so a branch on it would be guessed wrong half of the time: the
    // sign bit is added. What 32 bits do not hold is rare, or everything, and guessed well.
    const later = (from[row] as number) - seq - 1;
    const begun = later > 0x7fffffff ? 0 : later < -0x80000000 ? 1 : (later | 0) >>> 31;
    n += holes === null ? begun : begun & ((holes[row] as number) ^ 1);
  }
  return rows.slice(0, n);
}
