/** Named change feeds: positions that are data, and hold retention up. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

async function withChanges(storage = new MemoryStorage()): Promise<Db> {
  const db = await openDb(storage);
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (2, 2);
    UPDATE t SET n = 3 WHERE id = 1; UPDATE t SET n = 4 WHERE id = 1`);
  return db;
}

const KEPT = "SELECT kept_from, kept_for FROM drift.retention WHERE table_name = 't'";
const FEEDS = 'SELECT name, seq FROM drift.feeds ORDER BY name';

test('a feed has a name and a position, which survive a reload, and only go forward', async () => {
  const storage = new MemoryStorage();
  const db = await withChanges(storage);
  expect(await db.rows("SELECT drift_feed('search', 2)")).toEqual([['2']]);
  expect(await db.rows("SELECT drift_feed('search', 4), drift_feed('search')")).toEqual([['2', '2']]);
  expect(await db.rows("SELECT drift_advance_feed('search', 3)")).toEqual([['3']]);
  expect(await db.rows("SELECT drift_advance_feed('search', 2)")).toEqual([['3']]);
  expect(await db.rows("SELECT drift_feed('it''s mine')")).toEqual([['6']]);
  await db.engine.close();
  const again = await openDb(storage);
  expect(await again.rows(FEEDS)).toEqual([
    ["it's mine", '6'],
    ['search', '3'],
  ]);
  expect(await again.rows("SELECT drift_drop_feed('search'), drift_drop_feed('search')")).toEqual([['t', 'f']]);
  expect(await again.rows(FEEDS)).toEqual([["it's mine", '6']]);
  expect(await again.rows('SELECT name FROM drift.feeds FOR SYSTEM_TIME AS OF SEQ 6 ORDER BY 1')).toEqual([['search']]);
});

test('what a feed has not handled is kept, and what it has goes', async () => {
  const db = await withChanges();
  await db.run("SELECT drift_feed('search', 2)");
  expect(await db.rows(KEPT)).toEqual([['2', 'change feed "search"']]);
  await db.run('DELETE HISTORY FROM t BEFORE SEQ 4');
  expect(await db.rows('SELECT n FROM t FOR SYSTEM_TIME AS OF SEQ 2 WHERE id = 1')).toEqual([['1']]);
  expect(await db.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 1')).toBe('72000');
  expect(await db.rows("SELECT seq, after_n FROM table_changes('t', 2) ORDER BY 1")).toEqual([
    ['3', '3'],
    ['4', '4'],
  ]);
  await db.run("SELECT drift_advance_feed('search', 3); DELETE HISTORY FROM t BEFORE SEQ 4");
  expect(await db.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 2')).toBe('72000');
  expect(await db.rows('SELECT n FROM t FOR SYSTEM_TIME AS OF SEQ 3 WHERE id = 1')).toEqual([['3']]);
  await db.run("SELECT drift_drop_feed('search'); DELETE HISTORY FROM t BEFORE SEQ 4");
  expect(await db.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 3')).toBe('72000');
  expect(await db.rows(KEPT)).toEqual([[null, null]]);
});

test('a feed moves with the transaction that it is in', async () => {
  const db = await withChanges();
  await db.run("SELECT drift_feed('f', 2); CREATE TABLE made (seq int)");
  await db.run("BEGIN; INSERT INTO made VALUES (3); SELECT drift_advance_feed('f', 3); ROLLBACK");
  expect(await db.rows(FEEDS)).toEqual([['f', '2']]);
  await db.run("BEGIN; INSERT INTO made VALUES (3); SELECT drift_advance_feed('f', 3)");
  expect(await db.rows(FEEDS)).toEqual([['f', '3']]);
  await db.run('COMMIT');
  expect(await db.rows('SELECT f.seq, made.seq FROM drift.feeds f, made')).toEqual([['3', '3']]);
});

test('who moves a feed is waited for', async () => {
  const db = await withChanges();
  await db.run("SELECT drift_feed('f', 2), drift_feed('g', 2)");
  const other = db.engine.session();
  await db.run("BEGIN; SELECT drift_advance_feed('f', 4)");
  await other.script("SELECT drift_advance_feed('g', 3)");
  let isDone = false;
  const waiting = other.script("SELECT drift_advance_feed('f', 3)").then(() => (isDone = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isDone).toBe(false);
  await db.run('COMMIT');
  await waiting;
  expect(await db.rows(FEEDS)).toEqual([
    ['f', '4'],
    ['g', '3'],
  ]);
  await db.run("BEGIN; SELECT drift_drop_feed('f'); SELECT drift_feed('f', 3); COMMIT");
  expect(await db.rows("SELECT drift_feed('f')")).toEqual([['3']]);
});

test('errors', async () => {
  const db = await withChanges();
  expect(await db.code("SELECT drift_advance_feed('nope', 1)")).toBe('42704');
  expect(await db.code("SELECT drift_feed('f', 99)")).toBe('22023');
  expect(await db.code("SELECT drift_feed('f', -1)")).toBe('22023');
  await db.run("SELECT drift_feed('f')");
  expect(await db.code("SELECT drift_advance_feed('f', 99)")).toBe('22023');
  expect(await db.code("BEGIN READ ONLY; SELECT drift_advance_feed('f', 4)")).toBe('25006');
  await db.run('ROLLBACK');
  expect(await db.code('UPDATE drift.feeds SET seq = 1')).toBe('42501');
  await db.run("SELECT drift_drop_feed('f'); DELETE HISTORY FROM t BEFORE SEQ 4");
  expect(await db.code("SELECT drift_feed('late', 2)")).toBe('72000');
});

test('a feed on a branch stands there, and keeps nothing of what came later on the main line', async () => {
  const storage = new MemoryStorage();
  let db = await withChanges(storage);
  await db.run("SELECT drift_feed('both', 4); CREATE BRANCH b; USE BRANCH b");
  // The branch begins with the feeds of its parent.
  expect(await db.rows("SELECT drift_feed('both'), drift_feed('own', 3)")).toEqual([['4', '3']]);
  await db.run("UPDATE t SET n = 7 WHERE id = 1; SELECT drift_advance_feed('both', 5)");
  expect(await db.rows(FEEDS)).toEqual([
    ['both', '5'],
    ['own', '3'],
  ]);
  await db.run("USE BRANCH main; UPDATE t SET n = 8 WHERE id = 1; SELECT drift_drop_feed('both')");
  expect(await db.rows(FEEDS)).toEqual([]);
  const needs = 'SELECT from_seq, to_seq, reason FROM drift.protections';
  expect(await db.rows(needs)).toEqual([
    ['3', null, 'change feed "own" of branch "b"'],
    ['5', '5', 'branch "b"'],
  ]);
  await db.engine.close();
  db = await openDb(storage);
  await db.run('DELETE HISTORY FROM t BEFORE SEQ 11; USE BRANCH b');
  expect(await db.rows("SELECT seq, after_n FROM table_changes('t', 3) ORDER BY 1")).toEqual([
    ['4', '4'],
    ['8', '7'],
  ]);
  await db.run("SELECT drift_advance_feed('own', 8); USE BRANCH main; DELETE HISTORY FROM t BEFORE SEQ 11");
  expect(await db.rows(needs)).toEqual([['5', '5', 'branch "b"']]);
  expect(await db.code('SELECT n FROM t FOR SYSTEM_TIME AS OF SEQ 4')).toBe('72000');
  await db.run('USE BRANCH b');
  expect(await db.rows("SELECT drift_feed('own')")).toEqual([['8']]);
  expect(await db.code("SELECT drift_feed('late', 4)")).toBe('72000');
  expect(await db.rows("SELECT drift_feed('later', 6)")).toEqual([['6']]);
});
