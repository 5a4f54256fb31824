/**
 * The limit of a table's history: states before it are not there any more, but for those that something needs (kept.ts).
 *
 * Giving states up (`Table.keepHistory`) is one step: from then on a read of one is an error, also for a scan that is on
 * its way. What only those states need then goes bit by bit, in the background:
 *
 *     tiles                     leave the leaves' history, and the next directory, or are merged into thinner ones (thin.ts)
 *     closed versions           leave the images, whose leaves are written anew
 *
 * A version that was in force at a moment that is kept stays, with its true interval. What is kept travels in the manifest
 * with the directory that goes with it: a crash brings both back as they were at the last checkpoint, so nothing of this
 * is logged.
 */
import { PAUSE, runSync, type Task } from '../base/task.ts';
import { isNeeded, type Kept } from './kept.ts';
import { copied } from './seal.ts';
import type { Key } from './table.ts';
import { noteThinned, thinLeaf, type ThinnedTree } from './thin.ts';
import { type Leaf, partBytes, release, type Tile } from './tile.ts';

/** Attempts at a leaf that is being written, the last without pauses. */
const ATTEMPTS = 3;

/** A tree whose history is cut off. */
interface LimitedTree extends ThinnedTree {
  loadPast(): Task<void>;
}

interface Trimmed {
  readonly versions: number;
  readonly tiles: number;
}

interface LimitedTable extends LimitedTree {
  readonly endSeq: number;
  readonly indexes: readonly LimitedTree[];
  settle(): Task<void>;
}

/**
 * Removes what only states need that the table has given up; returns how many versions went from its images, and how many
 * tiles from it and its indexes.
 */
export function* trimTable(table: LimitedTable): Task<Trimmed> {
  // What was there when the table ended is no state any more, either.
  if (table.endSeq <= table.historyFrom) yield* table.settle();
  const trimmed = yield* trimTree(table);
  let { tiles } = trimmed;
  for (const index of table.indexes) tiles += (yield* trimTree(index)).tiles;
  return { versions: trimmed.versions, tiles };
}

function* trimTree(tree: LimitedTree): Task<Trimmed> {
  const kept: Kept = { historyFrom: tree.historyFrom, keptBefore: tree.keptBefore };
  yield* tree.loadPast();
  const before = tilesOf(tree);
  let versions = 0;
  for (let at = 0; at < tree.leaves.length;) {
    const leaf = tree.leaves[at] as Leaf;
    if (!(yield* thinLeaf(tree, at, kept))) continue;
    // What an image has closed ended after the leaf's last time split.
    if (tree.leaves[at] === leaf && leaf.startSeq < kept.historyFrom) {
      leaf.holds++;
      try {
        const gone = yield* trimLeaf(tree, leaf, kept);
        // A leaf that was split meanwhile has its children in its place; a commit in slices may be splitting it.
        if (gone === null) {
          yield PAUSE;
          continue;
        }
        versions += gone;
      } finally {
        release(leaf);
      }
    }
    at++;
    yield PAUSE;
  }
  const left = tilesOf(tree);
  let tiles = 0;
  for (const tile of before) {
    if (left.has(tile)) continue;
    tiles++;
    if (tile.stored !== null) tree.options.cache.forget(tile);
    else if (tile.part !== null) tree.options.cache.dirtyBytes -= partBytes(tile.part);
  }
  noteThinned(tree, kept);
  return { versions, tiles };
}

function tilesOf({ leaves }: LimitedTree): Set<Tile> {
  const tiles = new Set<Tile>();
  for (const { history } of leaves) for (const tile of history) tiles.add(tile);
  return tiles;
}

/** Drops closed versions that no kept state needs; how many, null where the leaf is not the tree's any more, or being split. */
function* trimLeaf(tree: LimitedTree, leaf: Leaf, kept: Kept): Task<number | null> {
  for (let attempt = 1; ; attempt++) {
    yield* tree.options.cache.image(leaf, tree, false);
    const { image } = leaf;
    if (image === null || !isWhole(tree, leaf)) return null;
    if (image.closedRows === 0) return 0;
    image.check();
    const { rows, closedRows } = image;
    const { data: from } = image.closedFrom;
    const { data: to } = image.closedTo;
    const left: number[] = [];
    for (let row = 0; row < closedRows; row++)
      if (isNeeded(kept, from[row] as number, to[row] as number)) left.push(row);
    const count = closedRows - left.length;
    if (count === 0) return 0;
    if (left.length === 0 || left[0] === count) {
      // They come before all others.
      if (image.pins > 0) leaf.image = copied(image, tree.columns);
      leaf.image?.dropClosed(count);
    } else {
      image.pins++;
      let less;
      try {
        const task = image.part(image.liveOrder(), Int32Array.from(left));
        less = attempt < ATTEMPTS ? yield* task : runSync(task);
      } finally {
        image.pins--;
      }
      if (!isWhole(tree, leaf)) return null;
      if (leaf.image !== image || image.rows !== rows || image.closedRows !== closedRows) continue;
      leaf.image = less;
    }
    tree.noteChange(leaf);
    tree.options.cache.noteDirty(leaf);
    return count;
  }
}

/** The leaf is the tree's, and nobody is splitting it: a split counts on the versions that it has begun with. */
function isWhole(tree: LimitedTree, leaf: Leaf): boolean {
  return tree.leaves[tree.leafIndex(leaf.low as Key)] === leaf && !tree.options.splits.underWay.has(leaf);
}
