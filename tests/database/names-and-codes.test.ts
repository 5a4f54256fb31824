/** Names of three and four parts, contradictions of definitions, keys of other types, roles: SQLSTATEs as PostgreSQL 15 gives them. */
import { expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

async function prepared(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE SCHEMA s; CREATE TABLE t (id int PRIMARY KEY, a text, b int); INSERT INTO t VALUES (1, 'x', 2);
    CREATE TABLE s.u (id int PRIMARY KEY, v int); CREATE TABLE pk (id int PRIMARY KEY, k text UNIQUE);
    CREATE TABLE fk (id int REFERENCES pk, k text REFERENCES pk (k)); CREATE INDEX ti ON t (b);
    CREATE ROLE r1; CREATE ROLE r3; CREATE GROUP g1; GRANT r1 TO r3`);
  return db;
}

test('a column may be named with its table, schema and database', async () => {
  const db = await prepared();
  expect(await db.rows('SELECT drift.public.t.a, public.t.b FROM drift.public.t WHERE drift.public.t.id = 1')).toEqual([
    ['x', '2'],
  ]);
  await db.run(`UPDATE drift.public.t SET a = 'z' WHERE drift.public.t.id = 1;
    COMMENT ON COLUMN drift.public.t.a IS 'last'; ALTER TABLE drift.public.t ADD COLUMN c int`);
  expect(await db.rows("SELECT a, col_description('t'::regclass, 2) FROM t")).toEqual([['z', 'last']]);
});

test.each([
  ['SELECT other.public.t.a FROM t', '0A000'],
  ['SELECT a.b.c.d.e FROM t', '42601'],
  ['SELECT s.t.a FROM t', '42P01'],
  ['SELECT * FROM other.public.t', '0A000'],
  ["COMMENT ON COLUMN a.b.c.d.e IS 'x'", '42601'],
  ['CREATE TABLE n (a serial NULL)', '42601'],
  ['CREATE TABLE n (a int NULL NOT NULL)', '42601'],
  ['CREATE TABLE n (a int NOT NULL NULL)', '42601'],
  ['CREATE TABLE n (a int GENERATED ALWAYS AS IDENTITY NULL)', '42601'],
  ['ALTER TABLE fk ALTER COLUMN id TYPE text', '42804'],
  ['ALTER TABLE pk ALTER COLUMN id TYPE text', '42804'],
  ['ALTER TABLE fk ALTER COLUMN id TYPE text USING id::text', '42804'],
  ['ALTER TABLE fk ALTER COLUMN k TYPE int USING 1', '42804'],
  ['ALTER TABLE pk ALTER COLUMN k TYPE int USING 1', '42804'],
  ['CREATE TABLE n (id text REFERENCES pk)', '42804'],
  ['CREATE TABLE n (id int REFERENCES pk (k))', '42804'],
  ['CREATE TABLE n (id date, FOREIGN KEY (id) REFERENCES pk (id))', '42804'],
  ['CREATE TABLE n (id numeric REFERENCES pk)', '42804'],
  ['ALTER TABLE fk ADD FOREIGN KEY (k) REFERENCES pk (id)', '42804'],
  ['CREATE ROLE n LOGIN NOLOGIN', '42601'],
  ["CREATE ROLE n PASSWORD 'x' ENCRYPTED PASSWORD 'y'", '42601'],
  ['CREATE ROLE n CONNECTION LIMIT -2', '22023'],
  ["CREATE ROLE n VALID UNTIL 'garbage'", '22007'],
  ['DROP ROLE public', '22023'],
  ['GRANT r1 TO r1', '0LP01'],
  ['GRANT r3 TO r1', '0LP01'],
  ['GRANT DELETE (a) ON t TO r1', '0LP01'],
  ['GRANT SELECT ON t TO public WITH GRANT OPTION', '0LP01'],
  ['GRANT SELECT ON ti TO r1', '42809'],
  ['ALTER GROUP g1 ADD USER nope', '42704'],
  ['ALTER GROUP nope ADD USER r1', '42704'],
])('%s: %s', async (sql, code) => {
  const db = await prepared();
  expect(await db.code(sql)).toBe(code);
});

test('a foreign key may be of a type that compares with the key’s', async () => {
  const db = await prepared();
  await db.run(`CREATE TABLE a (id bigint REFERENCES pk); CREATE TABLE b (k varchar(9) REFERENCES pk (k));
    ALTER TABLE fk ALTER COLUMN id TYPE bigint; ALTER TABLE fk ALTER COLUMN k TYPE varchar(10)`);
  expect(await db.code('INSERT INTO a VALUES (1)')).toBe('23503');
});

test('groups take and lose members; leaving a role that one is not in is a warning', async () => {
  const db = await prepared();
  const members = "SELECT count(*) FROM pg_auth_members WHERE roleid = 'g1'::regrole";
  await db.run('ALTER GROUP g1 ADD USER r1, r3');
  expect(await db.rows(members)).toEqual([['2']]);
  await db.run('ALTER GROUP g1 DROP USER r1');
  expect(await db.rows(members)).toEqual([['1']]);
  const { notices } = await db.session.execute('REVOKE g1 FROM r1');
  expect(notices).toMatchObject([{ severity: 'WARNING', code: '01000' }]);
});
