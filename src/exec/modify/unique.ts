/**
 * Unique constraints, checked when a statement has made all its changes (so `SET id = id + 1` is fine).
 *
 * A new row of a unique index is compared with committed entries of the same columns (whose rows this transaction has
 * not touched) and with the transaction's own rows, through a hash map of their index values that is built as the
 * write set grows and thrown away when the write set is cut.
 */
import { KeyMap } from '../../base/key-set.ts';
import type { Task } from '../../base/task.ts';
import { assert } from '../../base/error.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { IndexDef, TableDef } from '../../catalog/schema.ts';
import type { Key, VersionedIndex, VersionedTable, VersionedTree } from '../../table/table.ts';
import type { TableWrites } from '../../txn/table-writes.ts';
import { checkOverlaps } from './periods.ts';
import { breathe, SLICE_ROWS } from './slices.ts';
import { duplicateKey, type ModifyTarget } from './target.ts';

/** Rows looked up in an index between two pauses. */
const LOOKED_UP = 128;

/** Own rows by their values in one unique index. */
class OwnValues {
  entries: KeyMap = new KeyMap();
  rollbacks = 0;
  seen = 0;
}

const ownValues = new WeakMap<TableWrites, Map<number, OwnValues>>();

/** Checks the entries from `from` on against every unique index of the table; throws 23505. */
export function* checkUnique(target: ModifyTarget, table: TableDef, from: number): Task<void> {
  const writes = target.writes(table.id);
  const versioned = target.table(table.id);
  for (const index of table.indexes) {
    if (target.defers(index)) {
      if (index.unique) yield* noteEarlier(target, table, index, from);
      continue;
    }
    if (index.withoutOverlaps !== undefined) yield* checkOverlaps(target, table, index, from);
    if (!index.unique) continue;
    const tree = treeOf(versioned, index);
    const own = ownOf(writes, index.id);
    while (!catchUp(writes, index, tree, own)) yield* breathe(target.eval.cancellation);
    for (let entry = from; entry < writes.count; entry++) {
      if (entry % LOOKED_UP === LOOKED_UP - 1) yield* breathe(target.eval.cancellation);
      if (!writes.isLive(entry)) continue;
      const values = indexValues(index, writes.rows(), entry);
      if (values === null) continue;
      const other = ownConflict(writes, index, tree, own, entry, values);
      if (other || (yield* takenBy(target, table, tree, values, writes)) !== null) {
        throw duplicateKey(target, table, index.constraint ?? index.name, ordinals(index), values);
      }
    }
  }
}

/**
 * Notes whose uncommitted rows have the values of new ones in an index that is checked later: the look at the end waits for
 * these, and for none that came after, who will wait for this one.
 */
function* noteEarlier(target: ModifyTarget, table: TableDef, index: IndexDef, from: number): Task<void> {
  const { guard } = target;
  if (guard === null || !guard.sharesKeys(table.id)) return;
  const writes = target.writes(table.id);
  const tree = treeOf(target.table(table.id), index);
  for (let entry = from; entry < writes.count; entry++) {
    if (entry % LOOKED_UP === LOOKED_UP - 1) yield* breathe(target.eval.cancellation);
    const values = writes.isLive(entry) ? indexValues(index, writes.rows(), entry) : null;
    if (values !== null) guard.noteEarlier(guard.keyOwners(table.id, null, [[tree, values]]));
  }
}

/** Waits for those whose rows were there before this transaction's with the same values, and that have not ended. */
export function* waitForEarlier(target: ModifyTarget, table: TableDef): Task<void> {
  const { guard } = target;
  if (guard === null || guard.earlier.size === 0) return;
  const writes = target.writes(table.id);
  for (const index of table.indexes) {
    if (!index.unique || index.deferrable === undefined || target.defers(index)) continue;
    const tree = treeOf(target.table(table.id), index);
    for (let entry = 0; entry < writes.count; entry++) {
      if (entry % LOOKED_UP === LOOKED_UP - 1) yield* breathe(target.eval.cancellation);
      const values = writes.isLive(entry) ? indexValues(index, writes.rows(), entry) : null;
      if (values === null) continue;
      for (;;) {
        const owners = guard.keyOwners(table.id, null, [[tree, values]]).filter((owner) => guard.earlier.has(owner));
        if (owners.length === 0) break;
        yield* guard.waitForOwners(table, owners);
      }
    }
  }
}

/** Finds the row that has these values in a unique index, own writes first; null where there is none. */
export function* findByUnique(
  target: ModifyTarget,
  table: TableDef,
  index: IndexDef,
  values: readonly Value[],
): Task<Key | null> {
  const writes = target.writes(table.id);
  const versioned = target.table(table.id);
  const tree = treeOf(versioned, index);
  const own = ownOf(writes, index.id);
  while (!catchUp(writes, index, tree, own)) yield* breathe(target.eval.cancellation);
  const entry = own.entries.get(prefixKey(tree, values));
  if (entry >= 0 && writes.isLive(entry)) return writes.keyAt(entry);
  return yield* committedConflict(target, versioned, tree, values, writes);
}

/** The index's values of a row, or null where a null makes it equal to nothing. */
export function indexValues(index: IndexDef, rows: readonly Vector[], row: number): Value[] | null {
  const values: Value[] = [];
  for (const { column } of index.columns) {
    const value = valueAt(rows[column] as Vector, row);
    if (value === null && index.nullsNotDistinct !== true) return null;
    values.push(value);
  }
  return values;
}

/** The committed row that has the values; one that another transaction is changing is waited for. */
function* takenBy(
  target: ModifyTarget,
  table: TableDef,
  tree: VersionedTree,
  values: readonly Value[],
  writes: TableWrites,
): Task<Key | null> {
  const { guard } = target;
  for (;;) {
    const key = yield* committedConflict(target, target.table(table.id), tree, values, writes);
    if (key === null || guard === null || !guard.sharesKeys(table.id)) return key;
    const owners = guard.keyOwners(table.id, key, []);
    if (owners.length === 0) return key;
    yield* guard.waitForOwners(table, owners);
  }
}

function* committedConflict(
  target: ModifyTarget,
  table: VersionedTable,
  tree: VersionedTree,
  values: readonly Value[],
  writes: TableWrites,
): Task<Key | null> {
  if (tree.rowCount === 0) return null;
  const keyAt = tree.columns.length - table.key.length;
  const source = tree.scan({
    seq: target.reader.snapshot,
    columns: tree.columns.map((_, c) => c),
    range: tree.prefixRange(values),
  });
  try {
    for (;;) {
      const batch = yield* source.next();
      if (batch === null) return null;
      for (let i = 0; i < batch.count; i++) {
        const row = batch.selection === null ? i : (batch.selection[i] as number);
        const key = table.encodeKey(table.key.map((_, k) => valueAt(batch.columns[keyAt + k] as Vector, row)));
        if (writes.latestEntry(key) < 0) return key;
      }
    }
  } finally {
    source.close();
  }
}

function ownConflict(
  writes: TableWrites,
  index: IndexDef,
  tree: VersionedTree,
  own: OwnValues,
  entry: number,
  values: readonly Value[],
): boolean {
  assert(catchUp(writes, index, tree, own), 'own values were collected before');
  const at = own.entries.get(prefixKey(tree, values));
  return at >= 0 && at !== entry && writes.isLive(at);
}

/**
 * Adds entries written since the last look; of two live ones with the same values the first stays. False where there are
 * more than it takes at once.
 */
function catchUp(writes: TableWrites, index: IndexDef, tree: VersionedTree, own: OwnValues): boolean {
  if (own.rollbacks !== writes.rollbacks) {
    own.entries = new KeyMap();
    own.seen = 0;
    own.rollbacks = writes.rollbacks;
  }
  const end = Math.min(own.seen + SLICE_ROWS, writes.count);
  for (; own.seen < end; own.seen++) {
    if (!writes.isLive(own.seen)) continue;
    const values = indexValues(index, writes.rows(), own.seen);
    if (values === null) continue;
    const key = prefixKey(tree, values);
    const before = own.entries.get(key);
    if (before < 0 || !writes.isLive(before)) own.entries.set(key, own.seen);
  }
  return own.seen === writes.count;
}

function prefixKey(tree: VersionedTree, values: readonly Value[]): Key {
  const { low } = tree.prefixRange(values);
  assert(low !== undefined, 'a prefix range has a lower bound');
  return low;
}

function ownOf(writes: TableWrites, indexId: number): OwnValues {
  let perIndex = ownValues.get(writes);
  if (perIndex === undefined) {
    perIndex = new Map();
    ownValues.set(writes, perIndex);
  }
  let own = perIndex.get(indexId);
  if (own === undefined) {
    own = new OwnValues();
    perIndex.set(indexId, own);
  }
  return own;
}

function ordinals(index: IndexDef): number[] {
  return index.columns.map((part) => part.column);
}

export function treeOf(table: VersionedTable, index: IndexDef): VersionedIndex {
  const tree = table.indexes.find((candidate) => candidate.id === index.id);
  assert(tree !== undefined, `index ${index.name} has no tree`);
  return tree;
}
