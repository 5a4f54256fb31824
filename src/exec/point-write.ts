/**
 * The short path of INSERT of one row, and of UPDATE and DELETE of one row by its whole key.
 *
 * An operator tree, its batches of one row and their typed arrays cost more than such a statement's own work. So the
 * cells are computed one by one here, and the rest is what the operators do as well: the same write sets, constraints
 * and actions of foreign keys (modify/*). What needs more than that (RETURNING, ON CONFLICT, CHECK, generated columns,
 * further conditions, subqueries) does not take this path.
 */
import { assert } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import type { ColumnDef, TableDef } from '../catalog/schema.ts';
import type { BoundExpression, ColumnId } from '../plan/expression.ts';
import type { DeleteNode, InsertNode, PlanNode, ScanNode, UpdateNode } from '../plan/plan.ts';
import { hasSubquery } from '../plan/walk-expression.ts';
import { type Key, MISS, type RowRef } from '../table/table.ts';
import { Compiler } from './compile.ts';
import { ONE_ROW } from './evaluator.ts';
import { deleteRows, updateRows } from './modify/change-rows.ts';
import { checkParents } from './modify/constraints.ts';
import { findFree, waitForKeys } from './modify/key-waits.ts';
import { changesKey, duplicateKey, type ModifyTarget, primaryKeyName, refuseNull } from './modify/target.ts';
import { checkUnique } from './modify/unique.ts';
import type { StatementReader } from '../txn/api.ts';
import { concurrentChange } from '../txn/lock/guard.ts';
import { FOR_UPDATE, NO_KEY_UPDATE } from '../txn/lock/modes.ts';
import type { ExecRun } from './run.ts';
import { slice, vectorFromValues, wholeBatch } from './vectors.ts';

export type PointWrite =
  | { readonly node: InsertNode; readonly cells: readonly BoundExpression[] }
  | { readonly node: UpdateNode | DeleteNode; readonly scan: ScanNode };

const known = new WeakMap<PlanNode, PointWrite | null>();

/** Says whether a plan can go the short way, and how; null where not. */
export function pointWriteOf(root: PlanNode): PointWrite | null {
  let shape = known.get(root);
  if (shape === undefined) {
    shape = shapeOf(root);
    known.set(root, shape);
  }
  return shape;
}

function shapeOf(root: PlanNode): PointWrite | null {
  if ('table' in root && 'triggers' in root.table && root.table.triggers !== undefined) return null;
  switch (root.kind) {
    case 'insert':
      return insertShape(root);
    case 'update': {
      const simple =
        isSimple(root) && root.assignments.every(({ index, expression }) => isFree(root.table, index, expression));
      return simple ? keyShape(root) : null;
    }
    case 'delete':
      return root.returning === null ? keyShape(root) : null;
    default:
      return null;
  }
}

function isSimple(node: InsertNode | UpdateNode): boolean {
  return node.returning === null && node.generated.length === 0 && node.checks.length === 0;
}

function insertShape(node: InsertNode): PointWrite | null {
  const { source } = node;
  if (!isSimple(node) || node.conflict !== null || source.kind !== 'values') return null;
  const [cells, more] = source.rows;
  if (cells === undefined || more !== undefined) return null;
  if (cells.some(hasSubquery) || node.values.some((value) => value !== null && hasSubquery(value))) return null;
  return { node, cells };
}

/** The assignment moves no row and can be computed from the old row alone. */
function isFree(table: TableDef, index: number, expression: BoundExpression): boolean {
  return !table.key.includes((table.columns[index] as ColumnDef).id) && !hasSubquery(expression);
}

function keyShape(node: UpdateNode | DeleteNode): PointWrite | null {
  const scan = node.source;
  if (scan.kind !== 'scan' || scan.access.kind !== 'key' || scan.filter !== null) return null;
  if (scan.version !== null || scan.time.kind !== 'now') return null;
  return scan.access.values.some(hasSubquery) ? null : { node, scan };
}

/** Runs it; `target.affected` gets the number of rows. */
export function* pointWrite(shape: PointWrite, run: ExecRun, target: ModifyTarget): Task<void> {
  if ('cells' in shape) return yield* insertRow(shape.node, shape.cells, run, target);
  const { node, scan } = shape;
  const assigned = node.kind === 'update' ? assignedIds(node) : null;
  const mode = assigned === null || changesKey(node.table, assigned) ? FOR_UPDATE : NO_KEY_UPDATE;
  const found = yield* lockedRow(scan, mode, run, target);
  if (found === null) return;
  const before = { key: found.key, row: cellsOf(found.row) };
  if (node.kind === 'delete') {
    yield* deleteRows(target, node.table, [before]);
  } else if (assigned !== null) {
    // The write itself stands for a weaker lock.
    if (mode === FOR_UPDATE) target.guard?.take(node.table.id, [found.key], FOR_UPDATE);
    const after = { key: found.key, row: assign(node, scan, found.row, before.row, run, target) };
    yield* updateRows(target, node.table, { before: [before], after: [after], assigned });
  }
  target.affected.set(node, 1);
}

function assignedIds({ assignments, table }: UpdateNode): number[] {
  return assignments.map(({ index }) => (table.columns[index] as ColumnDef).id);
}

interface FoundRow {
  readonly key: Key;
  readonly row: RowRef;
}

/**
 * The row that a statement may write: nobody else has it locked, and nothing waits from here to the write. At READ
 * COMMITTED it is the newest version, which satisfies the statement's one condition by its key.
 */
function* lockedRow(scan: ScanNode, mode: number, run: ExecRun, target: ModifyTarget): Task<FoundRow | null> {
  const { guard } = target;
  const { table } = scan;
  const reader = guard === null || guard.readsCommitted ? target.reader : run.context.reader;
  for (;;) {
    const found = yield* rowByKey(scan, run, reader);
    if (found === null || guard === null) return found;
    if (guard.isShared(table.id) && (yield* guard.wait(table, found.key, mode))) continue;
    if (guard.readsCommitted || !guard.isStale(table.id)) return found;
    const fate = yield* guard.fateOf(table.id, found.key);
    if (fate !== 'same') throw concurrentChange(fate);
    return yield* rowByKey(scan, run, reader);
  }
}

function* insertRow(
  node: InsertNode,
  cells: readonly BoundExpression[],
  run: ExecRun,
  target: ModifyTarget,
): Task<void> {
  const { table } = node;
  const versioned = target.table(table.id);
  const row = newRow(node, sourceCells(cells, run), run, target, versioned.columns.length);
  const key = versioned.encodeKey(versioned.key.map((part) => row[part.column] ?? null));
  let waited: boolean;
  do {
    if ((yield* findFree(target, table, key)) !== null) {
      const values = table.key.map((ordinal) => row[ordinal] ?? null);
      throw duplicateKey(target, table, primaryKeyName(table), table.key, values);
    }
    waited = target.guard?.sharesKeys(table.id) === true && (yield* waitForRow(target, table, key, row));
  } while (waited);
  const writes = target.writes(table.id);
  const from = writes.count;
  writes.put(key, row, false, null);
  if (table.indexes.length > 0) yield* checkUnique(target, table, from);
  if (table.foreignKeys.length > 0) yield* checkParents(target, table, from);
  target.affected.set(node, 1);
}

function* waitForRow(target: ModifyTarget, table: TableDef, key: Key, row: readonly Value[]): Task<boolean> {
  const rows = target.table(table.id).columns.map(({ format }, ordinal) => {
    const builder = new VectorBuilder(format, 1);
    builder.append(row[ordinal] ?? null);
    return builder.view();
  });
  return yield* waitForKeys(target, table, { keys: [key], rows, to: 1 });
}

function sourceCells(cells: readonly BoundExpression[], run: ExecRun): Value[] {
  const compiler = new Compiler(NO_LAYOUT, run);
  return cells.map((cell) => valueOf(cell, compiler, ONE_ROW));
}

const NO_LAYOUT: ReadonlyMap<ColumnId, number> = new Map();

/** The new row by ordinal. */
function newRow(
  node: InsertNode,
  source: readonly Value[],
  run: ExecRun,
  target: ModifyTarget,
  width: number,
): Value[] {
  const { table } = node;
  const { outputs } = node.source;
  const row: Value[] = new Array<Value>(width).fill(null);
  let compiler: Compiler | null = null;
  let batch: Batch = ONE_ROW;
  for (let i = 0; i < node.values.length; i++) {
    const expression = node.values[i] ?? null;
    const column = table.columns[i] as ColumnDef;
    if (expression === null) {
      if (column.hidden === true && table.key.includes(column.id)) row[column.id] = target.allocateRowIds(table.id, 1);
      continue;
    }
    if (expression.kind === 'column') {
      row[column.id] = source[outputs.findIndex(({ id }) => id === expression.id)] ?? null;
      continue;
    }
    if (compiler === null) {
      compiler = new Compiler(new Map(outputs.map(({ id }, at) => [id, at])), run);
      batch = wholeBatch(
        source.map((value, at) => vectorFromValues([value], outputs[at]?.type.oid ?? 0)),
        1,
      );
    }
    row[column.id] = valueOf(expression, compiler, batch);
  }
  refuseNulls(table, row, target);
  return row;
}

function valueOf(expression: BoundExpression, compiler: Compiler, batch: Batch): Value {
  if (expression.kind === 'const') return expression.value;
  if (expression.kind === 'parameter') return compiler.run.context.parameters[expression.index] ?? null;
  const evaluator = compiler.compile(expression);
  return evaluator.fixed ? evaluator.value() : valueAt(evaluator.eval(batch), 0);
}

function refuseNulls(table: TableDef, row: readonly Value[], target: ModifyTarget): void {
  for (const column of table.columns) {
    if ((row[column.id] ?? null) !== null) continue;
    if (column.notNull || table.key.includes(column.id)) throw refuseNull(target, table, column, row);
  }
}

function* rowByKey(scan: ScanNode, run: ExecRun, statement: StatementReader): Task<FoundRow | null> {
  assert(scan.access.kind === 'key', 'a scan by key');
  const values = sourceCells(scan.access.values, run);
  if (values.includes(null)) return null;
  const reader = statement.table(scan.table.id);
  const key = reader.table.encodeKey(values);
  for (;;) {
    const row = reader.find(key);
    if (row === null) return null;
    if (row !== MISS) return { key, row };
    yield* reader.load(key);
  }
}

function cellsOf(found: RowRef): Value[] {
  const { columns, row } = found;
  const cells = new Array<Value>(columns.length);
  for (let c = 0; c < columns.length; c++) cells[c] = valueAt(columns[c] as Vector, row);
  return cells;
}

/** The row after the assignments, by ordinal. */
function assign(
  node: UpdateNode,
  scan: ScanNode,
  found: RowRef,
  before: readonly Value[],
  run: ExecRun,
  target: ModifyTarget,
): Value[] {
  const row = before.slice();
  const layout = new Map(scan.columns.map(({ id }, at) => [id, at]));
  const compiler = new Compiler(layout, run);
  let batch: Batch | null = null;
  for (const { index, expression } of node.assignments) {
    batch ??= wholeBatch(
      scan.columns.map(({ ordinal }) => slice(found.columns[ordinal] as Vector, found.row, found.row + 1)),
      1,
    );
    row[(node.table.columns[index] as ColumnDef).id] = valueOf(expression, compiler, batch);
  }
  refuseNulls(node.table, row, target);
  return row;
}
