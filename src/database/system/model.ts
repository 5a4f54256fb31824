/**
 * The catalog's objects as PostgreSQL's catalogs have them: relations with their attributes, indexes and constraints as
 * flat entries with OIDs. Attributes are numbered by their place, hidden columns left out.
 */
import {
  classByOid,
  hashedOid,
  INFORMATION_SCHEMA_OID,
  keyIndexOid,
  PG_CATALOG_OID,
  schemaOidOf,
} from '../../catalog/oids.ts';
import type {
  Catalog,
  CheckDef,
  ColumnDef,
  Deferrable,
  ForeignKeyDef,
  IndexDef,
  SequenceDef,
  TableDef,
  ViewDef,
} from '../../catalog/schema.ts';

export type Relation = TableDef | ViewDef | SequenceDef;

export function* relationsOf(catalog: Catalog): Generator<Relation> {
  for (const object of catalog.objects())
    if (object.kind === 'table' || object.kind === 'view' || object.kind === 'sequence') yield object;
}

export function* tablesOf(catalog: Catalog): Generator<TableDef> {
  for (const object of catalog.objects()) if (object.kind === 'table') yield object;
}

export function* viewsOf(catalog: Catalog): Generator<ViewDef> {
  for (const object of catalog.objects()) if (object.kind === 'view') yield object;
}

export function* sequencesOf(catalog: Catalog): Generator<SequenceDef> {
  for (const object of catalog.objects()) if (object.kind === 'sequence') yield object;
}

export function namespaceOid(catalog: Catalog, schema: string): number {
  if (schema === 'pg_catalog') return PG_CATALOG_OID;
  if (schema === 'information_schema') return INFORMATION_SCHEMA_OID;
  return schemaOidOf(catalog, schema) ?? 0;
}

export function isTemporary(schema: string): boolean {
  return schema.startsWith('pg_temp_');
}

// ---- attributes ----------------------------------------------------------------------------------------------------

export function visibleColumns(table: TableDef): readonly ColumnDef[] {
  return table.columns.filter((column) => column.hidden !== true);
}

/** attnum of a column by its id; 0 for a hidden one, which stands for an expression. */
export function attributeNumber(table: TableDef, columnId: number): number {
  let number = 0;
  for (const column of table.columns) {
    if (column.hidden === true) continue;
    number++;
    if (column.id === columnId) return number;
  }
  return 0;
}

export function columnByNumber(table: TableDef, number: number): ColumnDef | undefined {
  return visibleColumns(table)[number - 1];
}

export function columnName(table: TableDef, id: number): string {
  return table.columns.find((column) => column.id === id)?.name ?? '';
}

/** Columns whose names occur in an expression over their table, in the order in which they do. */
export function mentioned(text: string, table: TableDef): number[] {
  const words = new Set<string>();
  for (const [word] of text.replaceAll(/'(?:[^']|'')*'/g, '').matchAll(/"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*/gu))
    words.add(word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word);
  const ids = new Map(visibleColumns(table).map(({ id, name }) => [name, id]));
  return [...words].flatMap((word) => ids.get(word) ?? []);
}

// ---- indexes -------------------------------------------------------------------------------------------------------

/** One part of an index's key: a column of the table, or an expression as its table keeps it. */
export interface KeyPart {
  readonly column: ColumnDef | undefined;
  readonly expression: string | undefined;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Key of the collation that the index names. */
  readonly collation?: string | undefined;
}

export interface IndexEntry {
  readonly oid: number;
  readonly name: string;
  readonly table: TableDef;
  readonly primary: boolean;
  readonly unique: boolean;
  readonly parts: readonly KeyPart[];
  /** Columns that are carried along (INCLUDE). */
  readonly included: readonly ColumnDef[];
  readonly where: string | undefined;
  readonly def: IndexDef | undefined;
}

export function* indexesOf(table: TableDef): Generator<IndexEntry> {
  if (table.primaryKeyName !== undefined) {
    yield {
      oid: keyIndexOid(table.id),
      name: table.primaryKeyName,
      table,
      primary: true,
      unique: true,
      parts: table.key.map((id) => plainPart(table, id, false, false)),
      included: columnsOf(table, table.keyIncluded),
      where: undefined,
      def: undefined,
    };
  }
  for (const index of table.indexes) yield indexEntry(table, index);
}

function indexEntry(table: TableDef, index: IndexDef): IndexEntry {
  // A partial index ends with the hidden column of its predicate.
  const columns = index.keys === undefined ? index.columns : index.columns.slice(0, index.keys.length);
  const parts = columns.map(({ column, descending, nullsFirst, collation }, i): KeyPart => {
    const text = index.keys?.[i];
    if (text === undefined) return { ...plainPart(table, column, descending, nullsFirst), collation };
    const named = visibleColumns(table).find(({ name }) => name === text || `"${name.replaceAll('"', '""')}"` === text);
    return { column: named, expression: named === undefined ? text : undefined, descending, nullsFirst, collation };
  });
  return {
    oid: index.id,
    name: index.name,
    table,
    primary: index.primary === true,
    unique: index.unique,
    parts,
    included: columnsOf(table, index.included),
    where: index.where,
    def: index,
  };
}

function columnsOf(table: TableDef, ids: readonly number[] | undefined): ColumnDef[] {
  return (ids ?? []).flatMap((id) => table.columns.find((column) => column.id === id) ?? []);
}

function plainPart(table: TableDef, id: number, descending: boolean, nullsFirst: boolean): KeyPart {
  const column = table.columns.find((candidate) => candidate.id === id);
  return { column, expression: undefined, descending, nullsFirst };
}

export function indexByOid(catalog: Catalog, oid: number): IndexEntry | undefined {
  const found = classByOid(catalog, oid);
  if (found?.kind !== 'index') return undefined;
  for (const entry of indexesOf(found.table)) if (entry.oid === oid) return entry;
  return undefined;
}

// ---- constraints ---------------------------------------------------------------------------------------------------

interface ConstraintCommon {
  readonly oid: number;
  readonly name: string;
  readonly table: TableDef;
}
export type ConstraintEntry = ConstraintCommon &
  (
    | { readonly type: 'p' | 'u'; readonly index: IndexEntry }
    | { readonly type: 'c'; readonly check: CheckDef }
    | { readonly type: 'f'; readonly key: ForeignKeyDef; readonly foreign: TableDef | undefined }
  );

export function* constraintsOf(table: TableDef, catalog: Catalog): Generator<ConstraintEntry> {
  const common = (name: string): ConstraintCommon => ({ oid: constraintOid(table, name), name, table });
  for (const index of indexesOf(table)) {
    const name = index.primary ? index.name : index.def?.constraint;
    if (name !== undefined) yield { ...common(name), type: index.primary ? 'p' : 'u', index };
  }
  for (const check of table.checks) yield { ...common(check.name), type: 'c', check };
  for (const key of table.foreignKeys) {
    const foreign = key.foreignTableId === table.id ? table : catalog.byId(key.foreignTableId);
    yield { ...common(key.name), type: 'f', key, foreign: foreign?.kind === 'table' ? foreign : undefined };
  }
}

/** Whether and how a constraint waits for the commit. */
export function timingOf(entry: ConstraintEntry): Deferrable | undefined {
  if (entry.type === 'f') return entry.key.deferrable;
  return entry.type === 'c' ? undefined : entry.index.def?.deferrable;
}

export function constraintOid(table: TableDef, name: string): number {
  return hashedOid('constraint', `${table.id} ${name}`);
}

export function defaultOid(table: TableDef, column: ColumnDef): number {
  return hashedOid('default', `${table.id} ${column.id}`);
}

export function ruleOid(view: ViewDef): number {
  return hashedOid('rule', String(view.id));
}

const constraintMaps = new WeakMap<Catalog, ReadonlyMap<number, ConstraintEntry>>();

/** A constraint by its OID; the map is made once a catalog. */
export function constraintByOid(catalog: Catalog, oid: number): ConstraintEntry | undefined {
  let known = constraintMaps.get(catalog);
  if (known === undefined) {
    const made = new Map<number, ConstraintEntry>();
    for (const table of tablesOf(catalog))
      for (const entry of constraintsOf(table, catalog)) made.set(entry.oid, entry);
    known = made;
    constraintMaps.set(catalog, known);
  }
  return known.get(oid);
}

/** The unique index that a foreign key leans on. */
export function referencedIndex(foreign: TableDef, columns: readonly number[]): IndexEntry | undefined {
  const wanted = new Set(columns);
  for (const index of indexesOf(foreign)) {
    const ids = index.parts.map(({ column }) => column?.id);
    if (index.unique && ids.length === wanted.size && ids.every((id) => id !== undefined && wanted.has(id)))
      return index;
  }
  return undefined;
}
