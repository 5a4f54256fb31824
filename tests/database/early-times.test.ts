/** Commits before 1970, in the log and in a checkpoint: histories may be older than the clock's epoch. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test.each([false, true])('a commit of 1955 is there after reopening (checkpoint: %s)', async (checkpoint) => {
  const db = await openDb();
  for (const [year, sql] of [
    [1955, 'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1955)'],
    [1960, 'UPDATE t SET v = 1960'],
  ] as const) {
    await db.session.begin({ timestamp: Date.UTC(year, 0, 1) * 1000 });
    await db.session.script(sql);
    await db.session.commit();
  }
  if (checkpoint) await db.engine.checkpoint();
  // The engine is not closed: what it would write at its end must not be needed.
  db.storage.close();
  const again = await openDb(db.storage);
  expect(await again.rows('SELECT committed_at FROM drift.transactions ORDER BY seq')).toEqual([
    ['1955-01-01 00:00:00+00'],
    ['1960-01-01 00:00:00+00'],
  ]);
  expect(await again.rows("SELECT v FROM t FOR SYSTEM_TIME AS OF '1957-06-01'")).toEqual([['1955']]);
});
