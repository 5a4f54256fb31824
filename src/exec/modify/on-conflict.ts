/**
 * INSERT … ON CONFLICT: row by row, because each row may meet the ones before it.
 *
 * A proposed row that an arbiter (the primary key or a unique index) finds taken is skipped or becomes an update of the
 * row in its way; a row that this statement has already written may not be updated again (21000), as in PostgreSQL.
 * Violations of constraints that do not arbitrate are errors as ever.
 */
import { DriftError } from '../../base/error.ts';
import { KeySet } from '../../base/key-set.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { ColumnDef } from '../../catalog/schema.ts';
import type { ConflictClause, ConflictUpdate, InsertNode } from '../../plan/plan.ts';
import type { Key } from '../../table/table.ts';
import { Compiler } from '../compile.ts';
import type { Evaluator } from '../evaluator.ts';
import type { ExecRun } from '../run.ts';
import { take, vectorFromValues, wholeBatch } from '../vectors.ts';
import { concurrentChange } from '../../txn/lock/guard.ts';
import { NO_KEY_UPDATE } from '../../txn/lock/modes.ts';
import { updateRows } from './change-rows.ts';
import { checkParents } from './constraints.ts';
import { findFree, waitForKeys } from './key-waits.ts';
import { finishRows, returned } from './finish-rows.ts';
import { keysInSlices } from './slices.ts';
import { byOrdinal, cells, duplicateKey, findRow, type ModifyTarget, primaryKeyName } from './target.ts';
import type { Occasion } from './trigger-runner.ts';
import { afterRows, beforeRows, firing } from './triggers.ts';
import { checkUnique, findByUnique, indexValues } from './unique.ts';

/** Rows between looks at the clock: each may cost some tens of microseconds. */
const LOOK_ROWS = 32;

interface Proposed {
  /** Parallel to table.columns. */
  readonly columns: readonly Vector[];
  readonly count: number;
}

export function* insertOnConflict(
  node: InsertNode,
  conflict: ConflictClause,
  proposed: Proposed,
  run: ExecRun,
  target: ModifyTarget,
): Task<Batch | null> {
  const { table } = node;
  const versioned = target.table(table.id);
  const writes = target.writes(table.id);
  const from = writes.count;
  const rows = byOrdinal(table, proposed.columns);
  const keys = yield* keysInSlices(versioned, rows, proposed.count, run);
  const updater = conflict.update === null ? null : updaterOf(node, conflict.update, run);
  // Rows that become updates: held until they are written, all in one set.
  const claimed = new KeySet();
  const claim = conflict.update === null ? undefined : target.guard?.claim(table.id, claimed, NO_KEY_UPDATE);
  const own = new KeySet();
  const inserted: Value[][] = [];
  const replaced: { readonly old: Value[]; readonly now: Value[] }[] = [];
  const results: Value[][] = [];
  let affected = 0;
  for (let i = 0; i < proposed.count; i++) {
    if ((i & (LOOK_ROWS - 1)) === LOOK_ROWS - 1) {
      if (run.due()) yield* run.pause();
      yield* writes.makeRoom(LOOK_ROWS);
    }
    const key = keys[i] as Key;
    const taken = yield* lockedConflict(node, conflict, { rows, row: i, key, claimed }, target);
    if (taken === null) {
      if ((yield* findFree(target, table, key)) !== null) {
        throw duplicateKey(
          target,
          table,
          primaryKeyName(table),
          table.key,
          table.key.map((ordinal) => valueAt(rows[ordinal] as Vector, i)),
        );
      }
      writes.put(key, padded(cells(rows, i), versioned.columns.length), false, null);
      own.add(key);
      affected++;
      if (table.triggers !== undefined) inserted.push(cells(rows, i));
      if (node.returning !== null) results.push(yield* oneReturned(node, oneRow(proposed.columns, i), run));
      continue;
    }
    if (updater === null) continue;
    if (own.has(taken)) {
      throw new DriftError('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
        hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
      });
    }
    const excluded = oneRow(proposed.columns, i);
    const updated = yield* updateTaken(node, updater, { key: taken, excluded }, run, target);
    if (updated === null) {
      // What is not written is locked all the same.
      target.guard?.take(table.id, [taken], NO_KEY_UPDATE);
      continue;
    }
    own.add(updated.key);
    if (table.triggers !== undefined) replaced.push(updated);
    affected++;
    if (updated.result !== null) results.push(updated.result);
  }
  claim?.drop();
  yield* checkUnique(target, table, from);
  if (table.foreignKeys.length > 0) target.checks.push(() => checkParents(target, table, from));
  afterRows(target, { table, event: 'insert', assigned: [] }, { old: [], now: inserted });
  if (conflict.update !== null)
    afterRows(target, updating(node, conflict.update), {
      old: replaced.map(({ old }) => old),
      now: replaced.map(({ now }) => now),
    });
  target.affected.set(node, affected);
  if (node.returning === null || results.length === 0) return null;
  return wholeBatch(
    node.outputs.map((output, c) =>
      vectorFromValues(
        results.map((row) => row[c] ?? null),
        output.type.oid,
      ),
    ),
    results.length,
  );
}

/**
 * The row in the way as it is when all who are changing such rows have ended; locked where it is to be updated. Levels
 * that keep their snapshot refuse a row that it does not have (40001).
 */
function* lockedConflict(
  node: InsertNode,
  conflict: ConflictClause,
  proposed: { readonly rows: readonly Vector[]; readonly row: number; readonly key: Key; readonly claimed: KeySet },
  target: ModifyTarget,
): Task<Key | null> {
  const { table } = node;
  const { guard } = target;
  for (;;) {
    const taken = yield* conflicting(node, conflict, proposed, target);
    if (guard === null) return taken;
    const one = proposed.rows.map((column) => take(column, Int32Array.of(proposed.row), 1));
    if (yield* waitForKeys(target, table, { keys: [proposed.key], rows: one, to: 1 })) continue;
    if (taken === null) return null;
    // Who has only locked the row is in nobody's way but an update's.
    const locks = conflict.update !== null && guard.isShared(table.id);
    if (locks && (yield* guard.wait(table, taken, NO_KEY_UPDATE))) continue;
    if (!guard.readsCommitted && guard.isStale(table.id)) {
      const fate = yield* guard.fateOf(table.id, taken);
      if (fate !== 'same') throw concurrentChange(fate);
    }
    if (conflict.update !== null) proposed.claimed.add(taken);
    return taken;
  }
}

/** The key of an existing row that an arbiter says is in the way, or null. */
function* conflicting(
  node: InsertNode,
  conflict: ConflictClause,
  proposed: { readonly rows: readonly Vector[]; readonly row: number; readonly key: Key },
  target: ModifyTarget,
): Task<Key | null> {
  const { table } = node;
  const arbiters = conflict.arbiters ?? [
    'key' as const,
    ...table.indexes.filter((index) => index.unique).map((index) => index.id),
  ];
  for (const arbiter of arbiters) {
    if (arbiter === 'key') {
      if ((yield* findRow(target, table.id, proposed.key)) !== null) return proposed.key;
      continue;
    }
    const index = table.indexes.find((candidate) => candidate.id === arbiter);
    const values = index === undefined ? null : indexValues(index, proposed.rows, proposed.row);
    if (index === undefined || values === null) continue;
    const key = yield* findByUnique(target, table, index, values);
    if (key !== null) return key;
  }
  return null;
}

/** DO UPDATE, compiled: once for all rows. */
interface Updater {
  readonly update: ConflictUpdate;
  readonly layout: ReadonlyMap<number, number>;
  readonly compiler: Compiler;
  readonly where: Evaluator | null;
  readonly values: readonly Evaluator[];
}

function updaterOf({ table, newRow }: InsertNode, update: ConflictUpdate, run: ExecRun): Updater {
  const layout = new Map<number, number>();
  update.oldRow.forEach((id, i) => layout.set(id, i));
  newRow.forEach((id, i) => layout.set(id, table.columns.length + i));
  const compiler = new Compiler(layout, run);
  const where = update.where === null ? null : compiler.compile(update.where);
  const values = update.assignments.map(({ expression }) => compiler.compile(expression));
  return { update, layout, compiler, where, values };
}

function* updateTaken(
  node: InsertNode,
  { update, layout, compiler, where, values }: Updater,
  row: { readonly key: Key; readonly excluded: readonly Vector[] },
  run: ExecRun,
  target: ModifyTarget,
): Task<{
  readonly key: Key;
  readonly result: Value[] | null;
  readonly old: Value[];
  readonly now: Value[];
} | null> {
  const { table } = node;
  const versioned = target.table(table.id);
  const found = yield* findRow(target, table.id, row.key);
  if (found === null) return null;
  const old = cells(found.columns, found.row);
  const oldColumns = table.columns.map((column) => vectorFromValues([old[column.id] ?? null], column.type.oid));
  const batch = wholeBatch([...oldColumns, ...row.excluded], 1);
  yield* compiler.prepare(batch);
  if (where !== null && valueAt(where.eval(batch), 0) !== true) return null;
  const computed = [...oldColumns];
  update.assignments.forEach(({ index }, i) => {
    computed[index] = (values[i] as Evaluator).eval(batch);
  });
  const occasion = updating(node, update);
  const kept = yield* beforeRows(target, occasion, { old: oldColumns, now: computed, count: 1 });
  if (kept.count === 0) return null;
  const { columns } = kept;
  yield* finishRows(
    { table, ids: update.updatedRow, generated: update.generated, checks: update.checks },
    columns,
    1,
    run,
    target,
  );
  const after = padded(cells(byOrdinal(table, columns), 0), versioned.columns.length);
  const key = versioned.encodeKey(versioned.key.map((part) => after[part.column] ?? null));
  const assigned =
    firing(table, 'before', 'update', true, occasion.assigned).length > 0
      ? table.columns.map(({ id }) => id)
      : [...update.assignments, ...update.generated].map(({ index }) => (table.columns[index] as ColumnDef).id);
  yield* updateRows(target, table, {
    before: [{ key: row.key, row: old }],
    after: [{ key, row: after }],
    assigned,
    isCheckedLater: true,
  });
  if (update.returning === null) return { key, result: null, old, now: after };
  const both = new Map(layout);
  update.updatedRow.forEach((id, i) => both.set(id, batch.columns.length + i));
  const result = yield* returned(
    update.returning.expressions,
    both,
    wholeBatch([...batch.columns, ...columns], 1),
    run,
  );
  return { key, result: result.columns.map((column) => valueAt(column, 0)), old, now: after };
}

function updating({ table }: InsertNode, { assignments }: ConflictUpdate): Occasion {
  return { table, event: 'update', assigned: assignments.map(({ index }) => (table.columns[index] as ColumnDef).id) };
}

function* oneReturned(node: InsertNode, columns: readonly Vector[], run: ExecRun): Task<Value[]> {
  const layout = new Map(node.newRow.map((id, i) => [id, i]));
  const result = yield* returned(node.returning?.expressions ?? [], layout, wholeBatch(columns, 1), run);
  return result.columns.map((column) => valueAt(column, 0));
}

function oneRow(columns: readonly Vector[], row: number): Vector[] {
  const rows = Int32Array.of(row);
  return columns.map((column) => take(column, rows, 1));
}

function padded(row: Value[], width: number): Value[] {
  while (row.length < width) row.push(null);
  return row;
}
