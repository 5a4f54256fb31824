/**
 * Splits: how leaves stay small. A leaf with too many live rows splits by key, one with too many closed versions by time
 * (tree.ts has the picture).
 *
 * A commit that makes a split due does it at once where the leaf is small; else it leaves a note, and the background
 * does it in slices (`divide`) while commits go on. The image is pinned then, so what was there at the beginning stays
 * readable: who overwrites a row copies the image first, who appends writes behind the noted counts.
 *
 * - By time: the tile holds what touches [start, S), S being the leaf's newest change when it began. Whatever happens
 *   later begins or ends after S, so at the end only the closed versions that were there at the beginning leave the image.
 * - By key: the children must hold the leaf's newest state. If it has changed meanwhile they are made anew, and after a
 *   few attempts without a pause.
 *
 * Invariants: a split changes no state that anybody reads; it takes effect in one step, and only if the leaf is still
 * in the tree with the same columns; a leaf never exceeds twice what makes a split due.
 */
import { assert } from '../base/error.ts';
import { PAUSE, runSync, type Task } from '../base/task.ts';
import type { LeafImage } from './leaf-image.ts';
import type { RowLayout } from './part.ts';
import { copied, sealPart } from './seal.ts';
import type { Key, TreeColumn } from './table.ts';
import { type Leaf, newLeaf, type TileCache } from './tile.ts';

/** Cells up to which a commit splits a leaf at once: about two milliseconds. */
const INLINE_CELLS = 65536;
/** A leaf is left to the background until it is so many times too big. */
const PATIENCE = 2;
const ATTEMPTS = 3;
/** Children of a key split are filled to this share. */
const CHILD_FILL = 0.6;

export interface SplitLimits {
  readonly maxLeafRows: number;
  readonly minClosedRows: number;
  readonly timeSplitFactor: number;
  readonly cache: TileCache;
  readonly splits: SplitQueue;
}

export interface DividedTree extends RowLayout {
  readonly id: number;
  readonly options: SplitLimits;
  readonly leaves: Leaf[];
  /** Closed versions a live row that are due to be sealed now: the factor c, or less where the past is read much. */
  readonly splitFactor: number;
  /** Closed rows that reads of the past have passed over lately. */
  pastRows: number;
  leafIndex(key: Key): number;
  /** Notes that a leaf differs from what is on disk. */
  noteChange(leaf: Leaf): void;
}

export type SplitKind = 'time split' | 'key split';

export interface DueSplit {
  readonly kind: SplitKind;
  readonly tree: DividedTree;
  readonly leaf: Leaf;
}

/** Splits that wait for the background. */
export class SplitQueue {
  readonly #due: Map<Leaf, DueSplit> = new Map();
  /** Cells up to which a split is done by the commit that makes it due. */
  readonly inlineCells: number;

  constructor(inlineCells: number = INLINE_CELLS) {
    this.inlineCells = inlineCells;
  }

  get size(): number {
    return this.#due.size;
  }

  add(split: DueSplit): void {
    if (!this.#due.has(split.leaf)) this.#due.set(split.leaf, split);
  }

  take(): DueSplit | null {
    for (const [leaf, split] of this.#due) {
      this.#due.delete(leaf);
      return split;
    }
    return null;
  }

  /** Whether a leaf that is `excess` times too big may wait. */
  mayWait(image: LeafImage, columns: number, excess: number): boolean {
    return (image.rows + image.closedRows) * (columns + 2) > this.inlineCells && excess < PATIENCE;
  }
}

/** After a change of a leaf: seals its past, or notes that it should be. */
export function timeSplitIfDue(tree: DividedTree, leaf: Leaf): void {
  const { image } = leaf;
  if (image === null) return;
  const limit = closedLimit(tree, image);
  if (image.closedRows < limit) return;
  if (tree.options.splits.mayWait(image, tree.columns.length, image.closedRows / limit))
    tree.options.splits.add({ kind: 'time split', tree, leaf });
  else runSync(timeSplit(tree, leaf));
}

/** After a change of the leaf at `index`: cuts it, or notes that it should be. True where it is not in the tree any more. */
export function keySplitIfDue(tree: DividedTree, index: number): boolean {
  const { maxLeafRows, splits } = tree.options;
  const leaf = tree.leaves[index] as Leaf;
  const { image } = leaf;
  if (image === null || image.live <= maxLeafRows) return false;
  if (splits.mayWait(image, tree.columns.length, image.live / maxLeafRows)) {
    splits.add({ kind: 'key split', tree, leaf });
    return false;
  }
  replace(tree, leaf, runSync(children(tree, leaf, image)));
  return true;
}

/** Does a split that was left to the background; false where it is not due any more. */
export function* divide({ kind, tree, leaf }: DueSplit): Task<boolean> {
  if (!isIn(tree, leaf, tree.columns)) return false;
  leaf.holds++;
  try {
    const image = yield* tree.options.cache.image(leaf, tree);
    if (kind === 'key split') return image.live > tree.options.maxLeafRows && (yield* keySplit(tree, leaf));
    return image.closedRows >= closedLimit(tree, image) && (yield* timeSplit(tree, leaf));
  } finally {
    leaf.holds--;
  }
}

function closedLimit(tree: DividedTree, image: LeafImage): number {
  return Math.max(tree.options.minClosedRows, tree.splitFactor * image.live);
}

function* timeSplit(tree: DividedTree, leaf: Leaf): Task<boolean> {
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
  leaf.history = [...leaf.history, { startSeq, endSeq: seq, part, stored: null, used: 0 }];
  leaf.startSeq = seq;
  tree.pastRows /= 2;
  tree.noteChange(leaf);
  tree.options.cache.noteSealed(part);
  tree.options.cache.noteDirty(leaf);
  return true;
}

function* keySplit(tree: DividedTree, leaf: Leaf): Task<boolean> {
  const { columns } = tree;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { image, revision } = leaf;
    assert(image !== null, 'a leaf that splits is in memory');
    image.pins++;
    let made: Leaf[];
    try {
      made = yield* children(tree, leaf, image);
    } finally {
      image.pins--;
    }
    if (!isIn(tree, leaf, columns)) return false;
    if (leaf.revision === revision) {
      replace(tree, leaf, made);
      return true;
    }
  }
  if (leaf.image === null) return false;
  replace(tree, leaf, runSync(children(tree, leaf, leaf.image)));
  return true;
}

/** Leaves that hold an image's rows; after ascending appends the left ones are full. */
function* children(tree: DividedTree, leaf: Leaf, image: LeafImage): Task<Leaf[]> {
  const { maxLeafRows } = tree.options;
  const { live, keys } = image;
  const order = image.liveOrder();
  yield PAUSE;
  const ascending = image.sorted === image.rows && image.closedRows === 0;
  const size = ascending ? maxLeafRows : Math.ceil(live / Math.ceil(live / (maxLeafRows * CHILD_FILL)));
  const made: Leaf[] = [];
  for (let start = 0; start < live; start += size) {
    const end = Math.min(start + size, live);
    const low = start === 0 ? leaf.low : (keys[order[start] as number] as Key);
    const high = end === live ? undefined : (keys[order[end] as number] as Key);
    const keep = (key: Key): boolean => (start === 0 || key >= (low as Key)) && (high === undefined || key < high);
    made.push(newLeaf(low, leaf.startSeq, image.rebuilt(tree.columns, start, end, keep), leaf));
    yield PAUSE;
  }
  return made;
}

function replace(tree: DividedTree, leaf: Leaf, made: readonly Leaf[]): void {
  tree.leaves.splice(tree.leaves.indexOf(leaf), 1, ...made);
  // A checkpoint that is writing this leaf must not take it for the newest.
  leaf.revision++;
  tree.options.cache.noteClean(leaf);
  for (const child of made) tree.options.cache.noteDirty(child);
}

/** The leaf is still a leaf of the tree, and its rows have these columns. */
function isIn(tree: DividedTree, leaf: Leaf, columns: readonly TreeColumn[]): boolean {
  return tree.columns === columns && tree.leaves[tree.leafIndex(leaf.low as Key)] === leaf;
}
