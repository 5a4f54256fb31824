/**
 * MERGE: each joined row takes the first WHEN clause of its kind whose condition holds; then each clause changes its
 * rows at once. Deletions go first and insertions last, so that a row may take the place of one that the same command
 * moves away.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, isNull, type Vector, valueAt } from '../../base/vector.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { ColumnId } from '../../plan/expression.ts';
import type { DeleteNode, InsertNode, MergeNode, UpdateNode } from '../../plan/plan.ts';
import { Compiler } from '../compile.ts';
import { type ExecRun, layoutOf } from '../run.ts';
import type { Key } from '../../table/table.ts';
import { compact, concat, constantVector, take, wholeBatch } from '../vectors.ts';
import { FOR_UPDATE, NO_KEY_UPDATE } from '../../txn/lock/modes.ts';
import { type FoundRows, lockFound } from './lock-rows.ts';
import { distinctKeys, evaluated, keysInSlices } from './slices.ts';
import { byOrdinal, changesKey, type ModifyTarget } from './target.ts';

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
  const { rows, taken } = yield* lockChosen(node, wholeBatch(compacted, source.count), layout, { run, target });
  yield* refuseSecondChange(node, oldOf(node, rows, layout), taken, { run, target });
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

interface Chosen {
  readonly rows: Batch;
  /** The clause of each row, or -1. */
  readonly taken: Int32Array;
}

/**
 * Chooses clauses, and locks the rows that they change, as strongly as what is done to them asks for. Rows that others
 * have changed are matched and judged again; where nothing is left to match, because the row is gone or is another one
 * now, the source's row has no match, as in PostgreSQL.
 */
function* lockChosen(
  node: MergeNode,
  all: Batch,
  layout: ReadonlyMap<ColumnId, number>,
  { run, target }: { readonly run: ExecRun; readonly target: ModifyTarget },
): Task<Chosen> {
  const { guard } = target;
  const { table } = node;
  const judge = (rows: Batch): Task<Int32Array> =>
    assignClauses(node, rows, layout, run, byOrdinal(table, oldOf(node, rows, layout)));
  const first = yield* judge(all);
  const modes = node.whens.map(({ action }) => modeOf(table, action));
  const modeAt = (taken: Int32Array, row: number): number => modes[taken[row] as number] ?? 0;
  if (guard === null) return { rows: all, taken: first };
  const foundIn = function* (batch: Batch): Task<FoundRows> {
    const old = byOrdinal(table, oldOf(node, batch, layout));
    const keys = yield* keysInSlices(target.table(table.id), old, batch.count, run);
    // A row that matches twice is refused later.
    return { rows: batch, keys, set: (yield* distinctKeys(keys, run)) ?? new Set(keys) };
  };
  const key = table.columns.findIndex(({ id }) => id === table.key[0]);
  const again = function* (batch: Batch): Task<FoundRows> {
    const keys = oldOf(node, batch, layout)[key] as Vector;
    return yield* foundIn(yield* subset(batch, yield* chosenRows(batch.count, (row) => !isNull(keys, row), run), run));
  };
  const parts: Batch[] = [];
  let isSame = true;
  for (const mode of [NO_KEY_UPDATE, FOR_UPDATE]) {
    const chosen = yield* chosenRows(all.count, (row) => modeAt(first, row) === mode, run);
    if (chosen.length === 0) continue;
    const known = yield* foundIn(chosen.length === all.count ? all : yield* subset(all, chosen, run));
    const at = { table, source: node.source, column: node.oldRow[0] as ColumnId, mode };
    const { found } = yield* lockFound(at, known, run, guard, again);
    parts.push(found.rows);
    if (found === known) continue;
    isSame = false;
    parts.push(yield* withoutMatch(node, known, found, layout, run));
  }
  if (isSame) return { rows: all, taken: first };
  const others = yield* chosenRows(all.count, (row) => modeAt(first, row) === 0, run);
  const rows = joined(node, [...parts, yield* subset(all, others, run)]);
  const taken = yield* judge(rows);
  // What is to be deleted now was perhaps to be updated before: nobody changes it meanwhile, but it may be referred to.
  const strong = yield* chosenRows(rows.count, (row) => modeAt(taken, row) === FOR_UPDATE, run);
  const { keys, set } = yield* foundIn(yield* subset(rows, strong, run));
  guard.claim(table.id, set, FOR_UPDATE);
  for (const one of keys) yield* guard.wait(table, one, FOR_UPDATE);
  return { rows, taken };
}

function modeOf(table: TableDef, action: Action | null): number {
  if (action === null || action.kind === 'insert') return 0;
  if (action.kind === 'delete') return FOR_UPDATE;
  const assigned = action.assignments.map(({ index }) => (table.columns[index] as ColumnDef).id);
  return changesKey(table, assigned) ? FOR_UPDATE : NO_KEY_UPDATE;
}

/** The rows of a source whose match is no longer among those that were found. */
function* withoutMatch(
  node: MergeNode,
  known: FoundRows,
  found: FoundRows,
  layout: ReadonlyMap<ColumnId, number>,
  run: ExecRun,
): Task<Batch> {
  const still = new Set(found.keys);
  const lost = yield* chosenRows(known.keys.length, (row) => !still.has(known.keys[row] as Key), run);
  const alone = yield* subset(known.rows, lost, run);
  const ofTarget = new Set(node.oldRow.map((id) => layout.get(id)));
  const oids = node.source.outputs.map(({ type }) => type.oid);
  return wholeBatch(
    alone.columns.map((column, c) => (ofTarget.has(c) ? constantVector(null, alone.count, oids[c] as number) : column)),
    alone.count,
  );
}

function joined(node: MergeNode, parts: readonly Batch[]): Batch {
  const filled = parts.filter(({ count }) => count > 0);
  const columns = node.source.outputs.map(({ type }, c) =>
    concat(
      filled.map((part) => part.columns[c] as Vector),
      type.oid,
    ),
  );
  return wholeBatch(
    columns,
    filled.reduce((sum, { count }) => sum + count, 0),
  );
}

function oldOf(node: MergeNode, rows: Batch, layout: ReadonlyMap<ColumnId, number>): Vector[] {
  return node.oldRow.map((id) => rows.columns[layout.get(id) as number] as Vector);
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
