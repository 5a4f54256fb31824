/** SET drift.author, drift.message and drift.metadata: what commits say of themselves, from SQL. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

const SAYS = 'SELECT author, message, metadata FROM drift.transactions ORDER BY seq DESC LIMIT 1';

test('SET signs the commits that follow, SET LOCAL that of its transaction', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int)');
  expect(await db.rows(SAYS)).toEqual([[null, null, null]]);
  await db.run("SET drift.author = 'ada'; SET drift.metadata = '{\"ticket\": 7}'");
  await db.run('INSERT INTO t VALUES (1, 1)');
  expect(await db.rows(SAYS)).toEqual([['ada', null, '{"ticket": 7}']]);
  await db.run(
    "BEGIN; SET LOCAL drift.message = 'one more'; SET LOCAL drift.author = 'bob'; INSERT INTO t VALUES (2, 2); COMMIT",
  );
  expect(await db.rows(SAYS)).toEqual([['bob', 'one more', '{"ticket": 7}']]);
  await db.run('INSERT INTO t VALUES (3, 3)');
  expect(await db.rows(SAYS)).toEqual([['ada', null, '{"ticket": 7}']]);
  // What is set in a transaction that is rolled back is not set.
  await db.run("BEGIN; SET drift.author = 'eve'; ROLLBACK; DELETE FROM t WHERE id = 3");
  expect(await db.rows(SAYS)).toEqual([['ada', null, '{"ticket": 7}']]);
  await db.run('RESET drift.author; RESET drift.metadata; DELETE FROM t WHERE id = 2');
  expect(await db.rows(SAYS)).toEqual([[null, null, null]]);
  expect(await db.rows('SHOW drift.author')).toEqual([['']]);
  expect(await db.code("SET drift.metadata = '{no'")).toBe('22P02');
  await db.run("SELECT set_config('drift.author', 'fay', false); UPDATE t SET v = 9");
  expect(await db.rows(SAYS)).toEqual([['fay', null, null]]);
});

test('what the API gives goes first; a prepared insert is signed as well', async () => {
  const db = await openDb();
  await db.run("CREATE TABLE t (id int PRIMARY KEY); SET drift.author = 'ada'; SET drift.message = 'by hand'");
  await db.session.begin({ author: 'bob' });
  await db.session.execute('INSERT INTO t VALUES (1)');
  await db.session.commit();
  expect(await db.rows(SAYS)).toEqual([['bob', 'by hand', null]]);
  for (const id of [2, 3]) await db.session.execute('INSERT INTO t VALUES ($1)', [id]);
  expect(await db.rows(SAYS)).toEqual([['ada', 'by hand', null]]);
  // Another session says nothing.
  const other = db.engine.session();
  await other.execute('INSERT INTO t VALUES (4)');
  expect(await db.rows(SAYS)).toEqual([[null, null, null]]);
  await db.run('RESTORE TABLE t TO SEQ 2');
  expect(await db.rows(SAYS)).toEqual([['ada', 'by hand', null]]);
  await db.run("SET drift.message = ''; RESTORE TABLE t TO SEQ 4");
  expect(await db.rows(SAYS)).toEqual([['ada', 'restore table t to 4', null]]);
});
