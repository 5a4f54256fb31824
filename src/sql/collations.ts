/**
 * Collations by name: those that every database has, and those that CREATE COLLATION made.
 *
 * A column keeps the *key* of its collation: the name of a built-in one, `#id` for an own one (so it may be renamed); no
 * key is the database's own collation. "default", "C" and their like are the order of code units, which is how keys and
 * indexes are ordered; ICU's orders come from `Intl.Collator` (types/collation.ts).
 */
import { DriftError } from '../base/error.ts';
import type { Catalog, CollationDef } from '../catalog/schema.ts';
import type { QualifiedName } from './ast.ts';
import { icuLocales } from './collation-names.ts';

export interface Collation {
  readonly key: string;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly provider: 'default' | 'libc' | 'icu';
  /** Null for the default one. */
  readonly locale: string | null;
  readonly anyEncoding: boolean;
  readonly own: CollationDef | null;
}

export const DEFAULT = 'default';

const CATALOG = 'pg_catalog';
const SUFFIX = '-x-icu';
/** Where PostgreSQL's initdb begins to number what it finds in the system. */
const FIRST_FOUND_OID = 12_342;

/** Those ordered by code units: OID, name, locale, whether for any encoding. */
const PLAIN: readonly (readonly [number, string, string | null, boolean])[] = [
  [100, DEFAULT, null, true],
  [950, 'C', 'C', true],
  [951, 'POSIX', 'POSIX', true],
  [FIRST_FOUND_OID, 'ucs_basic', 'C', false],
  [FIRST_FOUND_OID + 1, 'C.utf8', 'C.utf8', false],
];

let builtIn: ReadonlyMap<string, Collation> | undefined;

function builtIns(): ReadonlyMap<string, Collation> {
  if (builtIn !== undefined) return builtIn;
  const made = new Map<string, Collation>();
  const add = (collation: Omit<Collation, 'key' | 'schema' | 'own'>): void => {
    made.set(collation.name, { ...collation, key: collation.name, schema: CATALOG, own: null });
  };
  for (const [oid, name, locale, anyEncoding] of PLAIN)
    add({ oid, name, provider: name === DEFAULT ? 'default' : 'libc', locale, anyEncoding });
  icuLocales().forEach((locale, i) => {
    const oid = FIRST_FOUND_OID + PLAIN.length + i;
    add({ oid, name: `${locale}${SUFFIX}`, provider: 'icu', locale, anyEncoding: true });
  });
  builtIn = made;
  return made;
}

function ofDefinition(def: CollationDef): Collation {
  const { id, schema, name, provider, locale } = def;
  return { key: `#${id}`, oid: id, schema, name, provider, locale, anyEncoding: provider === 'icu', own: def };
}

export function* allCollations(catalog: Catalog): Generator<Collation> {
  yield* builtIns().values();
  for (const object of catalog.objects()) if (object.kind === 'collation') yield ofDefinition(object);
}

/** Own collation of a schema by name. */
export function ownCollation(catalog: Catalog, schema: string, name: string): CollationDef | undefined {
  for (const object of catalog.objects())
    if (object.kind === 'collation' && object.schema === schema && object.name === name) return object;
  return undefined;
}

function collationNamed(catalog: Catalog, schema: string | undefined, name: string): Collation | undefined {
  const schemas = schema !== undefined ? [schema] : [CATALOG, ...catalog.searched];
  for (const place of schemas) {
    const own = place === CATALOG ? undefined : ownCollation(catalog, place, name);
    const found = place === CATALOG ? builtIns().get(name) : own === undefined ? undefined : ofDefinition(own);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Throws 42704 for a collation that does not exist, 3F000 for a schema. */
export function requireCollation(catalog: Catalog, { schema, name, position }: QualifiedName): Collation {
  const found = collationNamed(catalog, schema, name);
  if (found !== undefined) return found;
  if (schema !== undefined && schema !== CATALOG && catalog.schema(schema) === undefined)
    throw new DriftError('3F000', `schema "${schema}" does not exist`, { position });
  const written = schema === undefined ? name : `${schema}.${name}`;
  throw new DriftError('42704', `collation "${written}" for encoding "UTF8" does not exist`, { position });
}

/** The collation behind a key; undefined where it has been dropped. */
export function collationOfKey(catalog: Catalog, key: string | undefined): Collation | undefined {
  if (key === undefined) return builtIns().get(DEFAULT);
  if (!key.startsWith('#')) return builtIns().get(key);
  const object = catalog.byId(Number(key.slice(1)));
  return object?.kind === 'collation' ? ofDefinition(object) : undefined;
}

/** The OID behind a key; 0 for none. */
export function collationOid(key: string): number {
  return key.startsWith('#') ? Number(key.slice(1)) : (builtIns().get(key)?.oid ?? 0);
}

/** The collation of an OID. */
export function collationOfOid(catalog: Catalog, oid: number): Collation | undefined {
  const object = catalog.byId(oid);
  if (object?.kind === 'collation') return ofDefinition(object);
  for (const collation of builtIns().values()) if (collation.oid === oid) return collation;
  return undefined;
}
