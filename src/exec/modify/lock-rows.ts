/**
 * Locks the rows that UPDATE, DELETE and MERGE have found, and sees to it that what is changed is what is there.
 *
 * The source was read at the statement's snapshot. While it waits for a lock, and before, others may have committed
 * other versions of its rows. At READ COMMITTED such a row is judged again in its newest version, as PostgreSQL's
 * EvalPlanQual does: the source runs once more with the target's scan giving those rows alone, everything else as of
 * the snapshot; rows that no longer qualify are passed over. Rows that have only come to qualify are not looked for.
 */
import { type Keys, KeySet } from '../../base/key-set.ts';
import type { Task } from '../../base/task.ts';
import type { Batch, Value, Vector } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { ColumnId } from '../../plan/expression.ts';
import type { PlanNode, ScanNode } from '../../plan/plan.ts';
import { somePlan } from '../../plan/walk-plan.ts';
import type { Key } from '../../table/table.ts';
import { concurrentChange, type RowGuard } from '../../txn/lock/guard.ts';
import type { TableReader } from '../../txn/api.ts';
import { onlyRows } from '../../txn/only-rows.ts';
import { Collector, drain, oidsOf } from '../collector.ts';
import type { ExecRun } from '../run.ts';
import { concat, take, wholeBatch } from '../vectors.ts';
import { cells } from './target.ts';

/** Where a statement's source gives the rows of a table that it locks. */
export interface LockedSource {
  readonly table: TableDef;
  readonly source: PlanNode;
  /** A column that the table's own scan produces. */
  readonly column: ColumnId;
  readonly mode: number;
}

/** Rows of a source with the keys of their target rows. */
export interface FoundRows {
  readonly rows: Batch;
  readonly keys: readonly Key[];
  /** The same, to be asked. */
  readonly set: Keys;
}

/** Locks the rows; those that others have changed since the snapshot are judged again or end the statement (40001). */
export function* lockFound(
  at: LockedSource,
  found: FoundRows,
  run: ExecRun,
  guard: RowGuard,
  taken: (rows: Batch) => Task<FoundRows>,
): Task<{ readonly found: FoundRows; readonly release: () => void }> {
  const { table, mode } = at;
  const isShared = guard.isShared(table.id);
  const held = new KeySet();
  const claim = guard.claim(table.id, isShared ? held : found.set, mode);
  const release = (): void => claim.drop();
  if (isShared) {
    for (const [i, key] of found.keys.entries()) {
      yield* guard.wait(table, key, mode);
      held.add(key);
      if ((i & 1023) === 1023 && run.due()) yield* run.pause();
    }
  }
  if (!guard.isStale(table.id)) return { found, release };
  const same: number[] = [];
  const changed: Key[] = [];
  for (const [i, key] of found.keys.entries()) {
    const fate = yield* guard.fateOf(table.id, key);
    if ((i & 1023) === 1023 && run.due()) yield* run.pause();
    if (fate === 'same') same.push(i);
    else if (!guard.readsCommitted) throw concurrentChange(fate);
    else if (fate === 'changed') changed.push(key);
  }
  if (same.length === found.keys.length) return { found, release };
  const kept = Int32Array.from(same);
  const rows = wholeBatch(
    found.rows.columns.map((column) => take(column, kept, kept.length)),
    kept.length,
  );
  const still: FoundRows = { rows, keys: same.map((i) => found.keys[i] as Key), set: found.set };
  if (changed.length === 0) return { found: still, release };
  const again = yield* taken(yield* reevaluate(at, changed, run, guard));
  return { found: joined(still, again, oidsOf(at.source.outputs)), release };
}

/** The source's rows for the newest versions of some of the table's rows. */
export function reevaluate(
  at: Pick<LockedSource, 'table' | 'source' | 'column'>,
  keys: readonly Key[],
  run: ExecRun,
  guard: RowGuard,
): Task<Batch> {
  return reevaluateAll(at.source, [{ table: at.table, column: at.column, keys }], run, guard);
}

/** The source's rows when each of some tables has only certain rows, in their newest versions. */
export function* reevaluateAll(
  source: PlanNode,
  tables: readonly { readonly table: TableDef; readonly column: ColumnId; readonly keys: readonly Key[] }[],
  run: ExecRun,
  guard: RowGuard,
): Task<Batch> {
  const readers = new Map<ScanNode | null, TableReader>();
  for (const { table, column, keys } of tables) {
    const newest: (readonly [Key, readonly Value[]])[] = [];
    for (const key of new Set(keys)) {
      const row = yield* guard.newest(table.id, key);
      if (row !== null) newest.push([key, cells(row.columns, row.row)]);
    }
    readers.set(scanOf(source, column), onlyRows(run.context.reader.table(table.id).table, newest));
  }
  const collector = new Collector(oidsOf(source.outputs), run.memory);
  const before = run.instead;
  run.instead = (node) => readers.get(node) ?? before?.(node) ?? null;
  const operator = run.build(source);
  try {
    operator.open();
    return yield* drain(operator, collector, run);
  } finally {
    operator.close();
    run.instead = before;
    collector.release();
  }
}

/** The scan that gives a column. */
function scanOf(source: PlanNode, column: ColumnId): ScanNode | null {
  let found: ScanNode | null = null;
  somePlan(source, (node) => {
    if (node.kind === 'scan' && node.columns.some(({ id }) => id === column)) found = node;
    return found !== null;
  });
  return found;
}

function joined(a: FoundRows, b: FoundRows, oids: readonly number[]): FoundRows {
  if (b.rows.count === 0) return a;
  if (a.rows.count === 0) return b;
  const columns = a.rows.columns.map((column, c) => concat([column, b.rows.columns[c] as Vector], oids[c] as number));
  return { rows: wholeBatch(columns, a.rows.count + b.rows.count), keys: [...a.keys, ...b.keys], set: a.set };
}
