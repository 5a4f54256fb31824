/**
 * ALTER TABLE: each action makes the next definition from the last; structures follow. Adding a column never rewrites
 * rows: those there are have its constant default as their missing value, or get it by an UPDATE when it is volatile.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import { bindTableExpression } from '../../plan/bind.ts';
import type { AlterTable, AlterTableAction } from '../../sql/ast-statement.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { createStructure, fillIndexes } from '../structure.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { columnOf } from './column.ts';
import { addConstraint, columnNamed, constraintsOf, type Draft } from './constraint.ts';
import { type DdlContext, define, relationNamed, tableNamed } from './context.ts';
import { addIndex, quoted } from './create-table.ts';

export function* alterTable(context: DdlContext, statement: AlterTable): Task<boolean> {
  if (statement.object !== 'table')
    throw new DriftError('0A000', `ALTER ${statement.object.toUpperCase()} is not supported yet`);
  if (statement.ifExists && relationNamed(context, statement.name) === undefined) return false;
  for (const action of statement.actions) yield* alter(context, tableNamed(context, statement.name), action);
  return true;
}

function* alter(context: DdlContext, table: TableDef, action: AlterTableAction): Task<void> {
  switch (action.kind) {
    case 'addColumn':
      yield* addColumn(context, table, action);
      return;
    case 'dropColumn':
      dropColumn(context, table, action);
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
      if (table.key.includes(column.id)) throw new DriftError('42P16', `column "${column.name}" is in a primary key`);
      replaceColumn(context, table, { ...column, notNull: false });
      return;
    }
    case 'addConstraint':
      yield* addTableConstraint(context, table, action.constraint);
      return;
    case 'dropConstraint':
      dropConstraint(context, table, action);
      return;
    case 'noEffect':
    case 'validateConstraint':
      return;
    default:
      throw new DriftError('0A000', `this form of ALTER TABLE (${action.kind}) is not supported yet`, {
        position: action.position,
      });
  }
}

function* addColumn(
  context: DdlContext,
  table: TableDef,
  action: Extract<AlterTableAction, { kind: 'addColumn' }>,
): Task<void> {
  const syntax = action.column;
  if (columnNamed(table, syntax.name) !== undefined) {
    if (action.ifNotExists) return;
    throw new DriftError('42701', `column "${syntax.name}" of relation "${table.name}" already exists`, {
      position: syntax.position,
    });
  }
  if (context.store.table(table.id).columns.length !== table.nextColumnId) {
    throw new DriftError(
      '40001',
      `could not serialize access: another transaction is adding a column to table "${table.name}"`,
    );
  }
  let column = columnOf(context, syntax, table, table.nextColumnId);
  const draft: Draft = {
    table: { ...table, columns: [...table.columns, column], nextColumnId: table.nextColumnId + 1 },
  };
  const index = draft.table.columns.length - 1;
  let backfill = column.sequenceId !== undefined || column.generated !== undefined;
  if (column.default !== undefined && column.sequenceId === undefined) {
    const bound = bindTableExpression(parseExpression(column.default), draft.table, 'default', context.bind, index);
    if (bound.kind === 'const') {
      const type = typeByOid(column.type.oid);
      column = bound.value === null ? column : { ...column, missing: type.output(bound.value, context.eval) };
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
    if (column.generated === undefined)
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
  if (constraint.kind === 'primaryKey') {
    yield* rekey(context, table, added);
    return;
  }
  const index = added.indexes.find((candidate) => !table.indexes.includes(candidate));
  if (index !== undefined) {
    yield* addIndex(context, table, index);
    return;
  }
  const check = added.checks.find((candidate) => !table.checks.includes(candidate));
  if (check !== undefined) {
    yield* refuseRows(
      context,
      table,
      `NOT (${check.expression})`,
      () =>
        new DriftError(
          '23514',
          `check constraint "${check.name}" of relation "${table.name}" is violated by some row`,
          { table: table.name, constraint: check.name },
        ),
    );
  }
  define(context, added);
  const foreign = added.foreignKeys.find((candidate) => !table.foreignKeys.includes(candidate));
  if (foreign === undefined) return;
  const parent = context.transaction.catalog.byId(foreign.foreignTableId);
  if (parent?.kind !== 'table') return;
  const name = (def: TableDef, id: number): string =>
    quoted(def.columns.find((column) => column.id === id)?.name ?? '');
  const matches = foreign.columns
    .map((id, i) => `p.${name(parent, foreign.foreignColumns[i] as number)} = c.${name(table, id)}`)
    .join(' AND ');
  const present = foreign.columns.map((id) => `c.${name(table, id)} IS NOT NULL`).join(' AND ');
  const orphans = yield* context.query(
    `SELECT 1 FROM ${quoted(table.schema)}.${quoted(table.name)} c WHERE ${present} AND NOT EXISTS (SELECT 1 FROM ${quoted(parent.schema)}.${quoted(parent.name)} p WHERE ${matches}) LIMIT 1`,
  );
  if (orphans.length > 0) {
    throw new DriftError(
      '23503',
      `insert or update on table "${table.name}" violates foreign key constraint "${foreign.name}"`,
      {
        table: table.name,
        constraint: foreign.name,
      },
    );
  }
}

/**
 * Gives a table another key: its rows move to a table of the new definition under a new id, which takes the old one's
 * name and place; the old one stays readable at the times when it was in force.
 */
function* rekey(context: DdlContext, old: TableDef, added: TableDef): Task<void> {
  const columns = added.columns.filter((column) => column.hidden !== true);
  const next: TableDef = {
    ...added,
    id: context.nextId(),
    columns,
    nextColumnId:
      Math.max(-1, ...old.columns.map((column) => column.id), ...old.dropped.map((column) => column.id)) + 1,
    dropped: [
      ...old.dropped,
      ...old.columns.filter((column) => column.hidden === true).map(({ id, type }) => ({ id, type })),
    ],
    indexes: added.indexes.map((index) => ({ ...index, id: context.nextId() })),
  };
  const self = next.foreignKeys.map((key) =>
    key.foreignTableId === old.id ? { ...key, foreignTableId: next.id } : key,
  );
  const moved = { ...next, foreignKeys: self };
  const aside = { ...old, name: `${old.name}\u0001${next.id}`, indexes: [], foreignKeys: [], checks: [] };
  createStructure(context.store, moved, context.eval);
  context.transaction.changeCatalog([
    { id: old.id, object: aside },
    { id: moved.id, object: { ...moved, indexes: [], foreignKeys: [] } },
  ]);
  const names = columns
    .filter((column) => column.generated === undefined)
    .map((column) => quoted(column.name))
    .join(', ');
  yield* context.query(
    `INSERT INTO ${quoted(old.schema)}.${quoted(old.name)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM ${quoted(old.schema)}.${quoted(aside.name)}`,
  );
  yield* fillIndexes(context.store, moved);
  define(context, moved);
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind === 'sequence' && object.ownedBy?.tableId === old.id)
      define(context, { ...object, ownedBy: { ...object.ownedBy, tableId: moved.id } });
    if (object.kind !== 'table' || !object.foreignKeys.some((key) => key.foreignTableId === old.id)) continue;
    define(context, {
      ...object,
      foreignKeys: object.foreignKeys.map((key) =>
        key.foreignTableId === old.id ? { ...key, foreignTableId: moved.id } : key,
      ),
    });
  }
  context.transaction.forget(old.id);
  context.transaction.changeCatalog([{ id: old.id, object: null }]);
}

function dropColumn(
  context: DdlContext,
  table: TableDef,
  action: Extract<AlterTableAction, { kind: 'dropColumn' }>,
): void {
  const column = columnNamed(table, action.name);
  if (column === undefined) {
    if (action.ifExists) return;
    throw new DriftError('42703', `column "${action.name}" of relation "${table.name}" does not exist`, {
      position: action.position,
    });
  }
  if (table.key.includes(column.id)) {
    throw new DriftError('0A000', `dropping column "${column.name}" of the primary key is not supported yet`, {
      position: action.position,
    });
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
  const lost = table.indexes.filter((index) => index.columns.some((part) => part.column === column.id));
  define(context, {
    ...table,
    columns: table.columns.filter((candidate) => candidate !== column),
    dropped: [...table.dropped, { id: column.id, type: column.type }],
    indexes: table.indexes.filter((index) => !lost.includes(index)),
    checks: table.checks.filter((check) => !mentions(check.expression, column.name)),
    foreignKeys: table.foreignKeys.filter((key) => !key.columns.includes(column.id)),
  });
}

function dropConstraint(
  context: DdlContext,
  table: TableDef,
  action: Extract<AlterTableAction, { kind: 'dropConstraint' }>,
): void {
  const { name } = action;
  if (table.primaryKeyName === name)
    throw new DriftError('0A000', 'dropping a primary key is not supported yet', { position: action.position });
  const index = table.indexes.find((candidate) => candidate.constraint === name);
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
    if (action.ifExists) return;
    throw new DriftError('42704', `constraint "${name}" of relation "${table.name}" does not exist`, {
      position: action.position,
    });
  }
  define(context, next);
}

function* refuseRows(context: DdlContext, table: TableDef, condition: string, error: () => DriftError): Task<void> {
  const rows = yield* context.query(
    `SELECT 1 FROM ${quoted(table.schema)}.${quoted(table.name)} WHERE ${condition} LIMIT 1`,
  );
  if (rows.length > 0) throw error();
}

/** Whether an expression's text names a column; by word, which errs on the side of dropping the check. */
function mentions(expression: string, column: string): boolean {
  return new RegExp(`(^|[^\\w$])"?${column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"?($|[^\\w$])`).test(expression);
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
