/** Advisory locks: who waits, what is given back when. Outcomes are PostgreSQL's. */
import { expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import { play } from './script.ts';

const T = 'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10), (2, 20)';
const HELD =
  "SELECT classid, objid, objsubid, mode, granted, count(*) FROM pg_locks WHERE locktype = 'advisory' GROUP BY 1, 2, 3, 4, 5";

test('a lock of the session stays beyond its transaction and is given back as often as it was taken', async () => {
  const players = await play(
    T,
    `T1: SELECT pg_advisory_lock(7)
     T1: SELECT pg_advisory_lock(7)
     T2: SELECT pg_try_advisory_lock(7)              -- f
     T2: SELECT pg_advisory_lock(7)                  -- waits
     T1: SELECT pg_advisory_unlock(7)                -- t
     T1: SELECT pg_advisory_unlock(7)                -- t; T2: 
     T1: SELECT pg_advisory_unlock(7)                -- f
     T2: SELECT pg_advisory_unlock_shared(7)         -- f
     T2: SELECT pg_advisory_unlock_all()
     T1: ${HELD}                                     -- none`,
  );
  await players.close();
});

test('shared ones go together; who asks for more than others waits behind who came before', async () => {
  const players = await play(
    T,
    `T1: SELECT pg_advisory_lock_shared(1, 2)
     T2: SELECT pg_advisory_lock_shared(1, 2)
     T3: SELECT pg_advisory_lock(1, 2)               -- waits
     T4: SELECT pg_try_advisory_lock_shared(1, 2)    -- f
     T1: ${HELD}                                     -- 1|2|2|ExclusiveLock|f|1, 1|2|2|ShareLock|t|2
     T1: SELECT pg_advisory_unlock_shared(1, 2)      -- t
     T2: SELECT pg_advisory_unlock_shared(1, 2)      -- t; T3: 
     T1: ${HELD}                                     -- 1|2|2|ExclusiveLock|t|1`,
  );
  await players.close();
});

test('a number of 64 bits and two of 32 are other locks; negative ones show without their sign', async () => {
  const players = await play(
    T,
    `T1: SELECT pg_advisory_lock(4294967298), pg_advisory_lock(-1)
     T2: SELECT pg_try_advisory_lock(1, 2)           -- t
     T2: SELECT pg_try_advisory_lock(4294967298)     -- f
     T1: ${HELD}                                     -- 1|2|1|ExclusiveLock|t|1, 1|2|2|ExclusiveLock|t|1, 4294967295|4294967295|1|ExclusiveLock|t|1
     T1: SELECT pg_advisory_lock(NULL)               -- null`,
  );
  await players.close();
});

test('those of the transaction end with it, with a savepoint, and by nothing else', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: SELECT pg_advisory_xact_lock(1)
     T1: SAVEPOINT s
     T1: SELECT pg_advisory_xact_lock(2), pg_advisory_lock(3)
     T1: SELECT pg_advisory_unlock(1)                -- f
     T1: SELECT pg_advisory_unlock_all()
     T1: SELECT pg_advisory_lock(3)
     T2: SELECT pg_try_advisory_xact_lock(2)         -- f
     T2: SELECT pg_advisory_xact_lock_shared(2)      -- waits
     T1: ROLLBACK TO s                               -- T2: 
     T2: SELECT pg_try_advisory_lock(3)              -- f
     T2: SELECT pg_advisory_lock(1)                  -- waits
     T1: ROLLBACK                                    -- T2: 
     T1: ${HELD}                                     -- 0|1|1|ExclusiveLock|t|1, 0|3|1|ExclusiveLock|t|1`,
  );
  await players.close();
});

test('they count in deadlocks with rows', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T2: BEGIN
     T1: SELECT pg_advisory_xact_lock(5)
     T2: UPDATE t SET v = 0 WHERE id = 1             -- 1
     T1: UPDATE t SET v = 1 WHERE id = 1             -- waits
     T2: SELECT pg_advisory_xact_lock(5)             -- 40P01; T1: 1
     T2: ROLLBACK
     T1: COMMIT
     T2: SELECT pg_try_advisory_lock(5)              -- t`,
  );
  await players.close();
});

test('a wait for one ends with lock_timeout, and leaves nothing behind', async () => {
  await using db = await open('memory://');
  await using a = db.session();
  await using b = db.session();
  await a.query('SELECT pg_advisory_lock(5)');
  await b.query("SET lock_timeout = '20ms'");
  await expect(b.query('SELECT pg_advisory_lock(5)')).rejects.toMatchObject({ code: '55P03' });
  await expect(b.query('SELECT pg_advisory_lock(5)', [], { timeout: 5 })).rejects.toMatchObject({ code: '57014' });
  expect((await db.query('SELECT granted FROM drift.locks')).rows).toEqual([{ granted: true }]);
  await a.query('SELECT pg_advisory_unlock(5)');
  await b.query('SELECT pg_advisory_lock(5)');
});

test('in PL/pgSQL and in the condition of a change', async () => {
  const players = await play(
    T,
    `T1: SELECT pg_advisory_lock(9)
     T2: DO $$ BEGIN PERFORM pg_advisory_xact_lock(9); UPDATE t SET v = 5 WHERE id = 2; END $$ -- waits
     T1: SELECT pg_advisory_unlock(9)                -- t; T2: done
     T1: UPDATE t SET v = v + 1 WHERE id = 2 AND pg_try_advisory_xact_lock(id) -- 1
     T1: SELECT v FROM t WHERE id = 2                -- 6
     T1: ${HELD}                                     -- none`,
  );
  await players.close();
});

test('a session that ends, or discards all, gives them back', async () => {
  await using db = await open('memory://');
  const [a, b] = [db.session(), db.session()];
  await a.query('SELECT pg_advisory_lock(1), pg_advisory_lock(2)');
  const waiting = b.query('SELECT pg_advisory_lock(1)');
  await a.close();
  await waiting;
  await b.exec('DISCARD ALL');
  expect((await db.query("SELECT * FROM drift.locks WHERE kind = 'advisory'")).rows).toEqual([]);
  await b.close();
});

test('drift.locks and pg_blocking_pids say who holds and who waits', async () => {
  await using db = await open('memory://');
  await db.exec(T);
  await using a = db.session();
  await using b = db.session();
  const pid = async (session: typeof a): Promise<unknown> =>
    (await session.query<{ p: number }>('SELECT pg_backend_pid() AS p')).rows[0]?.p;
  const [first, second] = [await pid(a), await pid(b)];
  await a.exec('BEGIN; SELECT * FROM t WHERE id = 2 FOR SHARE; UPDATE t SET v = 11 WHERE id = 1');
  const waiting = b.query('UPDATE t SET v = 12 WHERE id = 1');
  while ((await db.query('SELECT 1 FROM drift.locks WHERE NOT granted')).rows.length === 0)
    await new Promise((resolve) => setTimeout(resolve, 1));
  const { rows } = await db.query(
    `SELECT session_id, kind, table_name, key, mode, granted, blocked_by FROM drift.locks
     WHERE since <= clock_timestamp() ORDER BY session_id, kind, mode, granted`,
  );
  const one = { session_id: first, table_name: 't', granted: true, blocked_by: [] };
  const two = { session_id: second, table_name: 't' };
  expect(rows).toEqual([
    { ...one, kind: 'row', key: '1', mode: 'FOR NO KEY UPDATE' },
    { ...one, kind: 'row', key: '2', mode: 'FOR SHARE' },
    { ...one, kind: 'table', key: null, mode: 'AccessShareLock' },
    { ...one, kind: 'table', key: null, mode: 'RowExclusiveLock' },
    { ...one, kind: 'table', key: null, mode: 'RowShareLock' },
    { ...two, kind: 'row', key: '1', mode: 'FOR NO KEY UPDATE', granted: false, blocked_by: [first] },
    { ...two, kind: 'table', key: null, mode: 'AccessShareLock', granted: true, blocked_by: [] },
    { ...two, kind: 'table', key: null, mode: 'RowExclusiveLock', granted: true, blocked_by: [] },
  ]);
  const blocking =
    'SELECT pid, pg_blocking_pids(pid) AS by, wait_event_type AS type FROM pg_stat_activity WHERE pid = $1';
  expect((await db.query(blocking, [second])).rows).toEqual([{ pid: second, by: [first], type: 'Lock' }]);
  expect((await db.query(blocking, [first])).rows).toEqual([{ pid: first, by: [], type: null }]);
  const locks =
    "SELECT relation::regclass::text AS t, mode FROM pg_locks WHERE pid = $1 AND locktype = 'relation' ORDER BY 2";
  expect((await db.query(locks, [first])).rows).toEqual([
    { t: 't', mode: 'AccessShareLock' },
    { t: 't', mode: 'RowExclusiveLock' },
    { t: 't', mode: 'RowShareLock' },
  ]);
  await a.rollback();
  await waiting;
  expect((await db.query('SELECT * FROM drift.locks')).rows).toEqual([]);
});

test('a statement that begins anew has taken its locks once', async () => {
  const players = await play(
    T,
    `T1: BEGIN
     T1: UPDATE t SET v = v + 1 WHERE id = 1
     T2: SET default_transaction_isolation = 'repeatable read'
     T2: UPDATE t SET v = v * 2 WHERE id = 1 AND pg_try_advisory_lock(9)   -- waits
     T1: COMMIT                                      -- done; T2: 1
     T1: SELECT v FROM t WHERE id = 1                -- 22
     T1: ${HELD}                                     -- 0|9|1|ExclusiveLock|t|1
     T2: SELECT pg_advisory_unlock(9)                -- t
     T2: SELECT pg_advisory_unlock(9)                -- f
     T1: SELECT pg_advisory_lock(7)
     T2: SELECT pg_advisory_lock(8), pg_advisory_lock(7)   -- waits
     T1: SELECT pg_advisory_unlock(7)                -- t; T2: |
     T2: SELECT pg_advisory_unlock(8)                -- t
     T2: SELECT pg_advisory_unlock(8)                -- f`,
  );
  await players.close();
});

test('who gives back what he does not hold is warned', async () => {
  const db = await open('memory://');
  const own = (name: string): object => ({
    severity: 'WARNING',
    code: '01000',
    message: `you don't own a lock of type ${name}`,
  });
  const unlocked = async (sql: string): Promise<unknown> => (await db.query(`SELECT ${sql} AS u`)).notices;
  expect(await unlocked('pg_advisory_unlock(7)')).toEqual([own('ExclusiveLock')]);
  expect(await unlocked('pg_advisory_unlock_shared(1, 2)')).toEqual([own('ShareLock')]);
  await db.query('SELECT pg_advisory_lock(7)');
  expect(await unlocked('pg_advisory_unlock(7)')).not.toEqual(expect.arrayContaining([expect.anything()]));
  await db.close();
});
