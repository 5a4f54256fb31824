/** Filling an index from the rows that are current. */
import type { Task } from '../base/task.ts';
import { applyInSlices } from './apply-slices.ts';
import { entriesOf } from './index-changes.ts';
import { slicedKeyOrder } from './sliced-order.ts';
import type { VersionedTable } from './table.ts';
import type { Tree } from './tree.ts';

/**
 * Fills an empty index with the rows of moment `readAt`, from commit `seq` on, the table's last change. False where the
 * table has changed meanwhile. What is not filled, because of that or of a cancellation, is let go.
 */
export function* fillIndex(
  table: VersionedTable,
  index: Tree & { readonly sources: readonly number[] },
  seq: number,
  readAt: number,
): Task<boolean> {
  let isFilled = false;
  try {
    const changes = yield* entriesOf(table, index, readAt);
    yield* applyInSlices(index, seq, { changes, order: yield* slicedKeyOrder(changes) });
    isFilled = table.lastChange === seq;
  } finally {
    if (!isFilled) {
      index.discard();
      // Splits that wait for the background find no leaf.
      index.leaves.length = 0;
    }
  }
  return isFilled;
}
