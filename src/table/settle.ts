/**
 * Settling a dropped table, so that it can go on.
 *
 * Dropping a table writes nothing into it: its tree ends at a sequence number, and readers take that for the end of every
 * version that is still open. Settling puts that end where it belongs, into the versions themselves: every open row is
 * closed at the tree's end. For readers nothing changes. Then the end itself may be taken away (`Table.reopen`), and rows
 * that come back begin new versions, as after a DELETE.
 *
 * Invariant: a tree without open rows reads the same with its end and without.
 */
import { assert } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { type Key, OP_DELETE, type RowChanges } from './table.ts';
import { type Leaf, release } from './tile.ts';
import type { Tree } from './tree.ts';

/** Closes all open rows of a tree at its end. What the tree counts are the rows that are still open. */
export function* settleTree(tree: Tree): Task<void> {
  assert(tree.endSeq < Infinity, `tree ${tree.id} has not ended`);
  tree.rowCount = 0;
  // A leaf that the background splits meanwhile leaves its children in its place.
  for (let at = 0; at < tree.leaves.length;) {
    const leaf = tree.leaves[at] as Leaf;
    leaf.holds++;
    try {
      const image = yield* tree.options.cache.image(leaf, tree);
      image.check();
      yield PAUSE;
      if (tree.leaves[at] !== leaf || leaf.image === null) continue;
      const { keys } = leaf.image;
      const open = Array.from(leaf.image.liveOrder(), (row) => keys[row] as Key);
      tree.rowCount += open.length;
      if (open.length > 0) tree.apply(tree.endSeq, deletions(open));
      at++;
    } finally {
      release(leaf);
    }
  }
}

function deletions(keys: readonly Key[]): RowChanges {
  const { length: count } = keys;
  const assigned = new Array<null>(count).fill(null);
  return { count, ops: new Uint8Array(count).fill(OP_DELETE), keys, rows: [], assigned };
}
