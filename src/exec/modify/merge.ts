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
import { compact, concat, take, wholeBatch } from '../vectors.ts';
import { FOR_UPDATE } from '../../txn/lock/modes.ts';
import { type FoundRows, lockFound } from './lock-rows.ts';
import { distinctKeys, evaluated, keysInSlices } from './slices.ts';
import { byOrdinal, type ModifyTarget } from './target.ts';

const BOOL = 16;

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
  const rows = yield* lockMatched(
    node,
    wholeBatch(
      source.columns.map((column) => compact(column, source)),
      source.count,
    ),
    layout,
    { run, target },
  );
  const old = node.oldRow.map((id) => rows.columns[layout.get(id) as number] as Vector);
  const taken = yield* assignClauses(node, rows, layout, run, byOrdinal(node.table, old));
  yield* refuseSecondChange(node, old, taken, { run, target });
  let affected = 0;
  for (const kind of ORDER) {
    for (const [i, when] of node.whens.entries()) {
      if (when.action?.kind !== kind) continue;
      const chosen = positions(taken, i);
      if (chosen.length === 0) continue;
      const action = { ...when.action, source: node.source };
      yield* change(action, subset(rows, chosen));
      affected += target.affected.get(action) ?? 0;
    }
  }
  target.affected.set(node, affected);
  return null;
}

/** Locks the target rows of what matched; those that others have changed are matched again. */
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
  const matched = (batch: Batch, wanted: boolean): Batch => {
    const key = batch.columns[keyColumn] as Vector;
    const chosen: number[] = [];
    for (let row = 0; row < batch.count; row++) if (isNull(key, row) !== wanted) chosen.push(row);
    return chosen.length === batch.count ? batch : subset(batch, Int32Array.from(chosen));
  };
  const foundIn = function* (batch: Batch): Task<FoundRows> {
    const old = node.oldRow.map((id) => batch.columns[layout.get(id) as number] as Vector);
    const keys = yield* keysInSlices(target.table(table.id), byOrdinal(table, old), batch.count, run);
    // A row that matches twice is refused later.
    return { rows: batch, keys, set: (yield* distinctKeys(keys, run)) ?? new Set(keys) };
  };
  const found = matched(rows, true);
  if (found.count === 0) return rows;
  const at = { table, source: node.source, column: node.oldRow[0] as ColumnId, mode: FOR_UPDATE };
  const known = yield* foundIn(found);
  const again = (batch: Batch): Task<FoundRows> => foundIn(matched(batch, true));
  const locked = yield* lockFound(at, known, run, guard, again);
  if (locked.found === known) return rows;
  const oids = node.source.outputs.map(({ type }) => type.oid);
  const [still, others] = [locked.found.rows, matched(rows, false)];
  if (others.count === 0) return still;
  if (still.count === 0) return others;
  return wholeBatch(
    still.columns.map((column, c) => concat([column, others.columns[c] as Vector], oids[c] as number)),
    still.count + others.count,
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
    const open: number[] = [];
    for (let row = 0; row < rows.count; row++) {
      if (taken[row] === -1 && isNull(key, row) !== matched) open.push(row);
    }
    if (open.length === 0) continue;
    if (condition === null) {
      for (const row of open) taken[row] = i;
      continue;
    }
    const batch = subset(rows, Int32Array.from(open));
    const compiler = new Compiler(layout, run);
    const evaluators = compiler.compileAll([condition]);
    const [verdict] = (yield* evaluated(compiler, evaluators, batch, [BOOL], run)) as [Vector];
    open.forEach((row, at) => {
      if (valueAt(verdict, at) === true) taken[row] = i;
    });
  }
  return taken;
}

function* refuseSecondChange(
  { table, whens }: MergeNode,
  old: readonly Vector[],
  taken: Int32Array,
  { run, target }: { readonly run: ExecRun; readonly target: ModifyTarget },
): Task<void> {
  const changed: number[] = [];
  for (let row = 0; row < taken.length; row++) {
    const kind = whens[taken[row] as number]?.action?.kind;
    if (kind === 'update' || kind === 'delete') changed.push(row);
  }
  const chosen = Int32Array.from(changed);
  const columns = old.map((column) => take(column, chosen, chosen.length));
  const keys = yield* keysInSlices(target.table(table.id), byOrdinal(table, columns), chosen.length, run);
  if ((yield* distinctKeys(keys, run)) !== null) return;
  throw new DriftError('21000', 'MERGE command cannot affect row a second time', {
    hint: 'Ensure that not more than one source row matches any one target row.',
  });
}

function positions(taken: Int32Array, clause: number): Int32Array {
  const found: number[] = [];
  for (let row = 0; row < taken.length; row++) if (taken[row] === clause) found.push(row);
  return Int32Array.from(found);
}

function subset(rows: Batch, chosen: Int32Array): Batch {
  return wholeBatch(
    rows.columns.map((column) => take(column, chosen, chosen.length)),
    chosen.length,
  );
}
