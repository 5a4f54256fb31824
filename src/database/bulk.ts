/**
 * Statements that make, fill or empty whole tables: CREATE TABLE AS, SELECT INTO, materialized views, TRUNCATE.
 *
 * A materialized view is a table whose rows only REFRESH changes. TRUNCATE closes the current versions of all rows;
 * their history stays, as everywhere.
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { valueAt, type Vector } from '../base/vector.ts';
import type { TableDef } from '../catalog/schema.ts';
import type { Query } from '../sql/ast-query.ts';
import type { CreateTableAs } from '../sql/ast-table.ts';
import type { RefreshMaterializedView, Truncate } from '../sql/ast-statement.ts';
import { UNDETERMINED } from '../sql/collatable.ts';
import { printStatement } from '../sql/parser/print.ts';
import { breathe } from '../exec/modify/slices.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { Key } from '../table/table.ts';
import {
  type DdlContext,
  define,
  refuseTaken,
  relationNamed,
  schemaFor,
  skipExisting,
  tableNamed,
  undefinedTable,
} from './ddl/context.ts';
import type { SelectInto } from './bindable.ts';
import { draftOf, makeTable, refuseOnCommit } from './ddl/create-table.ts';
import { readsTemporary } from './ddl/query-names.ts';
import { refuseUnknownOptions } from './ddl/storage-options.ts';
import { refuseSystemName, tableText } from './ddl/names.ts';

const UNKNOWN = 705;
const TEXT = 25;

/** Makes the table of a query's columns and fills it; returns the number of rows. */
export function* createTableAs(context: DdlContext, statement: CreateTableAs): Task<number> {
  const { name, query, materializedView } = statement;
  if (query.kind !== 'query') {
    throw new DriftError('0A000', 'CREATE TABLE AS EXECUTE is not supported', { position: statement.position });
  }
  const schema = schemaFor(context, name, statement.persistence);
  if (statement.ifNotExists && context.transaction.catalog.relation(schema, name.name) !== undefined) {
    skipExisting(context, `relation "${name.name}"`);
    return 0;
  }
  const fields = yield* context.describe(query);
  refuseTaken(context, schema, name.name, name.position);
  if ((statement.columns?.length ?? 0) > fields.length)
    throw new DriftError('42601', 'too many column names were specified', { position: statement.position });
  const undetermined = fields.find(({ collation }) => collation === UNDETERMINED);
  if (undetermined !== undefined) {
    const { name: column, oid } = undetermined;
    const text = `no collation was derived for column "${column}" with collatable type ${typeByOid(oid).display}`;
    throw new DriftError('42P22', text, { hint: 'Use the COLLATE clause to set the collation explicitly.' });
  }
  const columns = fields.map((field, id) => ({
    id,
    name: statement.columns?.[id] ?? field.name,
    type: {
      oid: field.oid === UNKNOWN ? TEXT : field.oid,
      typmod: field.typmod,
      ...(field.collation === undefined ? {} : { collation: field.collation }),
    },
    notNull: false,
  }));
  const repeated = columns.find((column, i) => columns.findIndex((other) => other.name === column.name) !== i);
  if (repeated !== undefined) throw new DriftError('42701', `column "${repeated.name}" specified more than once`);
  refuseUnknownOptions(statement.options, 'table');
  if (materializedView && readsTemporary(context.transaction.catalog, query))
    throw new DriftError('0A000', 'materialized views must not use temporary tables or views');
  for (const column of columns) refuseSystemName(column.name);
  const draft = draftOf({ id: context.nextId(), schema, name: name.name }, columns);
  refuseOnCommit(schema, statement.onCommit);
  draft.table = { ...draft.table, onCommit: statement.onCommit };
  const table = yield* makeTable(context, draft, []);
  const rows = statement.withData ? yield* fill(context, table, printStatement(query)) : 0;
  if (materializedView)
    define(context, { ...table, materialized: printStatement(query), unpopulated: !statement.withData });
  return rows;
}

export function* refreshMaterializedView(context: DdlContext, statement: RefreshMaterializedView): Task<void> {
  const { name } = statement;
  const found = relationNamed(context, name);
  if (found === undefined) throw undefinedTable(context, name);
  if (statement.concurrently && !statement.withData)
    throw new DriftError('42601', 'CONCURRENTLY and WITH NO DATA options cannot be used together');
  if (found.kind !== 'table' || found.materialized === undefined)
    throw new DriftError('0A000', `"${name.name}" is not a materialized view`, { position: name.position });
  if (statement.concurrently) refuseConcurrently(found);
  const { materialized, unpopulated: _unpopulated, ...plain } = found;
  define(context, plain);
  yield* context.query(`DELETE FROM ${tableText(plain)}`);
  if (statement.withData) yield* fill(context, plain, materialized);
  define(context, { ...plain, materialized, unpopulated: !statement.withData });
}

/** What PostgreSQL asks for; readers see the rows from before until the commit in any case. */
function refuseConcurrently(table: TableDef): void {
  if (table.unpopulated === true)
    throw new DriftError('55000', 'CONCURRENTLY cannot be used when the materialized view is not populated');
  if (table.indexes.some((index) => index.unique && index.keys === undefined && index.where === undefined)) return;
  throw new DriftError('55000', `cannot refresh materialized view "${table.schema}.${table.name}" concurrently`, {
    hint: 'Create a unique index with no WHERE clause on one or more columns of the materialized view.',
  });
}

function* fill(context: DdlContext, table: TableDef, query: string): Task<number> {
  return yield* context.run(`INSERT INTO ${tableText(table)} ${query}`);
}

/** SELECT … INTO as the CREATE TABLE AS that it means. */
export function selectInto(statement: SelectInto): CreateTableAs {
  const { body } = statement;
  const { name, temporary } = body.into;
  const query: Query = { ...statement, body: { ...body, into: undefined } };
  return {
    kind: 'createTableAs',
    name,
    persistence: temporary ? 'temporary' : 'permanent',
    ifNotExists: false,
    materializedView: false,
    columns: undefined,
    options: [],
    onCommit: undefined,
    query,
    withData: true,
    position: statement.position,
    end: statement.end,
  };
}

export function* truncate(context: DdlContext, statement: Truncate): Task<void> {
  const tables = new Set(statement.tables.map((name) => tableNamed(context, name)));
  for (const table of tables) {
    for (const object of context.transaction.catalog.objects()) {
      if (object.kind !== 'table' || [...tables].some((other) => other.id === object.id)) continue;
      if (!object.foreignKeys.some((key) => key.foreignTableId === table.id)) continue;
      if (!statement.cascade) {
        throw new DriftError('0A000', 'cannot truncate a table referenced in a foreign key constraint', {
          detail: `Table "${object.name}" references "${table.name}".`,
          hint: `Truncate table "${object.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      }
      tables.add(object);
      context.notices.push({
        severity: 'NOTICE',
        code: '00000',
        message: `truncate cascades to table "${object.name}"`,
      });
    }
  }
  for (const table of tables) yield* context.fireTruncate(table, 'before');
  for (const table of tables) {
    yield* removeRows(context, table);
    if (!statement.restartIdentity) continue;
    for (const object of context.transaction.catalog.objects())
      if (object.kind === 'sequence' && object.ownedBy?.tableId === table.id) context.restart(object, undefined);
  }
  for (const table of tables) yield* context.fireTruncate(table, 'after');
}

/** Deletes all rows as they are: no foreign key asks, for no table that refers to them keeps a row. */
export function* removeRows(context: DdlContext, table: TableDef): Task<void> {
  const reader = context.reader().table(table.id);
  const { key } = reader.table;
  const keys: Key[] = [];
  const source = reader.scan({ columns: key.map((part) => part.column) });
  for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      keys.push(reader.table.encodeKey(key.map((_, c) => valueAt(batch.columns[c] as Vector, row))));
    }
  }
  source.close();
  const writes = context.transaction.writesFor(table.id, reader.table.columns);
  for (const [i, one] of keys.entries()) {
    writes.delete(one, true);
    if ((i & 1023) === 1023) yield* breathe(context.eval.cancellation);
  }
}
