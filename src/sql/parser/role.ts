/** CREATE ROLE, ALTER ROLE, GRANT and REVOKE. */
import type { AlterRole, CreateRole, GrantObject, Privilege, RoleOptions } from '../ast-role.ts';
import type { Grant, UnsupportedStatement } from '../ast-statement.ts';
import type { ObjectKind, ObjectName } from '../ast-table.ts';
import { DriftError } from '../../base/error.ts';
import { STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { parseObjectName } from './object.ts';
import { skipUnsupported } from './unsupported.ts';

const FLAGS: Readonly<Record<string, keyof RoleOptions>> = {
  superuser: 'superuser',
  createdb: 'createDb',
  createrole: 'createRole',
  createuser: 'superuser',
  inherit: 'inherit',
  login: 'login',
  replication: 'replication',
  bypassrls: 'bypassRls',
};

interface Parsed {
  options: RoleOptions;
  readonly memberOf: string[];
  readonly members: string[];
  readonly admins: string[];
}

/** A role's name; the session's own under its names. */
export function parseRole(p: Cursor): string {
  if (p.accept('current_user') || p.accept('session_user') || p.accept('current_role')) return 'drift';
  return p.nonReservedWord();
}

export function parseRoles(p: Cursor): string[] {
  return p.list(() => {
    p.accept('group');
    return parseRole(p);
  });
}

function parseRoleOptions(p: Cursor): Parsed {
  const parsed: Parsed = { options: {}, memberOf: [], members: [], admins: [] };
  const said = new Set<string>();
  const set = (options: RoleOptions): void => {
    parsed.options = { ...parsed.options, ...options };
  };
  p.accept('with');
  while (p.code !== 0 && !p.at(';')) {
    const { position } = p;
    const word = p.label().toLowerCase();
    const kind = FLAGS[word] ?? FLAGS[word.replace(/^no/, '')] ?? (/(un)?encrypted/.test(word) ? 'password' : word);
    if (said.has(kind)) p.refuse('conflicting or redundant options', position);
    said.add(kind);
    const flag = FLAGS[word] ?? FLAGS[word.replace(/^no/, '')];
    if (flag !== undefined) set({ [flag]: FLAGS[word] !== undefined });
    else if (word === 'connection') {
      p.expect('limit');
      const negative = p.accept('-');
      const limit = p.integer() * (negative ? -1 : 1);
      if (limit < -1) throw new DriftError('22023', `invalid connection limit: ${limit}`);
      set({ connectionLimit: limit });
    } else if (word === 'valid') {
      if (p.label().toLowerCase() !== 'until') p.fail();
      set({ validUntil: p.string() });
    } else if (word === 'encrypted' || word === 'unencrypted' || word === 'password') {
      // A password is taken and forgotten: nobody logs in.
      if (word !== 'password') p.expect('password');
      if (!p.accept('null')) p.string();
    } else if (word === 'sysid') p.integer();
    else if (word === 'in') {
      if (!p.accept('role')) p.expect('group');
      parsed.memberOf.push(...parseRoles(p));
    } else if (word === 'role' || word === 'user') parsed.members.push(...parseRoles(p));
    else if (word === 'admin') parsed.admins.push(...parseRoles(p));
    else p.refuse(`unrecognized role option "${word}"`, p.position);
  }
  return parsed;
}

export function parseCreateRole(p: Cursor, position: number): CreateRole {
  const command = p.word.toUpperCase() as CreateRole['command'];
  p.advance();
  const name = parseRole(p);
  const { options, ...rest } = parseRoleOptions(p);
  const login = options.login ?? command === 'USER';
  return { kind: 'createRole', command, name, options: { ...options, login }, ...rest, position, end: p.lastEnd };
}

/** `ALTER GROUP g ADD | DROP USER …`: what GRANT and REVOKE say of membership. */
function parseMembers(p: Cursor, group: string, position: number): Grant {
  const kind = p.accept('add') ? 'grant' : 'revoke';
  if (kind === 'revoke') p.expect('drop');
  p.expect('user');
  const members = { kind, roles: [group], grantees: parseRoles(p) } as const;
  const none = { privileges: [], object: 'other', names: [], schemas: undefined, option: false } as const;
  return { ...members, ...none, position, end: p.lastEnd };
}

export function parseAlterRole(p: Cursor, position: number): AlterRole | Grant | UnsupportedStatement {
  const word = p.word.toUpperCase();
  p.advance();
  if (p.at('all')) return skipUnsupported(p, position, `ALTER ${word} ALL`);
  const name = parseRole(p);
  if (p.at('set') || p.at('reset') || p.at('in')) return skipUnsupported(p, position, `ALTER ${word} SET`);
  if (word === 'GROUP' && (p.at('add') || p.at('drop'))) return parseMembers(p, name, position);
  if (p.acceptAll('rename', 'to')) {
    const newName = parseRole(p);
    return { kind: 'alterRole', name, options: {}, newName, position, end: p.lastEnd };
  }
  const { options } = parseRoleOptions(p);
  return { kind: 'alterRole', name, options, newName: undefined, position, end: p.lastEnd };
}

// ---- GRANT and REVOKE ----------------------------------------------------------------------------------------------

const OBJECTS: Readonly<Record<string, GrantObject>> = {
  table: 'table',
  sequence: 'sequence',
  schema: 'schema',
  function: 'function',
  procedure: 'procedure',
  routine: 'routine',
  type: 'type',
  domain: 'domain',
  database: 'database',
};

const PLURALS: Readonly<Record<string, GrantObject>> = {
  tables: 'table',
  sequences: 'sequence',
  functions: 'function',
  procedures: 'procedure',
  routines: 'routine',
};

const OTHERS = new Set(['language', 'tablespace', 'parameter', 'foreign', 'large']);

export function parseGrant(p: Cursor): Grant {
  const { position } = p;
  const kind = p.word as Grant['kind'];
  p.advance();
  let option = false;
  if (kind === 'revoke' && (p.acceptAll('grant', 'option') || p.acceptAll('admin', 'option'))) {
    p.expect('for');
    option = true;
  }
  const privileges = parsePrivileges(p);
  const on = p.accept('on') ? parseTargets(p) : null;
  p.expect(kind === 'grant' ? 'to' : 'from');
  const grantees = parseRoles(p);
  if (kind === 'grant' && p.accept('with')) {
    if (!p.accept('grant')) p.expect('admin');
    p.expect('option');
    option = true;
  }
  if (p.acceptAll('granted', 'by')) parseRole(p);
  if (kind === 'revoke') p.acceptCascade();
  const end = p.lastEnd;
  if (on !== null) return { kind, roles: undefined, privileges, ...on, grantees, option, position, end };
  // Roles are written as privileges are.
  const roles = privileges.map(({ written }) => written);
  return {
    kind,
    roles,
    privileges: [],
    object: 'other',
    names: [],
    schemas: undefined,
    grantees,
    option,
    position,
    end,
  };
}

function parsePrivileges(p: Cursor): (Privilege & { readonly written: string })[] {
  if (p.accept('all')) {
    p.accept('privileges');
    if (!p.at('(')) return [];
    return [{ name: 'ALL', written: 'all', columns: p.parenthesisedNames() }];
  }
  return p.list(() => {
    // Of the words of the grammar only some name privileges.
    const named = p.isColumnName() || p.at('select') || p.at('references') || p.at('create');
    if (!named && !p.at('alter')) p.fail();
    const system = p.at('alter') ? 'alter system' : undefined;
    if (system !== undefined) {
      p.advance();
      if (!p.at('system')) p.fail();
    }
    const word = p.label();
    const written = system ?? word;
    const columns = p.at('(') ? p.parenthesisedNames() : [];
    return { name: written.toUpperCase(), written, columns };
  });
}

function parseTargets(p: Cursor): Pick<Grant, 'object' | 'names' | 'schemas'> {
  if (p.accept('all')) {
    const object = PLURALS[p.label().toLowerCase()];
    if (object === undefined) p.fail();
    p.expect('in');
    p.expect('schema');
    return { object, names: [], schemas: p.list(() => p.nonReservedWord()) };
  }
  if (OTHERS.has(p.word)) {
    while (p.code !== 0 && !p.at(';') && !p.at('to') && !p.at('from')) p.advance();
    return { object: 'other', names: [], schemas: undefined };
  }
  const object = OBJECTS[p.word] ?? 'table';
  if (OBJECTS[p.word] !== undefined) p.advance();
  const names: ObjectName[] = p.list(() => {
    if (p.code === STRING) p.fail();
    return parseObjectName(p, object as ObjectKind);
  });
  return { object, names, schemas: undefined };
}

/** Privileges that can be given beforehand, by what they are on. */
const DEFAULT_OBJECTS: Readonly<Record<string, string>> = {
  tables: 'SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER',
  sequences: 'SELECT UPDATE USAGE',
  functions: 'EXECUTE',
  routines: 'EXECUTE',
  types: 'USAGE',
  schemas: 'USAGE CREATE',
};

/** GRANT … or REVOKE … within ALTER DEFAULT PRIVILEGES; `invalid` says what is wrong with the privileges. */
export function parseDefaultGrant(p: Cursor): {
  readonly grantees: readonly string[];
  readonly invalid: string | undefined;
  readonly onSchemas: boolean;
} {
  const gives = p.accept('grant');
  if (!gives) {
    p.expect('revoke');
    if (p.acceptAll('grant', 'option')) p.expect('for');
  }
  const privileges = parsePrivileges(p);
  p.expect('on');
  const kind = p.word;
  const possible = DEFAULT_OBJECTS[kind];
  if (possible === undefined) p.fail();
  p.advance();
  p.expect(gives ? 'to' : 'from');
  const grantees = parseRoles(p);
  if (gives && p.acceptAll('with', 'grant')) p.expect('option');
  if (!gives) p.acceptCascade();
  const wrong = privileges.find(({ name }) => !possible.split(' ').includes(name));
  const object = kind === 'tables' ? 'relation' : kind.slice(0, -1);
  const invalid = wrong === undefined ? undefined : `invalid privilege type ${wrong.name} for ${object}`;
  return { grantees, invalid, onSchemas: kind === 'schemas' };
}
