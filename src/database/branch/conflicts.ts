/**
 * drift.conflicts and drift.merges: ordinary tables of a line, made by its first merge and readable by everybody.
 *
 * A conflict keeps what the line has until it is resolved: RESOLVE takes theirs, a value, or nothing, and removes the row.
 * A conflict without a column is about a whole row, of which one side is absent (null); the others are JSON objects of
 * texts. Values are texts in the form of their types.
 */
import { assert, DriftError } from '../../base/error.ts';
import { PAUSE, type Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { BranchAction } from '../../sql/ast-branch.ts';
import type { ResultSet } from '../api.ts';
import { ownTable } from '../ddl/own-table.ts';
import { ddlContext } from '../definition.ts';
import { changeRows } from '../history/restore.ts';
import { command } from '../show.ts';
import { describeCommit } from '../signature.ts';
import { refuseWrites, type Scene } from '../statement.ts';
import { Changes, keyNamesOf } from './apply-rows.ts';
import type { RowText } from './three-way.ts';

const [INT8, TEXT] = [20, 25];
/** Conflicts written between two pauses. */
const SLICE_ROWS = 1024;

/** `base`, `ours` and `theirs` are null where there is no value or no row. */
export interface Conflict {
  readonly table: TableDef;
  /** JSON object of texts. */
  readonly key: string;
  /** Null: of the whole row. */
  readonly column: string | null;
  readonly base: string | null;
  readonly ours: string | null;
  readonly theirs: string | null;
}

const CONFLICTS = ['source', 'table_schema', 'table_name', 'row_key', 'column_name', 'base', 'ours', 'theirs'] as const;

export function jsonRow(columns: readonly ColumnDef[], row: RowText): string {
  const visible = columns.filter(({ hidden }) => hidden !== true);
  return JSON.stringify(Object.fromEntries(visible.map(({ id, name }) => [name, row.get(id) ?? null])));
}

/** Adds conflicts in place of older ones about the same; returns how many. */
export function* addConflicts(scene: Scene, source: string, conflicts: readonly Conflict[]): Task<number> {
  if (conflicts.length === 0) return 0;
  const texts = CONFLICTS.map((name) => [name, TEXT] as const);
  const def = ownTable(scene, 'conflicts', [['id', INT8], ...texts]);
  const placeOf = (values: readonly Value[]): string => JSON.stringify(values);
  const old = new Map(
    (yield* ddlContext(scene).query(
      'SELECT id, table_schema, table_name, row_key, column_name FROM drift.conflicts',
    )).map(([id, ...place]) => [placeOf(place), Number(id)]),
  );
  const { writes, first } = writesOf(scene, def, conflicts.length);
  for (const [i, { table, key, column, base, ours, theirs }] of conflicts.entries()) {
    if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
    const known = old.get(placeOf([table.schema, table.name, key, column]));
    const id = known ?? first + i;
    const values = [id, source, table.schema, table.name, key, column, base, ours, theirs];
    writes.put(id, values, known !== undefined, null);
  }
  return conflicts.length;
}

export interface MergeNote {
  readonly name: string;
  readonly line: number;
  readonly seq: number;
  readonly rows: number;
  readonly conflicts: number;
}

export function noteMerge(scene: Scene, { name, line, seq, rows, conflicts }: MergeNote): void {
  const numbers = ['source_line', 'source_seq', 'rows_changed', 'conflicts'].map((column) => [column, INT8] as const);
  const def = ownTable(scene, 'merges', [['id', INT8], ['source', TEXT], ...numbers]);
  const { writes, first } = writesOf(scene, def, 1);
  writes.put(first, [first, name, line, seq, rows, conflicts], false, null);
}

function writesOf(
  { core, transaction }: Scene,
  { id }: TableDef,
  count: number,
): { readonly writes: ReturnType<Scene['transaction']['writesFor']>; readonly first: number } {
  const table = core.store.table(id);
  const first = Math.max(table.nextRowId, core.rowIds.get(id) ?? 1);
  core.rowIds.set(id, first + count);
  return { writes: transaction.writesFor(id, table.columns), first };
}

/** RESOLVE CONFLICT id, or all (of a table): takes what is asked for and removes the conflicts. */
export function* resolve(
  scene: Scene,
  { id, table, using }: Extract<BranchAction, { do: 'resolve' }>,
  position: number,
): Task<ResultSet> {
  refuseWrites(scene);
  const def = scene.transaction.catalog.relation('drift', 'conflicts');
  const all =
    def?.kind === 'table'
      ? yield* ddlContext(scene).query(`SELECT id, ${CONFLICTS.join(', ')} FROM drift.conflicts ORDER BY id`)
      : [];
  const named = table === undefined ? null : [table.schema ?? 'public', table.name].join('.');
  const chosen = all.filter(([key, , schema, name]) =>
    id === undefined ? named === null || `${String(schema)}.${String(name)}` === named : Number(key) === id,
  );
  if (id !== undefined && chosen.length === 0)
    throw new DriftError('42704', `there is no conflict ${id}`, { position });
  const changes = new Changes();
  for (const row of chosen) {
    const [, , schema, name] = row;
    const target = scene.transaction.catalog.relation(String(schema), String(name));
    if (target?.kind !== 'table')
      throw new DriftError('42P01', `table "${String(name)}" is not there any more`, { position });
    take(changes, target, row as readonly (string | null)[], using, position);
  }
  const { parts, relations } = changes.statement();
  const rows = yield* changeRows(scene, parts, relations);
  if (def?.kind === 'table' && chosen.length > 0) {
    const writes = scene.transaction.writesFor(def.id, scene.core.store.table(def.id).columns);
    for (const [key] of chosen) writes.delete(Number(key), true);
  }
  describeCommit(scene, `resolve ${chosen.length} ${chosen.length === 1 ? 'conflict' : 'conflicts'}`);
  return { ...command('RESOLVE'), affectedRows: rows };
}

/** What a resolution means for the row. */
function take(
  changes: Changes,
  table: TableDef,
  [, , , , keyText, columnName, , ours, theirs]: readonly (string | null)[],
  using: Extract<BranchAction, { do: 'resolve' }>['using'],
  position: number,
): void {
  if (using.kind === 'ours') return;
  const keys = JSON.parse(keyText ?? '{}') as Record<string, string>;
  const key = keyNamesOf(table).map((name) => keys[name] ?? '');
  if (columnName !== null) {
    const column = table.columns.find(({ name }) => name === columnName);
    if (column === undefined)
      throw new DriftError('42703', `column "${String(columnName)}" is not there any more`, { position });
    const value = 'value' in using ? using.value : (theirs ?? null);
    changes.update(table, key, [column], new Map([[column.id, value]]));
    return;
  }
  if (using.kind === 'value')
    throw new DriftError('22023', 'a conflict of a whole row is resolved by OURS or THEIRS', { position });
  if (theirs === null) changes.delete(table, key);
  else {
    assert(ours === null && theirs !== undefined, 'a conflict of a row that both sides have');
    const cells = JSON.parse(theirs) as Record<string, string | null>;
    const columns = table.columns.filter(({ name, generated }) => generated === undefined && name in cells);
    changes.insert(table, columns, key, new Map(columns.map(({ id, name }) => [id, cells[name] ?? null])));
  }
}
