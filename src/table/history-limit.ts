/**
 * The limit of a table's history: states before it are not there any more.
 *
 * Setting the limit (`Table.limitHistory`) is one step: from then on a read of an earlier state is an error, also for a
 * scan that is on its way. What only those states need then goes bit by bit, in the background:
 *
 *     tiles that end at or before the limit          leave the leaves' history, and the next directory
 *     closed versions that ended by then             leave the images, whose leaves are written anew
 *
 * A version that was in force at the limit stays, with its true beginning. The limit travels in the manifest with the
 * directory that goes with it: a crash brings both back as they were at the last checkpoint, so nothing of this is logged.
 */
import { DriftError } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { copied } from './seal.ts';
import type { DividedTree } from './split-queue.ts';
import type { VersionScanOptions } from './table.ts';
import { type Leaf, partBytes, release, type Tile } from './tile.ts';

/** A tree whose history is cut off. */
interface LimitedTree extends DividedTree {
  readonly historyFrom: number;
  loadPast(): Task<void>;
}

/** The error of a state before the limit. */
export function beyondLimit(seq: number, limit: number): DriftError {
  return new DriftError('72000', `the state at ${seq} is not there any more`, {
    detail: `History of the table begins at ${limit}.`,
    hint: 'What was before was removed: by history_retention, or by DELETE HISTORY.',
  });
}

/** The first commit whose versions a scan gives: ALL gives what is left, any other period must be there whole. */
export function firstOf({ fromSeq, toSeq }: VersionScanOptions, limit: number): number {
  if (fromSeq >= limit) return fromSeq;
  if (fromSeq === 0 && toSeq === Infinity) return limit;
  throw beyondLimit(fromSeq, limit);
}

/** Removes what only states before the tree's limit need; returns how many versions went from images, and how many tiles. */
export function* trimTree(tree: LimitedTree): Task<{ readonly versions: number; readonly tiles: number }> {
  const limit = tree.historyFrom;
  yield* tree.loadPast();
  const gone = new Set<Tile>();
  let versions = 0;
  for (let at = 0; at < tree.leaves.length;) {
    const leaf = tree.leaves[at] as Leaf;
    for (const tile of leaf.history) if (tile.endSeq <= limit) gone.add(tile);
    if (gone.size > 0) leaf.history = leaf.history.filter((tile) => tile.endSeq > limit);
    // What an image has closed ended after the leaf's last time split.
    if (leaf.startSeq < limit) {
      leaf.holds++;
      try {
        yield* tree.options.cache.image(leaf, tree, false);
        // A leaf that was split meanwhile has its children in its place.
        if (tree.leaves[at] !== leaf) continue;
        if (tree.options.splits.underWay.has(leaf)) {
          // A commit in slices splits it: the split counts on the versions that it has begun with.
          yield PAUSE;
          continue;
        }
        versions += trimLeaf(tree, leaf, limit);
      } finally {
        release(leaf);
      }
    }
    at++;
    yield PAUSE;
  }
  for (const tile of gone) {
    if (tile.stored !== null) tree.options.cache.forget(tile);
    else if (tile.part !== null) tree.options.cache.dirtyBytes -= partBytes(tile.part);
  }
  return { versions, tiles: gone.size };
}

function trimLeaf(tree: LimitedTree, leaf: Leaf, limit: number): number {
  const { image } = leaf;
  if (image === null || image.closedRows === 0) return 0;
  image.check();
  const { data } = image.closedTo;
  let count = 0;
  while (count < image.closedRows && (data[count] as number) <= limit) count++;
  if (count === 0) return 0;
  if (image.pins > 0) leaf.image = copied(image, tree.columns);
  leaf.image?.dropClosed(count);
  tree.noteChange(leaf);
  tree.options.cache.noteDirty(leaf);
  return count;
}
