/**
 * INSERT, UPDATE, DELETE and MERGE as operators over their source.
 *
 * The source is read to its end before anything is written, so a statement never sees its own changes (no Halloween
 * problem); then rows are completed and checked column by column, written to the transaction's write sets, and
 * constraints that span rows are checked at the end. RETURNING's rows are the operator's output.
 */
import { KeySet } from '../../base/key-set.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Vector } from '../../base/vector.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { ColumnId } from '../../plan/expression.ts';
import type { DeleteNode, InsertNode, ModifyNode, UpdateNode } from '../../plan/plan.ts';
import type { Key } from '../../table/table.ts';
import { FOR_UPDATE, NO_KEY_UPDATE } from '../../txn/lock/modes.ts';
import { Collector, drain, oidsOf } from '../collector.ts';
import { Compiler } from '../compile.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { takeInSlices } from '../concat-slices.ts';
import type { Pacer } from '../pacer.ts';
import { compact, constantVector, wholeBatch } from '../vectors.ts';
import { deleteColumns, updateColumns } from './change-columns.ts';
import { checkParents } from './constraints.ts';
import { finishRows, returned } from './finish-rows.ts';
import { merge } from './merge.ts';
import { type FoundRows, lockFound } from './lock-rows.ts';
import { insertOnConflict } from './on-conflict.ts';
import { byOrdinal, changedInStatement, keyOrdinals, type ModifyTarget } from './target.ts';
import type { Occasion } from './trigger-runner.ts';
import { afterRows, beforeRows, beforeStatement, firing, keptColumns, rowsFor } from './triggers.ts';
import { insertRows } from './insert-rows.ts';
import { distinctKeys, evaluated, keysInSlices, SLICE_ROWS } from './slices.ts';
import { tuple, tupleId } from './tuple.ts';
import { checkUnique } from './unique.ts';

const BOOL = 16;

/** Makes the operator of a modify node. */
export function modifyOperator(node: ModifyNode, source: Operator, run: ExecRun, target: ModifyTarget): Operator {
  return new ModifyOperator(node, source, run, target);
}

class ModifyOperator implements Operator {
  readonly #node: ModifyNode;
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #target: ModifyTarget;
  #done = false;

  constructor(node: ModifyNode, source: Operator, run: ExecRun, target: ModifyTarget) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
    this.#target = target;
  }

  open(): void {
    this.#done = false;
    this.#source.open();
  }

  *next(): Task<Batch | null> {
    if (this.#done) return null;
    this.#done = true;
    const collector = new Collector(oidsOf(this.#node.source.outputs), this.#run.memory);
    yield* beforeStatements(this.#node, this.#target);
    try {
      const rows = yield* drain(this.#source, collector, this.#run);
      const result = yield* this.#modify(rows);
      return result !== null && result.count > 0 ? result : null;
    } finally {
      collector.release();
    }
  }

  close(): void {
    this.#source.close();
  }

  #modify(rows: Batch): Task<Batch | null> {
    return change(this.#node, rows, this.#run, this.#target);
  }
}

/** `locked`: the target rows are, and are as they were found. */
function change(node: ModifyNode, rows: Batch, run: ExecRun, target: ModifyTarget, locked = false): Task<Batch | null> {
  switch (node.kind) {
    case 'insert':
      return insert(node, rows, run, target);
    case 'update':
      return update(node, rows, run, target, locked);
    case 'delete':
      return remove(node, rows, run, target, locked);
    case 'merge':
      return merge(node, rows, (action, subset) => change(action, subset, run, target, true), { run, target });
  }
}

/** Triggers that fire once, before anything is read. */
function* beforeStatements(node: ModifyNode, target: ModifyTarget): Task<void> {
  if (node.table.triggers === undefined) return;
  for (const occasion of occasionsOf(node)) yield* beforeStatement(target, occasion);
}

function occasionsOf(node: ModifyNode): Occasion[] {
  const { table } = node;
  switch (node.kind) {
    case 'insert': {
      const update = node.conflict?.update;
      const own: Occasion = { table, event: 'insert', assigned: [] };
      return update === null || update === undefined ? [own] : [own, occasionOf(node, update)];
    }
    case 'update':
      return [occasionOf(node, node)];
    case 'delete':
      return [{ table, event: 'delete', assigned: [] }];
    case 'merge': {
      const events = new Map<string, Occasion>();
      for (const { action } of node.whens)
        if (action !== null) for (const occasion of occasionsOf(action)) events.set(occasion.event, occasion);
      return [...events.values()];
    }
  }
}

export function occasionOf(
  { table }: { readonly table: TableDef },
  { assignments }: Pick<UpdateNode, 'assignments'>,
): Occasion {
  return { table, event: 'update', assigned: assignments.map(({ index }) => (table.columns[index] as ColumnDef).id) };
}

function* insert(node: InsertNode, source: Batch, run: ExecRun, target: ModifyTarget): Task<Batch | null> {
  const { table } = node;
  const occasion: Occasion = { table, event: 'insert', assigned: [] };
  if (source.count === 0) {
    afterRows(target, occasion, { old: [], now: [] });
    return null;
  }
  const { columns, count } = yield* newRows(node, source, run, target);
  const rows = byOrdinal(table, columns);
  if (node.conflict !== null) return yield* insertOnConflict(node, node.conflict, { columns, count }, run, target);
  const width = target.table(table.id).columns.length;
  const { count: from } = target.writes(table.id);
  yield* insertRows(target, table, { rows: fullWidth(width, rows, count), count }, run);
  yield* checkUnique(target, table, from);
  if (table.foreignKeys.length > 0) target.checks.push(() => checkParents(target, table, from));
  afterRows(target, occasion, { old: [], now: rowsFor(table, columns, count) });
  target.affected.set(node, count);
  if (node.returning === null) return null;
  return yield* returned(
    node.returning.expressions,
    new Map(node.newRow.map((id, i) => [id, i])),
    wholeBatch(columns, count),
    run,
  );
}

/** Evaluates the new rows of INSERT: values, row ids, generated columns; NOT NULL and CHECK hold afterwards. */
function* newRows(
  node: InsertNode,
  source: Batch,
  run: ExecRun,
  target: ModifyTarget,
): Task<{ readonly columns: Vector[]; readonly count: number }> {
  const { table } = node;
  const compiler = new Compiler(layoutOf(node.source.outputs), run);
  const given = node.values.flatMap((value, i) => (value === null ? [] : [{ value, i }]));
  const evaluators = compiler.compileAll(given.map(({ value }) => value));
  const oids = given.map(({ i }) => (table.columns[i] as ColumnDef).type.oid);
  const values = yield* evaluated(compiler, evaluators, source, oids, run);
  const computed: Vector[] = [];
  given.forEach(({ i }, at) => {
    computed[i] = values[at] as Vector;
  });
  node.values.forEach((value, i) => {
    if (value !== null) return;
    const column = table.columns[i] as ColumnDef;
    computed[i] =
      column.hidden === true && table.key.includes(column.id)
        ? rowIds(target.allocateRowIds(table.id, source.count), source.count)
        : constantVector(null, source.count, column.type.oid);
  });
  const { columns, count } = yield* beforeRows(
    target,
    { table, event: 'insert', assigned: [] },
    { old: null, now: computed, count: source.count },
  );
  yield* finishRows(
    { table, ids: node.newRow, generated: node.generated, checks: node.checks },
    columns,
    count,
    run,
    target,
  );
  return { columns, count };
}

function* update(
  node: UpdateNode,
  source: Batch,
  run: ExecRun,
  target: ModifyTarget,
  locked: boolean,
): Task<Batch | null> {
  const { table } = node;
  const layout = layoutOf(node.source.outputs);
  const versioned = target.table(table.id);
  const { rows: found, release } = yield* ownRows(node, source, layout, { run, target, mode: NO_KEY_UPDATE, locked });
  const occasion = occasionOf(node, node);
  if (found.count === 0) {
    afterRows(target, occasion, { old: [], now: [] });
    return null;
  }
  const compiler = new Compiler(layout, run);
  const evaluators = compiler.compileAll(node.assignments.map(({ expression }) => expression));
  const oids = node.assignments.map(({ index }) => (table.columns[index] as ColumnDef).type.oid);
  const values = yield* evaluated(compiler, evaluators, found, oids, run);
  const old = oldColumns(node, found, layout);
  const computed = [...old];
  node.assignments.forEach(({ index }, i) => {
    computed[index] = values[i] as Vector;
  });
  const kept = yield* beforeRows(target, occasion, { old, now: computed, count: found.count });
  const { columns } = kept;
  const rows = wholeBatch(keptColumns(found.columns, kept), kept.count);
  const before = keptColumns(old, kept);
  yield* finishRows(
    { table, ids: node.newRow, generated: node.generated, checks: node.checks },
    columns,
    rows.count,
    run,
    target,
  );
  // A trigger may have set any column.
  const assigned =
    firing(table, 'before', 'update', true, occasion.assigned).length > 0
      ? table.columns.map(({ id }) => id)
      : [...node.assignments, ...node.generated].map(({ index }) => (table.columns[index] as ColumnDef).id);
  const [oldRows, newRowsByOrdinal] = [byOrdinal(table, before), byOrdinal(table, columns)];
  const width = versioned.columns.length;
  const all = { before: fullWidth(width, oldRows, rows.count), after: fullWidth(width, newRowsByOrdinal, rows.count) };
  const ordinals = keyOrdinals(table, assigned);
  if (!locked && ordinals.length > 0)
    yield* lockChangedKeys(target, table, { ...all, count: rows.count, ordinals }, run);
  yield* updateColumns(target, table, { ...all, count: rows.count, assigned }, run);
  // What is written is locked; a written row's own lock lets others rely on its key.
  if (rows.count === found.count) release();
  afterRows(target, occasion, {
    old: rowsFor(table, before, rows.count),
    now: rowsFor(table, columns, rows.count),
  });
  target.affected.set(node, rows.count);
  if (node.returning === null) return null;
  const both = new Map(layout);
  node.newRow.forEach((id, i) => both.set(id, rows.columns.length + i));
  return yield* returned(node.returning.expressions, both, wholeBatch([...rows.columns, ...columns], rows.count), run);
}

/** Locks the rows whose keys are no longer what others may refer to. Nobody changes them meanwhile: they are claimed. */
function* lockChangedKeys(
  target: ModifyTarget,
  table: TableDef,
  rows: {
    readonly before: readonly Vector[];
    readonly after: readonly Vector[];
    readonly count: number;
    readonly ordinals: readonly number[];
  },
  run: ExecRun,
): Task<void> {
  const { guard } = target;
  if (guard === null) return;
  const { before, after, count, ordinals } = rows;
  const keys = yield* keysInSlices(target.table(table.id), before, count, run);
  const changed = new KeySet();
  guard.claim(table.id, changed, FOR_UPDATE);
  for (const [row, key] of keys.entries()) {
    if (row % SLICE_ROWS === SLICE_ROWS - 1 && run.due()) yield* run.pause();
    if (tupleId(tuple(before, ordinals, row)) === tupleId(tuple(after, ordinals, row))) continue;
    changed.add(key);
    yield* guard.wait(table, key, FOR_UPDATE);
  }
}

function* remove(
  node: DeleteNode,
  source: Batch,
  run: ExecRun,
  target: ModifyTarget,
  locked: boolean,
): Task<Batch | null> {
  const { table } = node;
  const layout = layoutOf(node.source.outputs);
  const { rows: found, release } = yield* ownRows(node, source, layout, { run, target, mode: FOR_UPDATE, locked });
  const occasion: Occasion = { table, event: 'delete', assigned: [] };
  const kept = yield* beforeRows(target, occasion, {
    old: oldColumns(node, found, layout),
    now: null,
    count: found.count,
  });
  const rows = wholeBatch(keptColumns(found.columns, kept), kept.count);
  if (rows.count === 0) {
    afterRows(target, occasion, { old: [], now: [] });
    return null;
  }
  const result = node.returning === null ? null : yield* returned(node.returning.expressions, layout, rows, run);
  const old = byOrdinal(table, oldColumns(node, rows, layout));
  const width = target.table(table.id).columns.length;
  yield* deleteColumns(target, table, { before: fullWidth(width, old, rows.count), count: rows.count }, run);
  if (rows.count === found.count) release();
  afterRows(target, occasion, { old: rowsFor(table, oldColumns(node, rows, layout), rows.count), now: [] });
  target.affected.set(node, rows.count);
  return result;
}

/** The source rows, each target row once (a join may give it several times), locked and as they are now. */
function* ownRows(
  node: UpdateNode | DeleteNode,
  source: Batch,
  layout: ReadonlyMap<ColumnId, number>,
  how: { readonly run: ExecRun; readonly target: ModifyTarget; readonly mode: number; readonly locked: boolean },
): Task<{ readonly rows: Batch; readonly release: () => void }> {
  const { run, target, mode, locked } = how;
  const { guard } = target;
  const found = yield* distinctRows(node, source, layout, how);
  if (guard === null || locked || found.keys.length === 0) return { rows: found.rows, release: () => undefined };
  const at = { table: node.table, source: node.source, column: node.oldRow[0] as ColumnId, mode };
  const known = yield* lockFound(at, found, run, guard, (rows) => distinctRows(node, rows, layout, how));
  return { rows: known.found.rows, release: known.release };
}

function* distinctRows(
  node: UpdateNode | DeleteNode,
  source: Batch,
  layout: ReadonlyMap<ColumnId, number>,
  { run, target }: { readonly run: ExecRun; readonly target: ModifyTarget },
): Task<FoundRows> {
  const oids = node.source.outputs.map(({ type }) => type.oid);
  const whole = wholeBatch(
    source.selection === null
      ? source.columns.map((column) => compact(column, source))
      : yield* takenInSlices(source.columns, source.selection, source.count, { oids, pacer: run }),
    source.count,
  );
  const old = byOrdinal(node.table, oldColumns(node, whole, layout));
  const keys = yield* keysInSlices(target.table(node.table.id), old, whole.count, run);
  const set = target.before === null ? yield* distinctKeys(keys, run) : null;
  if (set !== null) return { rows: whole, keys, set };
  const first = new KeySet();
  const kept = new Int32Array(keys.length);
  // Made whole: one that grows is copied again and again.
  const distinct = new Array<Key>(keys.length);
  let count = 0;
  for (let row = 0; row < keys.length; row++) {
    if (row % SLICE_ROWS === SLICE_ROWS - 1 && run.due()) yield* run.pause();
    const key = keys[row] as Key;
    if (first.has(key) || changedInStatement(target, node.table.id, key)) continue;
    first.add(key);
    kept[count] = row;
    distinct[count++] = key;
  }
  distinct.length = count;
  const columns = yield* takenInSlices(whole.columns, kept, distinct.length, { oids, pacer: run });
  return { rows: wholeBatch(columns, distinct.length), keys: distinct, set: first };
}

function* takenInSlices(
  columns: readonly Vector[],
  rows: Int32Array,
  count: number,
  { oids, pacer }: { readonly oids: readonly number[]; readonly pacer: Pacer },
): Task<Vector[]> {
  const taken: Vector[] = [];
  for (const [c, column] of columns.entries())
    taken.push(yield* takeInSlices(column, rows, count, { oid: oids[c] as number, pacer }));
  return taken;
}

function oldColumns(node: UpdateNode | DeleteNode, rows: Batch, layout: ReadonlyMap<ColumnId, number>): Vector[] {
  return node.oldRow.map((id) => rows.columns[layout.get(id) as number] as Vector);
}

/** All ordinals of the tree: dropped columns are null in new rows. */
export function fullWidth(width: number, rows: readonly Vector[], count: number): Vector[] {
  let none: Vector | undefined;
  return Array.from({ length: width }, (_, ordinal) => rows[ordinal] ?? (none ??= constantVector(null, count, BOOL)));
}

function rowIds(first: number, count: number): Vector {
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = first + i;
  return { kind: 'f64', length: count, nulls: null, data };
}
