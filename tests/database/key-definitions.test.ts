/** Primary keys that are DEFERRABLE, INCLUDE, and both in the catalogs. Expected values are PostgreSQL 15's. */
import { beforeEach, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeEach(async () => {
  db = await openDb();
  await db.run(`CREATE TABLE d (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text);
    INSERT INTO d VALUES (1, 'a'), (2, 'b');
    CREATE TABLE i (a int, b int, c text, d int, PRIMARY KEY (a) INCLUDE (b, c), UNIQUE (b) INCLUDE (d));
    CREATE INDEX ON i (c) INCLUDE (a)`);
});

test('a deferred primary key is checked at the commit', async () => {
  await db.run("BEGIN; INSERT INTO d VALUES (1, 'dup'); UPDATE d SET id = 3 WHERE v = 'a'; COMMIT");
  expect(await db.rows('SELECT * FROM d ORDER BY id')).toEqual([
    ['1', 'dup'],
    ['2', 'b'],
    ['3', 'a'],
  ]);
  await db.run("BEGIN; INSERT INTO d VALUES (2, 'again')");
  expect(await db.code('COMMIT')).toBe('23505');
  await db.run("BEGIN; INSERT INTO d VALUES (2, 'again')");
  expect(await db.code('SET CONSTRAINTS d_pkey IMMEDIATE')).toBe('23505');
});

test('it is added, copied, renamed and dropped', async () => {
  await db.run('ALTER TABLE d RENAME CONSTRAINT d_pkey TO k; CREATE TABLE e (LIKE d INCLUDING ALL)');
  await db.run("ALTER TABLE d DROP CONSTRAINT k; INSERT INTO d VALUES (2, 'again')");
  expect(await db.code('ALTER TABLE d ADD CONSTRAINT again PRIMARY KEY (id) DEFERRABLE')).toBe('23505');
  await db.run("DELETE FROM d WHERE v = 'again'; ALTER TABLE d ADD CONSTRAINT again PRIMARY KEY (id) DEFERRABLE");
  await db.run('UPDATE d SET id = id + 1');
  const defs =
    'SELECT conrelid::regclass, conname, contype, condeferrable, condeferred, pg_get_constraintdef(oid) FROM pg_constraint';
  expect(await db.rows(`${defs} WHERE conrelid IN ('d'::regclass, 'e'::regclass) ORDER BY conname`)).toEqual([
    ['d', 'again', 'p', 't', 'f', 'PRIMARY KEY (id) DEFERRABLE'],
    ['e', 'e_pkey', 'p', 't', 't', 'PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED'],
  ]);
});

test.each([
  ["INSERT INTO d VALUES (2, 'x')", '23505'],
  ["INSERT INTO d VALUES (NULL, 'x')", '23502'],
  ["INSERT INTO d VALUES (2, 'x') ON CONFLICT (id) DO NOTHING", '55000'],
  ["INSERT INTO d VALUES (2, 'x') ON CONFLICT ON CONSTRAINT d_pkey DO NOTHING", '55000'],
  ["INSERT INTO d VALUES (9, 'x') ON CONFLICT DO NOTHING", '55000'],
  ['ALTER TABLE d ADD PRIMARY KEY (v)', '42P16'],
  ['CREATE TABLE f (x int REFERENCES d)', '55000'],
  ['CREATE TABLE f (x int REFERENCES d (id))', '55000'],
  ['ALTER TABLE d ALTER COLUMN id DROP NOT NULL', '42P16'],
  ['SELECT v FROM d GROUP BY id', '42803'],
  ['CREATE INDEX ON i (c) INCLUDE (nothing)', '42703'],
  ['CREATE INDEX ON i USING hash (c) INCLUDE (a)', '0A000'],
])('%s: %s', async (sql, code) => {
  expect(await db.code(sql)).toBe(code);
});

test('indexes and constraints show INCLUDE', async () => {
  const indexes = `SELECT indexrelid::regclass, indnatts, indnkeyatts, indkey, pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid = 'i'::regclass ORDER BY indexrelid::regclass::text`;
  expect(await db.rows(indexes)).toEqual([
    ['i_b_d_key', '2', '1', '2 4', 'CREATE UNIQUE INDEX i_b_d_key ON public.i USING btree (b) INCLUDE (d)'],
    ['i_c_a_idx', '2', '1', '3 1', 'CREATE INDEX i_c_a_idx ON public.i USING btree (c) INCLUDE (a)'],
    ['i_pkey', '3', '1', '1 2 3', 'CREATE UNIQUE INDEX i_pkey ON public.i USING btree (a) INCLUDE (b, c)'],
  ]);
  expect(
    await db.rows(`SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'i'::regclass ORDER BY 1`),
  ).toEqual([['PRIMARY KEY (a) INCLUDE (b, c)'], ['UNIQUE (b) INCLUDE (d)']]);
  await db.run('ALTER TABLE i DROP COLUMN b');
  expect(await db.rows(indexes.replace(/indnatts.*\)\n/, '1\n'))).toEqual([['i_c_a_idx', '1']]);
});

test('what waits for the commit is in information_schema', async () => {
  expect(
    await db.rows(`SELECT is_deferrable, initially_deferred FROM information_schema.table_constraints
      WHERE table_name IN ('d', 'i') AND constraint_type <> 'CHECK' ORDER BY constraint_name`),
  ).toEqual([
    ['YES', 'YES'],
    ['NO', 'NO'],
    ['NO', 'NO'],
  ]);
});
