/**
 * OIDs: the numbers under which PostgreSQL's catalogs and the reg types know objects.
 *
 * A table, view, sequence or index has its id for an OID, so it stays the same for the life of the database. Ids of new
 * databases begin at 16384, as PostgreSQL's OIDs of user objects do. What has no id of its own gets a number from above
 * 2^31, where no id comes: the index behind a primary key by its table's id, constraints and defaults by a hash of what
 * they are called. Schemas that every PostgreSQL database has keep PostgreSQL's numbers.
 */
import type { Catalog, IndexDef, SchemaDef, SequenceDef, TableDef, ViewDef } from './schema.ts';

export const PG_CATALOG_OID = 11;
export const INFORMATION_SCHEMA_OID = 13219;
const PUBLIC_OID = 2200;
/** The owner of everything: PostgreSQL's bootstrap superuser. */
/** The name of the one database. */
export const DATABASE = 'drift';

export const OWNER_OID = 10;

const KEY_INDEXES = 0x8000_0000;
const HASHED = 0xc000_0000;

/** A relation of pg_class: what `regclass` and the pg_get_… functions work with. */
export type ClassEntry =
  | { readonly kind: 'relation'; readonly oid: number; readonly relation: TableDef | ViewDef | SequenceDef }
  | {
      readonly kind: 'index';
      readonly oid: number;
      readonly table: TableDef;
      /** Undefined: the primary key's. */
      readonly index: IndexDef | undefined;
      readonly name: string;
    };

export function schemaOid(schema: SchemaDef): number {
  return schema.name === 'public' ? PUBLIC_OID : schema.id;
}

/** The schema behind an OID; null for none. */
export function schemaNameOf(catalog: Catalog, oid: number): string | null {
  if (oid === PG_CATALOG_OID) return 'pg_catalog';
  if (oid === INFORMATION_SCHEMA_OID) return 'information_schema';
  if (oid === PUBLIC_OID) return catalog.schema('public') === undefined ? null : 'public';
  const object = catalog.byId(oid);
  return object?.kind === 'schema' ? object.name : null;
}

/** The OID of a schema by its name; undefined for none. */
export function schemaOidOf(catalog: Catalog, name: string): number | undefined {
  if (name === 'pg_catalog') return PG_CATALOG_OID;
  if (name === 'information_schema') return INFORMATION_SCHEMA_OID;
  const schema = catalog.schema(name === 'pg_temp' ? (catalog.temp ?? name) : name);
  return schema === undefined ? undefined : schemaOid(schema);
}

/** The index that stands for a primary key. */
export function keyIndexOid(tableId: number): number {
  return KEY_INDEXES + tableId;
}

/** The same number for the same thing, in every database and opening. */
export function hashedOid(kind: string, name: string): number {
  let hash = 0x811c9dc5;
  for (const char of `${kind} ${name}`) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193);
  return HASHED + ((hash >>> 2) & 0x3fff_ffff);
}

/** Name and schema of a relation or index. */
export function classNames(entry: ClassEntry): { readonly schema: string; readonly name: string } {
  if (entry.kind === 'relation') return entry.relation;
  return { schema: entry.table.schema, name: entry.name };
}

/** The relation or index that an OID stands for. */
export function classByOid(catalog: Catalog, oid: number): ClassEntry | undefined {
  if (oid >= KEY_INDEXES && oid < HASHED) {
    const table = catalog.byId(oid - KEY_INDEXES);
    if (table?.kind !== 'table' || table.primaryKeyName === undefined) return undefined;
    return { kind: 'index', oid, table, index: undefined, name: table.primaryKeyName };
  }
  const relation = catalog.byId(oid);
  if (relation?.kind === 'table' || relation?.kind === 'view' || relation?.kind === 'sequence')
    return { kind: 'relation', oid, relation };
  return indexesById(catalog).get(oid);
}

const indexMaps = new WeakMap<Catalog, ReadonlyMap<number, ClassEntry>>();

/** The indexes of a catalog by their OIDs: made once a catalog, when one is first asked for. */
function indexesById(catalog: Catalog): ReadonlyMap<number, ClassEntry> {
  let known = indexMaps.get(catalog);
  if (known === undefined) {
    const made = new Map<number, ClassEntry>();
    for (const table of catalog.objects()) {
      if (table.kind !== 'table') continue;
      for (const index of table.indexes)
        made.set(index.id, { kind: 'index', oid: index.id, table, index, name: index.name });
    }
    known = made;
    indexMaps.set(catalog, known);
  }
  return known;
}

/** The relation or index of a name, along the search path where it has no schema. */
export function classByName(catalog: Catalog, schema: string | undefined, name: string): ClassEntry | undefined {
  const relation = catalog.relation(schema, name);
  if (relation !== undefined) return { kind: 'relation', oid: relation.id, relation };
  const table = catalog.tableOfIndex(schema, name);
  if (table === undefined) return undefined;
  const index = table.indexes.find((candidate) => candidate.name === name);
  return { kind: 'index', oid: index?.id ?? keyIndexOid(table.id), table, index, name };
}
