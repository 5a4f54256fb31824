/**
 * The objects that every database has: the catalog's own table and the transaction table, as ordinary versioned
 * tables with fixed ids, and the schemas `public` and `drift`.
 *
 * The catalog table holds one row for each object, its definition as JSON: so the catalog is versioned, logged and
 * recovered by the same code as data. It has no name in SQL; `drift.transactions` has.
 */
import { DriftError } from '../base/error.ts';
import type { CatalogObject, ColumnDef, TableDef } from './schema.ts';

export const CATALOG_TABLE_ID = 1;
export const TRANSACTIONS_TABLE_ID = 2;
const PUBLIC_SCHEMA_ID = 3;
const DRIFT_SCHEMA_ID = 4;
/** Ids below are reserved for system objects. */
export const FIRST_USER_ID = 100;
/** Where the ids of new databases begin: ids are OIDs, and PostgreSQL's users know theirs by this bound. */
export const FIRST_NEW_ID = 16384;

const OID = { int4: 23, int8: 20, text: 25, timestamptz: 1184, jsonb: 3802, textArray: 1009 } as const;

export const CATALOG_TABLE: TableDef = systemTable(CATALOG_TABLE_ID, 'objects', [
  column(0, 'id', OID.int4, true),
  column(1, 'definition', OID.text, true),
]);

/** Columns of drift.transactions by ordinal. */
export const TRANSACTION_COLUMNS = {
  seq: 0,
  committedAt: 1,
  author: 2,
  message: 3,
  metadata: 4,
  tables: 5,
  branch: 6,
  branchId: 7,
} as const;

export const TRANSACTIONS_TABLE: TableDef = systemTable(TRANSACTIONS_TABLE_ID, 'transactions', [
  column(0, 'seq', OID.int8, true),
  column(1, 'committed_at', OID.timestamptz, true),
  column(2, 'author', OID.text, false),
  column(3, 'message', OID.text, false),
  column(4, 'metadata', OID.jsonb, false),
  column(5, 'tables', OID.textArray, true),
  column(6, 'branch', OID.text, false),
  column(7, 'branch_id', OID.int8, false),
]);

/** What the catalog contains before the first commit. The catalog table itself stays out of reach of names. */
export function systemObjects(): Map<number, CatalogObject> {
  const objects: readonly CatalogObject[] = [
    { kind: 'schema', id: PUBLIC_SCHEMA_ID, name: 'public' },
    { kind: 'schema', id: DRIFT_SCHEMA_ID, name: 'drift' },
    TRANSACTIONS_TABLE,
  ];
  return new Map(objects.map((object) => [object.id, object]));
}

/** Reads a definition back from its JSON; the catalog table is ours, so a bad one is corruption. */
export function parseDefinition(json: string): CatalogObject {
  try {
    return JSON.parse(json) as CatalogObject;
  } catch {
    throw new DriftError('XX001', `catalog entry is not valid JSON: ${json.slice(0, 60)}`);
  }
}

/** A table in the schema `drift` whose first column is its key. */
export function systemTable(id: number, name: string, columns: readonly ColumnDef[]): TableDef {
  return {
    kind: 'table',
    id,
    schema: 'drift',
    name,
    columns,
    nextColumnId: columns.length,
    key: [0],
    primaryKeyName: `${name}_pkey`,
    indexes: [],
    checks: [],
    foreignKeys: [],
    dropped: [],
  };
}

function column(id: number, name: string, oid: number, notNull: boolean): ColumnDef {
  return { id, name, type: { oid, typmod: -1 }, notNull };
}
