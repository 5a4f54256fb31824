/** UNDROP TABLE on a branch: tables that it has made, and those that it has inherited. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { reopened } from './branch-copies.ts';
import { openDb } from './helper.ts';

const ALL = 'SELECT id, n, p, twice FROM t ORDER BY id';
const ROWS = [
  ['1', '11', '1', '22'],
  ['2', '20', '1', '40'],
  ['4', '40', '1', '80'],
];

test.each(['within', 'after a reload'])('an inherited table comes back, %s', async (when) => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run(`CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
    CREATE TABLE t (id serial PRIMARY KEY, n int CHECK (n > 0), p int REFERENCES p, twice int GENERATED ALWAYS AS (n * 2) STORED,
      up int REFERENCES t);
    CREATE UNIQUE INDEX by_n ON t (n);
    INSERT INTO t (n, p) VALUES (10, 1), (20, 1), (30, 1);
    CREATE BRANCH b; USE BRANCH b;
    UPDATE t SET n = 11 WHERE id = 1; DELETE FROM t WHERE id = 3; INSERT INTO t (n, p) VALUES (40, 1)`);
  const [last] = await db.rows('SELECT max(seq) FROM drift.transactions');
  const seq = last?.[0] ?? '';
  await db.run('DROP TABLE t');
  expect(await db.code(ALL)).toBe('42P01');
  if (when !== 'within') {
    await db.engine.close();
    db = await openDb(storage);
    await db.run('USE BRANCH b');
  }
  await db.run('BEGIN; UNDROP TABLE t; ROLLBACK');
  expect(await db.code(ALL)).toBe('42P01');
  await db.run('UNDROP TABLE t');
  expect(await db.rows(ALL)).toEqual(ROWS);
  // Indexes, constraints, the sequence and its past are there.
  expect(await db.rows('SELECT id FROM t WHERE n = 40')).toEqual([['4']]);
  expect(await db.code('INSERT INTO t (n) VALUES (20)')).toBe('23505');
  expect(await db.code('INSERT INTO t (n) VALUES (-1)')).toBe('23514');
  expect(await db.code('INSERT INTO t (n, p) VALUES (7, 9)')).toBe('23503');
  expect(await db.code('INSERT INTO t (n, up) VALUES (7, 99)')).toBe('23503');
  await db.run('INSERT INTO t (n) VALUES (50)');
  expect(await db.rows(ALL.replace(' FROM t', ` FROM t FOR SYSTEM_TIME AS OF SEQ ${seq}`))).toEqual(ROWS);
  expect(await db.rows('SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ 5')).toEqual([['3']]);
  await db.run('DROP TABLE t; UNDROP TABLE t AS again');
  expect(await db.rows('SELECT count(*) FROM again')).toEqual([['4']]);
  if (when !== 'within') {
    await db.run('CHECKPOINT');
    await db.engine.close();
    db = await openDb(storage);
    await db.run('USE BRANCH b');
    expect(await db.rows('SELECT count(*), sum(n) FROM again')).toEqual([['4', '121']]);
  }
  expect((await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
  await db.run('USE BRANCH main');
  expect(await db.rows('SELECT id, n FROM t ORDER BY id')).toEqual([
    ['1', '10'],
    ['2', '20'],
    ['3', '30'],
  ]);
  expect((await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
});

test('a table that the branch has made comes back as often as it goes, and is there after a crash', async () => {
  let db = await openDb();
  await db.run(`CREATE TABLE a (id int); CREATE BRANCH b; USE BRANCH b;
    CREATE TABLE t (id int PRIMARY KEY, n int); CREATE INDEX by_n ON t (n); INSERT INTO t VALUES (1, 10), (2, 20)`);
  for (let round = 1; round <= 3; round++) {
    await db.run('DROP TABLE t');
    expect(await db.code('SELECT * FROM t')).toBe('42P01');
    db = await reopened(db);
    await db.run('USE BRANCH b; UNDROP TABLE t');
    await db.run(`UPDATE t SET n = n + 1 WHERE n >= 10 AND id = 1`);
    expect(await db.rows('SELECT id, n FROM t ORDER BY n')).toEqual([
      ['1', String(10 + round)],
      ['2', '20'],
    ]);
    if (round === 2) await db.run('CHECKPOINT');
    db = await reopened(db);
    await db.run('USE BRANCH b');
    expect(await db.rows('SELECT id FROM t WHERE n > 5 ORDER BY n')).toEqual([['1'], ['2']]);
    expect(await db.rows("SELECT operation, n FROM row_history('t', 1)")).toHaveLength(1 + 3 * round);
    expect((await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
  }
});
