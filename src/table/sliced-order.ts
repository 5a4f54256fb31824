/**
 * The order of very many entries, made in slices: runs are sorted, then merged pass by pass, with pauses all the way.
 *
 * What is in order already costs a look: ascending changes are taken as they are, and two runs that follow each other
 * are not merged key by key.
 */
import { PAUSE, type Task } from '../base/task.ts';
import { type Key, OP_NONE, type RowChanges } from './table.ts';

/** Entries sorted at once, and entries merged between two pauses. */
const RUN = 2048;

/** As `keyOrder`: entry numbers in key order, overtaken entries left out. */
export function* slicedKeyOrder({ count, ops, keys }: RowChanges): Task<Int32Array> {
  const order = new Int32Array(count);
  let n = 0;
  let ascending = true;
  for (let entry = 0; entry < count; entry++) {
    if (ops[entry] === OP_NONE) continue;
    if (n > 0 && !((keys[order[n - 1] as number] as Key) < (keys[entry] as Key))) ascending = false;
    order[n++] = entry;
    if (entry % (4 * RUN) === 0) yield PAUSE;
  }
  const entries = order.subarray(0, n);
  return ascending ? entries : yield* sortedInSlices(entries, keys);
}

/** Sorts ascending positions by their keys; equal keys stay as they are. */
export function* sortedInSlices(entries: Int32Array, keys: readonly Key[]): Task<Int32Array> {
  const count = entries.length;
  for (let start = 0; start < count; start += RUN) {
    sortRun(entries.subarray(start, Math.min(start + RUN, count)), keys);
    yield PAUSE;
  }
  let from: Int32Array = entries;
  let to: Int32Array = new Int32Array(count);
  for (let width = RUN; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) yield* merge(from, to, { start, width }, keys);
    [from, to] = [to, from];
  }
  return from;
}

function sortRun(run: Int32Array, keys: readonly Key[]): void {
  for (let i = 1; i < run.length; i++) {
    if ((keys[run[i - 1] as number] as Key) <= (keys[run[i] as number] as Key)) continue;
    run.sort((a, b) => {
      const [left, right] = [keys[a] as Key, keys[b] as Key];
      return left < right ? -1 : left > right ? 1 : a - b;
    });
    return;
  }
}

/** Merges the two runs of a width that begin at a start. */
function* merge(
  from: Int32Array,
  to: Int32Array,
  { start, width }: { readonly start: number; readonly width: number },
  keys: readonly Key[],
): Task<void> {
  const middle = Math.min(start + width, from.length);
  const end = Math.min(start + 2 * width, from.length);
  const follow = middle === end || (keys[from[middle - 1] as number] as Key) <= (keys[from[middle] as number] as Key);
  if (follow) {
    to.set(from.subarray(start, end), start);
    return;
  }
  let left = start;
  let right = middle;
  for (let n = start; n < end; n++) {
    const takesLeft =
      left < middle && (right >= end || (keys[from[left] as number] as Key) <= (keys[from[right] as number] as Key));
    to[n] = from[takesLeft ? left++ : right++] as number;
    if ((n - start) % (2 * RUN) === 2 * RUN - 1) yield PAUSE;
  }
}
