/** Roles, privileges and comments in the catalogs: roles.sql run, then the queries of roles.json with PostgreSQL 15's rows. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { MemoryStorage } from '../../../src/storage/memory.ts';
import { type Db, openDb } from '../helper.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const queries = JSON.parse(read('roles.json')) as readonly { readonly sql: string; readonly rows: unknown }[];

const storage = new MemoryStorage();
let db: Db;

beforeAll(async () => {
  db = await openDb(storage);
  await db.run(read('roles.sql'));
});

test.each(queries.map(({ sql, rows }) => [sql, rows] as const))('%s', async (sql, rows) => {
  expect(await db.rows(sql)).toEqual(rows);
});

test('they survive a checkpoint and an opening', async () => {
  await db.run('CHECKPOINT');
  await db.session.close();
  await db.engine.close();
  const again = await openDb(storage);
  for (const { sql, rows } of queries) expect(await again.rows(sql)).toEqual(rows);
  await again.engine.close();
});

const REFUSED: readonly (readonly [string, string])[] = [
  ['CREATE ROLE joe', '42710'],
  ['CREATE ROLE pg_mine', '42939'],
  ['DROP ROLE joe', '2BP01'],
  ['DROP ROLE nobody', '42704'],
  ['GRANT SELECT ON t TO nobody', '42704'],
  ['GRANT SELECT ON nothing TO joe', '42P01'],
  ['GRANT EXECUTE ON TABLE t TO joe', '0LP01'],
  ['GRANT flying ON TABLE t TO joe', '42601'],
  ['SET ROLE nobody', '22023'],
  ["SELECT 'nobody'::regrole", '42704'],
  ["SELECT has_table_privilege('nobody', 't', 'select')", '42704'],
  ["SELECT has_table_privilege('t', 'fly')", '22023'],
];

test.each(REFUSED)('%s is refused', async (sql, code) => {
  const own = await openDb();
  await own.run(read('roles.sql'));
  expect(await own.code(sql)).toBe(code);
});

test('a role that is set is who asks', async () => {
  const own = await openDb();
  await own.run(read('roles.sql'));
  await own.run('CREATE SCHEMA joe; SET ROLE joe; CREATE TABLE mine (a int)');
  expect(
    await own.rows("SELECT current_user, session_user, current_schema(), has_table_privilege('t', 'delete')"),
  ).toEqual([['joe', 'drift', 'joe', 'f']]);
  expect(await own.rows("SELECT schemaname FROM pg_tables WHERE tablename = 'mine'")).toEqual([['joe']]);
  expect(
    await own.rows(
      "SELECT 'joe'::regrole, 'drift'::regrole::oid, 'joe'::regrole::oid = oid FROM pg_roles WHERE rolname = 'joe'",
    ),
  ).toEqual([['joe', '10', 't']]);
  await own.run('RESET ROLE');
  expect(await own.rows('SELECT current_user, current_schema()')).toEqual([['drift', 'public']]);
});

test('privileges and roles have their history', async () => {
  const own = await openDb();
  await own.run(`
    CREATE ROLE reader; CREATE TABLE t (a int); GRANT SELECT ON t TO reader; CREATE TAG granted;
    REVOKE SELECT ON t FROM reader; DROP ROLE reader`);
  const sql = "SELECT relacl FROM pg_class FOR SYSTEM_TIME AS OF TAG 'granted' WHERE relname = 't'";
  expect(await own.rows(sql)).toEqual([['{drift=arwdDxt/drift,reader=r/drift}']]);
  expect(await own.rows("SELECT relacl FROM pg_class WHERE relname = 't'")).toEqual([['{drift=arwdDxt/drift}']]);
  const roles = "SELECT rolname FROM pg_roles FOR SYSTEM_TIME AS OF TAG 'granted' ORDER BY 1";
  expect(await own.rows(roles)).toEqual([['drift'], ['reader']]);
  expect(await own.rows('SELECT rolname FROM pg_roles')).toEqual([['drift']]);
});
