/** When splits of leaves are due: a commit does those of small leaves itself, and notes the others (divide.ts). */
import { runSync } from '../base/task.ts';
import { children, replace, timeSplit } from './divide.ts';
import { closedLimit, type DividedTree } from './split-queue.ts';
import type { Leaf } from './tile.ts';

/** After a change of a leaf: seals its past, or notes that it should be. */
export function timeSplitIfDue(tree: DividedTree, leaf: Leaf): void {
  const { image } = leaf;
  if (image === null || leaf.changes !== null) return;
  const limit = closedLimit(tree, image);
  if (image.closedRows < limit) return;
  if (tree.options.splits.mustWait(image, tree.columns.length))
    tree.options.splits.add({ kind: 'time split', tree, leaf }, image.closedRows / limit);
  else runSync(timeSplit(tree, leaf));
}

/** After a change of the leaf at `index`: cuts it, or notes that it should be. True where it is not in the tree any more. */
export function keySplitIfDue(tree: DividedTree, index: number): boolean {
  const { maxLeafRows, splits } = tree.options;
  const leaf = tree.leaves[index] as Leaf;
  const { image } = leaf;
  if (image === null || image.live <= maxLeafRows || leaf.changes !== null) return false;
  if (splits.mustWait(image, tree.columns.length)) {
    splits.add({ kind: 'key split', tree, leaf }, image.live / maxLeafRows);
    return false;
  }
  replace(tree, leaf, runSync(children(tree, leaf, image)));
  return true;
}
