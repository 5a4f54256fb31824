/**
 * ALTER COLUMN: types, identity, generated columns.
 *
 * A column's stored form belongs to its id, and older versions keep theirs: another type is another column (under a new
 * id, in the old one's place), filled from the old one in the same transaction. Only where both types are stored alike
 * and every value of the old one is one of the new one, the definition alone changes. A key column's change is a change
 * of the key: see rekey.ts.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ColumnDef, IndexDef, TableDef, TypeRef } from '../../catalog/schema.ts';
import { bindTableExpression } from '../../plan/bind.ts';
import { columnType } from '../../plan/collate/clause.ts';
import { resolveType } from '../../plan/binder/type-name.ts';
import type { AlterTableAction } from '../../sql/ast-table.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { isRange } from '../../sql/types/range-lookup.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { formatOf } from '../specs.ts';
import { checked } from '../../txn/checked.ts';
import { createStructure, fillIndexes } from '../structure.ts';
import { makeSequence } from './column.ts';
import { type DdlContext, define, droppedColumn, requireColumnsOf } from './context.ts';
import { verifyUnique } from './create-index.ts';
import { refuseIncompatibleKeys } from './foreign-types.ts';
import { refuseOrphanRows } from './foreign-rows.ts';
import { quoted, tableText } from './names.ts';
import { refuseInPeriod } from './period.ts';
import { rekey } from './rekey.ts';
import { withSequenceOptions } from './sequence-options.ts';

type Action<K extends AlterTableAction['kind']> = Extract<AlterTableAction, { kind: K }>;

/** Name of the new column while the old one still has its own; no statement can write it. */
const NEXT = '\u0001next';
const TEXTS: ReadonlySet<number> = new Set([25, 1043]);

export function* alterType(
  context: DdlContext,
  table: TableDef,
  column: ColumnDef,
  action: Action<'alterType'>,
): Task<void> {
  const { catalog } = context.transaction;
  const type = columnType(catalog, resolveType(action.type, catalog), action.collation);
  if (column.generated !== undefined && action.using !== undefined) {
    throw new DriftError('42611', 'cannot specify USING when altering type of generated column', {
      position: action.position,
      detail: `Column "${column.name}" is a generated column.`,
    });
  }
  refuseViews(context, table, column);
  refuseIndexed(table, column);
  refuseInPeriod(table, column.id, `alter type of column "${column.name}"`);
  const isPeriod = table.indexes.some(
    ({ withoutOverlaps, columns }) => withoutOverlaps === 1 && columns.at(-1)?.column === column.id,
  );
  if (isPeriod && !isRange(type.oid))
    throw new DriftError('42804', `column "${column.name}" in WITHOUT OVERLAPS is not a range type or a period`);
  const changed: ColumnDef = { ...column, type };
  checkDefault(context, table, changed);
  refuseIncompatibleKeys(context, { ...table, columns: table.columns.map((old) => (old === column ? changed : old)) });
  if (action.using === undefined && sameValues(column.type, type)) {
    define(context, { ...table, columns: table.columns.map((old) => (old === column ? changed : old)) });
    return;
  }
  const value = action.using === undefined ? quoted(column.name) : `(${printRestrictedExpression(action.using)})`;
  const failed = (error: unknown): unknown => uncastable(error, column, type);
  if (table.key.includes(column.id)) {
    const { missing: _, ...rest } = changed;
    const next = { ...table, columns: table.columns.map((old) => (old === column ? rest : old)) };
    yield* explaining(rekey(context, table, next, new Map([[column.id, value]])), failed);
    return;
  }
  yield* replaceColumn(context, table, { column, type, value, failed });
}

function refuseIndexed(table: TableDef, column: ColumnDef): void {
  const hidden = table.columns.find((other) => other.hidden === true && mentions(other.generated ?? '', column.name));
  if (hidden === undefined) return;
  throw new DriftError('0A000', `cannot alter type of column "${column.name}", which an index expression uses`, {
    hint: 'Drop the index, alter the column, and create the index again.',
  });
}

/** Writes a column's values again, of the same type, as the SQL text says. */
export function* rewriteColumn(context: DdlContext, table: TableDef, column: ColumnDef, value: string): Task<void> {
  refuseIndexed(table, column);
  const failed = (error: unknown): unknown => error;
  if (table.key.includes(column.id)) yield* rekey(context, table, table, new Map([[column.id, value]]));
  else yield* replaceColumn(context, table, { column, type: column.type, value, failed });
}

interface Replacement {
  readonly column: ColumnDef;
  readonly type: TypeRef;
  /** SQL text of the new value. */
  readonly value: string;
  readonly failed: (error: unknown) => unknown;
}

function* replaceColumn(
  context: DdlContext,
  table: TableDef,
  { column, type, value, failed }: Replacement,
): Task<void> {
  const id = table.nextColumnId;
  requireColumnsOf(context, table);
  const { missing: _missing, ...kept } = column;
  const next: ColumnDef = { ...kept, id, type };
  const waiting: ColumnDef = { id, name: NEXT, type, notNull: false };
  const beside: TableDef = { ...table, columns: [...table.columns, waiting], nextColumnId: id + 1 };
  createStructure(context.store, beside, context.eval);
  define(context, beside, () => context.store.removeColumns(table.id, id));
  context.transaction.writes(table.id)?.widen(context.store.table(table.id).columns);
  if (column.generated === undefined)
    yield* explaining(context.query(`UPDATE ${tableText(table)} SET ${quoted(NEXT)} = ${value}`), failed);
  const moved = <T extends number>(ids: readonly T[]): number[] => ids.map((old) => (old === column.id ? id : old));
  const concerns = (index: IndexDef): boolean => index.columns.some((part) => part.column === column.id);
  const indexes = table.indexes.map((index) =>
    concerns(index)
      ? {
          ...index,
          id: context.nextId(),
          columns: index.columns.map((part) => (part.column === column.id ? { ...part, column: id } : part)),
        }
      : index,
  );
  const final: TableDef = {
    ...beside,
    columns: table.columns.map((old) => (old === column ? next : old)),
    dropped: [...table.dropped, droppedColumn(column)],
    indexes,
    foreignKeys: table.foreignKeys.map((key) => ({
      ...key,
      columns: moved(key.columns),
      foreignColumns: key.foreignTableId === table.id ? moved(key.foreignColumns) : key.foreignColumns,
    })),
  };
  for (const check of final.checks)
    bindTableExpression(parseExpression(check.expression), final, 'check', context.bind);
  const added = indexes.filter((index) => !table.indexes.includes(index));
  define(context, final, () => {
    for (const index of added) context.store.removeIndex(table.id, index.id);
  });
  if (column.generated !== undefined)
    yield* context.query(`UPDATE ${tableText(table)} SET ${quoted(column.name)} = DEFAULT`);
  yield* checked(fillIndexes(context.store, final), context.eval.cancellation);
  for (const index of added) if (index.unique) yield* verifyUnique(context, final, index);
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind === 'sequence' && object.ownedBy?.tableId === table.id && object.ownedBy.columnId === column.id)
      define(context, { ...object, ownedBy: { tableId: table.id, columnId: id } });
    if (object.kind !== 'table' || object.id === table.id) continue;
    if (!object.foreignKeys.some((key) => key.foreignTableId === table.id && key.foreignColumns.includes(column.id)))
      continue;
    define(context, {
      ...object,
      foreignKeys: object.foreignKeys.map((key) =>
        key.foreignTableId === table.id ? { ...key, foreignColumns: moved(key.foreignColumns) } : key,
      ),
    });
  }
  for (const key of final.foreignKeys) if (key.columns.includes(id)) yield* refuseOrphanRows(context, final, key);
}

/** True where each value of the old type is, as it is stored, the same value of the new one. */
function sameValues(from: TypeRef, to: TypeRef): boolean {
  if (from.oid === to.oid && from.typmod === to.typmod) return true;
  if (!TEXTS.has(from.oid) || !TEXTS.has(to.oid)) return false;
  return (
    formatOf(from).kind === formatOf(to).kind && (to.typmod === -1 || (from.typmod !== -1 && from.typmod <= to.typmod))
  );
}

function checkDefault(context: DdlContext, table: TableDef, changed: ColumnDef): void {
  if (changed.default === undefined || changed.sequenceId !== undefined) return;
  const index = table.columns.findIndex((column) => column.id === changed.id);
  const next = { ...table, columns: table.columns.with(index, changed) };
  try {
    bindTableExpression(parseExpression(changed.default), next, 'default', context.bind, index);
  } catch (error) {
    if (!(error instanceof DriftError) || error.code !== '42804') throw error;
    throw new DriftError(
      '42804',
      `default for column "${changed.name}" cannot be cast automatically to type ${typeByOid(changed.type.oid).display}`,
    );
  }
}

function uncastable(error: unknown, column: ColumnDef, type: TypeRef): unknown {
  if (!(error instanceof DriftError) || error.code !== '42804') return error;
  const display = typeByOid(type.oid).display;
  return new DriftError('42804', `column "${column.name}" cannot be cast automatically to type ${display}`, {
    hint: `You might need to specify "USING ${quoted(column.name)}::${display}".`,
  });
}

function* explaining<T>(task: Task<T>, explain: (error: unknown) => unknown): Task<T> {
  try {
    return yield* task;
  } catch (error) {
    throw explain(error);
  }
}

/** Views keep their columns' types: one that reads the column stands in the way. */
function refuseViews(context: DdlContext, table: TableDef, column: ColumnDef): void {
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind !== 'view' || !mentions(object.query, table.name) || !mentions(object.query, column.name)) continue;
    throw new DriftError('0A000', 'cannot alter type of a column used by a view or rule', {
      detail: `rule _RETURN on view ${object.name} depends on column "${column.name}"`,
    });
  }
}

/** Whether an expression's or a query's text names something; by word, which errs on the side of caution. */
export function mentions(text: string, name: string): boolean {
  return new RegExp(`(^|[^\\w$])"?${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"?($|[^\\w$])`).test(text);
}

// ---- identity and generated columns --------------------------------------------------------------------------------

export function addIdentity(
  context: DdlContext,
  table: TableDef,
  column: ColumnDef,
  action: Action<'addIdentity'>,
): void {
  const refuse = (why: string): never => {
    throw new DriftError('55000', `column "${column.name}" of relation "${table.name}" ${why}`, {
      position: action.position,
    });
  };
  if (column.identity !== undefined) refuse('is already an identity column');
  if (!column.notNull) refuse('must be declared NOT NULL before identity can be added');
  if (column.default !== undefined) refuse('already has a default value');
  const sequence = makeSequence(context, table, column, action.options);
  replace(context, table, { ...column, identity: action.when, sequenceId: sequence.id });
}

export function setIdentity(
  context: DdlContext,
  table: TableDef,
  column: ColumnDef,
  action: Action<'setIdentity'>,
): void {
  const sequence = identityOf(context, table, column, action.position);
  if (action.options.length > 0) {
    const next = withSequenceOptions(sequence, action.options, false);
    define(context, next);
    const restart = action.options.find((option) => option.kind === 'restart');
    if (restart?.kind === 'restart') context.restart(next, restart.value);
  }
  if (action.when !== undefined) replace(context, table, { ...column, identity: action.when });
}

export function dropIdentity(
  context: DdlContext,
  table: TableDef,
  column: ColumnDef,
  action: Action<'dropIdentity' | 'dropExpression'>,
): void {
  if (action.ifExists && column.identity === undefined) return;
  const sequence = identityOf(context, table, column, action.position);
  context.transaction.changeCatalog([{ id: sequence.id, object: null }]);
  const { identity: _identity, sequenceId: _sequence, ...rest } = column;
  replace(context, table, rest);
}

export function dropExpression(
  context: DdlContext,
  table: TableDef,
  column: ColumnDef,
  action: Action<'dropIdentity' | 'dropExpression'>,
): void {
  if (column.generated === undefined) {
    if (action.ifExists) return;
    throw new DriftError(
      '55000',
      `column "${column.name}" of relation "${table.name}" is not a stored generated column`,
      {
        position: action.position,
      },
    );
  }
  const { generated: _generated, ...rest } = column;
  replace(context, table, rest);
}

function identityOf(context: DdlContext, table: TableDef, column: ColumnDef, position: number): SequenceDefOf {
  const found = column.sequenceId === undefined ? undefined : context.transaction.catalog.byId(column.sequenceId);
  if (column.identity !== undefined && found?.kind === 'sequence') return found;
  throw new DriftError('55000', `column "${column.name}" of relation "${table.name}" is not an identity column`, {
    position,
  });
}

type SequenceDefOf = ReturnType<typeof makeSequence>;

function replace(context: DdlContext, table: TableDef, column: ColumnDef): void {
  define(context, { ...table, columns: table.columns.map((old) => (old.id === column.id ? column : old)) });
}
