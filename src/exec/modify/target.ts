/**
 * Where changes go: the transaction's write sets, seen through a few operations that INSERT, UPDATE, DELETE and the
 * actions of foreign keys share. Rows are given by table ordinal; keys are the table's comparable keys.
 *
 * Nothing here is visible to others, and everything can be taken back by the transaction's marks: a statement that
 * fails half way leaves no trace.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { isNull, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { Catalog, ColumnDef, Deferrable, TableDef } from '../../catalog/schema.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { type Key, MISS, type RowRef, type VersionedTable } from '../../table/table.ts';
import type { StatementReader } from '../../txn/api.ts';
import type { RowGuard } from '../../txn/lock/guard.ts';
import type { TableWrites } from '../../txn/table-writes.ts';
import type { ModifyNode } from '../../plan/plan.ts';
import type { TriggerRunner } from './trigger-runner.ts';

export interface ModifyTarget {
  readonly catalog: Catalog;
  /**
   * Reads the newest committed state with own writes, those of this statement included: what constraints are about,
   * which hold between all transactions, whatever a snapshot shows.
   */
  readonly reader: StatementReader;
  /** Locks rows against other transactions; null where constraints are only asked once more (at commit). */
  readonly guard: RowGuard | null;
  readonly eval: EvalContext;
  table(tableId: number): VersionedTable;
  /** The write set of a table, made at the first write. Throws 25006 in a read-only transaction. */
  writes(tableId: number): TableWrites;
  /** Takes `count` fresh row ids for a table without a primary key; returns the first. */
  allocateRowIds(tableId: number, count: number): number;
  /** The value of a column's default for SET DEFAULT; null where it has none. */
  defaultOf(table: TableDef, ordinal: number): Value;
  /** Computes generated columns of rows (cells by ordinal) in place and enforces NOT NULL and CHECK. */
  completeRows(table: TableDef, rows: readonly Value[][]): Task<void>;
  /** What must hold of foreign keys when the statement has made all of its changes. */
  readonly checks: (() => Task<void>)[];
  /** Whether a constraint waits for the commit now. */
  defers(constraint: { readonly name: string; readonly deferrable?: Deferrable | undefined }): boolean;
  /** Entries that write sets had when a statement of several data changes began; null for any other statement. */
  readonly before: ReadonlyMap<number, number> | null;
  /** Runs the functions of triggers. */
  triggers(): TriggerRunner;
  /** Rows changed by each modify node, for the command's answer. */
  readonly affected: Map<ModifyNode, number>;
}

/** Looks a key up in the state as changed so far. */
export function* findRow(target: ModifyTarget, tableId: number, key: Key): Task<RowRef | null> {
  const reader = target.reader.table(tableId);
  for (;;) {
    const found = reader.find(key);
    if (found !== MISS) return found;
    yield* reader.load(key);
  }
}

/** Whether another part of the same statement has changed the row already: then it is passed over, as in PostgreSQL. */
export function changedInStatement(target: ModifyTarget, tableId: number, key: Key): boolean {
  return target.before !== null && target.writes(tableId).latestEntry(key) >= (target.before.get(tableId) ?? 0);
}

/** Whether an update may change what foreign keys refer to. */
export function changesKey(table: TableDef, assigned: readonly number[]): boolean {
  return assigned.some((id) => isOfKey(table, id));
}

/** Columns that foreign keys may refer to, of those that an update assigns. */
export function keyOrdinals(table: TableDef, assigned: readonly number[]): number[] {
  return [...new Set(assigned)].filter((id) => isOfKey(table, id));
}

function isOfKey(table: TableDef, id: number): boolean {
  return (
    table.key.includes(id) ||
    table.indexes.some(
      (index) =>
        (index.unique || index.withoutOverlaps !== undefined) && index.columns.some((part) => part.column === id),
    )
  );
}

/** What the log keeps of a changed row: what is assigned, and that the row has nothing left in columns that were dropped. */
export function loggedColumns(table: TableDef, assigned: readonly number[]): readonly number[] {
  return table.dropped.length === 0 ? assigned : [...assigned, ...table.dropped.map(({ id }) => id)];
}

/** The vectors of `columns` (parallel to table.columns) by ordinal; ordinals of dropped columns stay empty. */
export function byOrdinal(table: TableDef, columns: readonly Vector[]): Vector[] {
  const rows: Vector[] = [];
  table.columns.forEach((column, index) => {
    rows[column.id] = columns[index] as Vector;
  });
  return rows;
}

/** Keys of all rows; `rows` by ordinal. */
export function keysOf(table: VersionedTable, rows: readonly Vector[], count: number): Key[] {
  const keys: Key[] = [];
  keysInto(keys, table, rows, { start: 0, end: count, at: 0 });
  return keys;
}

/** Writes the keys of some rows into a list, from number `at` on. */
export function keysInto(
  keys: Key[],
  table: VersionedTable,
  rows: readonly Vector[],
  { start, end, at }: { readonly start: number; readonly end: number; readonly at: number },
): void {
  const shift = at - start;
  const [first] = table.key;
  assert(first !== undefined, 'a table has a key');
  const vector = rows[first.column] as Vector;
  if (table.key.length === 1 && !first.descending && isPlain(table, first.column, vector)) {
    const data = vector.data as ArrayLike<Key>;
    for (let row = start; row < end; row++) keys[row + shift] = data[row] as Key;
    return;
  }
  for (let row = start; row < end; row++) keys[row + shift] = keyAt(table, rows, row);
}

export function keyAt(table: VersionedTable, rows: readonly Vector[], row: number): Key {
  return table.encodeKey(table.key.map((part) => valueAt(rows[part.column] as Vector, row)));
}

/** One row's cells by ordinal. */
export function cells(rows: readonly Vector[], row: number): Value[] {
  const values: Value[] = [];
  for (let c = 0; c < rows.length; c++) {
    const vector = rows[c];
    values.push(vector === undefined ? null : valueAt(vector, row));
  }
  return values;
}

/** Throws 23502 for the first null in a NOT NULL column (key columns included). */
export function checkNotNull(target: ModifyTarget, table: TableDef, rows: readonly Vector[], count: number): void {
  for (const column of table.columns) {
    if (!column.notNull && !table.key.includes(column.id)) continue;
    const vector = rows[column.id] as Vector;
    if (vector.nulls === null) continue;
    for (let row = 0; row < count; row++) {
      if (isNull(vector, row)) throw refuseNull(target, table, column, cells(rows, row));
    }
  }
}

/** The error for a null in a NOT NULL column; `row` by ordinal. */
export function refuseNull(
  target: ModifyTarget,
  table: TableDef,
  column: ColumnDef,
  row: readonly Value[],
): DriftError {
  return new DriftError(
    '23502',
    `null value in column "${column.name}" of relation "${table.name}" violates not-null constraint`,
    {
      detail: rowText(target, table, row),
      schema: table.schema,
      table: table.name,
      column: column.name,
    },
  );
}

export function failingRow(target: ModifyTarget, table: TableDef, rows: readonly Vector[], row: number): string {
  return rowText(target, table, cells(rows, row));
}

function rowText(target: ModifyTarget, table: TableDef, row: readonly Value[]): string {
  const texts = table.columns
    .filter((column) => column.hidden !== true)
    .map((column) => {
      const value = row[column.id] ?? null;
      return value === null ? 'null' : printed(target, column, value).slice(0, 64);
    });
  return `Failing row contains (${texts.join(', ')}).`;
}

/** "(a, b)=(1, 2)" for messages about keys. */
export function keyText(
  target: ModifyTarget,
  table: TableDef,
  ordinals: readonly number[],
  values: readonly Value[],
): string {
  const columns = ordinals.map((ordinal) => table.columns.find((column) => column.id === ordinal) as ColumnDef);
  const names = columns.map((column) => column.name).join(', ');
  const texts = columns.map((column, i) => (values[i] === null ? 'null' : printed(target, column, values[i] as Value)));
  return `Key (${names})=(${texts.join(', ')})`;
}

/** The error of a key that is taken. Throws 40001 where a SERIALIZABLE transaction only came too late. */
export function duplicateKey(
  target: ModifyTarget,
  table: TableDef,
  constraint: string,
  ordinals: readonly number[],
  values: readonly Value[],
): DriftError {
  // Of other keys the row is written already.
  if (ordinals === table.key) target.guard?.checkTaken(table.id, values);
  else target.guard?.checkSerial();
  return new DriftError('23505', `duplicate key value violates unique constraint "${constraint}"`, {
    detail: `${keyText(target, table, ordinals, values)} already exists.`,
    schema: table.schema,
    table: table.name,
    constraint,
  });
}

export function primaryKeyName(table: TableDef): string {
  return table.primaryKeyName ?? `${table.name}_pkey`;
}

function printed(target: ModifyTarget, column: ColumnDef, value: Value): string {
  return typeByOid(column.type.oid).output(value, target.eval);
}

/** A column whose vector holds the comparable keys as they are. */
function isPlain(table: VersionedTable, ordinal: number, vector: Vector): boolean {
  const kind = table.columns[ordinal]?.format.kind;
  if (kind === 'i32') return vector.kind === 'i32';
  if (kind === 'int') return vector.kind === 'f64' && vector.scale === undefined;
  return kind === 'text' && vector.kind === 'text';
}
