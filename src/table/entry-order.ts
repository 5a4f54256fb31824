/** The order in which the entries of a change are taken. */
import { type Key, OP_NONE, type RowChanges } from './table.ts';

/** Entry numbers in key order, overtaken entries left out. */
export function keyOrder(changes: RowChanges): Int32Array {
  if (changes.count === 1 && changes.ops[0] !== OP_NONE) return new Int32Array(1);
  const order = new Int32Array(changes.count);
  let n = 0;
  let ascending = true;
  for (let entry = 0; entry < changes.count; entry++) {
    if (changes.ops[entry] === OP_NONE) continue;
    const previous = n === 0 ? undefined : (changes.keys[order[n - 1] as number] as Key);
    if (previous !== undefined && !(previous < (changes.keys[entry] as Key))) ascending = false;
    order[n++] = entry;
  }
  const entries = order.subarray(0, n);
  if (ascending) return entries;
  const { keys } = changes;
  return entries.sort((a, b) => ((keys[a] as Key) < (keys[b] as Key) ? -1 : 1));
}

/** True if the numbers follow each other. */
export function isRun(entries: Int32Array): boolean {
  for (let i = 1; i < entries.length; i++) if (entries[i] !== (entries[i - 1] as number) + 1) return false;
  return true;
}
