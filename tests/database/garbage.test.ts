/**
 * What transactions leave behind when they have ended: nothing. And what the oldest snapshot needs: its versions, and
 * nothing else.
 */
import { expect, test } from 'vitest';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openDb, textRows } from './helper.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

test('after 100,000 transactions the memory is as it was', { timeout: 600_000 }, async () => {
  const db = await openDb(undefined, {
    durability: 'relaxed',
    checkpointLogBytes: 1_000_000,
    cacheBudgetBytes: 4_000_000,
  });
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(0, 999) i');
  await db.run('CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1)');
  await db.run('CREATE TABLE child (id int PRIMARY KEY, p int REFERENCES parent)');
  const sessions = Array.from({ length: 4 }, () => db.engine.session());
  const levels = ['read committed', 'repeatable read', 'serializable', 'serializable'] as const;
  const sizes: number[] = [];
  let n = 0;
  const play = async (player: number, until: number): Promise<void> => {
    const session = sessions[player] as (typeof sessions)[number];
    while (n < until) {
      // The others count on meanwhile: what a transaction does is decided when it begins, so that it gives back what it locks.
      const turn = n++;
      const id = (turn * 7919) % 1000;
      const own = id - (id % 4) + player;
      await session.begin({ isolation: levels[player] });
      await session.execute('SELECT v FROM t WHERE id = $1', [own]);
      await session.execute('UPDATE t SET v = v + 1 WHERE id = $1', [own]);
      if (turn % 10 === 0) await session.execute('SAVEPOINT s');
      if (turn % 10 === 1) await session.execute('SELECT pg_advisory_xact_lock($1), pg_advisory_lock($1)', [id]);
      if (turn % 10 === 1) await session.execute('SELECT pg_advisory_unlock($1)', [id]);
      if (turn % 10 === 2) await session.execute('INSERT INTO child VALUES ($1, 1) ON CONFLICT DO NOTHING', [own]);
      if (turn % 7 === 0) await session.rollback();
      else await session.commit().catch(() => undefined);
    }
  };
  for (let window = 1; window <= 5; window++) {
    await Promise.all(sessions.map((_, player) => play(player, window * 20_000)));
    await db.engine.checkpoint();
    sizes.push(heapBytes());
  }
  expect(await db.rows('SELECT count(*) FROM drift.locks')).toEqual([['0']]);
  // The last three windows, 60,000 transactions: less than 30 bytes each, where a kept transaction takes a thousand.
  expect((sizes.at(-1) ?? 0) - (sizes[1] ?? 0), String(sizes)).toBeLessThan(60_000 * 30);
  await db.engine.close();
});

test('a forgotten transaction is seen, keeps its snapshot, and is ended by the timeout', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)');
  const forgotten = db.engine.session();
  await forgotten.script(
    "SET idle_in_transaction_session_timeout = '300ms'; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t",
  );
  for (let i = 0; i < 50; i++) await db.run('UPDATE t SET v = v + 1');
  const seen = "SELECT state, snapshot_seq < drift_seq() FROM drift.activity WHERE state LIKE 'idle in%'";
  expect(await db.rows(seen)).toEqual([['idle in transaction', 't']]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await db.rows(seen)).toEqual([]);
  await expect(forgotten.execute('SELECT 1')).rejects.toMatchObject({ code: '25P03' });
  await db.engine.close();
});

test('retention keeps the versions that snapshots need, and none that they do not', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0);
    CREATE TABLE other (id int PRIMARY KEY, v int); INSERT INTO other VALUES (1, 0)`);
  const update = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await db.run('UPDATE t SET v = v + 1 WHERE id = 1; UPDATE other SET v = v + 1');
  };
  const cut = async (): Promise<void> => {
    const now = (await db.rows('SELECT drift_seq()'))[0]?.[0];
    await db.run(`DELETE HISTORY FROM t BEFORE SEQ ${now}; DELETE HISTORY FROM other BEFORE SEQ ${now}`);
  };
  const versions = async (table: string): Promise<number> =>
    Number((await db.rows(`SELECT count(*) FROM ${table} FOR SYSTEM_TIME ALL`))[0]?.[0]);
  await update(20);
  const [first, second] = [db.engine.session(), db.engine.session()];
  await first.begin({ isolation: 'repeatable read' });
  expect(textRows(await first.execute('SELECT v FROM t ORDER BY id', [], { text: true }))).toEqual([['20'], ['0']]);
  await update(10);
  await second.begin({ isolation: 'repeatable read' });
  await second.execute('SELECT * FROM t');
  await update(5);
  expect([await versions('t'), await versions('other')]).toEqual([37, 36]);
  // What each snapshot sees is left, and nothing of before, between and after.
  await cut();
  expect([await versions('t'), await versions('other')]).toEqual([4, 3]);
  expect(textRows(await first.execute('SELECT v FROM t ORDER BY id', [], { text: true }))).toEqual([['20'], ['0']]);
  await first.rollback();
  await cut();
  expect([await versions('t'), await versions('other')]).toEqual([3, 2]);
  expect(textRows(await second.execute('SELECT v FROM t ORDER BY id', [], { text: true }))).toEqual([['30'], ['0']]);
  await second.rollback();
  await cut();
  expect([await versions('t'), await versions('other')]).toEqual([2, 1]);
  await db.engine.close();
});
