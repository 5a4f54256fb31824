/** Binary searches over sorted keys, and the row range that a key range covers. */
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
