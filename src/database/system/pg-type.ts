/** pg_type: the built-in types, and the row types of tables and views. */
import { hashedOid, OWNER_OID, PG_CATALOG_OID } from '../../catalog/oids.ts';
import type { Catalog, TypeDef } from '../../catalog/schema.ts';
import { publicOidOf, publicTypeOid } from '../../catalog/user-types.ts';
import { allTypes, typeByOid } from '../../sql/types/registry.ts';
import type { SqlType } from '../../sql/types/type.ts';
import { namespaceOid, relationsOf } from './model.ts';
import { alignmentOf, storageOf } from './pg-class.ts';
import { aclArray } from './privileges.ts';
import type { RowSource, SystemRecord } from './source.ts';
import { collationOf, rowTypeOid } from './types.ts';

export const typeSources: Readonly<Record<string, RowSource>> = {
  *pg_enum({ catalog }) {
    for (const object of catalog.objects()) {
      if (object.kind !== 'type' || object.definition.form !== 'enum') continue;
      for (const { label, order } of object.definition.labels)
        yield {
          oid: hashedOid('label', `${object.id} ${order}`),
          enumtypid: publicOidOf(object.id),
          enumsortorder: order,
          enumlabel: label,
        };
    }
  },
  *pg_type({ catalog }) {
    for (const type of allTypes()) yield builtin(type);
    for (const object of catalog.objects()) if (object.kind === 'type') yield* ownType(object, catalog);
    for (const relation of relationsOf(catalog)) {
      if (relation.kind === 'sequence') continue;
      const oid = rowTypeOid(relation);
      const common = {
        typnamespace: namespaceOid(catalog, relation.schema),
        typowner: OWNER_OID,
        typlen: -1,
        typisdefined: true,
      };
      yield {
        ...common,
        oid,
        typname: relation.name,
        typtype: 'c',
        typcategory: 'C',
        typdelim: ',',
        typrelid: relation.id,
        typarray: oid + 1,
        typalign: 'd',
        typstorage: 'x',
        typtypmod: -1,
      };
      yield {
        ...common,
        oid: oid + 1,
        typname: `_${relation.name}`,
        typtype: 'b',
        typcategory: 'A',
        typdelim: ',',
        typelem: oid,
        typalign: 'd',
        typstorage: 'x',
        typtypmod: -1,
      };
    }
  },
};

const FORMS = { enum: 'e', domain: 'd', composite: 'c', range: 'r', multirange: 'm' } as const;
const CATEGORIES = { enum: 'E', domain: '', composite: 'C', range: 'R', multirange: 'R' } as const;

/** A type of CREATE TYPE or CREATE DOMAIN, and the arrays of it. */
function* ownType(type: TypeDef, catalog: Catalog): Generator<SystemRecord> {
  const { definition } = type;
  const oid = publicOidOf(type.id);
  const base = definition.form === 'domain' ? typeByOid(definition.base.oid) : undefined;
  const length = definition.form === 'enum' ? 4 : (base?.length ?? -1);
  const common = {
    typnamespace: namespaceOid(catalog, type.schema),
    typowner: OWNER_OID,
    typisdefined: true,
    typdelim: ',',
    typtypmod: -1,
  };
  yield {
    ...common,
    oid,
    typname: type.name,
    typlen: length,
    typbyval: length > 0 && length <= 8,
    typtype: FORMS[definition.form],
    typcategory: base?.category ?? CATEGORIES[definition.form],
    typrelid: definition.form === 'composite' ? type.id : 0,
    typarray: oid + 1,
    typalign: definition.form === 'composite' ? 'd' : alignmentOf(length),
    typstorage: storageOf(base?.oid ?? 0, length),
    typacl: aclArray(type.acl, catalog),
    ...(definition.form === 'domain'
      ? {
          typnotnull: definition.notNull,
          typbasetype: publicTypeOid(definition.base.oid),
          typtypmod: definition.base.typmod,
          typcollation: collationOf(definition.base),
          typdefault: definition.default ?? null,
          typdefaultbin: definition.default ?? null,
        }
      : {}),
  };
  yield {
    ...common,
    oid: oid + 1,
    typname: `_${type.name}`,
    typlen: -1,
    typtype: 'b',
    typcategory: 'A',
    typelem: oid,
    typalign: definition.form === 'composite' ? 'd' : 'i',
    typstorage: 'x',
  };
}

const PSEUDO = new Set(['P', 'X']);

function builtin(type: SqlType): SystemRecord {
  const { category } = type;
  const kind = PSEUDO.has(category) && type.oid !== 705 ? 'p' : category === 'R' ? rangeKind(type) : 'b';
  return {
    oid: type.oid,
    typname: type.name,
    typnamespace: PG_CATALOG_OID,
    typowner: OWNER_OID,
    typlen: type.length,
    typbyval: type.length > 0 && type.length <= 8,
    typtype: type.oid === 705 ? 'p' : kind,
    typcategory: category,
    typispreferred: type.preferred,
    typisdefined: true,
    typdelim: ',',
    typelem: type.elementOid,
    typarray: type.arrayOid,
    typalign: alignmentOf(type.elementOid === 0 ? type.length : Math.max(typeByOid(type.elementOid).length, 4)),
    typstorage: storageOf(type.oid, type.length),
    typtypmod: -1,
    typcollation: collationOf(type.oid),
  };
}

function rangeKind({ name }: SqlType): string {
  return name.endsWith('multirange') ? 'm' : 'r';
}
