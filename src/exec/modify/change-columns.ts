/**
 * Updates and deletes of a statement's rows by column, a slice at a time, with the same consequences as those of single
 * rows (change-rows.ts).
 */
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { Key } from '../../table/table.ts';
import type { Pacer } from '../pacer.ts';
import { breaksUnique, follow, touches, UNCHAINED } from './change-rows.ts';
import { checkParents, referencesTo } from './constraints.ts';
import { findFree, waitForKeys } from './key-waits.ts';
import { keysInSlices, SLICE_ROWS, tuplesOf } from './slices.ts';
import { duplicateKey, loggedColumns, type ModifyTarget, primaryKeyName } from './target.ts';
import { checkUnique } from './unique.ts';

/** Rows before and after a change: all of the tree's columns. */
export interface ChangedColumns {
  readonly before: readonly Vector[];
  readonly after: readonly Vector[];
  readonly count: number;
  readonly assigned: readonly number[];
}

/** Replaces rows (their keys may change) and checks everything that the assigned ordinals can break. */
export function* updateColumns(
  target: ModifyTarget,
  table: TableDef,
  change: ChangedColumns,
  pacer: Pacer,
): Task<void> {
  const { before, after, count, assigned } = change;
  const versioned = target.table(table.id);
  const from = target.writes(table.id).count;
  const keys = yield* keysInSlices(versioned, before, count, pacer);
  const next = touches(table.key, assigned) ? yield* keysInSlices(versioned, after, count, pacer) : keys;
  const isMoved = next !== keys && keys.some((key, i) => key !== next[i]);
  if (target.guard?.sharesKeys(table.id) === true)
    yield* waitForKeys(target, table, { keys: isMoved ? next : null, rows: after, to: count });
  if (isMoved) yield* move(target, table, { keys, next }, change, pacer);
  else yield* replace(target, table, keys, change, pacer);
  if (isMoved || breaksUnique(table, assigned)) yield* checkUnique(target, table, from);
  if (table.foreignKeys.some((key) => touches(key.columns, assigned)))
    target.checks.push(() => checkParents(target, table, from));
  for (const reference of referencesTo(target, table.id)) {
    const { foreignColumns, onUpdate: action } = reference.key;
    if (!touches(foreignColumns, assigned)) continue;
    yield* follow(target, table, reference, {
      before: yield* tuplesOf(before, foreignColumns, count, pacer),
      after: yield* tuplesOf(after, foreignColumns, count, pacer),
      action,
      chain: UNCHAINED,
    });
  }
}

/** Deletes rows and does what foreign keys ask for. */
export function* deleteColumns(
  target: ModifyTarget,
  table: TableDef,
  { before, count }: Pick<ChangedColumns, 'before' | 'count'>,
  pacer: Pacer,
): Task<void> {
  const keys = yield* keysInSlices(target.table(table.id), before, count, pacer);
  yield* removeKeys(target, table, keys, pacer);
  for (const reference of referencesTo(target, table.id)) {
    const tuples = yield* tuplesOf(before, reference.key.foreignColumns, count, pacer);
    const after = new Array<null>(count).fill(null);
    yield* follow(target, table, reference, {
      before: tuples,
      after,
      action: reference.key.onDelete,
      chain: UNCHAINED,
    });
  }
}

function* removeKeys(target: ModifyTarget, table: TableDef, keys: readonly Key[], pacer: Pacer): Task<void> {
  const writes = target.writes(table.id);
  yield* writes.makeRoom(keys.length);
  let done = 0;
  for (const key of keys) {
    writes.delete(key, true);
    if (++done % SLICE_ROWS === 0 && pacer.due()) yield* pacer.pause();
  }
}

function* replace(
  target: ModifyTarget,
  table: TableDef,
  keys: readonly Key[],
  { after, assigned }: ChangedColumns,
  pacer: Pacer,
): Task<void> {
  const writes = target.writes(table.id);
  const logged = loggedColumns(table, assigned);
  yield* writes.makeRoom(keys.length);
  for (let start = 0; start < keys.length; start += SLICE_ROWS) {
    writes.updateVectors(keys.slice(start, start + SLICE_ROWS), after, start, logged);
    if (pacer.due()) yield* pacer.pause();
  }
}

/** All old keys go before a new one comes, so that keys may be shifted. */
function* move(
  target: ModifyTarget,
  table: TableDef,
  { keys, next }: { readonly keys: readonly Key[]; readonly next: readonly Key[] },
  { after, assigned }: ChangedColumns,
  pacer: Pacer,
): Task<void> {
  yield* removeKeys(
    target,
    table,
    keys.filter((key, i) => key !== next[i]),
    pacer,
  );
  const writes = target.writes(table.id);
  const logged = loggedColumns(table, assigned);
  yield* writes.makeRoom(next.length);
  for (const [i, key] of next.entries()) {
    if (key === keys[i]) writes.updateVectors([key], after, i, logged);
    else {
      if ((yield* findFree(target, table, key)) !== null)
        throw duplicateKey(target, table, primaryKeyName(table), table.key, keyCells(table, after, i));
      writes.insertVectors([key], after, i);
    }
    if ((i & 255) === 255 && pacer.due()) yield* pacer.pause();
  }
}

function keyCells(table: TableDef, rows: readonly Vector[], row: number): Value[] {
  return table.key.map((ordinal) => valueAt(rows[ordinal] as Vector, row));
}
