/**
 * ALTER TABLE: each action makes the next definition from the last; structures follow. Adding a column never rewrites
 * rows: those there are have its constant default as their missing value, or get it by an UPDATE when it is volatile.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import { storedType } from '../../catalog/user-types.ts';
import { bindTableExpression } from '../../plan/bind.ts';
import type { AlterTable, AlterTableAction } from '../../sql/ast-table.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { createStructure } from '../structure.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { domainOf } from '../../sql/user-coercion.ts';
import { columnOf } from './column.ts';
import { alterView } from './alter-view.ts';
import { addIdentity, alterType, dropExpression, dropIdentity, mentions, setIdentity } from './alter-column.ts';
import { addConstraint, constraintsOf, deferrableOf } from './constraint.ts';
import { columnNamed, constraintNames, type Draft } from './draft.ts';
import {
  type DdlContext,
  define,
  relationNamed,
  requireColumnsOf,
  skipExisting,
  skipMissing,
  tableNamed,
  undefinedTable,
  droppedColumn,
} from './context.ts';
import { isNotRetention, setRetention } from './retention.ts';
import { refuseUnknownOptions } from './storage-options.ts';
import { addIndex, withoutIndexes } from './create-index.ts';
import { dropPeriod, refuseBadPeriods, refuseInPeriod, refusePeriodName } from './period.ts';
import { rowIdColumn } from './create-table.ts';
import { refuseOrphanRows } from './foreign-rows.ts';
import { quoted, refuseSystemName } from './names.ts';
import { rekey } from './rekey.ts';
import { refuseViolatingRows, validateConstraint } from './validate.ts';
import { switchTriggers } from './trigger.ts';

/** The stored form of composite values: no default of theirs can be kept as a text. */
const RECORD = 2249;

export function* alterTable(context: DdlContext, statement: AlterTable): Task<boolean> {
  if (statement.object !== 'table') {
    const found =
      relationNamed(context, statement.name) ??
      (statement.object === 'index'
        ? context.transaction.catalog.tableOfIndex(statement.name.schema, statement.name.name)
        : undefined);
    if (found === undefined && !statement.ifExists) throw undefinedTable(context, statement.name);
    if (found === undefined) {
      skipMissing(context, `relation "${statement.name.name}"`);
      return false;
    }
    if (statement.object === 'view' && found.kind === 'view') {
      yield* alterView(context, found, statement);
      return false;
    }
    if (statement.actions.every((action) => action.kind === 'noEffect' || action.kind === 'setOptions')) return false;
    throw new DriftError('42809', `ALTER action cannot be performed on relation "${statement.name.name}"`, {
      position: statement.name.position,
      detail: 'This operation is not supported for views and indexes.',
    });
  }
  if (statement.ifExists && relationNamed(context, statement.name) === undefined) {
    skipMissing(context, `relation "${statement.name.name}"`);
    return false;
  }
  for (const action of statement.actions) yield* alter(context, tableNamed(context, statement.name), action);
  return true;
}

function* alter(context: DdlContext, table: TableDef, action: AlterTableAction): Task<void> {
  switch (action.kind) {
    case 'addColumn':
      yield* addColumn(context, table, action);
      return;
    case 'dropColumn':
      yield* dropColumn(context, table, action);
      return;
    case 'setDefault': {
      const column = existing(table, action.name, action.position);
      bindTableExpression(action.expression, table, 'default', context.bind, table.columns.indexOf(column));
      replaceColumn(context, table, { ...column, default: printRestrictedExpression(action.expression) });
      return;
    }
    case 'dropDefault': {
      const { default: _, ...rest } = existing(table, action.name, action.position);
      replaceColumn(context, table, rest);
      return;
    }
    case 'setNotNull': {
      const column = existing(table, action.name, action.position);
      yield* refuseRows(
        context,
        table,
        `${quoted(column.name)} IS NULL`,
        () =>
          new DriftError('23502', `column "${column.name}" of relation "${table.name}" contains null values`, {
            table: table.name,
            column: column.name,
          }),
      );
      replaceColumn(context, table, { ...column, notNull: true });
      return;
    }
    case 'dropNotNull': {
      const column = existing(table, action.name, action.position);
      if (table.key.includes(column.id) || isDeferrableKey(table, column.id))
        throw new DriftError('42P16', `column "${column.name}" is in a primary key`);
      refuseInPeriod(table, column.id, `drop NOT NULL of column "${column.name}"`);
      replaceColumn(context, table, { ...column, notNull: false });
      return;
    }
    case 'addConstraint':
      yield* addTableConstraint(context, table, action.constraint);
      return;
    case 'dropPeriod':
      dropPeriod(context, table, action);
      return;
    case 'dropConstraint':
      yield* dropConstraint(context, table, action);
      return;
    case 'alterType':
      yield* alterType(context, table, existing(table, action.name, action.position), action);
      return;
    case 'addIdentity':
      addIdentity(context, table, existing(table, action.name, action.position), action);
      return;
    case 'setIdentity':
      setIdentity(context, table, existing(table, action.name, action.position), action);
      return;
    case 'dropIdentity':
      dropIdentity(context, table, existing(table, action.name, action.position), action);
      return;
    case 'dropExpression':
      dropExpression(context, table, existing(table, action.name, action.position), action);
      return;
    case 'validateConstraint':
      yield* validateConstraint(context, table, action);
      return;
    case 'alterConstraint': {
      if (!constraintNames(table).includes(action.name)) throw undefinedConstraint(table, action);
      const { name, position } = action;
      if (!table.foreignKeys.some((key) => key.name === name)) {
        const message = `constraint "${name}" of relation "${table.name}" is not a foreign key constraint`;
        throw new DriftError('42809', message, { position });
      }
      const deferrable = deferrableOf(action);
      const foreignKeys = table.foreignKeys.map((key) => (key.name === name ? { ...key, deferrable } : key));
      define(context, { ...table, foreignKeys });
      return;
    }
    case 'triggers':
      switchTriggers(context, table, action.name, action.enable);
      return;
    case 'resetOptions': {
      yield* setRetention(context, table, action);
      const given = action.options.find(({ value }) => value !== undefined);
      if (given !== undefined)
        throw new DriftError('42601', 'RESET must not include values for parameters', { position: given.position });
      return;
    }
    case 'setOptions':
      refuseUnknownOptions(action.options.filter(isNotRetention), 'table');
      yield* setRetention(context, table, action);
      return;
    case 'noEffect':
      return;
    case 'unsupported':
      throw new DriftError('0A000', `${action.feature} is not supported`, { position: action.position });
  }
}

function* addColumn(
  context: DdlContext,
  table: TableDef,
  action: Extract<AlterTableAction, { kind: 'addColumn' }>,
): Task<void> {
  const syntax = action.column;
  refuseSystemName(syntax.name, syntax.position);
  if (columnNamed(table, syntax.name) !== undefined) {
    if (action.ifNotExists) {
      skipExisting(context, `column "${syntax.name}" of relation "${table.name}"`, '42701');
      return;
    }
    throw new DriftError('42701', `column "${syntax.name}" of relation "${table.name}" already exists`, {
      position: syntax.position,
    });
  }
  refusePeriodName(table, syntax);
  requireColumnsOf(context, table);
  let column = columnOf(context, syntax, table, table.nextColumnId);
  const draft: Draft = {
    table: { ...table, columns: [...table.columns, column], nextColumnId: table.nextColumnId + 1 },
  };
  const index = draft.table.columns.length - 1;
  // What a domain says of its values holds for the rows there are: they get the default as new rows do.
  const inDomain = column.default === undefined && domainOf(column.type.oid) !== null;
  let backfill = column.sequenceId !== undefined || column.generated !== undefined || inDomain;
  if (column.default !== undefined && column.sequenceId === undefined) {
    const bound = bindTableExpression(parseExpression(column.default), draft.table, 'default', context.bind, index);
    if (bound.kind === 'const') {
      const type = typeByOid(storedType(column.type));
      if (bound.value !== null && type.oid === RECORD) backfill = true;
      else if (bound.value !== null) column = { ...column, missing: type.output(bound.value, context.eval) };
    } else {
      backfill = true;
    }
  }
  const empty =
    context.store.table(table.id).rowCount === 0 && (context.transaction.writes(table.id)?.liveCount ?? 0) === 0;
  if (column.notNull && !empty && column.missing === undefined && !backfill) {
    throw new DriftError('23502', `column "${column.name}" of relation "${table.name}" contains null values`, {
      table: table.name,
      column: column.name,
    });
  }
  draft.table = { ...draft.table, columns: [...table.columns, column] };
  createStructure(context.store, draft.table, context.eval);
  define(context, draft.table, () => {
    context.store.removeColumns(table.id, column.id);
    context.transaction.writes(table.id)?.narrow(column.id);
  });
  context.transaction.writes(table.id)?.widen(context.store.table(table.id).columns);
  if (backfill && !empty) {
    const value = column.generated ?? column.default ?? `nextval(${column.sequenceId})`;
    if (column.generated === undefined && !inDomain)
      yield* context.query(
        `UPDATE ${quoted(table.schema)}.${quoted(table.name)} SET ${quoted(column.name)} = ${value}`,
      );
    else
      yield* context.query(`UPDATE ${quoted(table.schema)}.${quoted(table.name)} SET ${quoted(column.name)} = DEFAULT`);
  }
  for (const constraint of constraintsOf(syntax))
    yield* addTableConstraint(context, tableById(context, table.id), constraint);
}

function* addTableConstraint(
  context: DdlContext,
  table: TableDef,
  constraint: Parameters<typeof addConstraint>[2],
): Task<void> {
  const draft: Draft = { table };
  addConstraint(context, draft, constraint);
  const added = draft.table;
  if (constraint.kind === 'primaryKey' && !constraint.deferrable && !constraint.withoutOverlaps) {
    const columns = added.columns.filter((column) => column.hidden !== true || isIndexed(added, column.id));
    yield* rekey(context, table, { ...added, columns });
    return;
  }
  const index = added.indexes.find((candidate) => !table.indexes.includes(candidate));
  if (index !== undefined) {
    for (const column of added.columns)
      if (column.notNull && !table.columns.includes(column))
        yield* alter(context, tableById(context, table.id), {
          kind: 'setNotNull',
          name: column.name,
          position: constraint.position,
        });
    yield* addIndex(context, tableById(context, table.id), index);
    return;
  }
  const period = added.periods?.find((candidate) => table.periods?.includes(candidate) !== true);
  if (period !== undefined) yield* refuseBadPeriods(context, table, period);
  const check = added.checks.find((candidate) => !table.checks.includes(candidate));
  if (check !== undefined && (constraint.kind !== 'check' || !constraint.notValid)) {
    yield* refuseViolatingRows(context, table, check);
  }
  define(context, added);
  const foreign = added.foreignKeys.find((candidate) => !table.foreignKeys.includes(candidate));
  if (foreign !== undefined && (constraint.kind !== 'foreignKey' || !constraint.notValid))
    yield* refuseOrphanRows(context, added, foreign);
}

function* dropColumn(
  context: DdlContext,
  before: TableDef,
  action: Extract<AlterTableAction, { kind: 'dropColumn' }>,
): Task<void> {
  let table = before;
  const column = columnNamed(table, action.name);
  if (column === undefined) {
    if (action.ifExists) {
      skipMissing(context, `column "${action.name}" of relation "${table.name}"`);
      return;
    }
    throw new DriftError('42703', `column "${action.name}" of relation "${table.name}" does not exist`, {
      position: action.position,
    });
  }
  dropViewsOf(context, table, column.name, action.cascade);
  if (table.key.includes(column.id) || table.keyIncluded?.includes(column.id) === true) {
    // The primary key goes with its column.
    yield* dropPrimaryKey(context, table, action.cascade);
    table = tableNamed(context, { schema: table.schema, name: table.name, catalog: undefined, position: 0 });
  }
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind !== 'table' || object.id === table.id) continue;
    const key = object.foreignKeys.find(
      (candidate) => candidate.foreignTableId === table.id && candidate.foreignColumns.includes(column.id),
    );
    if (key === undefined) continue;
    if (!action.cascade) {
      throw new DriftError(
        '2BP01',
        `cannot drop column ${column.name} of table ${table.name} because other objects depend on it`,
        {
          detail: `constraint ${key.name} on table ${object.name} depends on it`,
          hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
        },
      );
    }
    define(context, { ...object, foreignKeys: object.foreignKeys.filter((candidate) => candidate !== key) });
  }
  const uses = (id: number): boolean =>
    id === column.id || mentions(table.columns.find((other) => other.id === id)?.generated ?? '', column.name);
  const lost = table.indexes.filter(
    ({ columns, included }) => columns.some((part) => uses(part.column)) || included?.includes(column.id) === true,
  );
  const rest = withoutIndexes(table, lost);
  define(context, {
    ...rest,
    columns: rest.columns.filter((candidate) => candidate !== column),
    dropped: [...rest.dropped, droppedColumn(column)],
    checks: table.checks.filter((check) => !mentions(check.expression, column.name)),
    foreignKeys: table.foreignKeys.filter((key) => !key.columns.includes(column.id)),
    periods: table.periods?.filter(({ from, to }) => from !== column.id && to !== column.id),
  });
}

function* dropConstraint(
  context: DdlContext,
  table: TableDef,
  action: Extract<AlterTableAction, { kind: 'dropConstraint' }>,
): Task<void> {
  const { name } = action;
  if (table.primaryKeyName === name) {
    yield* dropPrimaryKey(context, table, action.cascade);
    return;
  }
  const index = table.indexes.find((candidate) => candidate.constraint === name);
  if (index !== undefined) {
    const ids = index.columns.map((part) => part.column);
    dropReferences(context, table, ids, { name, cascade: action.cascade });
  }
  const next: TableDef = {
    ...table,
    indexes: table.indexes.filter((candidate) => candidate !== index),
    checks: table.checks.filter((check) => check.name !== name),
    foreignKeys: table.foreignKeys.filter((key) => key.name !== name),
  };
  const found =
    index !== undefined ||
    next.checks.length < table.checks.length ||
    next.foreignKeys.length < table.foreignKeys.length;
  if (!found) {
    if (action.ifExists) {
      skipMissing(context, `constraint "${action.name}" of relation "${table.name}"`);
      return;
    }
    throw undefinedConstraint(table, action);
  }
  define(context, next);
}

function isDeferrableKey(table: TableDef, id: number): boolean {
  return table.indexes.some(({ primary, columns }) => primary === true && columns.some(({ column }) => column === id));
}

/** The rows move to a table whose key is a hidden row id. */
function* dropPrimaryKey(context: DdlContext, table: TableDef, cascade: boolean): Task<void> {
  dropReferences(context, table, table.key, { name: table.primaryKeyName ?? '', cascade });
  const { primaryKeyName: _, keyIncluded: __, ...rest } = tableById(context, table.id);
  const rowId = rowIdColumn(table.nextColumnId);
  yield* rekey(context, table, { ...rest, columns: [...table.columns, rowId], key: [rowId.id] });
}

/** Foreign keys need the unique key they refer to: they go with it (CASCADE), or keep it. Throws 2BP01. */
function dropReferences(
  context: DdlContext,
  table: TableDef,
  columns: readonly number[],
  { name, cascade }: { name: string; cascade: boolean },
): void {
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind !== 'table') continue;
    const lost = object.foreignKeys.filter(
      (key) =>
        key.foreignTableId === table.id &&
        key.foreignColumns.length === columns.length &&
        key.foreignColumns.every((id) => columns.includes(id)),
    );
    const [first] = lost;
    if (first === undefined) continue;
    if (!cascade) {
      throw new DriftError(
        '2BP01',
        `cannot drop constraint ${name} on table ${table.name} because other objects depend on it`,
        {
          detail: `constraint ${first.name} on table ${object.name} depends on index ${name}`,
          hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
        },
      );
    }
    define(context, { ...object, foreignKeys: object.foreignKeys.filter((key) => !lost.includes(key)) });
  }
}

function dropViewsOf(context: DdlContext, table: TableDef, column: string, cascade: boolean): void {
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind !== 'view' || !mentions(object.query, table.name) || !mentions(object.query, column)) continue;
    if (!cascade) {
      throw new DriftError(
        '2BP01',
        `cannot drop column ${column} of table ${table.name} because other objects depend on it`,
        {
          detail: `view ${object.name} depends on column ${column} of table ${table.name}`,
          hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
        },
      );
    }
    context.transaction.changeCatalog([{ id: object.id, object: null }]);
  }
}

function undefinedConstraint(
  table: TableDef,
  action: { readonly name: string; readonly position: number },
): DriftError {
  return new DriftError('42704', `constraint "${action.name}" of relation "${table.name}" does not exist`, {
    position: action.position,
  });
}

function* refuseRows(context: DdlContext, table: TableDef, condition: string, error: () => DriftError): Task<void> {
  const rows = yield* context.query(
    `SELECT 1 FROM ${quoted(table.schema)}.${quoted(table.name)} WHERE ${condition} LIMIT 1`,
  );
  if (rows.length > 0) throw error();
}

/** Hidden columns hold row ids or, with indexes, the values of expressions. */
function isIndexed(table: TableDef, id: number): boolean {
  return table.indexes.some((index) => index.columns.some((part) => part.column === id));
}

function existing(table: TableDef, name: string, position: number): ColumnDef {
  const column = columnNamed(table, name);
  if (column !== undefined) return column;
  throw new DriftError('42703', `column "${name}" of relation "${table.name}" does not exist`, { position });
}

function replaceColumn(context: DdlContext, table: TableDef, column: ColumnDef): void {
  define(context, { ...table, columns: table.columns.map((old) => (old.id === column.id ? column : old)) });
}

function tableById(context: DdlContext, id: number): TableDef {
  const object = context.transaction.catalog.byId(id);
  if (object?.kind !== 'table') throw new DriftError('XX000', `table ${id} vanished during its own change`);
  return object;
}
