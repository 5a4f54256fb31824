/**
 * has_table_privilege and its like: what GRANT has recorded, for the roles that statements name. (Nothing is enforced:
 * the user who opened the database has all privileges.)
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { classByOid, OWNER_OID, schemaNameOf, schemaOidOf } from '../../catalog/oids.ts';
import type { AclEntry, Catalog, RoleDef } from '../../catalog/schema.ts';
import { OWNER } from './constants.ts';
import { columnByNumber } from './model.ts';
import { hasPrivilege, inheritedRoles, PRIVILEGE_LETTERS, rolesOf } from './privileges.ts';

const LETTERS: Readonly<Record<string, string>> = {
  ...PRIVILEGE_LETTERS,
  CONNECT: 'c',
  TEMPORARY: 'T',
  TEMP: 'T',
  RULE: '',
};

const TABLE = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'RULE'];
const COLUMN = ['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  has_table_privilege: TABLE,
  has_any_column_privilege: COLUMN,
  has_column_privilege: COLUMN,
  has_schema_privilege: ['CREATE', 'USAGE'],
  has_sequence_privilege: ['USAGE', 'SELECT', 'UPDATE'],
  has_database_privilege: ['CREATE', 'CONNECT', 'TEMPORARY', 'TEMP'],
  has_function_privilege: ['EXECUTE'],
  has_type_privilege: ['USAGE'],
  has_language_privilege: ['USAGE'],
  has_tablespace_privilege: ['CREATE'],
  pg_has_role: ['USAGE', 'MEMBER', 'SET'],
};

export interface PrivilegeContext {
  readonly catalog: Catalog;
  readonly user: string;
  /** The OID of a relation by its written name; undefined for none. */
  classOid(written: string): number | undefined;
}

/** Answers one of the functions. What does not exist is an error where it is named, null where its OID is given. */
export function privilegeAnswer(name: string, args: readonly Value[], context: PrivilegeContext): Value {
  const words = String(args.at(-1))
    .split(',')
    .map((word) => wantedOf(word, KNOWN[name] ?? []));
  const isColumn = name === 'has_column_privilege';
  const objects = isColumn ? 2 : 1;
  const role =
    args.length > objects + 1 ? roleOf(context.catalog, args[0] as Value) : roleOf(context.catalog, context.user);
  const object = args.at(isColumn ? -3 : -2) as Value;
  switch (name) {
    case 'pg_has_role':
      return isMember(context.catalog, role, object);
    case 'has_schema_privilege': {
      const found = schemaAcl(context.catalog, object);
      return found === null ? null : words.some((wanted) => hasPrivilege(context.catalog, role, found.acl, wanted));
    }
    case 'has_table_privilege':
    case 'has_sequence_privilege':
    case 'has_any_column_privilege':
    case 'has_column_privilege': {
      const lists = relationAcls(context, object, isColumn ? (args.at(-2) as Value) : null, name);
      if (lists === null) return null;
      return words.some((wanted) => lists.some((acl) => hasPrivilege(context.catalog, role, acl, wanted)));
    }
    default:
      return true;
  }
}

function wantedOf(written: string, known: readonly string[]): { readonly letter: string; readonly grantable: boolean } {
  const word = written.trim();
  const [, plain = '', option] = /^(.*?)( WITH (?:GRANT|ADMIN) OPTION)?$/.exec(word.toUpperCase()) ?? [];
  if (!known.includes(plain)) throw new DriftError('22023', `unrecognized privilege type: "${word}"`);
  // A privilege that no letter stands for is had by nobody but the owner.
  return { letter: LETTERS[plain] || '-', grantable: option !== undefined };
}

/** Undefined: the owner. Throws 42704. */
function roleOf(catalog: Catalog, role: Value): RoleDef | undefined {
  if (role === OWNER || role === OWNER_OID) return undefined;
  for (const candidate of rolesOf(catalog)) if (candidate.name === role || candidate.id === role) return candidate;
  throw new DriftError('42704', `role "${String(role)}" does not exist`);
}

function isMember(catalog: Catalog, role: RoleDef | undefined, of: Value): boolean {
  const other = roleOf(catalog, of);
  if (role === undefined || role.superuser) return true;
  return inheritedRoles(catalog, role).has(other?.id ?? OWNER_OID);
}

function schemaAcl(catalog: Catalog, schema: Value): { readonly acl: readonly AclEntry[] | undefined } | null {
  const name = typeof schema === 'number' ? schemaNameOf(catalog, schema) : String(schema);
  if (name === null) return null;
  if (schemaOidOf(catalog, name) === undefined) throw new DriftError('3F000', `schema "${name}" does not exist`);
  const system = name === 'pg_catalog' || name === 'information_schema';
  if (system) return { acl: [{ role: 0, privileges: 'U', grantable: '' }] };
  return { acl: catalog.schema(name)?.acl };
}

/** The lists that may give the privilege: the relation's, and those of its columns where the function asks for them. */
function relationAcls(
  context: PrivilegeContext,
  relation: Value,
  column: Value,
  name: string,
): readonly (readonly AclEntry[] | undefined)[] | null {
  const oid = typeof relation === 'number' ? relation : context.classOid(String(relation));
  if (oid === undefined) throw new DriftError('42P01', `relation "${String(relation)}" does not exist`);
  const entry = classByOid(context.catalog, oid);
  if (entry === undefined) return oid < FIRST_OWN ? [READ_BY_ALL] : null;
  if (entry.kind === 'index') return [undefined];
  const table = entry.relation;
  if (table.kind !== 'table') return [table.acl];
  if (name === 'has_any_column_privilege') return [table.acl, ...table.columns.map(({ acl }) => acl)];
  if (column === null) return [table.acl];
  const found =
    typeof column === 'number'
      ? columnByNumber(table, column)
      : table.columns.find((candidate) => candidate.name === column);
  if (found === undefined) {
    if (typeof column === 'number') return null;
    throw new DriftError('42703', `column "${String(column)}" of relation "${table.name}" does not exist`);
  }
  return [table.acl, found.acl];
}

/** System relations have OIDs below, and everybody may read them. */
const FIRST_OWN = 16384;
const READ_BY_ALL: readonly AclEntry[] = [{ role: 0, privileges: 'r', grantable: '' }];
