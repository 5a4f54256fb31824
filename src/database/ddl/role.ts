/**
 * Roles and privileges: recorded with the objects and shown in the catalogs, with their history. Nobody is kept from
 * anything by them: whoever opens a database has all of it.
 */
import { DriftError } from '../../base/error.ts';
import { OWNER_OID } from '../../catalog/oids.ts';
import type { AclEntry, Catalog, CatalogObject, RoleDef, TableDef } from '../../catalog/schema.ts';
import type { AlterRole, CreateRole, GrantObject, Privilege } from '../../sql/ast-role.ts';
import type { DropStatement, ObjectName } from '../../sql/ast-table.ts';
import type { Grant } from '../../sql/ast-statement.ts';
import { typeByName } from '../../sql/types/registry.ts';
import { type DdlContext, define, relationNamed, skipMissing, systemRelationNamed, undefinedTable } from './context.ts';
import { routineNamed } from './routine.ts';
import { typeObjectNamed } from './type-names.ts';
import { PRIVILEGE_LETTERS } from '../system/privileges.ts';

const OWNER = 'drift';
const PUBLIC = 'public';

export function roleNamed(catalog: Catalog, name: string): RoleDef | undefined {
  for (const object of catalog.objects()) if (object.kind === 'role' && object.name === name) return object;
  return undefined;
}

/** The OID of a role that GRANT names; 0 for everybody. Throws 42704. */
function roleOid({ transaction }: DdlContext, name: string): number {
  if (name === PUBLIC) return 0;
  if (name === OWNER) return OWNER_OID;
  const role = roleNamed(transaction.catalog, name);
  if (role === undefined) throw missing(name);
  return role.id;
}

export function roleExists(catalog: Catalog, name: string): boolean {
  return name === PUBLIC || name === OWNER || roleNamed(catalog, name) !== undefined;
}

function missing(name: string): DriftError {
  return new DriftError('42704', `role "${name}" does not exist`);
}

function refuseReserved(name: string): void {
  if (name === PUBLIC || name === 'none') throw new DriftError('42939', `role name "${name}" is reserved`);
  if (!name.startsWith('pg_')) return;
  throw new DriftError('42939', `role name "${name}" is reserved`, {
    detail: 'Role names starting with "pg_" are reserved.',
  });
}

/** VALID UNTIL is a time. Throws 22007. */
function refuseBadTime({ eval: context }: DdlContext, { validUntil }: CreateRole['options']): void {
  if (validUntil !== undefined) typeByName('timestamptz')?.input(validUntil, -1, context);
}

export function createRole(context: DdlContext, statement: CreateRole): void {
  const { name, options } = statement;
  refuseReserved(name);
  if (name === OWNER || roleNamed(context.transaction.catalog, name) !== undefined)
    throw new DriftError('42710', `role "${name}" already exists`);
  refuseBadTime(context, options);
  const id = context.nextId();
  define(context, {
    kind: 'role',
    id,
    name,
    superuser: options.superuser === true,
    createDb: options.createDb === true,
    createRole: options.createRole === true,
    inherit: options.inherit !== false,
    login: options.login === true,
    replication: options.replication === true,
    bypassRls: options.bypassRls === true,
    connectionLimit: options.connectionLimit ?? -1,
    ...(options.validUntil === undefined ? {} : { validUntil: options.validUntil }),
    memberOf: statement.memberOf.map((role) => ({ role: roleOid(context, role), admin: false })),
  });
  for (const member of statement.members) join(context, member, { role: id, admin: false });
  for (const member of statement.admins) join(context, member, { role: id, admin: true });
}

export function alterRole(context: DdlContext, { name, options, newName }: AlterRole): void {
  const role = roleNamed(context.transaction.catalog, name);
  if (role === undefined) {
    if (name === OWNER) throw new DriftError('0A000', 'the user who owns the database cannot be altered');
    throw missing(name);
  }
  if (newName !== undefined) {
    refuseReserved(newName);
    if (newName === OWNER || roleNamed(context.transaction.catalog, newName) !== undefined)
      throw new DriftError('42710', `role "${newName}" already exists`);
    define(context, { ...role, name: newName });
    return;
  }
  refuseBadTime(context, options);
  const said = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  define(context, { ...role, ...said });
}

export function dropRoles(context: DdlContext, statement: DropStatement): void {
  for (const { name } of statement.names) {
    if (name.name === PUBLIC) throw new DriftError('22023', 'cannot use special role specifier in DROP ROLE');
    const role = roleNamed(context.transaction.catalog, name.name);
    if (role === undefined) {
      if (name.name === OWNER) throw new DriftError('55006', 'current user cannot be dropped');
      if (!statement.ifExists) throw missing(name.name);
      skipMissing(context, `role "${name.name}"`);
      continue;
    }
    refuseInUse(context, role);
    for (const other of [...context.transaction.catalog.objects()])
      if (other.kind === 'role' && other.memberOf.some((member) => member.role === role.id))
        define(context, { ...other, memberOf: other.memberOf.filter((member) => member.role !== role.id) });
    context.transaction.changeCatalog([{ id: role.id, object: null }]);
  }
}

function refuseInUse({ transaction }: DdlContext, role: RoleDef): void {
  for (const object of transaction.catalog.objects()) {
    const lists = [
      'acl' in object ? object.acl : undefined,
      ...(object.kind === 'table' ? object.columns.map(({ acl }) => acl) : []),
    ];
    if (!lists.some((acl) => acl?.some((entry) => entry.role === role.id) === true)) continue;
    throw new DriftError('2BP01', `role "${role.name}" cannot be dropped because some objects depend on it`, {
      detail: `privileges for ${object.kind} ${'name' in object ? object.name : ''}`,
    });
  }
}

function join(context: DdlContext, member: string, into: { readonly role: number; readonly admin: boolean }): void {
  const role = roleNamed(context.transaction.catalog, member);
  if (role === undefined) {
    if (member === OWNER) return;
    throw missing(member);
  }
  refuseCycle(context, role, into.role);
  define(context, { ...role, memberOf: [...role.memberOf.filter((other) => other.role !== into.role), into] });
}

/** A role is no member of itself, by no way. */
function refuseCycle({ transaction }: DdlContext, member: RoleDef, into: number): void {
  const waiting = [into];
  for (const id of waiting) {
    const role = transaction.catalog.byId(id);
    if (role?.kind !== 'role') continue;
    if (id === member.id) {
      const granted = transaction.catalog.byId(into);
      const name = granted?.kind === 'role' ? granted.name : '';
      throw new DriftError('0LP01', `role "${name}" is a member of role "${member.name}"`);
    }
    waiting.push(...role.memberOf.map((other) => other.role).filter((other) => !waiting.includes(other)));
  }
}

// ---- GRANT and REVOKE ----------------------------------------------------------------------------------------------

const ORDER = 'arwdDxtXUC';
const LETTERS: Readonly<Record<string, string>> = { ...PRIVILEGE_LETTERS, CONNECT: 'c', TEMPORARY: 'T', TEMP: 'T' };

/** What there is to grant on each kind of object. */
export const ALL_PRIVILEGES: Readonly<Record<GrantObject, string>> = {
  table: 'arwdDxt',
  sequence: 'rwU',
  schema: 'UC',
  function: 'X',
  procedure: 'X',
  routine: 'X',
  type: 'U',
  domain: 'U',
  database: 'CTc',
  other: '',
};
const COLUMN_PRIVILEGES = 'arwx';

export function grant(context: DdlContext, statement: Grant): void {
  const gives = statement.kind === 'grant';
  if (statement.roles !== undefined) {
    for (const granted of statement.roles) {
      const role = roleOid(context, granted);
      for (const member of statement.grantees) {
        if (gives) join(context, member, { role, admin: statement.option });
        else leave(context, member, role, statement.option);
      }
    }
    return;
  }
  // What is named comes first, then to whom, then what.
  const found = [...targets(context, statement)];
  const roles = statement.grantees.map((name) => roleOid(context, name));
  refuseInvalid(statement);
  if (gives && statement.option && roles.includes(0))
    throw new DriftError('0LP01', 'grant options can only be granted to roles');
  for (const target of found) {
    const kind = target.kind === 'sequence' ? 'sequence' : statement.object;
    const whole = lettersOf(
      statement.privileges.filter(({ columns }) => columns.length === 0),
      kind,
      statement.privileges.length === 0,
    );
    if (whole !== '') change(context, target.id, (acl) => changed(acl ?? defaultAcl(kind), roles, whole, statement));
    for (const privilege of statement.privileges)
      if (privilege.columns.length > 0) grantColumns(context, target, privilege, roles, statement);
  }
}

function leave(context: DdlContext, member: string, role: number, adminOnly: boolean): void {
  const found = roleNamed(context.transaction.catalog, member);
  if (found === undefined) {
    if (member === OWNER) return;
    throw missing(member);
  }
  if (!found.memberOf.some((other) => other.role === role)) {
    const of = context.transaction.catalog.byId(role);
    const message = `role "${member}" is not a member of role "${of?.kind === 'role' ? of.name : ''}"`;
    context.notices.push({ severity: 'WARNING', code: '01000', message });
    return;
  }
  const memberOf = adminOnly
    ? found.memberOf.map((other) => (other.role === role ? { ...other, admin: false } : other))
    : found.memberOf.filter((other) => other.role !== role);
  define(context, { ...found, memberOf });
}

/** Privileges that no object of the kind has; those of a sequence may be given on it as on a table. */
function refuseInvalid({ object, privileges, schemas }: Grant): void {
  if (object === 'other') return;
  const possible = ALL_PRIVILEGES[object] + (object === 'table' && schemas === undefined ? 'U' : '');
  for (const { name, columns } of privileges) {
    const letter = LETTERS[name];
    if (name === 'ALL') continue;
    if (columns.length > 0 && letter !== undefined && !COLUMN_PRIVILEGES.includes(letter))
      throw new DriftError('0LP01', `invalid privilege type ${name} for column`);
    if (letter === undefined) throw new DriftError('42601', `unrecognized privilege type "${name.toLowerCase()}"`);
    if (!possible.includes(letter))
      throw new DriftError('0LP01', `invalid privilege type ${name} for ${object === 'table' ? 'relation' : object}`);
  }
}

function lettersOf(privileges: readonly Privilege[], kind: GrantObject, all: boolean): string {
  const possible = ALL_PRIVILEGES[kind];
  if (all) return possible;
  return privileges
    .map(({ name }) => {
      const letter = PRIVILEGE_LETTERS[name];
      if (letter === undefined) throw new DriftError('42601', `unrecognized privilege type "${name.toLowerCase()}"`);
      if (!possible.includes(letter))
        throw new DriftError('0LP01', `invalid privilege type ${name} for ${kind === 'table' ? 'relation' : kind}`);
      return letter;
    })
    .join('');
}

type Target = Extract<CatalogObject, { readonly acl?: readonly AclEntry[] | undefined }>;

function* targets(context: DdlContext, { object, names, schemas }: Grant): Generator<Target> {
  const { catalog } = context.transaction;
  if (schemas !== undefined) {
    for (const schema of schemas) {
      if (catalog.schema(schema) === undefined) throw new DriftError('3F000', `schema "${schema}" does not exist`);
      for (const found of [...catalog.objects()])
        if ('schema' in found && found.schema === schema && isOfKind(found, object)) yield found;
    }
    return;
  }
  if (object === 'database') {
    // There is one database, and what is given on it is not kept.
    for (const { name } of names)
      if (name.name !== context.eval.database) throw new DriftError('3D000', `database "${name.name}" does not exist`);
    return;
  }
  for (const name of names) {
    // What is given on system relations is not kept.
    const ofSystem = object === 'table' && relationNamed(context, name.name) === undefined;
    if (ofSystem && systemRelationNamed(name.name) !== undefined) continue;
    yield targetNamed(context, object, name);
  }
}

function isOfKind(found: CatalogObject, object: GrantObject): found is Target {
  if (object === 'table') return found.kind === 'table' || found.kind === 'view';
  if (object === 'sequence') return found.kind === 'sequence';
  return found.kind === 'routine' && (object === 'routine' || found.procedure === (object === 'procedure'));
}

function targetNamed(context: DdlContext, object: GrantObject, name: ObjectName): Target {
  switch (object) {
    case 'table':
    case 'sequence': {
      const found = relationNamed(context, name.name);
      if (found === undefined) {
        if (context.transaction.catalog.tableOfIndex(name.name.schema, name.name.name) !== undefined)
          throw new DriftError('42809', `"${name.name.name}" is an index`);
        throw undefinedTable(context, name.name);
      }
      if (object === 'sequence' && found.kind !== 'sequence')
        throw new DriftError('42809', `"${found.name}" is not a sequence`);
      return found;
    }
    case 'schema': {
      const schema = context.transaction.catalog.schema(name.name.name);
      if (schema === undefined) throw new DriftError('3F000', `schema "${name.name.name}" does not exist`);
      return schema;
    }
    case 'function':
    case 'procedure':
    case 'routine':
      return routineNamed(context, object, name);
    default:
      return typeObjectNamed(context, name.name);
  }
}

function change(
  context: DdlContext,
  id: number,
  update: (acl: readonly AclEntry[] | undefined) => readonly AclEntry[],
): void {
  const object = context.transaction.catalog.byId(id) as Target;
  define(context, { ...object, acl: update(object.acl) });
}

function grantColumns(
  context: DdlContext,
  target: Target,
  privilege: Privilege,
  roles: readonly number[],
  statement: Grant,
): void {
  const table = context.transaction.catalog.byId(target.id);
  if (table?.kind !== 'table') throw new DriftError('0A000', 'privileges on columns are those of tables');
  const letters =
    privilege.name === 'ALL' ? COLUMN_PRIVILEGES : lettersOf([{ ...privilege, columns: [] }], 'table', false);
  for (const name of privilege.columns)
    if (!table.columns.some((column) => column.name === name && column.hidden !== true))
      throw new DriftError('42703', `column "${name}" of relation "${table.name}" does not exist`);
  const columns: TableDef['columns'] = table.columns.map((column) =>
    privilege.columns.includes(column.name)
      ? { ...column, acl: changed(column.acl ?? [], roles, letters, statement) }
      : column,
  );
  define(context, { ...table, columns });
}

/** What an object's kind gives: all to its owner, and functions and types to everybody. */
export function defaultAcl(kind: GrantObject): readonly AclEntry[] {
  const privileges = ALL_PRIVILEGES[kind];
  const owner = { role: OWNER_OID, privileges, grantable: '' };
  const open = privileges === 'X' || kind === 'type' || kind === 'domain';
  return open ? [{ role: 0, privileges, grantable: '' }, owner] : [owner];
}

function changed(
  acl: readonly AclEntry[],
  roles: readonly number[],
  letters: string,
  { kind, option }: Pick<Grant, 'kind' | 'option'>,
): readonly AclEntry[] {
  const entries = new Map(acl.map((entry) => [entry.role, entry]));
  for (const role of roles) {
    const old = entries.get(role) ?? { role, privileges: '', grantable: '' };
    if (kind === 'grant') {
      entries.set(role, {
        role,
        privileges: ordered(old.privileges + letters),
        grantable: option ? ordered(old.grantable + letters) : old.grantable,
      });
      continue;
    }
    const without = (text: string): string => [...text].filter((letter) => !letters.includes(letter)).join('');
    entries.set(role, {
      role,
      privileges: option ? old.privileges : without(old.privileges),
      grantable: without(old.grantable),
    });
  }
  return [...entries.values()].filter(({ privileges }) => privileges !== '');
}

function ordered(letters: string): string {
  return [...ORDER].filter((letter) => letters.includes(letter)).join('');
}
