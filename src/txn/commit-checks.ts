/**
 * What a commit asks before it may go through: whether others have changed the same rows or definitions since the
 * snapshot, and whether it has any effect.
 *
 * Rows are locked when they are written, so that a conflict shows then; this is the last look, for what takes no locks.
 */
import { DriftError } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { Vector } from '../base/vector.ts';
import type { CatalogState } from '../catalog/catalog.ts';
import { CATALOG_TABLE_ID, FIRST_USER_ID, TRANSACTIONS_TABLE_ID } from '../catalog/system-objects.ts';
import { definitionText } from '../catalog/user-types.ts';
import { sameCell } from '../table/gather.ts';
import type { TableStore } from '../table/store.ts';
import {
  type Key,
  MISS,
  OP_DELETE,
  OP_INSERT,
  OP_UPDATE,
  type RowChanges,
  type TreeColumn,
  type VersionedTable,
} from '../table/table.ts';
import { refuseCatalogConflicts } from './catalog-conflicts.ts';
import { TableWrites } from './table-writes.ts';
import type { Transaction } from './transaction.ts';

/** Where the database stands. */
export interface CommitState {
  readonly store: TableStore;
  readonly applied: number;
  readonly appliedCatalog: CatalogState;
  readonly catalog: CatalogState;
  readonly ignoresConflicts: boolean;
}

export interface TableChanges {
  readonly tableId: number;
  readonly changes: RowChanges;
}

/** All that a transaction changes, its definitions as rows of the catalog. */
export function* changesOf(state: CommitState, transaction: Transaction): Task<TableChanges[]> {
  const list: TableChanges[] = transaction
    .written()
    .map(([tableId, writes]) => ({ tableId, changes: writes.changes() }));
  const catalog = transaction.catalogChanges();
  if (catalog.length > 0) {
    const table = state.store.table(CATALOG_TABLE_ID);
    const writes = new TableWrites(table.columns);
    for (const { id, object } of catalog) {
      const old = state.catalog.byId(id);
      const existed = id < FIRST_USER_ID ? (yield* findLoaded(table, id, state.applied)) !== null : old !== undefined;
      if (object !== null) writes.put(id, [id, definitionText(object)], existed, null);
      else if (old?.kind === 'schema' && id < FIRST_USER_ID)
        writes.put(id, [id, definitionText({ ...old, dropped: true })], existed, null);
      else if (existed) writes.delete(id, true);
    }
    list.unshift({ tableId: CATALOG_TABLE_ID, changes: writes.changes() });
  }
  return list;
}

/** False where every row, or every one of those entries, is afterwards as it was: that makes no version and no commit. */
export function hasEffect(
  state: CommitState,
  { tableId, changes }: TableChanges,
  part: { readonly start: number; readonly end: number } = { start: 0, end: changes.count },
): boolean {
  const table = state.store.table(tableId);
  for (let entry = part.start; entry < part.end; entry++) {
    const op = changes.ops[entry];
    if (op === OP_INSERT || op === OP_DELETE) return true;
    if (op !== OP_UPDATE) continue;
    const found = table.find(changes.keys[entry] as Key, state.applied);
    if (found === MISS || found === null) return true;
    for (let c = 0; c < table.columns.length; c++) {
      const [before, after] = [found.columns[c] as Vector, changes.rows[c] as Vector];
      if (!sameCell(before, found.row, after, entry, (table.columns[c] as TreeColumn).format)) return true;
    }
  }
  return false;
}

/** A key that somebody else changed after the snapshot makes the transaction fail (40001). */
export function* firstCommitterWins(
  state: CommitState,
  transaction: Transaction,
  { tableId, changes }: TableChanges,
): Task<void> {
  const table = state.store.table(tableId);
  if (table.lastChange <= transaction.snapshot) return;
  for (let entry = 0; entry < changes.count; entry++) {
    const op = changes.ops[entry];
    if ((entry & 1023) === 1023) yield PAUSE;
    if (op !== OP_INSERT && op !== OP_UPDATE && op !== OP_DELETE) continue;
    const key = changes.keys[entry] as Key;
    const found = yield* findLoaded(table, key, state.applied);
    if (op === OP_INSERT && found !== null) {
      throw new DriftError('23505', 'duplicate key value: a concurrent transaction inserted the same key', {
        detail: `Key ${String(key)}.`,
      });
    }
    // At READ COMMITTED a row may have been written in a newer version than the statement's snapshot had.
    if (
      op !== OP_INSERT &&
      (found === null || (found.from > transaction.snapshot && !transaction.readsCommitted && !state.ignoresConflicts))
    )
      throw serializationFailure();
  }
}

/** What others have defined since the snapshot must not be in the way of what it defines or writes. */
export function checkCatalogConflict(state: CommitState, transaction: Transaction): void {
  if (transaction.hasDdl) {
    refuseCatalogConflicts({
      changes: transaction.catalogChanges(),
      applied: state.appliedCatalog,
      snapshot: transaction.snapshot,
      lastChange: (id) => state.store.table(id).lastChange,
      writes: (id) => transaction.writes(id) !== null,
    });
  }
  if (state.appliedCatalog.version <= transaction.snapshot) return;
  for (const { id } of transaction.catalogChanges()) {
    if (state.appliedCatalog.byId(id) !== undefined && changedSince(state, id, transaction.snapshot))
      throw serializationFailure();
  }
  for (const [tableId] of transaction.written()) {
    const before = transaction.catalog.byId(tableId);
    const now = state.appliedCatalog.byId(tableId);
    if (now === undefined && before !== undefined && tableId > TRANSACTIONS_TABLE_ID && !isOwn(transaction, tableId)) {
      throw serializationFailure();
    }
    if (now !== undefined && !isOwn(transaction, tableId) && JSON.stringify(now) !== JSON.stringify(before))
      throw serializationFailure();
  }
}

function isOwn(transaction: Transaction, id: number): boolean {
  return transaction.catalogChanges().some((change) => change.id === id);
}

function changedSince(state: CommitState, id: number, snapshot: number): boolean {
  const found = state.store.table(CATALOG_TABLE_ID).find(id, state.applied);
  return found === MISS || (found !== null && found.from > snapshot);
}

/** Finds a key, loading what is not in memory. */
export function* findLoaded(table: VersionedTable, key: Key, seq: number): Task<{ readonly from: number } | null> {
  for (;;) {
    const found = table.find(key, seq);
    if (found !== MISS) return found;
    yield* table.load(key, seq);
  }
}

function serializationFailure(): DriftError {
  return new DriftError('40001', 'could not serialize access due to concurrent update', {
    hint: 'The transaction might succeed if retried.',
  });
}
