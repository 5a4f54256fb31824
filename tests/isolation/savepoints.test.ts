/** Savepoints, the aborted state and deferred constraints, step by step; outcomes are PostgreSQL's. */
import { test } from 'vitest';
import { play } from './script.ts';

const T = `CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10), (2, 20);
  CREATE TABLE d (id int PRIMARY KEY, u int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO d VALUES (1, 1), (2, 2)`;
const US = "SELECT string_agg(u::text, ',' ORDER BY id) FROM d";

test('a failed transaction refuses all but going back and ending', async () => {
  const players = await play(
    T,
    `T1: SAVEPOINT outside                       -- 25P01
     T1: ROLLBACK TO nothing                     -- 25P01
     T1: BEGIN
     T1: RELEASE nothing                         -- 3B001
     T1: SELECT 1                                -- 25P02
     T1: ROLLBACK TO nothing                     -- 3B001
     T1: COMMIT
     T1: BEGIN
     T1: UPDATE t SET v = 11 WHERE id = 1        -- 1
     T1: SELECT 1/0                              -- 22012
     T1: SELECT v FROM t                         -- 25P02
     T2: UPDATE t SET v = v + 1 WHERE id = 1     -- 1
     T1: COMMIT
     T1: SELECT v FROM t WHERE id = 1            -- 11`,
  );
  await players.close();
});

test('savepoints of one name hide each other and come back', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: SAVEPOINT a
     T1: UPDATE t SET v = 11 WHERE id = 1        -- 1
     T1: SAVEPOINT a
     T1: UPDATE t SET v = 12 WHERE id = 1        -- 1
     T1: SELECT 1/0                              -- 22012
     T1: SAVEPOINT b                             -- 25P02
     T1: RELEASE a                               -- 25P02
     T1: ROLLBACK TO a
     T1: SELECT v FROM t WHERE id = 1            -- 11
     T1: RELEASE a
     T1: ROLLBACK TO a
     T1: SELECT v FROM t WHERE id = 1            -- 10
     T1: RELEASE a
     T1: ROLLBACK TO a                           -- 3B001
     T1: COMMIT
     T1: SELECT v FROM t WHERE id = 1            -- 10`,
  );
  await players.close();
});

test('deferred checks go back with savepoints, and fail where they are asked for', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: UPDATE d SET u = 3 - u                  -- 2
     T1: SAVEPOINT s
     T1: UPDATE d SET u = 1                      -- 2
     T1: ROLLBACK TO s
     T1: COMMIT
     T1: ${US}                                   -- 2,1
     T1: BEGIN
     T1: SAVEPOINT s
     T1: UPDATE d SET u = 1                      -- 2
     T1: RELEASE s
     T1: SET CONSTRAINTS ALL IMMEDIATE           -- 23505
     T1: SELECT 1                                -- 25P02
     T1: ROLLBACK TO s                           -- 3B001
     T1: COMMIT
     T1: BEGIN
     T1: UPDATE d SET u = 1                      -- 2
     T1: SAVEPOINT s
     T1: SET CONSTRAINTS ALL IMMEDIATE           -- 23505
     T1: ROLLBACK TO s
     T1: UPDATE d SET u = 5 WHERE id = 2         -- 1
     T1: SET CONSTRAINTS ALL IMMEDIATE
     T1: UPDATE d SET u = 1 WHERE id = 2         -- 23505
     T1: COMMIT
     T1: ${US}                                   -- 2,1`,
  );
  await players.close();
});

test('row locks of a savepoint go with it, those from before it stay, and all go at the end', async () => {
  const players = await play(
    'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)',
    `T1: BEGIN
     T1: SELECT id FROM t ORDER BY id FOR SHARE        -- 1, 2
     T1: SAVEPOINT s
     T1: SELECT id FROM t ORDER BY id FOR UPDATE       -- 1, 2
     T2: SELECT id FROM t WHERE id = 1 FOR SHARE NOWAIT  -- 55P03
     T1: ROLLBACK TO s
     T2: SELECT id FROM t WHERE id = 1 FOR SHARE NOWAIT  -- 1
     T2: SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT -- 55P03
     T1: COMMIT
     T2: SELECT id FROM t ORDER BY id FOR UPDATE NOWAIT  -- 1, 2`,
  );
  await players.close();
});

test('deferred keys wait for who had them before, and deferred parents for who takes them away', async () => {
  const players = await play(
    `${T}; CREATE TABLE c (t int REFERENCES t DEFERRABLE INITIALLY DEFERRED)`,
    `T1: BEGIN
     T1: INSERT INTO d VALUES (3, 5)             -- 1
     T2: BEGIN
     T2: INSERT INTO d VALUES (4, 5)             -- 1
     T2: SET CONSTRAINTS ALL IMMEDIATE           -- waits
     T1: COMMIT                                  -- T2: 23505
     T2: ROLLBACK
     T1: BEGIN
     T1: UPDATE d SET u = 7 WHERE id = 3         -- 1
     T2: INSERT INTO d VALUES (4, 7)             -- waits
     T1: ROLLBACK                                -- T2: 1
     T1: BEGIN
     T1: DELETE FROM t WHERE id = 1              -- 1
     T1: SET CONSTRAINTS ALL IMMEDIATE
     T2: BEGIN
     T2: INSERT INTO c VALUES (1), (2)           -- 2
     T2: COMMIT                                  -- waits
     T1: COMMIT                                  -- T2: 23503
     T1: SELECT * FROM c                         -- none
     T1: BEGIN
     T1: DELETE FROM t WHERE id = 2              -- 1
     T2: INSERT INTO c VALUES (2)                -- waits
     T1: ROLLBACK                                -- T2: 1`,
  );
  await players.close();
});

test('a row that its own transaction has removed again keeps its keys: a savepoint may bring it back', async () => {
  const players = await play(
    'CREATE TABLE t (id int PRIMARY KEY, v int UNIQUE)',
    `T1: BEGIN
     T1: INSERT INTO t VALUES (1, 10), (2, 20)         -- 2
     T1: SAVEPOINT s
     T1: DELETE FROM t WHERE id = 1                    -- 1
     T1: UPDATE t SET v = 21 WHERE id = 2              -- 1
     T2: INSERT INTO t VALUES (1, 11)                  -- waits
     T3: INSERT INTO t VALUES (3, 20)                  -- waits
     T4: INSERT INTO t VALUES (4, 40)                  -- 1
     T1: ROLLBACK TO s
     T1: COMMIT                                        -- T2: 23505; T3: 23505
     T1: BEGIN
     T1: INSERT INTO t VALUES (5, 50)                  -- 1
     T1: DELETE FROM t WHERE id = 5                    -- 1
     T2: INSERT INTO t VALUES (5, 51)                  -- waits
     T1: COMMIT                                        -- T2: 1`,
  );
  await players.close();
});
