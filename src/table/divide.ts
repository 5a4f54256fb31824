/**
 * Splits: how leaves stay small. A leaf with too many live rows splits by key, one with too many closed versions by time
 * (tree.ts has the picture).
 *
 * A commit that makes a split due does it at once where the leaf is small; else it leaves a note, and the background
 * does it in slices (`divide`) while commits go on. The image is pinned then, so what was there at the beginning stays
 * readable: who overwrites a row copies the image first, who appends writes behind the noted counts. Where leaves grow
 * faster than they are split, commits wait (`isOverdue`).
 *
 * - By time: the tile holds what touches [start, S), S being the leaf's newest change when it began. Whatever happens
 *   later begins or ends after S, so at the end only the closed versions that were there at the beginning leave the image.
 * - By key: the children must hold the leaf's newest state. So what commits change of the leaf meanwhile is noted
 *   (`Leaf.changes`), and the children take it after; they are put in the leaf's place when nothing is left to take.
 *
 * Invariants: a split changes no state that anybody reads; it takes effect in one step, and only if the leaf is still
 * in the tree with the same columns; one split works on a leaf at a time.
 */
import { assert } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { LeafImage } from './leaf-image.ts';
import { copied, sealPart } from './seal.ts';
import { closedLimit, type DividedTree, type DueSplit } from './split-queue.ts';
import type { Key, TreeColumn } from './table.ts';
import { type Leaf, type LeafChange, newLeaf } from './tile.ts';

/** Changes of a leaf that its children take without a pause. */
const ENTRIES_AT_ONCE = 1024;
const NO_ROWS: Int32Array = new Int32Array(0);
/** Children of a key split are filled to this share. */
const CHILD_FILL = 0.6;

/** Does a split that was left to the background; false where it is not due any more. */
export function* divide({ kind, tree, leaf }: DueSplit): Task<boolean> {
  const { underWay } = tree.options.splits;
  if (!isIn(tree, leaf, tree.columns) || underWay.has(leaf)) return false;
  leaf.holds++;
  underWay.add(leaf);
  try {
    const image = yield* tree.options.cache.image(leaf, tree);
    if (kind === 'key split') return image.live > tree.options.maxLeafRows && (yield* keySplit(tree, leaf));
    return image.closedRows >= closedLimit(tree, image) && (yield* timeSplit(tree, leaf));
  } finally {
    leaf.holds--;
    underWay.delete(leaf);
  }
}

/** Seals a leaf's past; false where there is none, or somebody else was quicker. */
export function* timeSplit(tree: DividedTree, leaf: Leaf): Task<boolean> {
  const { image, startSeq } = leaf;
  assert(image !== null, 'a leaf that splits is in memory');
  const { closedRows } = image;
  const { columns } = tree;
  const seq = Math.max(image.maxFrom, image.closedTo.data[closedRows - 1] as number);
  if (seq <= startSeq) return false;
  image.pins++;
  let part;
  try {
    const live = image.liveOrder();
    yield PAUSE;
    const carried = live.filter((row) => (image.from.data[row] as number) < seq);
    yield PAUSE;
    part = yield* sealPart(image, carried, closedRows, columns);
  } finally {
    image.pins--;
  }
  if (!isIn(tree, leaf, columns) || leaf.startSeq !== startSeq || leaf.image === null) return false;
  if (leaf.image.pins > 0) leaf.image = copied(leaf.image, columns);
  leaf.image.dropClosed(closedRows);
  leaf.history = [...leaf.history, { startSeq, endSeq: seq, part, stored: null, used: 0, holds: 0 }];
  leaf.startSeq = seq;
  tree.pastRows /= 2;
  tree.noteChange(leaf);
  tree.options.cache.noteSealed(part);
  tree.options.cache.noteDirty(leaf);
  return true;
}

function* keySplit(tree: DividedTree, leaf: Leaf): Task<boolean> {
  const { columns } = tree;
  const { image, startSeq } = leaf;
  assert(image !== null && leaf.changes === null, 'a leaf that splits is in memory, and split once at a time');
  const changes: LeafChange[] = [];
  leaf.changes = changes;
  image.pins++;
  try {
    const made = yield* children(tree, leaf, image);
    for (let change = changes.shift(); change !== undefined; change = changes.shift()) {
      if (!isIn(tree, leaf, columns)) return false;
      const { entries } = change;
      for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
        tree.replay(made, { ...change, entries: entries.subarray(at, at + ENTRIES_AT_ONCE) });
        yield PAUSE;
      }
    }
    if (!isIn(tree, leaf, columns)) return false;
    assert(leaf.startSeq === startSeq, 'a leaf was split by time while it was split by key');
    replace(tree, leaf, made, 1);
    return true;
  } finally {
    image.pins--;
    leaf.changes = null;
  }
}

/** Leaves that hold an image's rows; after ascending appends the left ones are full. */
export function* children(tree: DividedTree, leaf: Leaf, image: LeafImage): Task<Leaf[]> {
  const { maxLeafRows } = tree.options;
  const { live, keys, closedRows } = image;
  const order = image.liveOrder();
  const ascending = image.sorted === image.rows && closedRows === 0;
  yield PAUSE;
  const size = ascending ? maxLeafRows : Math.ceil(live / Math.ceil(live / (maxLeafRows * CHILD_FILL)));
  const made: Leaf[] = [];
  for (let start = 0; start < live; start += size) {
    const end = Math.min(start + size, live);
    const low = start === 0 ? leaf.low : (keys[order[start] as number] as Key);
    const high = end === live ? undefined : (keys[order[end] as number] as Key);
    const closed = closedRows === 0 ? NO_ROWS : closedIn(image, closedRows, start === 0 ? undefined : low, high);
    yield PAUSE;
    const child = newLeaf(low, leaf.startSeq, yield* image.part(order.subarray(start, end), closed), leaf);
    child.changes = [];
    made.push(child);
    yield PAUSE;
  }
  return made;
}

/** Closed rows among the first `count` whose keys lie in [low, high). */
function closedIn({ closedKeys }: LeafImage, count: number, low: Key | undefined, high: Key | undefined): Int32Array {
  const rows = new Int32Array(count);
  let n = 0;
  for (let row = 0; row < count; row++) {
    const key = closedKeys[row] as Key;
    if ((low === undefined || key >= low) && (high === undefined || key < high)) rows[n++] = row;
  }
  return rows.slice(0, n);
}

/** Puts children in the place of their leaf. `ownHolds`: of those that hold it, how many end with the split. */
export function replace(tree: DividedTree, leaf: Leaf, made: readonly Leaf[], ownHolds = 0): void {
  tree.leaves.splice(tree.leaves.indexOf(leaf), 1, ...made);
  leaf.heirs = made;
  leaf.heirHolds = leaf.holds - ownHolds;
  // A checkpoint that is writing this leaf must not take it for the newest.
  leaf.revision++;
  tree.options.cache.noteClean(leaf);
  for (const child of made) {
    child.changes = null;
    // The past may have come into memory, or been trimmed, while the children were made.
    child.history = leaf.history;
    child.past = leaf.past;
    // A commit that holds the leaf must find its rows in memory.
    child.holds = leaf.heirHolds;
    tree.options.cache.noteDirty(child);
  }
}

/** The leaf is still a leaf of the tree, and its rows have these columns. */
function isIn(tree: DividedTree, leaf: Leaf, columns: readonly TreeColumn[]): boolean {
  return tree.columns === columns && tree.leaves[tree.leafIndex(leaf.low as Key)] === leaf;
}
