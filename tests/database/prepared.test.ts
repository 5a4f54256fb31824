/** What PREPARE, EXECUTE and the timing of constraints refuse, in PostgreSQL 15's words. */
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, w text); INSERT INTO t VALUES (1, 'a');
    PREPARE u (int, text) AS UPDATE t SET id = $1 WHERE w = $2; PREPARE three (int, int, int) AS SELECT $1, $3`);
});

async function failure(sql: string): Promise<string> {
  return db.session.execute(sql).then(
    () => 'no error',
    ({ code, message }: { readonly code: string; readonly message: string }) => `${code} ${message}`,
  );
}

test.each([
  ['PREPARE a AS SELECT $2::int', '42P18 could not determine data type of parameter $1'],
  ['PREPARE a AS SELECT $1, $3', '42P18 could not determine data type of parameter $2'],
  ['EXECUTE u ((SELECT 1), NULL)', '0A000 cannot use subquery in EXECUTE parameter'],
  ['EXECUTE u (sum(1), NULL)', '42803 aggregate functions are not allowed in EXECUTE parameters'],
  [
    "EXECUTE u (date '2020-01-01', NULL)",
    '42804 parameter $1 of type date cannot be coerced to the expected type integer',
  ],
  ['EXECUTE u (1)', '42601 wrong number of parameters for prepared statement "u"'],
  ["CREATE TABLE x AS EXECUTE u (1, '')", '42809 prepared statement is not a SELECT'],
])('%s', async (sql, answer) => {
  expect(await failure(sql)).toBe(answer);
});

test('parameters that have no use but a declared type are taken', async () => {
  expect(await db.rows('EXECUTE three (1, 2, 3)')).toEqual([['1', '3']]);
  await expect(db.session.execute('SELECT $2::int', [1, 2])).rejects.toMatchObject({ code: '42P18' });
});

test.each([
  ['i int DEFERRABLE', 'misplaced DEFERRABLE clause'],
  ['i int NOT DEFERRABLE', 'misplaced NOT DEFERRABLE clause'],
  ['i int NOT NULL INITIALLY DEFERRED', 'misplaced INITIALLY DEFERRED clause'],
  ['i int CHECK (i > 0) INITIALLY IMMEDIATE', 'misplaced INITIALLY IMMEDIATE clause'],
  ['i int UNIQUE DEFERRABLE DEFERRABLE', 'multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed'],
  ['i int UNIQUE INITIALLY DEFERRED INITIALLY IMMEDIATE', 'multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed'],
  ['i int UNIQUE NOT DEFERRABLE INITIALLY DEFERRED', 'constraint declared INITIALLY DEFERRED must be DEFERRABLE'],
  ['i int, UNIQUE (i) DEFERRABLE NOT DEFERRABLE', 'conflicting constraint properties'],
])('CREATE TABLE x (%s)', async (columns, message) => {
  expect(await failure(`CREATE TABLE x (${columns})`)).toBe(`42601 ${message}`);
});

test('a CHECK of a table waits for nothing', async () => {
  const refused = '0A000 CHECK constraints cannot be marked DEFERRABLE';
  expect(await failure('CREATE TABLE x (i int, CHECK (i > 0) INITIALLY DEFERRED)')).toBe(refused);
  expect(await failure('ALTER TABLE t ADD CHECK (id > 0) DEFERRABLE')).toBe(refused);
});
