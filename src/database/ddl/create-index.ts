/**
 * CREATE INDEX: on columns, on expressions, and partial.
 *
 * The keys of an index are columns of its table. An expression gets a column of its own, hidden and generated, so that
 * every change of a row brings it up to date; the predicate of a unique index becomes part of its first key, which is
 * null where the predicate does not hold, and nulls are distinct. Rows that are there already get their values by an
 * update, which makes a version of each. An index that is not unique leaves its predicate aside: to hold more rows than
 * asked for changes no answer.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ColumnDef, IndexDef, TableDef } from '../../catalog/schema.ts';
import { bindTableExpression } from '../../plan/bind.ts';
import { indexColumnNames } from '../../plan/binder/index-names.ts';
import { columnType } from '../../plan/collate/clause.ts';
import type { Expression } from '../../sql/ast.ts';
import type { IndexElement } from '../../sql/ast-change.ts';
import type { CreateIndex } from '../../sql/ast-table.ts';
import { DEFAULT } from '../../sql/collations.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { checked } from '../../txn/checked.ts';
import { createStructure, fillIndexes } from '../structure.ts';
import { includedIds, refuseUnordered } from './constraint.ts';
import { columnNamed } from './draft.ts';
import {
  type DdlContext,
  define,
  freeName,
  refuseTaken,
  requireColumnsOf,
  skipExisting,
  tableNamed,
  droppedColumn,
} from './context.ts';
import { refuseUnknownOptions } from './storage-options.ts';
import { refuseOverlaps } from './period.ts';
import { columnText, tableText } from './names.ts';

/** All of them become trees here. */
const METHODS: ReadonlySet<string> = new Set(['btree', 'hash', 'gin', 'gist', 'spgist', 'brin']);
const BOOL = 16;
const UNKNOWN = 705;
const TEXT = 25;

export function* createIndex(context: DdlContext, statement: CreateIndex): Task<boolean> {
  let table = tableNamed(context, statement.table, true);
  if (!METHODS.has(statement.method)) {
    throw new DriftError('42704', `access method "${statement.method}" does not exist`, {
      position: statement.position,
    });
  }
  const { unique, nullsNotDistinct } = statement;
  if (statement.include.length > 0 && !['btree', 'gist', 'spgist'].includes(statement.method)) {
    throw new DriftError('0A000', `access method "${statement.method}" does not support included columns`, {
      position: statement.position,
    });
  }
  const where = statement.where === undefined ? undefined : predicateText(context, table, statement.where);
  const included = includedIds(table, statement.include);
  const expressions = statement.elements.map(({ expression }) => expression);
  const names = indexColumnNames([...expressions, ...statement.include.map((column) => column.name)]);
  const base = `${table.name}_${names.join('_')}_idx`;
  const name = statement.name?.name ?? freeName(context, table.schema, base);
  if (statement.ifNotExists && context.transaction.catalog.tableOfIndex(table.schema, name) !== undefined) {
    skipExisting(context, `relation "${name}"`);
    return false;
  }
  const partial = unique && where !== undefined;
  if (partial && nullsNotDistinct) {
    throw new DriftError('0A000', 'a partial unique index with NULLS NOT DISTINCT is not supported', {
      position: statement.position,
    });
  }
  const columns: IndexDef['columns'][number][] = [];
  const hidden: ColumnDef[] = [];
  statement.elements.forEach((element, i) => {
    const predicate = partial && i === 0 ? where : undefined;
    const plain = predicate === undefined ? plainColumn(table, element) : undefined;
    const column =
      plain ?? hiddenColumn(context, table, element, { id: table.nextColumnId + hidden.length, predicate });
    if (plain === undefined) hidden.push(column);
    const { descending, nullsFirst = descending } = element;
    columns.push({ column: column.id, descending, nullsFirst, ...collationOf(context, column, element) });
  });
  const ids = columns.map((part) => part.column);
  refuseUnknownOptions(statement.options, statement.method);
  refuseUnordered({ ...table, columns: [...table.columns, ...hidden] }, ids, statement.position);
  refuseTaken(context, table.schema, name, statement.name?.position ?? statement.position);
  const keys = hidden.length === 0 ? undefined : statement.elements.map(({ expression }) => keyText(expression));
  if (hidden.length > 0) table = yield* addHidden(context, table, hidden);
  yield* addIndex(context, table, {
    id: context.nextId(),
    name,
    columns,
    unique,
    nullsNotDistinct,
    keys,
    where,
    included,
  });
  return true;
}

/** What a key's COLLATE says, as far as it is not the column's own anyway. */
function collationOf(context: DdlContext, { type }: ColumnDef, { collation }: IndexElement): { collation?: string } {
  if (collation === undefined) return {};
  const { collation: key = DEFAULT } = columnType(context.transaction.catalog, type, collation);
  return key === (type.collation ?? DEFAULT) ? {} : { collation: key };
}

/** The text that an index keeps of a key, and that ON CONFLICT is compared with. */
export function keyText(expression: Expression): string {
  return printRestrictedExpression(expression);
}

function plainColumn(table: TableDef, { expression, position }: IndexElement): ColumnDef | undefined {
  if (expression.kind !== 'column' || expression.names.length !== 1) return undefined;
  const name = expression.names[0] as string;
  const column = columnNamed(table, name);
  if (column !== undefined) return column;
  throw new DriftError('42703', `column "${name}" does not exist`, { position });
}

function predicateText(context: DdlContext, table: TableDef, where: Expression): string {
  const bound = bindTableExpression(where, table, 'index', context.bind);
  if (bound.type.oid !== BOOL && bound.type.oid !== UNKNOWN)
    throw new DriftError('42804', 'argument of WHERE must be type boolean', { position: where.position });
  return printRestrictedExpression(where);
}

function hiddenColumn(
  context: DdlContext,
  table: TableDef,
  { expression }: IndexElement,
  { id, predicate }: { readonly id: number; readonly predicate: string | undefined },
): ColumnDef {
  const text = keyText(expression);
  const generated = predicate === undefined ? text : `CASE WHEN ${predicate} THEN ${text} END`;
  const { type } = bindTableExpression(parseExpression(generated), table, 'index', context.bind);
  const known = type.oid === UNKNOWN ? { oid: TEXT, typmod: -1 } : type;
  return { id, name: text, type: known, notNull: false, hidden: true, generated };
}

function* addHidden(context: DdlContext, table: TableDef, hidden: readonly ColumnDef[]): Task<TableDef> {
  requireColumnsOf(context, table);
  const next: TableDef = {
    ...table,
    columns: [...table.columns, ...hidden],
    nextColumnId: table.nextColumnId + hidden.length,
  };
  createStructure(context.store, next, context.eval);
  define(context, next, () => context.store.removeColumns(table.id, table.nextColumnId));
  context.transaction.writes(table.id)?.widen(context.store.table(table.id).columns);
  const visible = table.columns.filter((column) => column.hidden !== true);
  const free = visible.find((column) => column.generated === undefined && column.identity !== 'always');
  const shown = free ?? visible[0];
  if (shown === undefined) return next;
  // Where each column is generated or an identity, one is neither for the time of the update.
  const plain = { ...shown, generated: undefined, identity: undefined };
  const columns = next.columns.map((column) => (column.id === shown.id ? plain : column));
  if (free === undefined) define(context, { ...next, columns });
  const column = columnText(table, shown.id);
  yield* context.query(`UPDATE ${tableText(table)} SET ${column} = ${column}`);
  if (free === undefined) define(context, next);
  return next;
}

/** The table without some of its indexes, and without the hidden columns that only these need. */
export function withoutIndexes(table: TableDef, lost: readonly IndexDef[]): TableDef {
  const indexes = table.indexes.filter((index) => !lost.includes(index));
  const used = new Set([...table.key, ...indexes.flatMap((index) => index.columns.map((part) => part.column))]);
  const gone = table.columns.filter((column) => column.hidden === true && !used.has(column.id));
  return {
    ...table,
    indexes,
    columns: table.columns.filter((column) => !gone.includes(column)),
    dropped: [...table.dropped, ...gone.map(droppedColumn)],
  };
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
  else if (index.withoutOverlaps !== undefined) yield* refuseOverlaps(context, table, index);
  const next: TableDef = { ...table, indexes: [...table.indexes, index] };
  yield* checked(fillIndexes(context.store, next), context.eval.cancellation);
  define(context, next, () => context.store.removeIndex(table.id, index.id));
}

/** Throws 23505 where two rows have the same values. */
export function* verifyUnique(context: DdlContext, table: TableDef, index: IndexDef): Task<void> {
  const names = index.columns.map(({ column: id }) => {
    const column = table.columns.find((candidate) => candidate.id === id);
    return column?.hidden === true && column.generated !== undefined ? `(${column.generated})` : columnText(table, id);
  });
  const nulls =
    index.nullsNotDistinct === true ? '' : ` WHERE ${names.map((name) => `${name} IS NOT NULL`).join(' AND ')}`;
  const rows = yield* context.query(
    `SELECT ${names.join(', ')} FROM ${tableText(table)}${nulls} GROUP BY ${names.join(', ')} HAVING count(*) > 1 LIMIT 1`,
  );
  const [row] = rows;
  if (row === undefined) return;
  throw new DriftError('23505', `could not create unique index "${index.name}"`, {
    detail: `Key (${shownKeys(table, index).join(', ')})=(${row.map(String).join(', ')}) is duplicated.`,
    table: table.name,
    constraint: index.name,
  });
}

/** The keys as messages name them. */
function shownKeys(table: TableDef, index: IndexDef): string[] {
  return index.columns.map(({ column: id }, i) => {
    const name = table.columns.find((candidate) => candidate.id === id && candidate.hidden !== true)?.name;
    return name === undefined ? (index.keys?.[i] ?? '') : quoteIdent(name);
  });
}
