/** SERIALIZABLE: what fails and what does not; outcomes are PostgreSQL's where it does not depend on its pages. */
import { expect, test } from 'vitest';
import { play } from './script.ts';

const T = 'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i * 10 FROM generate_series(1, 9) i';

test('write skew by keys and by a range; the first to commit never fails', async () => {
  const players = await play(
    T,
    `T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: SELECT v FROM t WHERE id = 1             -- 10
     T2: SELECT v FROM t WHERE id = 2             -- 20
     T1: UPDATE t SET v = 0 WHERE id = 2          -- 1
     T2: UPDATE t SET v = 0 WHERE id = 1          -- 1
     T1: COMMIT
     T2: COMMIT                                   -- 40001
     T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: SELECT count(*) FROM t WHERE id BETWEEN 3 AND 5  -- 3
     T2: SELECT count(*) FROM t WHERE id BETWEEN 7 AND 9  -- 3
     T1: DELETE FROM t WHERE id = 8               -- 1
     T2: DELETE FROM t WHERE id = 4               -- 1
     T2: COMMIT
     T1: COMMIT                                   -- 40001`,
  );
  await players.close();
});

test('no false alarm: disjoint ranges, one edge alone, a reader of what was there before', async () => {
  const players = await play(
    `${T}; CREATE INDEX ON t (v)`,
    `T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: SELECT count(*) FROM t WHERE id BETWEEN 1 AND 3  -- 3
     T2: SELECT count(*) FROM t WHERE id BETWEEN 7 AND 9  -- 3
     T1: UPDATE t SET v = 1 WHERE id = 5          -- 1
     T2: UPDATE t SET v = 1 WHERE id = 6          -- 1
     T1: COMMIT
     T2: COMMIT
     T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: SELECT v FROM t WHERE id = 1             -- 10
     T2: UPDATE t SET v = 11 WHERE id = 1         -- 1
     T2: COMMIT
     T1: UPDATE t SET v = 21 WHERE id = 2         -- 1
     T1: COMMIT`,
  );
  await players.close();
});

test('a transaction that only reads can be the third; one that is DEFERRABLE waits until it cannot', async () => {
  // Fekete, O'Neil, O'Neil 2004: the reader sees the deposit without the fee, which had not seen the deposit.
  const players = await play(
    'CREATE TABLE account (name text PRIMARY KEY, balance int); INSERT INTO account VALUES ($$x$$, 0), ($$y$$, 0)',
    `T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: SELECT sum(balance) FROM account         -- 0
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: UPDATE account SET balance = 20 WHERE name = 'y' -- 1
     T2: COMMIT
     T3: BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY
     T3: SELECT sum(balance) FROM account         -- 20
     T3: COMMIT
     T1: UPDATE account SET balance = -11 WHERE name = 'x' -- 40001
     T1: ROLLBACK
     T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: SELECT sum(balance) FROM account         -- 20
     T2: UPDATE account SET balance = 30 WHERE name = 'y' -- 1
     T1: UPDATE account SET balance = 1 WHERE name = 'x' -- 1
     T1: COMMIT
     T1: SELECT * FROM account                    -- x|1, y|30
     T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: UPDATE account SET balance = 2 WHERE name = 'x' -- 1
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE
     T2: SELECT sum(balance) FROM account         -- waits
     T1: COMMIT                                   -- T2: 32
     T2: COMMIT`,
  );
  await players.close();
});

test('modes: SET TRANSACTION comes first, defaults, what SHOW shows', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: SHOW transaction_isolation               -- read committed
     T1: SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY
     T1: SHOW transaction_isolation               -- serializable
     T1: SELECT count(*) FROM t                   -- 9
     T1: SET TRANSACTION ISOLATION LEVEL READ COMMITTED -- 25001
     T1: ROLLBACK
     T1: SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ
     T1: BEGIN
     T1: SHOW transaction_isolation               -- repeatable read
     T1: COMMIT AND CHAIN
     T1: SHOW transaction_isolation               -- repeatable read
     T1: COMMIT
     T1: SHOW default_transaction_isolation       -- repeatable read`,
  );
  expect(players.waiting).toEqual([]);
  await players.close();
});

test('who has looked for a key before inserting it came too late (40001); who has not, has a duplicate (23505)', async () => {
  const script = (unique: string, insert: (tx: number) => string): string =>
    `T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T1: SELECT count(*) FROM t WHERE ${unique}          -- 0
     T2: SELECT count(*) FROM t WHERE ${unique}          -- 0
     T1: ${insert(1)}
     T2: ${insert(2)}                                    -- waits
     T1: COMMIT                                          -- T2: 40001
     T2: ROLLBACK
     T1: DELETE FROM t WHERE ${unique}
     T1: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: BEGIN ISOLATION LEVEL SERIALIZABLE
     T2: SELECT count(*) FROM t WHERE ${unique}          -- 0
     T1: ${insert(1)}
     T1: COMMIT
     T2: ${insert(2)}                                    -- 23505`;
  const players = await play(
    T,
    script('id = 20', () => 'INSERT INTO t VALUES (20, 0)'),
  );
  await players.close();
  const by = 'CREATE UNIQUE INDEX ON t (v)';
  const others = await play(
    `${T}; ${by}`,
    script('v = 200', (tx) => `INSERT INTO t VALUES (${20 + tx}, 200)`),
  );
  await others.close();
});
