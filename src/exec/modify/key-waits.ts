/**
 * Waits for keys: a new row whose key, or whose values in a unique index, another transaction has written and not
 * committed can neither be taken nor refused yet.
 *
 * The look at others comes before the row is written, in the same turn: of two transactions the first to write has the
 * key, and the second waits for it. Where no other transaction is at work in the table nothing is looked at.
 */
import type { Task } from '../../base/task.ts';
import type { Value, Vector } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { Key, RowRef, VersionedIndex } from '../../table/table.ts';
import type { RowGuard } from '../../txn/lock/guard.ts';
import type { Transaction } from '../../txn/transaction.ts';
import { findRow, type ModifyTarget } from './target.ts';
import { breathe } from './slices.ts';
import { indexValues, treeOf } from './unique.ts';

export interface NewRows {
  /** Null for keys that the transaction has locked already. */
  readonly keys: readonly Key[] | null;
  /** By ordinal. */
  readonly rows: readonly Vector[];
  /** Where the row of the first key lies in them. Default 0. */
  readonly start?: number;
  /** Keys that are meant: from `from` (default 0) up to `to`. */
  readonly from?: number;
  readonly to: number;
}

/** Returns when no other transaction has an uncommitted row with the key or unique values of a new one; says whether it had to wait. */
export function* waitForKeys(target: ModifyTarget, table: TableDef, rows: NewRows): Task<boolean> {
  const { guard } = target;
  if (guard === null || !guard.sharesKeys(table.id)) return false;
  for (let waited = false; ; waited = true) {
    const look = lookAtOthers(target, table, guard, rows);
    let found: readonly Transaction[] = [];
    for (let row = rows.from ?? 0; row < rows.to && found.length === 0; row++) {
      if ((row & 1023) === 1023) yield* breathe(target.eval.cancellation);
      found = look(row);
    }
    if (found.length === 0) return waited;
    yield* guard.waitForOwners(table, found);
  }
}

/** The first row that others have uncommitted keys of; `to` where there is none. Does not wait. */
export function firstWaiting(target: ModifyTarget, table: TableDef, rows: NewRows): number {
  const { guard } = target;
  if (guard === null || !guard.sharesKeys(table.id)) return rows.to;
  const look = lookAtOthers(target, table, guard, rows);
  for (let row = rows.from ?? 0; row < rows.to; row++) if (look(row).length > 0) return row;
  return rows.to;
}

/** Gives the transactions that have uncommitted rows with the key or unique values of a row. */
function lookAtOthers(
  target: ModifyTarget,
  table: TableDef,
  guard: RowGuard,
  { keys, rows, start = 0 }: NewRows,
): (row: number) => readonly Transaction[] {
  const versioned = target.table(table.id);
  const unique = table.indexes.filter((index) => index.unique && !target.defers(index));
  const trees = unique.map((index) => ({ index, tree: treeOf(versioned, index) }));
  return (row) => {
    const values: (readonly [VersionedIndex, readonly Value[]])[] = [];
    for (const { index, tree } of trees) {
      const wanted = indexValues(index, rows, start + row);
      if (wanted !== null) values.push([tree, wanted]);
    }
    return guard.keyOwners(table.id, keys?.[row] ?? null, values);
  };
}

/** Looks for a row that has a key; one that another transaction is deleting is waited for. */
export function* findFree(target: ModifyTarget, table: TableDef, key: Key): Task<RowRef | null> {
  const { guard } = target;
  for (;;) {
    const found = yield* findRow(target, table.id, key);
    if (found === null || guard === null || !guard.sharesKeys(table.id)) return found;
    const owners = guard.keyOwners(table.id, key, []);
    if (owners.length === 0) return found;
    yield* guard.waitForOwners(table, owners);
  }
}
