/**
 * Scripts after the ideas of PostgreSQL's isolation tests, each run on PostgreSQL 15 as well: who waits, who goes on and
 * what each gets was the same, step by step.
 */
import { expect, test } from 'vitest';
import { play } from './script.ts';

const ACCOUNTS = `CREATE TABLE accounts (id text PRIMARY KEY, balance numeric NOT NULL, twice numeric GENERATED ALWAYS AS (balance * 2) STORED);
  INSERT INTO accounts VALUES ('checking', 600), ('savings', 600)`;
const PQ = `CREATE TABLE p (a int PRIMARY KEY, b int, c text); INSERT INTO p SELECT i, i % 3 FROM generate_series(1, 4) i;
  CREATE TABLE q (a int PRIMARY KEY, d int); INSERT INTO q SELECT i, i * 10 FROM generate_series(1, 4) i`;
const FOO = 'CREATE TABLE foo (key int PRIMARY KEY, value int); INSERT INTO foo VALUES (1, 1)';
const JOB = "CREATE TABLE job (id int PRIMARY KEY, name text); INSERT INTO job VALUES (1, 'a')";
const FAMILY = `CREATE TABLE parent (id int PRIMARY KEY, aux text); INSERT INTO parent VALUES (1, 'foo'), (2, 'bar');
  CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE)`;
const RECEIPTS = `CREATE TABLE ctl (k text PRIMARY KEY, day date); INSERT INTO ctl VALUES ('receipt', '2008-12-22');
  CREATE TABLE receipt (no int PRIMARY KEY, day date); INSERT INTO receipt VALUES (1, '2008-12-22'), (2, '2008-12-22')`;

test.each([
  [
    'a generated column follows the version that was waited for',
    ACCOUNTS,
    `T1: BEGIN
     T1: UPDATE accounts SET balance = balance - 200 WHERE id = 'checking' -- 1
     T2: UPDATE accounts SET balance = balance + 1000 WHERE id = 'checking' AND balance < 1000 -- waits
     T1: COMMIT                                       -- T2: 1
     T2: SELECT * FROM accounts WHERE id = 'checking' -- checking|1400|2800`,
  ],
  [
    'rows of WITH and of a subquery',
    ACCOUNTS,
    `T1: BEGIN
     T1: WITH u AS (UPDATE accounts SET balance = balance + 500 WHERE id = 'savings' RETURNING id) INSERT INTO accounts SELECT 'savings', 500 WHERE NOT EXISTS (SELECT 1 FROM u) -- 0
     T1: DELETE FROM accounts WHERE id IN (SELECT id FROM accounts WHERE balance > 500) -- 2
     T2: UPDATE accounts SET balance = balance - 150 WHERE id IN ('savings', 'checking') -- waits
     T1: COMMIT                                       -- T2: 0`,
  ],
  [
    'joins of rows that are locked',
    PQ,
    `T1: BEGIN
     T1: UPDATE p SET b = b + 1 WHERE a IN (1, 2)     -- 2
     T1: UPDATE q SET d = d + 1 WHERE a IN (2, 3)     -- 2
     T2: SELECT a, b, d FROM p JOIN q USING (a) WHERE b = 1 ORDER BY a FOR UPDATE OF p -- waits
     T1: COMMIT                                       -- T2: 4|1|40
     T2: SELECT a, b, d FROM p LEFT JOIN q USING (a) WHERE b >= 1 ORDER BY a FOR UPDATE OF p -- 1|2|10, 2|3|21, 4|1|40`,
  ],
  [
    'children that meet at their parent do not stop each other',
    FAMILY,
    `T1: BEGIN
     T1: INSERT INTO child VALUES (1, 1)              -- 1
     T2: BEGIN
     T1: UPDATE parent SET aux = 'bar' WHERE id = 1   -- 1
     T2: INSERT INTO child VALUES (2, 1)              -- 1
     T2: UPDATE parent SET aux = 'baz' WHERE id = 1   -- waits
     T1: COMMIT                                       -- T2: 1
     T2: COMMIT`,
  ],
  [
    'a child of a row that a snapshot deletes',
    FAMILY,
    `T1: BEGIN ISOLATION LEVEL REPEATABLE READ
     T1: SELECT count(*) FROM parent                  -- 2
     T1: DELETE FROM parent WHERE id = 1              -- 1
     T2: INSERT INTO child VALUES (1, 1)              -- waits
     T1: COMMIT                                       -- T2: 23503`,
  ],
  [
    'upserts that meet at both of their keys',
    'CREATE TABLE u (k int PRIMARY KEY, w int UNIQUE, v int)',
    `T1: BEGIN
     T1: INSERT INTO u VALUES (1, 1, 1)               -- 1
     T2: INSERT INTO u VALUES (1, 2, 2) ON CONFLICT (k) DO UPDATE SET v = 22 -- waits
     T3: INSERT INTO u VALUES (3, 1, 3) ON CONFLICT (k) DO UPDATE SET v = 33 -- waits
     T1: ROLLBACK                                     -- T2: 1; T3: 1`,
  ],
  [
    'a deletion waits for a reader of the key, an update does not',
    FOO,
    `T1: BEGIN
     T1: SELECT * FROM foo WHERE key = 1 FOR KEY SHARE -- 1|1
     T2: BEGIN
     T2: UPDATE foo SET value = 2 WHERE key = 1       -- 1
     T2: DELETE FROM foo                              -- waits
     T3: SELECT * FROM foo FOR UPDATE                 -- waits
     T1: COMMIT                                       -- T2: 1
     T2: ROLLBACK                                     -- T3: 1|1`,
  ],
  [
    'a lock outlives the deletion that a savepoint takes back',
    FOO,
    `T1: BEGIN
     T1: SELECT * FROM foo FOR UPDATE                 -- 1|1
     T1: SAVEPOINT f
     T1: DELETE FROM foo                              -- 1
     T1: ROLLBACK TO f
     T2: SELECT * FROM foo FOR NO KEY UPDATE          -- waits
     T1: COMMIT                                       -- T2: 1|1`,
  ],
  [
    'two who want more than they have',
    JOB,
    `T3: BEGIN
     T2: BEGIN
     T2: UPDATE job SET name = 'b' WHERE id = 1       -- 1
     T1: BEGIN
     T1: SELECT id FROM job WHERE id = 1 FOR KEY SHARE -- 1
     T3: SELECT id FROM job WHERE id = 1 FOR SHARE    -- waits
     T2: COMMIT                                       -- T3: 1
     T1: SELECT id FROM job WHERE id = 1 FOR UPDATE   -- waits
     T3: DELETE FROM job WHERE id = 1                 -- 40P01; T1: 1`,
  ],
  [
    'a report of a day that is closed, of receipts that are not',
    RECEIPTS,
    `T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: INSERT INTO receipt VALUES (3, (SELECT day FROM ctl)) -- 1
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: UPDATE ctl SET day = '2008-12-23'            -- 1
     T2: COMMIT
     T3: BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY
     T3: SELECT day FROM ctl                          -- 2008-12-23
     T1: COMMIT
     T3: SELECT * FROM receipt WHERE day = '2008-12-22' -- 40001`,
  ],
  [
    'the sum of what two spend',
    ACCOUNTS,
    `T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: UPDATE accounts SET balance = balance - 200 WHERE id = 'checking' -- 1
     T1: SELECT sum(balance) FROM accounts            -- 1000
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: UPDATE accounts SET balance = balance - 200 WHERE id = 'savings' -- 1
     T1: COMMIT
     T2: SELECT sum(balance) FROM accounts            -- 40001`,
  ],
])('%s', async (_name, setup, script) => {
  const players = await play(setup, script);
  expect(players.waiting).toEqual([]);
  await players.close();
});
