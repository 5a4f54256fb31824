/**
 * A commit of very many rows, taken to its leaves in slices while others read.
 *
 * The versions that it makes begin at a sequence number that no reader sees yet, so a leaf that has some of them and not
 * others answers every snapshot as before; `from` and `to` say it, not when they were written. What must hold:
 *
 * - One such commit at a time, and no other commit beside it (txn/commit-turn.ts): nobody else changes rows of the tree.
 * - Leaves may be split between two slices, by the background too, or written by a checkpoint that began before: so each
 *   slice looks its leaf up anew, and brings it into memory where it is not.
 * - A slice takes entries to one leaf in one go. Readers that have pinned its image keep that (I9).
 * - A checkpoint does not begin in between: it would write half of a commit that the log of before has not.
 *
 * `prepareBulk` does what needs no commit turn: the order of the entries, what they mean for the indexes. It stays good
 * while others commit, because the rows that are changed are locked.
 */
import { assert } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { applyInSlices, endOfRun, type OrderedChanges } from './apply-slices.ts';
import { indexChangesInSlices } from './index-changes.ts';
import { slicedKeyOrder } from './sliced-order.ts';
import type { PreparedChanges } from './store.ts';
import type { Key, RowChanges } from './table.ts';
import { type Leaf, release } from './tile.ts';
import type { Tree } from './tree.ts';
import type { IndexTree, Table } from './versioned-table.ts';

/** Very many changes of one table, worked out. */
export class BulkChanges implements PreparedChanges {
  readonly tableId: number;
  readonly changes: RowChanges;
  readonly order: Int32Array;
  readonly indexes: ReadonlyMap<IndexTree, OrderedChanges>;
  readonly #held: Set<Leaf>;

  constructor(tableId: number, own: OrderedChanges, indexes: ReadonlyMap<IndexTree, OrderedChanges>, held: Set<Leaf>) {
    this.tableId = tableId;
    this.changes = own.changes;
    this.order = own.order;
    this.indexes = indexes;
    this.#held = held;
  }

  release(): void {
    for (const leaf of this.#held) release(leaf);
    this.#held.clear();
  }
}

/** Works out what changes mean for a table and its indexes, and brings the leaves that they touch into memory, to stay. */
export function* prepareBulk(table: Table, changes: RowChanges): Task<BulkChanges> {
  const held = new Set<Leaf>();
  const indexes = new Map<IndexTree, OrderedChanges>();
  try {
    const order = yield* slicedKeyOrder(changes);
    yield* hold(table, { changes, order }, held);
    for (const index of table.liveIndexes) {
      const forIndex = yield* indexChangesInSlices(table, index, changes, (ordinal) =>
        table.newColumn(changes, ordinal),
      );
      if (forIndex.count === 0) continue;
      const ordered = { changes: forIndex, order: yield* slicedKeyOrder(forIndex) };
      yield* hold(index, ordered, held);
      indexes.set(index, ordered);
    }
    return new BulkChanges(table.id, { changes, order }, indexes, held);
  } catch (error) {
    for (const leaf of held) release(leaf);
    throw error;
  }
}

/** Publishes prepared changes of commit `seq` to the rows and to every index. REQUIRES: the commit turn. */
export function* applyBulk(table: Table, seq: number, bulk: PreparedChanges): Task<void> {
  assert(bulk instanceof BulkChanges, 'changes that were not prepared for slices');
  assert(seq < table.endSeq, `table ${table.id} is dropped`);
  yield* applyInSlices(table, seq, bulk);
  table.changeCount += bulk.changes.count;
  for (const [index, ordered] of bulk.indexes)
    if (table.indexes.includes(index) && index.droppedAt === Infinity) yield* applyInSlices(index, seq, ordered);
  if (table.codec.form !== 'number') return;
  const { sliceEntries } = table.options;
  for (let start = 0; start < bulk.changes.count; start += sliceEntries) {
    table.advanceRowId(bulk.changes, start, Math.min(start + sliceEntries, bulk.changes.count));
    yield PAUSE;
  }
}

/** Brings the leaves into memory and holds them there; what is damaged fails here. */
function* hold(tree: Tree, { changes, order }: OrderedChanges, held: Set<Leaf>): Task<void> {
  for (let at = 0; at < order.length;) {
    const leaf = yield* tree.loadLeaf(changes.keys[order[at] as number] as Key);
    if (!held.has(leaf)) {
      leaf.image?.check();
      leaf.holds++;
      held.add(leaf);
    }
    at = endOfRun(tree, changes, order, at);
    yield PAUSE;
  }
}
