/** Taking very many changes to the leaves of one tree, in slices (bulk-changes.ts says what must hold). */
import { PAUSE, type Task } from '../base/task.ts';
import { divide } from './divide.ts';
import { allRows, type LeafImage } from './leaf-image.ts';
import { closedLimit } from './split-queue.ts';
import type { Key, RowChanges } from './table.ts';
import type { Leaf } from './tile.ts';
import type { Tree } from './tree.ts';

/** Changes of one tree and the order in which they are taken. */
export interface OrderedChanges {
  readonly changes: RowChanges;
  readonly order: Int32Array;
}

/** Publishes changes to one tree, leaf by leaf. */
export function* applyInSlices(tree: Tree, seq: number, { changes, order }: OrderedChanges): Task<void> {
  const { keys } = changes;
  let decoded: Leaf | null = null;
  for (let at = 0; at < order.length;) {
    const first = keys[order[at] as number] as Key;
    let leaf = yield* tree.loadLeaf(first);
    if (leaf !== decoded) {
      decoded = leaf;
      yield* decode(tree, leaf);
      leaf = yield* tree.loadLeaf(first);
    }
    const end = endOfRun(tree, changes, order, at);
    const high = tree.leaves[tree.leafIndex(first) + 1]?.low;
    const isDone = end === order.length || (high !== undefined && (keys[order[end] as number] as Key) >= high);
    const entries = order.subarray(at, end);
    leaf.changes?.push({ seq, changes, entries });
    tree.applyToLeaf(leaf, seq, changes, entries);
    // Before the next pause: what is dirty must not be taken for something that may leave memory.
    if (leaf.dirty) tree.options.cache.noteDirty(leaf);
    at = end;
    yield* settle(tree, leaf, isDone);
    yield PAUSE;
  }
}

/** Tidies and splits a leaf where a part of the changes made it necessary, or all that concern it have come. */
function* settle(tree: Tree, leaf: Leaf, isDone: boolean): Task<void> {
  const { image } = leaf;
  if (image === null) return;
  if (isDone && image.isWorn(Math.max(256, image.sorted >> 6))) {
    image.pins++;
    let rebuilt: LeafImage;
    try {
      yield PAUSE;
      const order = image.liveOrder();
      yield PAUSE;
      rebuilt = yield* image.part(order, allRows(image.closedRows));
    } finally {
      image.pins--;
    }
    // Others may have split it, or cut its past, in a pause.
    if (leaf.image === image) leaf.image = rebuilt;
  }
  if (leaf.dirty && tree.leaves[tree.leafIndex(leaf.low as Key)] === leaf) tree.options.cache.noteDirty(leaf);
  if (isDone || image.live > tree.options.maxLeafRows) yield* splitInSlices(tree, leaf);
}

/** Where the entries end that go to the same leaf at once. */
export function endOfRun(tree: Tree, { keys }: RowChanges, order: Int32Array, at: number): number {
  const high = tree.leaves[tree.leafIndex(keys[order[at] as number] as Key) + 1]?.low;
  const limit = Math.min(at + tree.options.sliceEntries, order.length);
  let end = at + 1;
  while (end < limit && (high === undefined || (keys[order[end] as number] as Key) < high)) end++;
  return end;
}

/** Decodes a leaf that is as it was on disk, column by column: a write needs all of it. */
function* decode(tree: Tree, { image }: Leaf): Task<void> {
  if (image === null) return;
  for (let ordinal = 0; ordinal < tree.columns.length; ordinal++) {
    image.column(ordinal);
    yield PAUSE;
  }
  void image.keys;
  yield PAUSE;
}

/** After a part of the changes: splits a leaf, with pauses, or notes that it should be. */
function* splitInSlices(tree: Tree, leaf: Leaf): Task<void> {
  const { splits, maxLeafRows } = tree.options;
  for (const kind of ['time split', 'key split'] as const) {
    const { image } = leaf;
    if (image === null) return;
    const excess = kind === 'key split' ? image.live / maxLeafRows : image.closedRows / closedLimit(tree, image);
    if (excess < 1 || (kind === 'key split' && excess === 1)) continue;
    if (kind === 'time split' && excess < 2 && splits.mustWait(image, tree.columns.length))
      splits.add({ kind, tree, leaf }, excess);
    else yield* divide({ kind, tree, leaf });
  }
}
