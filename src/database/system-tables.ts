/**
 * The virtual tables of schema `drift` and of `information_schema`: the catalog of the asked-for moment as rows.
 * (`drift.transactions` is a real table.)
 */
import type { Value } from '../base/vector.ts';
import type { Catalog, ColumnDef, TableDef, TypeRef } from '../catalog/schema.ts';
import { vectorFromValues } from '../exec/vectors.ts';
import type { SystemRows } from '../exec/run.ts';
import type { SystemTable, SystemTables } from '../plan/bind.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { TableStore } from '../table/store.ts';
import type { Settings } from './settings.ts';

const TEXT: TypeRef = { oid: 25, typmod: -1 };
const INT4: TypeRef = { oid: 23, typmod: -1 };
const INT8: TypeRef = { oid: 20, typmod: -1 };
const BOOL: TypeRef = { oid: 16, typmod: -1 };

export interface SystemContext {
  readonly catalog: Catalog;
  readonly store: TableStore;
  readonly settings: Settings;
}

interface Definition extends SystemTable {
  readonly rows: (context: SystemContext) => Iterable<readonly Value[]>;
}

const TABLES: readonly Definition[] = [
  define(
    'drift',
    'tables',
    { schema: TEXT, table_name: TEXT, table_type: TEXT, table_id: INT4, row_count: INT8 },
    function* (context) {
      for (const object of context.catalog.objects()) {
        if (object.kind === 'view') yield [object.schema, object.name, 'VIEW', object.id, null];
        if (object.kind === 'table')
          yield [object.schema, object.name, 'BASE TABLE', object.id, rowsOf(context, object)];
      }
    },
  ),
  define(
    'drift',
    'columns',
    {
      schema: TEXT,
      table_name: TEXT,
      column_name: TEXT,
      data_type: TEXT,
      position: INT4,
      not_null: BOOL,
      is_key: BOOL,
      column_default: TEXT,
    },
    function* ({ catalog }) {
      for (const [table, column, position] of columnsOf(catalog)) {
        yield [
          table.schema,
          table.name,
          column.name,
          typeText(column.type),
          position,
          column.notNull,
          table.key.includes(column.id),
          column.default ?? null,
        ];
      }
    },
  ),
  define(
    'drift',
    'indexes',
    { schema: TEXT, table_name: TEXT, index_name: TEXT, is_unique: BOOL, columns: TEXT },
    function* ({ catalog }) {
      for (const table of tablesOf(catalog)) {
        const names = (ids: readonly number[]): string =>
          ids.map((id) => table.columns.find((column) => column.id === id)?.name ?? '').join(', ');
        if (table.primaryKeyName !== undefined)
          yield [table.schema, table.name, table.primaryKeyName, true, names(table.key)];
        for (const index of table.indexes)
          yield [table.schema, table.name, index.name, index.unique, names(index.columns.map((part) => part.column))];
      }
    },
  ),
  define('drift', 'tags', { name: TEXT, seq: INT8 }, function* ({ catalog }) {
    for (const object of catalog.objects()) if (object.kind === 'tag') yield [object.name, object.seq];
  }),
  define('drift', 'settings', { name: TEXT, setting: TEXT }, function* ({ settings }) {
    yield* settings.all();
  }),
  define('drift', 'storage', { name: TEXT, value: INT8 }, function* ({ store }) {
    for (const [name, value] of Object.entries(store.statistics())) yield [name, Number(value)];
  }),
  define(
    'information_schema',
    'tables',
    { table_catalog: TEXT, table_schema: TEXT, table_name: TEXT, table_type: TEXT },
    function* ({ catalog }) {
      for (const object of catalog.objects()) {
        if (object.kind === 'view') yield ['drift', object.schema, object.name, 'VIEW'];
        if (object.kind === 'table') yield ['drift', object.schema, object.name, 'BASE TABLE'];
      }
    },
  ),
  define(
    'information_schema',
    'columns',
    {
      table_catalog: TEXT,
      table_schema: TEXT,
      table_name: TEXT,
      column_name: TEXT,
      ordinal_position: INT4,
      column_default: TEXT,
      is_nullable: TEXT,
      data_type: TEXT,
    },
    function* ({ catalog }) {
      for (const [table, column, position] of columnsOf(catalog)) {
        const type = typeByOid(column.type.oid).display;
        yield [
          'drift',
          table.schema,
          table.name,
          column.name,
          position,
          column.default ?? null,
          column.notNull ? 'NO' : 'YES',
          type,
        ];
      }
    },
  ),
  define('information_schema', 'schemata', { catalog_name: TEXT, schema_name: TEXT }, function* ({ catalog }) {
    for (const object of catalog.objects()) if (object.kind === 'schema') yield ['drift', object.name];
  }),
];

export const systemTables: SystemTables = {
  find(schema, name) {
    if (schema === undefined) return undefined;
    return TABLES.find((table) => table.schema === schema && table.name === name);
  },
};

export function systemRows(id: string, context: SystemContext): SystemRows {
  const table = TABLES.find((candidate) => candidate.id === id);
  const rows = table === undefined ? [] : [...table.rows(context)];
  const columns = (table?.columns ?? []).map((column, c) =>
    vectorFromValues(
      rows.map((row) => row[c] ?? null),
      column.type.oid,
    ),
  );
  return { columns, length: rows.length };
}

function define(
  schema: string,
  name: string,
  columns: Readonly<Record<string, TypeRef>>,
  rows: Definition['rows'],
): Definition {
  return {
    id: `${schema}.${name}`,
    schema,
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
    rows,
  };
}

function* tablesOf(catalog: Catalog): Generator<TableDef> {
  for (const object of catalog.objects()) if (object.kind === 'table') yield object;
}

function* columnsOf(catalog: Catalog): Generator<readonly [TableDef, ColumnDef, number]> {
  for (const table of tablesOf(catalog)) {
    let position = 0;
    for (const column of table.columns) if (column.hidden !== true) yield [table, column, ++position];
  }
}

function rowsOf({ store }: SystemContext, table: TableDef): number | null {
  return store.has(table.id) ? store.table(table.id).rowCount : null;
}

function typeText(type: TypeRef): string {
  const known = typeByOid(type.oid);
  return `${known.display}${type.typmod >= 0 ? known.typmodText(type.typmod) : ''}`;
}
