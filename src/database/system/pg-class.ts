/** pg_namespace, pg_class, pg_attribute, pg_attrdef, pg_sequence, pg_rewrite, pg_description. */
import { INFORMATION_SCHEMA_OID, keyIndexOid, OWNER_OID, PG_CATALOG_OID, schemaOid } from '../../catalog/oids.ts';
import type { Attribute, Catalog, ColumnDef, TableDef, TypeDef, TypeRef } from '../../catalog/schema.ts';
import { publicTypeOid } from '../../catalog/user-types.ts';
import { indexColumnNames } from '../../plan/binder/index-names.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { deparseStored } from './deparse.ts';
import {
  attributeNumber,
  constraintOid,
  defaultOid,
  indexesOf,
  isTemporary,
  namespaceOid,
  relationsOf,
  ruleOid,
  sequencesOf,
  tablesOf,
  viewsOf,
  visibleColumns,
  type IndexEntry,
  type Relation,
} from './model.ts';
import { BTREE_OID, HEAP_OID } from './pg-access.ts';
import { EXTENSION_OID, PLPGSQL_OID } from './constants.ts';
import { aclArray } from './privileges.ts';
import { sequenceType } from '../ddl/sequence-options.ts';
import { systemRelations } from './relations.ts';
import { once, type RowSource, type SystemContext, type SystemRecord } from './source.ts';
import { collationOf, rowTypeOid } from './types.ts';

const INT8 = 20;
const PG_CLASS = 1259;
const PG_CONSTRAINT = 2606;
const PG_NAMESPACE = 2615;
const PG_PROC = 1255;
const PG_TRIGGER = 2620;
const PG_TYPE = 1247;

export const classSources: Readonly<Record<string, RowSource>> = {
  *pg_namespace({ catalog }) {
    yield { oid: PG_CATALOG_OID, nspname: 'pg_catalog', nspowner: OWNER_OID };
    yield { oid: INFORMATION_SCHEMA_OID, nspname: 'information_schema', nspowner: OWNER_OID };
    for (const object of catalog.objects())
      if (object.kind === 'schema')
        yield {
          oid: schemaOid(object),
          nspname: object.name,
          nspowner: OWNER_OID,
          nspacl: aclArray(object.acl, catalog),
        };
  },
  *pg_class(context) {
    yield* systemClasses();
    const referenced = new Set<number>();
    for (const table of tablesOf(context.catalog))
      for (const key of table.foreignKeys) referenced.add(key.foreignTableId);
    for (const relation of relationsOf(context.catalog)) yield classOf(relation, context, referenced);
    for (const [type, attributes] of compositesOf(context.catalog)) {
      yield {
        ...PLAIN,
        oid: type.id,
        relname: type.name,
        relnamespace: namespaceOid(context.catalog, type.schema),
        reltype: rowTypeOid(type),
        relkind: 'c',
        relnatts: attributes.length,
        relreplident: 'n',
        reltuples: 0,
      };
    }
    for (const table of tablesOf(context.catalog))
      for (const index of indexesOf(table)) yield indexClass(index, context);
  },
  *pg_attribute(context) {
    yield* systemAttributes();
    for (const relation of relationsOf(context.catalog)) yield* attributesOf(relation, context);
    for (const [{ id }, attributes] of compositesOf(context.catalog))
      for (const [i, { name, type }] of attributes.entries()) yield attribute(id, name, i + 1, type);
    for (const table of tablesOf(context.catalog)) for (const index of indexesOf(table)) yield* indexAttributes(index);
  },
  *pg_attrdef(context) {
    for (const table of tablesOf(context.catalog)) {
      for (const [index, column] of table.columns.entries()) {
        const text = defaultText(table, column, index, context);
        if (text === null) continue;
        const adnum = attributeNumber(table, column.id);
        yield { oid: defaultOid(table, column), adrelid: table.id, adnum, adbin: text };
      }
    }
  },
  *pg_sequence({ catalog }) {
    for (const sequence of sequencesOf(catalog)) {
      yield {
        seqrelid: sequence.id,
        seqtypid: sequenceType(sequence),
        seqstart: bigint(sequence.start),
        seqincrement: sequence.increment,
        seqmax: bigint(sequence.max),
        seqmin: bigint(sequence.min),
        seqcache: sequence.cache ?? 1,
        seqcycle: sequence.cycle,
      };
    }
  },
  *pg_rewrite({ catalog }) {
    for (const view of viewsOf(catalog)) {
      yield {
        oid: ruleOid(view),
        rulename: '_RETURN',
        ev_class: view.id,
        ev_type: '1',
        ev_enabled: 'O',
        is_instead: true,
        ev_qual: '<>',
        ev_action: view.query,
      };
    }
  },
  *pg_description({ catalog }) {
    yield { objoid: PG_CATALOG_OID, classoid: PG_NAMESPACE, objsubid: 0, description: 'system catalog schema' };
    for (const [objoid, classoid] of PLPGSQL_OBJECTS)
      yield { objoid, classoid, objsubid: 0, description: 'PL/pgSQL procedural language' };
    for (const object of catalog.objects()) {
      if (object.kind === 'schema') {
        yield* described(schemaOid(object), PG_NAMESPACE, object.comment);
        continue;
      }
      if (object.kind === 'routine') yield* described(object.id, PG_PROC, object.comment);
      if (object.kind === 'type') yield* described(rowTypeOid(object), PG_TYPE, object.comment);
      if (object.kind !== 'table' && object.kind !== 'view' && object.kind !== 'sequence') continue;
      yield* described(object.id, PG_CLASS, object.comment);
      if (object.kind === 'view')
        for (const [i, name] of object.columns.entries())
          yield* described(object.id, PG_CLASS, object.columnComments?.[name], i + 1);
      for (const trigger of ('triggers' in object ? object.triggers : undefined) ?? [])
        yield* described(trigger.id, PG_TRIGGER, trigger.comment);
      if (object.kind !== 'table') continue;
      for (const [name, text] of Object.entries(object.constraintComments ?? {}))
        yield* described(constraintOid(object, name), PG_CONSTRAINT, text);
      for (const [i, column] of visibleColumns(object).entries())
        yield* described(object.id, PG_CLASS, column.comment, i + 1);
      yield* described(keyIndexOid(object.id), PG_CLASS, object.keyComment);
      for (const index of object.indexes) yield* described(index.id, PG_CLASS, index.comment);
    }
  },
};

/** The extension and the language, with the catalogs that they are in. */
const PLPGSQL_OBJECTS = [
  [EXTENSION_OID, 3079],
  [PLPGSQL_OID, 2612],
] as const;

const PLAIN = {
  relowner: OWNER_OID,
  relpersistence: 'p',
  relispopulated: true,
  relreplident: 'd',
  reltuples: -1,
} as const;

function* described(
  objoid: number,
  classoid: number,
  description: string | undefined,
  objsubid = 0,
): Generator<SystemRecord> {
  if (description !== undefined) yield { objoid, classoid, objsubid, description };
}

const systemClasses = once(function* () {
  for (const relation of systemRelations()) {
    yield {
      ...PLAIN,
      oid: relation.oid,
      relname: relation.name,
      relnamespace: relation.schema === 'pg_catalog' ? PG_CATALOG_OID : INFORMATION_SCHEMA_OID,
      relkind: relation.kind,
      relam: relation.kind === 'r' ? HEAP_OID : 0,
      relnatts: relation.columns.length,
      relhasrules: relation.kind === 'v',
      relreplident: 'n',
    };
  }
});

const systemAttributes = once(function* () {
  for (const { oid, columns } of systemRelations())
    for (const [i, { name, type, notNull }] of columns.entries())
      yield { ...attribute(oid, name, i + 1, type), attnotnull: notNull };
});

// ---- pg_class ------------------------------------------------------------------------------------------------------

const PAGE_BYTES = 8192;

function classOf(relation: Relation, context: SystemContext, referenced: ReadonlySet<number>): SystemRecord {
  const common = {
    ...PLAIN,
    oid: relation.id,
    relname: relation.name,
    relnamespace: namespaceOid(context.catalog, relation.schema),
    relpersistence: isTemporary(relation.schema) ? 't' : 'p',
    relacl: aclArray(relation.acl, context.catalog),
  };
  switch (relation.kind) {
    case 'view':
      return {
        ...common,
        reltype: rowTypeOid(relation),
        relkind: 'v',
        relnatts: relation.columns.length,
        relhasrules: true,
        relreplident: 'n',
        reltuples: 0,
      };
    case 'sequence':
      return {
        ...common,
        relkind: 'S',
        relnatts: 3,
        relfilenode: relation.id,
        relreplident: 'n',
        relpages: 1,
        reltuples: 1,
      };
    case 'table': {
      const rows = context.store.has(relation.id) ? context.store.table(relation.id).rowCount : 0;
      const materialized = relation.materialized !== undefined;
      return {
        ...common,
        reltype: rowTypeOid(relation),
        relkind: materialized ? 'm' : 'r',
        relam: HEAP_OID,
        relfilenode: relation.id,
        relnatts: visibleColumns(relation).length,
        relchecks: relation.checks.length,
        relhasindex: relation.primaryKeyName !== undefined || relation.indexes.length > 0,
        relhasrules: materialized,
        relhastriggers:
          relation.foreignKeys.length > 0 || referenced.has(relation.id) || (relation.triggers ?? []).length > 0,
        relispopulated: relation.unpopulated !== true,
        relpages: Math.ceil((rows * visibleColumns(relation).length * 16) / PAGE_BYTES),
        reltuples: rows,
      };
    }
  }
}

function indexClass(index: IndexEntry, { catalog, store }: SystemContext): SystemRecord {
  return {
    ...PLAIN,
    oid: index.oid,
    relname: index.name,
    relnamespace: namespaceOid(catalog, index.table.schema),
    relpersistence: isTemporary(index.table.schema) ? 't' : 'p',
    relkind: 'i',
    relam: BTREE_OID,
    relfilenode: index.oid,
    relnatts: index.parts.length + index.included.length,
    relreplident: 'n',
    reltuples: store.has(index.table.id) ? store.table(index.table.id).rowCount : 0,
  };
}

// ---- pg_attribute --------------------------------------------------------------------------------------------------

/** The columns that every table of PostgreSQL's has: none here but for what programs ask of attnum > 0. */
function attribute(attrelid: number, attname: string, attnum: number, type: TypeRef): SystemRecord {
  const known = typeByOid(type.oid);
  return {
    attrelid,
    attname,
    atttypid: publicTypeOid(type.oid),
    attstattarget: -1,
    attlen: known.length,
    attnum,
    attndims: known.elementOid === 0 ? 0 : 1,
    attcacheoff: -1,
    atttypmod: type.typmod,
    attbyval: known.length > 0 && known.length <= 8,
    attalign: alignmentOf(known.length),
    attstorage: storageOf(type.oid, known.length),
    attcompression: '',
    attidentity: '',
    attgenerated: '',
    attislocal: true,
    attcollation: collationOf(type),
  };
}

export function alignmentOf(length: number): string {
  return length === 1 ? 'c' : length === 2 ? 's' : length === 8 ? 'd' : 'i';
}

/** PLAIN for what has a fixed length, MAIN for numeric, EXTENDED for the rest. */
export function storageOf(oid: number, length: number): string {
  return length > 0 ? 'p' : oid === 1700 ? 'm' : 'x';
}

const SEQUENCE_COLUMNS: readonly (readonly [string, number])[] = [
  ['last_value', INT8],
  ['log_cnt', INT8],
  ['is_called', 16],
];

function* attributesOf(relation: Relation, context: SystemContext): Generator<SystemRecord> {
  switch (relation.kind) {
    case 'sequence':
      for (const [i, [name, oid]] of SEQUENCE_COLUMNS.entries())
        yield { ...attribute(relation.id, name, i + 1, { oid, typmod: -1 }), attnotnull: true };
      return;
    case 'view':
      for (const [i, { name, type }] of context.viewColumns(relation).entries())
        yield attribute(relation.id, name, i + 1, type);
      return;
    case 'table':
      for (const [i, column] of visibleColumns(relation).entries()) {
        yield {
          ...attribute(relation.id, column.name, i + 1, column.type),
          attnotnull: column.notNull,
          atthasdef: column.default !== undefined || column.generated !== undefined,
          atthasmissing: column.missing !== undefined,
          attidentity: column.identity === undefined ? '' : column.identity === 'always' ? 'a' : 'd',
          attgenerated: column.generated === undefined ? '' : 's',
          attacl: aclArray(column.acl, context.catalog),
        };
      }
  }
}

function* indexAttributes(index: IndexEntry): Generator<SystemRecord> {
  const names = indexColumnNames(
    index.parts.map(({ column, expression }) => column?.name ?? parseExpression(expression ?? '')),
  );
  for (const [i, part] of index.parts.entries()) {
    const hidden = index.def?.columns[i]?.column;
    const column = part.column ?? index.table.columns.find((candidate) => candidate.id === hidden);
    const { collation } = index.def?.columns[i] ?? {};
    const type = column?.type ?? { oid: 25, typmod: -1 };
    yield attribute(index.oid, names[i] ?? '', i + 1, collation === undefined ? type : { ...type, collation });
  }
}

/** Composite types of CREATE TYPE: relations without rows. */
function* compositesOf(catalog: Catalog): Generator<readonly [TypeDef, readonly Attribute[]]> {
  for (const object of catalog.objects())
    if (object.kind === 'type' && object.definition.form === 'composite') yield [object, object.definition.attributes];
}

/** A default or generation expression as PostgreSQL prints it; null for none. */
export function defaultText(
  table: TableDef,
  column: ColumnDef,
  columnIndex: number,
  { bind }: Pick<SystemContext, 'bind'>,
): string | null {
  if (column.hidden === true) return null;
  if (column.generated !== undefined) return deparseStored(column.generated, table, 'generated', { bind, columnIndex });
  if (column.default !== undefined) return deparseStored(column.default, table, 'default', { bind, columnIndex });
  return null;
}

function bigint(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}
