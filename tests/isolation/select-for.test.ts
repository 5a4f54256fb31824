/** SELECT … FOR: strengths, NOWAIT, SKIP LOCKED, OF, queues, and rows that change while they are waited for. */
import { expect, test } from 'vitest';
import { play } from './script.ts';

const T = 'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)';

test('strengths: which go together', async () => {
  const strengths = ['key share', 'share', 'no key update', 'update'];
  // PostgreSQL's table of conflicting row locks, both ways the same.
  const together: Readonly<Record<string, readonly string[]>> = {
    'key share': ['key share', 'share', 'no key update'],
    share: ['key share', 'share'],
    'no key update': ['key share'],
    update: [],
  };
  for (const held of strengths) {
    const script = strengths.map(
      (asked) => `
      T1: BEGIN
      T1: SELECT v FROM t WHERE id = 1 FOR ${held}              -- 10
      T2: SELECT v FROM t WHERE id = 1 FOR ${asked} NOWAIT      -- ${together[held]?.includes(asked) === true ? '10' : '55P03'}
      T1: ROLLBACK`,
    );
    await (await play(T, script.join('\n'))).close();
  }
});

test('what UPDATE and DELETE take, and what foreign keys take', async () => {
  const players = await play(
    `${T}; CREATE TABLE c (t int REFERENCES t)`,
    `T1: BEGIN
     T1: UPDATE t SET v = 11 WHERE id = 1                      -- 1
     T2: SELECT id FROM t WHERE id = 1 FOR KEY SHARE NOWAIT    -- 1
     T2: SELECT id FROM t WHERE id = 1 FOR SHARE NOWAIT        -- 55P03
     T1: DELETE FROM t WHERE id = 1                            -- 1
     T2: SELECT id FROM t WHERE id = 1 FOR KEY SHARE NOWAIT    -- 55P03
     T1: ROLLBACK
     T1: BEGIN
     T1: INSERT INTO c VALUES (2)                              -- 1
     T2: SELECT id FROM t WHERE id = 2 FOR NO KEY UPDATE NOWAIT -- 2
     T2: SELECT id FROM t WHERE id = 2 FOR UPDATE NOWAIT       -- 55P03
     T1: COMMIT`,
  );
  await players.close();
});

test('a queue: each takes the first row that nobody has', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T2: BEGIN
     T3: BEGIN
     T1: SELECT id FROM t ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED -- 1
     T2: SELECT id FROM t ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED -- 2
     T3: SELECT id FROM t ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED -- 3
     T1: DELETE FROM t WHERE id = 1                            -- 1
     T1: COMMIT
     T2: ROLLBACK
     T1: SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED   -- 2
     T1: SELECT id FROM t ORDER BY id FOR UPDATE               -- waits
     T3: COMMIT                                                -- T1: 2, 3`,
  );
  await players.close();
});

test('a row that changes while it is waited for is judged again', async () => {
  const players = await play(
    `${T}; CREATE TABLE u (id int PRIMARY KEY, w text); INSERT INTO u VALUES (1, 'a'), (2, 'b')`,
    `T1: BEGIN
     T1: UPDATE t SET v = v + 1                                -- 3
     T2: SELECT id, v FROM t WHERE v <= 21 FOR UPDATE          -- waits
     T3: SELECT t.v, u.w FROM t JOIN u USING (id) WHERE v > 15 FOR SHARE OF t -- waits
     T1: UPDATE t SET v = 100 WHERE id = 1                     -- 1
     T1: COMMIT                                                -- T2: 2|21; T3: 21|b
     T1: BEGIN ISOLATION LEVEL REPEATABLE READ
     T1: SELECT count(*) FROM t                                -- 3
     T2: UPDATE t SET v = 0 WHERE id = 3                       -- 1
     T1: SELECT * FROM t WHERE id = 3 FOR UPDATE               -- 40001
     T1: ROLLBACK`,
  );
  await players.close();
});

test('OF names the tables; a lock without a row; read-only transactions', async () => {
  const players = await play(
    `${T}; CREATE TABLE u (id int PRIMARY KEY, w text); INSERT INTO u VALUES (1, 'a')`,
    `T1: BEGIN
     T1: SELECT t.id, u.w FROM t LEFT JOIN u USING (id) ORDER BY 1 FOR UPDATE OF t -- 1|a, 2|null, 3|null
     T2: SELECT w FROM u FOR UPDATE NOWAIT                     -- a
     T2: SELECT id FROM t FOR UPDATE NOWAIT                    -- 55P03
     T2: SELECT id FROM (SELECT id FROM t WHERE v = 30) s FOR UPDATE NOWAIT -- 55P03
     T1: COMMIT
     T1: BEGIN READ ONLY
     T1: SELECT id FROM t FOR UPDATE                           -- 25006
     T1: ROLLBACK`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});

test('an update that leaves a key as it was lets others refer to it', async () => {
  const players = await play(
    'CREATE TABLE p (id int PRIMARY KEY, u int UNIQUE, v int); INSERT INTO p VALUES (1, 10, 0), (2, 20, 0); CREATE TABLE c (p int REFERENCES p)',
    `T1: BEGIN
     T1: INSERT INTO c VALUES (1), (2)                         -- 2
     T2: UPDATE p SET u = 10, v = 1 WHERE id = 1               -- 1
     T2: UPDATE p SET id = id, u = u * 1, v = v + 1            -- 2
     T2: UPDATE p SET u = 11 WHERE id = 1                      -- waits
     T3: UPDATE p SET u = u + (id - 1), v = 7 WHERE id < 3     -- waits
     T1: COMMIT                                                -- T2: 1; T3: 2
     T1: SELECT * FROM p                                       -- 1|11|7, 2|21|7
     T1: BEGIN
     T1: UPDATE p SET u = 11, v = 8                            -- 23505
     T1: ROLLBACK
     T1: BEGIN
     T1: UPDATE p SET u = u, v = 8                             -- 2
     T2: SELECT id FROM p ORDER BY id FOR KEY SHARE NOWAIT     -- 1, 2
     T1: UPDATE p SET u = 22 WHERE id = 2                      -- 1
     T2: SELECT id FROM p WHERE id = 1 FOR KEY SHARE NOWAIT    -- 1
     T2: SELECT id FROM p WHERE id = 2 FOR KEY SHARE           -- waits
     T1: COMMIT                                                -- T2: 2
     T1: BEGIN
     T1: SELECT id FROM p WHERE id = 1 FOR UPDATE              -- 1
     T2: INSERT INTO p VALUES (1, 1, 1) ON CONFLICT DO NOTHING -- 0
     T2: INSERT INTO p VALUES (1, 1, 1) ON CONFLICT (id) DO UPDATE SET v = 9 -- waits
     T1: COMMIT                                                -- T2: 1`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});

test('who locks a table first reads what is there under the lock', async () => {
  const players = await play(
    `${T}; CREATE TABLE d (u int UNIQUE DEFERRABLE)`,
    `T1: BEGIN
     T1: UPDATE t SET v = 11 WHERE id = 1                      -- 1
     T2: BEGIN ISOLATION LEVEL REPEATABLE READ
     T2: LOCK TABLE t IN SHARE MODE                            -- waits
     T1: COMMIT                                                -- T2: done
     T2: SELECT v FROM t WHERE id = 1                          -- 11
     T2: COMMIT
     T2: BEGIN
     T2: SET CONSTRAINTS ALL DEFERRED
     T2: SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
     T2: SHOW transaction_isolation                            -- serializable
     T2: COMMIT`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});
