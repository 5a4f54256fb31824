/** Roles, the database, its tablespace, extensions and collations: one user owns everything. */
import { OWNER_OID, PG_CATALOG_OID, schemaOidOf } from '../../catalog/oids.ts';
import { allCollations } from '../../sql/collations.ts';
import { SqlArray } from '../../sql/types/array.ts';
import { DATABASE_OID, EXTENSION_OID, OWNER } from './constants.ts';
import { rolesOf } from './privileges.ts';
import type { RowSource, SystemContext, SystemRecord } from './source.ts';

const OID = 26;
const UTF8 = 6;
const DEFAULT_TABLESPACE = 1663;
const ALL_RIGHTS = {
  rolsuper: true,
  rolinherit: true,
  rolcreaterole: true,
  rolcreatedb: true,
  rolcanlogin: true,
  rolreplication: true,
  rolbypassrls: true,
  rolconnlimit: -1,
} as const;
const OWNER_ROLE: SystemRecord = { oid: OWNER_OID, rolname: OWNER, ...ALL_RIGHTS };
const OWNER_USER: SystemRecord = {
  usename: OWNER,
  usesysid: OWNER_OID,
  usecreatedb: true,
  usesuper: true,
  userepl: true,
  usebypassrls: true,
};

function* roleRows({ catalog }: SystemContext): Generator<SystemRecord> {
  yield OWNER_ROLE;
  for (const role of rolesOf(catalog)) {
    yield {
      oid: role.id,
      rolname: role.name,
      rolsuper: role.superuser,
      rolinherit: role.inherit,
      rolcreaterole: role.createRole,
      rolcreatedb: role.createDb,
      rolcanlogin: role.login,
      rolreplication: role.replication,
      rolbypassrls: role.bypassRls,
      rolconnlimit: role.connectionLimit,
    };
  }
}

function* userRows({ catalog }: SystemContext): Generator<SystemRecord> {
  yield OWNER_USER;
  for (const role of rolesOf(catalog)) {
    if (!role.login) continue;
    yield {
      usename: role.name,
      usesysid: role.id,
      usecreatedb: role.createDb,
      usesuper: role.superuser,
      userepl: role.replication,
      usebypassrls: role.bypassRls,
    };
  }
}

export const roleSources: Readonly<Record<string, RowSource>> = {
  pg_authid: roleRows,
  *pg_roles(context) {
    for (const row of roleRows(context)) yield { ...row, rolpassword: '********' };
  },
  *pg_user(context) {
    for (const row of userRows(context)) yield { ...row, passwd: '********' };
  },
  pg_shadow: userRows,
  *pg_group({ catalog }) {
    for (const { id, name, login } of rolesOf(catalog)) {
      if (login) continue;
      const members = [...rolesOf(catalog)].filter(({ memberOf }) => memberOf.some(({ role }) => role === id));
      yield {
        groname: name,
        grosysid: id,
        grolist: SqlArray.of(
          members.map((member) => member.id),
          OID,
        ),
      };
    }
  },
  *pg_auth_members({ catalog }) {
    for (const { id, memberOf } of rolesOf(catalog))
      for (const { role, admin } of memberOf)
        yield { roleid: role, member: id, grantor: OWNER_OID, admin_option: admin };
  },
  *pg_database({ eval: { database } }) {
    yield {
      oid: DATABASE_OID,
      datname: database,
      datdba: OWNER_OID,
      encoding: UTF8,
      datlocprovider: 'c',
      datallowconn: true,
      datconnlimit: -1,
      dattablespace: DEFAULT_TABLESPACE,
      datcollate: 'C',
      datctype: 'C.UTF-8',
    };
  },
  *pg_tablespace() {
    yield { oid: DEFAULT_TABLESPACE, spcname: 'pg_default', spcowner: OWNER_OID };
    yield { oid: 1664, spcname: 'pg_global', spcowner: OWNER_OID };
  },
  *pg_extension() {
    yield {
      oid: EXTENSION_OID,
      extname: 'plpgsql',
      extowner: OWNER_OID,
      extnamespace: PG_CATALOG_OID,
      extrelocatable: false,
      extversion: '1.0',
    };
  },
  *pg_collation({ catalog }) {
    for (const collation of allCollations(catalog)) {
      const { oid, schema, name, provider, locale, anyEncoding } = collation;
      const icu = provider === 'icu';
      yield {
        oid,
        collname: name,
        collnamespace: schemaOidOf(catalog, schema) ?? 0,
        collowner: OWNER_OID,
        collprovider: provider.charAt(0) === 'l' ? 'c' : provider.charAt(0),
        collisdeterministic: true,
        collencoding: anyEncoding ? -1 : UTF8,
        collcollate: icu ? null : locale,
        collctype: icu ? null : locale,
        colliculocale: icu ? locale : null,
      };
    }
  },
};
