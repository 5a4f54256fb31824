/** Who waits for whom, and what a statement makes of a row that has changed while it waited. Outcomes are PostgreSQL's. */
import { expect, test } from 'vitest';
import { play } from './script.ts';

const T = 'CREATE TABLE t (id int PRIMARY KEY, v int, w text); INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)';

test('READ COMMITTED: a row is judged again in its newest version', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T2: BEGIN
     T1: UPDATE t SET v = v + 1 WHERE v < 25          -- 2
     T2: UPDATE t SET v = v * 2 WHERE v IN (10, 20, 21) -- waits
     T1: COMMIT                                        -- T2: 1
     T2: SELECT id, v FROM t                           -- 1|11, 2|42, 3|30
     T2: COMMIT
     T1: DELETE FROM t WHERE id = 2                    -- 1`,
  );
  await players.close();
});

test('READ COMMITTED: a row that has gone, and one that has been changed back', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: DELETE FROM t WHERE id = 1                    -- 1
     T1: UPDATE t SET v = 21 WHERE id = 2              -- 1
     T2: UPDATE t SET v = v + 100 WHERE v > 5          -- waits
     T1: UPDATE t SET v = 20 WHERE id = 2              -- 1
     T1: COMMIT                                        -- T2: 2
     T2: SELECT id, v FROM t                           -- 2|120, 3|130`,
  );
  await players.close();
});

test('READ COMMITTED: joins, subqueries and indexes in the condition', async () => {
  const players = await play(
    `${T}; CREATE INDEX ON t (v); CREATE TABLE f (v int PRIMARY KEY, add int); INSERT INTO f VALUES (10, 1), (20, 2), (21, 3)`,
    `T1: BEGIN
     T1: UPDATE t SET v = 21 WHERE v = 20              -- 1
     T2: UPDATE t SET w = f.add FROM f WHERE f.v = t.v AND t.v = 20 -- waits
     T3: DELETE FROM t WHERE v IN (SELECT v FROM f WHERE v >= 20) -- waits
     T1: COMMIT                                        -- T2: 0; T3: 1
     T3: SELECT id, v, w FROM t                        -- 1|10|null, 3|30|null`,
  );
  await players.close();
});

test('after a rollback the row is as it was', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: UPDATE t SET v = 0                            -- 3
     T2: UPDATE t SET v = v + 1 WHERE v = 10           -- waits
     T1: ROLLBACK                                      -- T2: 1
     T2: SELECT id, v FROM t                           -- 1|11, 2|20, 3|30`,
  );
  await players.close();
});

test('REPEATABLE READ: first committer wins', async () => {
  const players = await play(
    T,
    `T1: BEGIN ISOLATION LEVEL REPEATABLE READ
     T2: BEGIN ISOLATION LEVEL SNAPSHOT
     T2: SELECT v FROM t WHERE id = 1                  -- 10
     T1: UPDATE t SET v = 11 WHERE id = 1              -- 1
     T2: UPDATE t SET v = 12 WHERE v = 10              -- waits
     T1: COMMIT                                        -- T2: 40001
     T2: SELECT 1                                      -- 25P02
     T2: ROLLBACK
     T2: BEGIN ISOLATION LEVEL REPEATABLE READ
     T2: SELECT count(*) FROM t                        -- 3
     T1: DELETE FROM t WHERE id = 3                    -- 1
     T2: DELETE FROM t WHERE id = 3                    -- 40001
     T2: ROLLBACK
     T1: BEGIN ISOLATION LEVEL REPEATABLE READ
     T2: INSERT INTO t VALUES (4, 40)                  -- 1
     T1: SELECT count(*) FROM t                        -- 3`,
  );
  await players.close();
});

test('a deadlock ends one, with the cycle in its detail; the other goes on at once', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T2: BEGIN
     T3: BEGIN
     T1: UPDATE t SET v = 11 WHERE id = 1              -- 1
     T2: UPDATE t SET v = 22 WHERE id = 2              -- 1
     T3: UPDATE t SET v = 33 WHERE id = 3              -- 1
     T1: UPDATE t SET v = 12 WHERE id = 2              -- waits
     T2: UPDATE t SET v = 23 WHERE v = 30              -- waits
     T3: UPDATE t SET v = 31 WHERE id = 1              -- 40P01; T2: 1
     T3: SELECT 1                                      -- 25P02
     T2: COMMIT                                        -- T1: 1
     T1: COMMIT
     T3: ROLLBACK
     T3: SELECT id, v FROM t                           -- 1|11, 2|12, 3|23`,
  );
  const two = players.session('B');
  await players.step('A', 'BEGIN; UPDATE t SET v = 1 WHERE id = 1');
  await players.step('B', 'BEGIN; UPDATE t SET v = 2 WHERE id = 2');
  await players.step('A', 'UPDATE t SET v = 1 WHERE id = 2');
  expect(players.waiting).toEqual(['A']);
  const error: unknown = await two.execute('UPDATE t SET v = 2 WHERE id = 1').catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: '40P01',
    message: 'deadlock detected',
    detail: expect.stringMatching(
      /^Process \d+ waits for .* on .*; blocked by process \d+\.\nProcess \d+ waits for .*$/,
    ),
  });
  const { freed } = await players.step('B', 'ROLLBACK');
  expect(freed).toMatchObject([['A', expect.any(Number), { affected: 1 }]]);
  await players.close();
});

test('unique keys wait for those who have not committed', async () => {
  const players = await play(
    `${T}; CREATE UNIQUE INDEX ON t (w)`,
    `T1: BEGIN
     T1: INSERT INTO t VALUES (4, 40, 'four')          -- 1
     T2: INSERT INTO t VALUES (4, 41, 'x')             -- waits
     T3: INSERT INTO t VALUES (5, 50, 'four')          -- waits
     T1: ROLLBACK                                      -- T2: 1; T3: 1
     T1: BEGIN
     T1: DELETE FROM t WHERE id = 4                    -- 1
     T2: INSERT INTO t VALUES (4, 42, 'y')             -- waits
     T1: COMMIT                                        -- T2: 1
     T1: BEGIN
     T1: UPDATE t SET w = 'z' WHERE id = 1             -- 1
     T2: UPDATE t SET w = 'z' WHERE id = 2             -- waits
     T1: COMMIT                                        -- T2: 23505
     T1: BEGIN
     T1: UPDATE t SET id = 7 WHERE id = 1              -- 1
     T2: INSERT INTO t VALUES (7, 0) ON CONFLICT DO NOTHING -- waits
     T3: INSERT INTO t VALUES (7, 70) ON CONFLICT (id) DO UPDATE SET v = t.v + excluded.v -- waits
     T1: COMMIT                                        -- T2: 0; T3: 1
     T1: SELECT id, v FROM t                           -- 2|20, 3|30, 4|42, 5|50, 7|80`,
  );
  await players.close();
});

test('foreign keys hold their parents, and let them change otherwise', async () => {
  const players = await play(
    `${T}; CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES t ON DELETE CASCADE)`,
    `T1: BEGIN
     T1: INSERT INTO c VALUES (1, 1)                   -- 1
     T2: UPDATE t SET v = 11 WHERE id = 1              -- 1
     T2: DELETE FROM t WHERE id = 1                    -- waits
     T3: INSERT INTO c VALUES (2, 2)                   -- 1
     T1: COMMIT                                        -- T2: 1
     T1: SELECT * FROM c                               -- 2|2
     T1: BEGIN
     T1: DELETE FROM t WHERE id = 3                    -- 1
     T2: INSERT INTO c VALUES (3, 3)                   -- waits
     T1: COMMIT                                        -- T2: 23503
     T1: BEGIN
     T1: UPDATE c SET id = 20 WHERE id = 2             -- 1
     T2: DELETE FROM t WHERE id = 2                    -- waits
     T1: COMMIT                                        -- T2: 1
     T1: SELECT * FROM c                               -- none`,
  );
  await players.close();
});

test('savepoints give locks back; lock_timeout and cancellation end a wait', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: SAVEPOINT s
     T1: UPDATE t SET v = 0 WHERE id = 1               -- 1
     T2: UPDATE t SET v = 1 WHERE id = 1               -- waits
     T1: ROLLBACK TO s                                 -- T2: 1
     T1: UPDATE t SET v = 0 WHERE id = 2               -- 1`,
  );
  const other = players.session('T3');
  await other.execute("SET lock_timeout = '20ms'");
  await expect(other.execute('UPDATE t SET v = 5 WHERE id = 2')).rejects.toMatchObject({ code: '55P03' });
  await other.execute('SET lock_timeout = 0');
  await expect(other.execute('DELETE FROM t', [], { timeoutMs: 20 })).rejects.toMatchObject({ code: '57014' });
  await players.session('T1').rollback();
  expect((await other.execute('DELETE FROM t')).affectedRows).toBe(3);
  await players.close();
});

test('LOCK TABLE: modes, queue, NOWAIT; definitions against changes', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: LOCK TABLE t IN SHARE MODE
     T2: SELECT count(*) FROM t                        -- 3
     T2: INSERT INTO t VALUES (4, 40)                  -- waits
     T1: COMMIT                                        -- T2: 1
     T1: BEGIN
     T1: LOCK TABLE t
     T2: SELECT count(*) FROM t                        -- waits
     T3: BEGIN
     T3: LOCK TABLE t IN ACCESS SHARE MODE NOWAIT      -- 55P03
     T3: ROLLBACK
     T1: COMMIT                                        -- T2: 4
     T1: BEGIN
     T1: UPDATE t SET v = 0 WHERE id = 4               -- 1
     T2: ALTER TABLE t ADD COLUMN n int DEFAULT 7      -- waits
     T3: SELECT count(*) FROM t                        -- waits
     T1: COMMIT                                        -- T2: done; T3: 4
     T1: SELECT n FROM t WHERE id = 4                  -- 7
     T1: BEGIN
     T1: TRUNCATE t
     T2: SELECT count(*) FROM t                        -- waits
     T1: ROLLBACK                                      -- T2: 4
     T1: BEGIN
     T1: CREATE INDEX ON t (v)
     T2: SELECT count(*) FROM t                        -- 4
     T2: DELETE FROM t WHERE id = 4                    -- waits
     T1: COMMIT                                        -- T2: 1`,
  );
  await players.close();
});

test('who holds what a definition waits for goes before it', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: SELECT count(*) FROM t                        -- 3
     T2: ALTER TABLE t ADD COLUMN n int                -- waits
     T3: SELECT count(*) FROM t                        -- waits
     T1: INSERT INTO t VALUES (4, 40)                  -- 1
     T1: LOCK TABLE t IN SHARE MODE
     T1: COMMIT                                        -- T2: done; T3: 4
     T1: BEGIN
     T1: SELECT pg_advisory_lock_shared(1)
     T2: SELECT pg_advisory_lock(1)                    -- waits
     T3: SELECT pg_advisory_lock_shared(1)             -- waits
     T1: SELECT pg_advisory_lock(1)
     T1: SELECT pg_advisory_unlock_all()               -- T2: 
     T2: SELECT pg_advisory_unlock_all()               -- T3: `,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});

test('an INSERT of several rows has those before the one that waits', async () => {
  const players = await play(
    'CREATE TABLE t (id int PRIMARY KEY, v int UNIQUE)',
    `T1: BEGIN
     T1: INSERT INTO t VALUES (2, 2)                   -- 1
     T2: INSERT INTO t VALUES (1, 1), (2, 20), (3, 3)  -- waits
     T3: INSERT INTO t VALUES (1, 11)                  -- waits
     T4: INSERT INTO t VALUES (3, 33)                  -- 1
     T1: ROLLBACK                                      -- T2: 23505; T3: 1
     T1: SELECT * FROM t                               -- 1|11, 3|33`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});

test('a table that was empty when an INSERT began to wait', async () => {
  const players = await play(
    'CREATE TABLE t (id int PRIMARY KEY)',
    `T1: BEGIN
     T1: INSERT INTO t VALUES (1)                      -- 1
     T2: INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING -- waits
     T3: BEGIN
     T3: INSERT INTO t VALUES (1), (2)                 -- waits
     T1: ROLLBACK                                      -- T2: 1; T3: 23505`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});

test('definitions wait for who gives the same name, and views hold what they read', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: CREATE TABLE n (i int)
     T2: CREATE TABLE n (j int)                        -- waits
     T3: CREATE TABLE IF NOT EXISTS n (k int)          -- waits
     T4: CREATE TABLE other (i int)
     T1: COMMIT                                        -- T2: 42P07; T3: done
     T1: BEGIN
     T1: CREATE INDEX ix ON n (i)
     T2: CREATE INDEX ix ON t (v)                      -- waits
     T1: ROLLBACK                                      -- T2: done
     T1: BEGIN
     T1: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
     T2: CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 2'
     T2: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 3' -- waits
     T1: COMMIT                                        -- T2: 42723
     T1: BEGIN
     T1: CREATE VIEW v AS SELECT * FROM t
     T2: DROP TABLE t                                  -- waits
     T1: COMMIT                                        -- T2: 2BP01
     T1: SELECT count(*) FROM v                        -- 3
     T1: BEGIN
     T1: DROP TABLE n
     T2: CREATE VIEW w AS SELECT * FROM n              -- waits
     T1: COMMIT                                        -- T2: 42P01`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});
