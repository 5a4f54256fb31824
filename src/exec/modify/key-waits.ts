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
import { findRow, type ModifyTarget } from './target.ts';
import { breathe } from './slices.ts';
import { indexValues, treeOf } from './unique.ts';

export interface NewRows {
  /** Null for keys that the transaction has locked already. */
  readonly keys: readonly Key[] | null;
  /** By ordinal. */
  readonly rows: readonly Vector[];
  readonly count: number;
}

/** Returns when no other transaction has an uncommitted row with the key or unique values of a new one; says whether it had to wait. */
export function* waitForKeys(target: ModifyTarget, table: TableDef, { keys, rows, count }: NewRows): Task<boolean> {
  const { guard } = target;
  if (guard === null || !guard.sharesKeys(table.id)) return false;
  const versioned = target.table(table.id);
  const unique = table.indexes.filter((index) => index.unique && !target.defers(index));
  for (let waited = false; ; waited = true) {
    let again = false;
    for (let row = 0; row < count && !again; row++) {
      if ((row & 1023) === 1023) yield* breathe(target.eval.cancellation);
      const values: (readonly [VersionedIndex, readonly Value[]])[] = [];
      for (const index of unique) {
        const wanted = indexValues(index, rows, row);
        if (wanted !== null) values.push([treeOf(versioned, index), wanted]);
      }
      again = yield* guard.waitForKey(table, keys?.[row] ?? null, values);
    }
    if (!again) return waited;
  }
}

/** Looks for a row that has a key; one that another transaction is deleting is waited for. */
export function* findFree(target: ModifyTarget, table: TableDef, key: Key): Task<RowRef | null> {
  const { guard } = target;
  for (;;) {
    const found = yield* findRow(target, table.id, key);
    if (found === null || guard === null || !guard.sharesKeys(table.id)) return found;
    if (!(yield* guard.waitForKey(table, key, []))) return found;
  }
}
