/**
 * The short path of INSERT of one row, and of UPDATE and DELETE of one row by its whole key or of the few that have the
 * values of an index.
 *
 * An operator tree, its batches of one row and their typed arrays cost more than such a statement's own work. So the
 * cells are computed one by one here, and the rest is what the operators do as well: the same write sets, constraints
 * and actions of foreign keys (modify/*). What needs more than that (RETURNING, ON CONFLICT, CHECK, generated columns,
 * further conditions, subqueries) does not take this path; and a look-up by index that finds anything special (others'
 * locks or newer rows, a leaf that is not in memory, very many rows) leaves the statement to the operators before it
 * has written anything.
 */
import type { Task } from '../base/task.ts';
import { type Value, type Vector, valueAt } from '../base/vector.ts';
import { tupleId } from './modify/tuple.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import type { ColumnDef, TableDef } from '../catalog/schema.ts';
import type { BoundExpression } from '../plan/expression.ts';
import type { DeleteNode, InsertNode, PlanNode, ScanNode, UpdateNode } from '../plan/plan.ts';
import { equalPrefix } from '../plan/scan-access.ts';
import { hasSubquery } from '../plan/walk-expression.ts';
import { type Key, MISS, type RowRef } from '../table/table.ts';
import { deleteRows, type KeyedRow, updateRows } from './modify/change-rows.ts';
import { checkParents } from './modify/constraints.ts';
import { findFree, waitForKeys } from './modify/key-waits.ts';
import { duplicateKey, keyOrdinals, type ModifyTarget, primaryKeyName, refuseNull } from './modify/target.ts';
import { checkUnique } from './modify/unique.ts';
import type { StatementReader } from '../txn/api.ts';
import { concurrentChange } from '../txn/lock/guard.ts';
import { FOR_UPDATE, NO_KEY_UPDATE } from '../txn/lock/modes.ts';
import { OneRow } from './one-row.ts';
import type { ExecRun } from './run.ts';

export type PointWrite =
  | { readonly kind: 'insert'; readonly node: InsertNode; readonly cells: readonly BoundExpression[] }
  | { readonly kind: 'key'; readonly node: UpdateNode | DeleteNode; readonly scan: ScanNode; readonly values: Values }
  | {
      readonly kind: 'index';
      readonly node: UpdateNode | DeleteNode;
      readonly scan: ScanNode;
      readonly indexId: number;
      readonly values: Values;
    };

type Values = readonly BoundExpression[];

/** Rows of one value of an index that are written this way. */
const MAX_ROWS = 64;

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
  return { kind: 'insert', node, cells };
}

/** The assignment moves no row and can be computed from the old row alone. */
function isFree(table: TableDef, index: number, expression: BoundExpression): boolean {
  return !table.key.includes((table.columns[index] as ColumnDef).id) && !hasSubquery(expression);
}

function keyShape(node: UpdateNode | DeleteNode): PointWrite | null {
  const scan = node.source;
  if (scan.kind !== 'scan' || scan.filter !== null) return null;
  if (scan.version !== null || scan.time.kind !== 'now') return null;
  const { access } = scan;
  if (access.kind === 'key')
    return access.values.some(hasSubquery) ? null : { kind: 'key', node, scan, values: access.values };
  const values = equalPrefix(access);
  if (access.kind !== 'indexRange' || values === null || values.some(hasSubquery)) return null;
  return { kind: 'index', node, scan, indexId: access.indexId, values };
}

/** Runs it; `target.affected` gets the number of rows. False where it has done nothing, because operators must. */
export function* pointWrite(shape: PointWrite, run: ExecRun, target: ModifyTarget): Task<boolean> {
  if (shape.kind === 'insert') {
    yield* insertRow(shape.node, shape.cells, run, target);
    return true;
  }
  const { node, scan } = shape;
  const assigned = node.kind === 'update' ? assignedIds(node) : null;
  const assign = (row: KeyedRow): KeyedRow =>
    node.kind === 'update' ? { key: row.key, row: assignedRow(node, scan, row.row, run, target) } : row;
  const ordinals = assigned === null ? null : keyOrdinals(node.table, assigned);
  let before: readonly KeyedRow[] | null;
  let after: readonly KeyedRow[] | null = null;
  let mode = assigned === null ? FOR_UPDATE : NO_KEY_UPDATE;
  if (shape.kind === 'key') {
    for (;;) {
      const found = yield* lockedRow(scan, shape.values, mode, run, target);
      if (found === null) return true;
      const row = { key: found.key, row: cellsOf(found.row.columns, found.row.row) };
      before = [row];
      after = [assign(row)];
      if (mode === FOR_UPDATE || ordinals === null || !isChanged(row, after[0] as KeyedRow, ordinals)) break;
      // Its key will be another one: nobody may refer to it.
      if (target.guard?.isBlocked(node.table.id, row.key, FOR_UPDATE) !== true) break;
      mode = FOR_UPDATE;
    }
  } else {
    before = rowsByIndex(shape.indexId, scan, shape.values, run, target);
    if (before === null) return false;
    if (before.length === 0) return true;
  }
  if (node.kind === 'delete') {
    yield* deleteRows(target, node.table, before);
  } else if (assigned !== null) {
    const changed = after ?? before.map(assign);
    // The write itself stands for a weaker lock.
    const strong = before.filter((row, i) => ordinals !== null && isChanged(row, changed[i] as KeyedRow, ordinals));
    if (strong.length > 0) {
      const keys = strong.map(({ key }) => key);
      target.guard?.take(node.table.id, keys, FOR_UPDATE);
    }
    yield* updateRows(target, node.table, { before, after: changed, assigned });
  }
  target.affected.set(node, before.length);
  return true;
}

/** Whether a row has another key, of which only these columns can have changed. */
function isChanged({ row: was }: KeyedRow, { row: now }: KeyedRow, ordinals: readonly number[]): boolean {
  const of = (row: readonly Value[]): string => tupleId(ordinals.map((ordinal) => row[ordinal] ?? null));
  return ordinals.length > 0 && of(was) !== of(now);
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
function* lockedRow(
  scan: ScanNode,
  values: Values,
  mode: number,
  run: ExecRun,
  target: ModifyTarget,
): Task<FoundRow | null> {
  const { guard } = target;
  const { table } = scan;
  const reader = guard === null || guard.readsCommitted ? target.reader : run.context.reader;
  for (;;) {
    const found = yield* rowByKey(scan, values, run, reader);
    if (found === null || guard === null) return found;
    if (guard.isShared(table.id) && (yield* guard.wait(table, found.key, mode))) continue;
    if (guard.readsCommitted || !guard.isStale(table.id)) return found;
    const fate = yield* guard.fateOf(table.id, found.key);
    if (fate !== 'same') throw concurrentChange(fate);
    return yield* rowByKey(scan, values, run, reader);
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

function sourceCells(cells: Values, run: ExecRun): Value[] {
  const row = new OneRow(run, [], []);
  return cells.map((cell) => row.valueOf(cell));
}

/** The new row by ordinal. */
function newRow(
  node: InsertNode,
  source: readonly Value[],
  run: ExecRun,
  target: ModifyTarget,
  width: number,
): Value[] {
  const { table } = node;
  const row: Value[] = new Array<Value>(width).fill(null);
  const given = new OneRow(run, node.source.outputs, source);
  for (let i = 0; i < node.values.length; i++) {
    const expression = node.values[i] ?? null;
    const column = table.columns[i] as ColumnDef;
    if (expression !== null) row[column.id] = given.valueOf(expression);
    else if (column.hidden === true && table.key.includes(column.id))
      row[column.id] = target.allocateRowIds(table.id, 1);
  }
  refuseNulls(table, row, target);
  return row;
}

function refuseNulls(table: TableDef, row: readonly Value[], target: ModifyTarget): void {
  for (const column of table.columns) {
    if ((row[column.id] ?? null) !== null) continue;
    if (column.notNull || table.key.includes(column.id)) throw refuseNull(target, table, column, row);
  }
}

function* rowByKey(
  scan: ScanNode,
  expressions: Values,
  run: ExecRun,
  statement: StatementReader,
): Task<FoundRow | null> {
  const values = sourceCells(expressions, run);
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

/** The rows that have the values of an index, if the statement may write all of them at once; else null. */
function rowsByIndex(
  indexId: number,
  { table }: ScanNode,
  expressions: Values,
  run: ExecRun,
  { guard }: ModifyTarget,
): KeyedRow[] | null {
  if (guard?.isShared(table.id) === true || guard?.isStale(table.id) === true) return null;
  const values = sourceCells(expressions, run);
  if (values.includes(null)) return [];
  const reader = run.context.reader.table(table.id);
  const found: KeyedRow[] = [];
  const known = reader.findByIndex(indexId, values, (columns, row) => {
    if (found.length > MAX_ROWS) return;
    const cells = cellsOf(columns, row);
    found.push({
      key: reader.table.encodeKey(reader.table.key.map(({ column }) => cells[column] ?? null)),
      row: cells,
    });
  });
  return known && found.length <= MAX_ROWS ? found : null;
}

function cellsOf(columns: readonly Vector[], row: number): Value[] {
  const cells = new Array<Value>(columns.length);
  for (let c = 0; c < columns.length; c++) cells[c] = valueAt(columns[c] as Vector, row);
  return cells;
}

/** The row after the assignments, by ordinal. */
function assignedRow(
  node: UpdateNode,
  scan: ScanNode,
  before: readonly Value[],
  run: ExecRun,
  target: ModifyTarget,
): Value[] {
  const row = before.slice();
  const old = new OneRow(
    run,
    scan.outputs,
    scan.columns.map(({ ordinal }) => before[ordinal] as Value),
  );
  for (const { index, expression } of node.assignments)
    row[(node.table.columns[index] as ColumnDef).id] = old.valueOf(expression);
  refuseNulls(node.table, row, target);
  return row;
}
