/**
 * MERGE: each joined row takes the first WHEN clause of its kind whose condition holds; then each clause changes its
 * rows at once. Deletions go first and insertions last, so that a row may take the place of one that the same command
 * moves away.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, isNull, type Vector, valueAt } from '../../base/vector.ts';
import type { ColumnId } from '../../plan/expression.ts';
import type { DeleteNode, InsertNode, MergeNode, UpdateNode } from '../../plan/plan.ts';
import { Compiler } from '../compile.ts';
import { type ExecRun, layoutOf } from '../run.ts';
import type { Key } from '../../table/table.ts';
import { compact, concat, constantVector, take, wholeBatch } from '../vectors.ts';
import { FOR_UPDATE } from '../../txn/lock/modes.ts';
import { type FoundRows, lockFound } from './lock-rows.ts';
import { distinctKeys, evaluated, keysInSlices } from './slices.ts';
import { byOrdinal, type ModifyTarget } from './target.ts';

const BOOL = 16;
/** Rows looked at between looks at the clock. */
const CHOSEN_ROWS = 8192;

type Action = InsertNode | UpdateNode | DeleteNode;
type Change = (action: Action, rows: Batch) => Task<unknown>;

const ORDER = ['delete', 'update', 'insert'] as const;

export function* merge(
  node: MergeNode,
  source: Batch,
  change: Change,
  { run, target }: { readonly run: ExecRun; readonly target: ModifyTarget },
): Task<null> {
  const layout = layoutOf(node.source.outputs);
  const compacted: Vector[] = [];
  for (const column of source.columns) {
    compacted.push(compact(column, source));
    if (run.due()) yield* run.pause();
  }
  const rows = yield* lockMatched(node, wholeBatch(compacted, source.count), layout, { run, target });
  const old = node.oldRow.map((id) => rows.columns[layout.get(id) as number] as Vector);
  const taken = yield* assignClauses(node, rows, layout, run, byOrdinal(node.table, old));
  yield* refuseSecondChange(node, old, taken, { run, target });
  let affected = 0;
  for (const kind of ORDER) {
    for (const [i, when] of node.whens.entries()) {
      if (when.action?.kind !== kind) continue;
      const chosen = yield* chosenRows(rows.count, (row) => taken[row] === i, run);
      if (chosen.length === 0) continue;
      const action = { ...when.action, source: node.source };
      yield* change(action, yield* subset(rows, chosen, run));
      affected += target.affected.get(action) ?? 0;
    }
  }
  target.affected.set(node, affected);
  return null;
}

/**
 * Locks the target rows of what matched; those that others have changed are matched again. Where nothing is left to
 * match, because the row is gone or is another one now, the source's row has no match, as in PostgreSQL.
 */
function* lockMatched(
  node: MergeNode,
  rows: Batch,
  layout: ReadonlyMap<ColumnId, number>,
  { run, target }: { readonly run: ExecRun; readonly target: ModifyTarget },
): Task<Batch> {
  const { guard } = target;
  const { table } = node;
  const changes = node.whens.some(({ action }) => action?.kind === 'update' || action?.kind === 'delete');
  if (guard === null || !changes) return rows;
  const keyAt = table.columns.findIndex(({ id }) => id === table.key[0]);
  const keyColumn = layout.get(node.oldRow[keyAt] as ColumnId) as number;
  const matched = function* (batch: Batch, wanted: boolean): Task<Batch> {
    const key = batch.columns[keyColumn] as Vector;
    const chosen = yield* chosenRows(batch.count, (row) => isNull(key, row) !== wanted, run);
    return chosen.length === batch.count ? batch : yield* subset(batch, chosen, run);
  };
  const foundIn = function* (batch: Batch): Task<FoundRows> {
    const old = node.oldRow.map((id) => batch.columns[layout.get(id) as number] as Vector);
    const keys = yield* keysInSlices(target.table(table.id), byOrdinal(table, old), batch.count, run);
    // A row that matches twice is refused later.
    return { rows: batch, keys, set: (yield* distinctKeys(keys, run)) ?? new Set(keys) };
  };
  const found = yield* matched(rows, true);
  if (found.count === 0) return rows;
  const at = { table, source: node.source, column: node.oldRow[0] as ColumnId, mode: FOR_UPDATE };
  const known = yield* foundIn(found);
  const again = function* (batch: Batch): Task<FoundRows> {
    return yield* foundIn(yield* matched(batch, true));
  };
  const locked = yield* lockFound(at, known, run, guard, again);
  if (locked.found === known) return rows;
  const oids = node.source.outputs.map(({ type }) => type.oid);
  const still = new Set(locked.found.keys);
  const lost = yield* chosenRows(known.keys.length, (row) => !still.has(known.keys[row] as Key), run);
  const alone = yield* subset(known.rows, lost, run);
  const ofTarget = new Set(node.oldRow.map((id) => layout.get(id)));
  const widowed = alone.columns.map((column, c) =>
    ofTarget.has(c) ? constantVector(null, alone.count, oids[c] as number) : column,
  );
  const parts = [locked.found.rows, yield* matched(rows, false), wholeBatch(widowed, alone.count)];
  return wholeBatch(
    oids.map((oid, c) =>
      concat(
        parts.map(({ columns }) => columns[c] as Vector),
        oid,
      ),
    ),
    parts.reduce((sum, { count }) => sum + count, 0),
  );
}

/** The clause that each row takes, or -1. A condition is evaluated only for rows that come to it. */
function* assignClauses(
  node: MergeNode,
  rows: Batch,
  layout: ReadonlyMap<ColumnId, number>,
  run: ExecRun,
  old: readonly Vector[],
): Task<Int32Array> {
  const key = old[node.table.key[0] as number] as Vector;
  const taken = new Int32Array(rows.count).fill(-1);
  for (const [i, { matched, condition }] of node.whens.entries()) {
    const open = yield* chosenRows(rows.count, (row) => taken[row] === -1 && isNull(key, row) !== matched, run);
    if (open.length === 0) continue;
    if (condition === null) {
      for (const row of open) taken[row] = i;
      continue;
    }
    const batch = yield* subset(rows, open, run);
    const compiler = new Compiler(layout, run);
    const evaluators = compiler.compileAll([condition]);
    const [verdict] = (yield* evaluated(compiler, evaluators, batch, [BOOL], run)) as [Vector];
    yield* chosenRows(
      open.length,
      (at) => {
        if (valueAt(verdict, at) === true) taken[open[at] as number] = i;
        return false;
      },
      run,
    );
  }
  return taken;
}

function* refuseSecondChange(
  { table, whens }: MergeNode,
  old: readonly Vector[],
  taken: Int32Array,
  { run, target }: { readonly run: ExecRun; readonly target: ModifyTarget },
): Task<void> {
  const changes = whens.map(({ action }) => action?.kind === 'update' || action?.kind === 'delete');
  const chosen = yield* chosenRows(taken.length, (row) => changes[taken[row] as number] === true, run);
  const { columns } = yield* subset(wholeBatch(old, taken.length), chosen, run);
  const keys = yield* keysInSlices(target.table(table.id), byOrdinal(table, columns), chosen.length, run);
  if ((yield* distinctKeys(keys, run)) !== null) return;
  throw new DriftError('21000', 'MERGE command cannot affect row a second time', {
    hint: 'Ensure that not more than one source row matches any one target row.',
  });
}

/** The rows for which something holds. */
function* chosenRows(count: number, holds: (row: number) => boolean, run: ExecRun): Task<Int32Array> {
  const chosen = new Int32Array(count);
  let n = 0;
  for (let start = 0; start < count; start += CHOSEN_ROWS) {
    const end = Math.min(start + CHOSEN_ROWS, count);
    for (let row = start; row < end; row++) if (holds(row)) chosen[n++] = row;
    if (run.due()) yield* run.pause();
  }
  return chosen.subarray(0, n);
}

function* subset(rows: Batch, chosen: Int32Array, run: ExecRun): Task<Batch> {
  const columns: Vector[] = [];
  for (const column of rows.columns) {
    columns.push(take(column, chosen, chosen.length));
    if (run.due()) yield* run.pause();
  }
  return wholeBatch(columns, chosen.length);
}
