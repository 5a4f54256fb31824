/** CREATE TABLE: columns first, then constraints in the order written, then the structures. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ColumnDef, IndexDef, TableDef } from '../../catalog/schema.ts';
import { bindTableExpression } from '../../plan/bind.ts';
import type { CreateIndex, CreateTable, TableConstraint } from '../../sql/ast-statement.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { createStructure, fillIndexes } from '../structure.ts';
import { columnOf } from './column.ts';
import { addConstraint, columnNamed, constraintsOf, type Draft } from './constraint.ts';
import { type DdlContext, define, freeName, refuseTaken, schemaFor, tableNamed } from './context.ts';
import { quoted } from './names.ts';

const INT8 = 20;
/** Name under which the hidden row id is stored; no SQL name reaches a hidden column. */
const ROW_ID = 'rowid';

export function* createTable(context: DdlContext, statement: CreateTable): Task<boolean> {
  const { name } = statement;
  if (statement.unsupported !== undefined) {
    throw new DriftError('0A000', `${statement.unsupported.feature} is not supported`, {
      position: statement.unsupported.position,
    });
  }
  if (statement.inherits.length > 0)
    throw new DriftError('0A000', 'table inheritance is not supported', { position: name.position });
  const schema = schemaFor(context, name);
  if (statement.ifNotExists && context.transaction.catalog.relation(schema, name.name) !== undefined) return false;
  refuseTaken(context, schema, name.name, name.position);
  const id = context.nextId();
  const identity = { id, schema, name: name.name };
  const columns: ColumnDef[] = [];
  const constraints: TableConstraint[] = [];
  for (const element of statement.elements) {
    if (element.kind === 'column') {
      if (columns.some((column) => column.name === element.name)) {
        throw new DriftError('42701', `column "${element.name}" specified more than once`, {
          position: element.position,
        });
      }
      columns.push(columnOf(context, element, identity, columns.length));
      constraints.push(...constraintsOf(element));
    } else if (element.kind === 'like') {
      const source = tableNamed(context, element.table);
      for (const column of source.columns) {
        if (column.hidden === true) continue;
        columns.push({ id: columns.length, name: column.name, type: column.type, notNull: column.notNull });
      }
    } else {
      constraints.push(element);
    }
  }
  yield* makeTable(context, draftOf(identity, columns), constraints);
  return true;
}

export function rowIdColumn(id: number): ColumnDef {
  return { id, name: ROW_ID, type: { oid: INT8, typmod: -1 }, notNull: true, hidden: true };
}

/** A table with columns and a hidden row id for its key, before constraints. */
export function draftOf(identity: { id: number; schema: string; name: string }, columns: readonly ColumnDef[]): Draft {
  const rowId = rowIdColumn(columns.length);
  return {
    table: {
      kind: 'table',
      ...identity,
      columns: [...columns, rowId],
      nextColumnId: columns.length + 1,
      key: [rowId.id],
      indexes: [],
      checks: [],
      foreignKeys: [],
      dropped: [],
    },
  };
}

/** Adds the constraints, checks defaults and generated columns, and creates the table. */
export function* makeTable(context: DdlContext, draft: Draft, constraints: readonly TableConstraint[]): Task<TableDef> {
  for (const constraint of constraints) addConstraint(context, draft, constraint);
  const hadRowId = draft.table.columns.some((column) => column.hidden === true);
  if (!hadRowId)
    draft.table = { ...draft.table, nextColumnId: Math.max(-1, ...draft.table.columns.map((column) => column.id)) + 1 };
  const { table } = draft;
  table.columns.forEach((column, index) => {
    for (const use of ['default', 'generated'] as const) {
      const text = column[use];
      if (text !== undefined && column.sequenceId === undefined)
        bindTableExpression(parseExpression(text), table, use, context.bind, index);
    }
  });
  createStructure(context.store, table, context.eval);
  define(context, table, () => context.store.removeTable(table.id));
  yield* fillIndexes(context.store, table);
  return table;
}

export function* createIndex(context: DdlContext, statement: CreateIndex): Task<boolean> {
  const table = tableNamed(context, statement.table);
  if (statement.where !== undefined)
    throw new DriftError('0A000', 'partial indexes are not supported yet', { position: statement.where.position });
  const names: string[] = [];
  const columns: IndexDef['columns'][number][] = [];
  for (const element of statement.elements) {
    const { expression } = element;
    const name = expression.kind === 'column' && expression.names.length === 1 ? expression.names[0] : undefined;
    if (name === undefined)
      throw new DriftError('0A000', 'indexes on expressions are not supported yet', { position: element.position });
    const column = columnNamed(table, name);
    if (column === undefined)
      throw new DriftError('42703', `column "${name}" does not exist`, { position: element.position });
    names.push(name);
    columns.push({
      column: column.id,
      descending: element.descending,
      nullsFirst: element.nullsFirst ?? element.descending,
    });
  }
  const name = statement.name?.name ?? freeName(context, table.schema, `${table.name}_${names.join('_')}_idx`);
  if (statement.ifNotExists && context.transaction.catalog.tableOfIndex(table.schema, name) !== undefined) return false;
  refuseTaken(context, table.schema, name, statement.name?.position ?? statement.position);
  const index: IndexDef = {
    id: context.nextId(),
    name,
    columns,
    unique: statement.unique,
    nullsNotDistinct: statement.nullsNotDistinct,
  };
  yield* addIndex(context, table, index);
  return true;
}

/** Fills an index and makes it known; a unique one must hold for the rows there are (23505). */
export function* addIndex(context: DdlContext, table: TableDef, index: IndexDef): Task<void> {
  if (context.store.table(table.id).lastChange > context.transaction.snapshot) {
    throw new DriftError(
      '40001',
      `could not serialize access: table "${table.name}" has changed since the transaction began`,
    );
  }
  if (index.unique) yield* verifyUnique(context, table, index);
  const next: TableDef = { ...table, indexes: [...table.indexes, index] };
  yield* fillIndexes(context.store, next);
  define(context, next, () => context.store.removeIndex(table.id, index.id));
}

/** Throws 23505 where two rows have the same values. */
export function* verifyUnique(context: DdlContext, table: TableDef, index: IndexDef): Task<void> {
  const names = index.columns.map((part) =>
    quoted(table.columns.find((column) => column.id === part.column)?.name ?? ''),
  );
  const nulls =
    index.nullsNotDistinct === true ? '' : ` WHERE ${names.map((name) => `${name} IS NOT NULL`).join(' AND ')}`;
  const rows = yield* context.query(
    `SELECT ${names.join(', ')} FROM ${quoted(table.schema)}.${quoted(table.name)}${nulls} GROUP BY ${names.join(', ')} HAVING count(*) > 1 LIMIT 1`,
  );
  const [row] = rows;
  if (row === undefined) return;
  throw new DriftError('23505', `could not create unique index "${index.name}"`, {
    detail: `Key (${names.join(', ')})=(${row.map(String).join(', ')}) is duplicated.`,
    table: table.name,
    constraint: index.name,
  });
}
