/** SQL through the whole engine, in memory. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

test('a table remembers', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, v double precision);
    INSERT INTO t VALUES (1, 'one', 1.5), (2, 'two', 2.5), (3, 'three', NULL)`);
  expect(await db.rows('SELECT id, name, v FROM t ORDER BY id')).toEqual([
    ['1', 'one', '1.5'],
    ['2', 'two', '2.5'],
    ['3', 'three', null],
  ]);
  expect(await db.rows('SELECT max(seq) FROM drift.transactions')).toEqual([['2']]);
  await db.run(`UPDATE t SET v = v + 1 WHERE id < 3; DELETE FROM t WHERE id = 3`);
  expect(await db.rows('SELECT count(*), sum(v) FROM t')).toEqual([['2', '6']]);
  expect(await db.rows('SELECT count(*), sum(v) FROM t FOR SYSTEM_TIME AS OF SEQ 2')).toEqual([['3', '4']]);
  expect(await db.rows('SELECT count(*), sum(v) FROM t@SEQ:3')).toEqual([['3', '6']]);
});

test('constraints hold', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE, n int UNIQUE CHECK (n > 0));
    INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1, 1, 1), (2, 1, 2), (3, 2, 3)`);
  expect(await db.code('INSERT INTO c VALUES (1, 1, 9)')).toBe('23505');
  expect(await db.code('INSERT INTO c VALUES (4, 1, 3)')).toBe('23505');
  expect(await db.code('INSERT INTO c VALUES (4, 7, 4)')).toBe('23503');
  expect(await db.code('INSERT INTO c VALUES (4, 1, 0)')).toBe('23514');
  expect(await db.code('INSERT INTO p VALUES (NULL)')).toBe('23502');
  await db.run('DELETE FROM p WHERE id = 1');
  expect(await db.rows('SELECT id FROM c')).toEqual([['3']]);
  expect(await db.rows('SELECT count(*) FROM c FOR SYSTEM_TIME AS OF SEQ 4')).toEqual([['3']]);
});

test('transactions: own writes, rollback, savepoints, first committer wins', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1)');
  await db.run(
    'BEGIN; UPDATE t SET v = 2; SAVEPOINT s; UPDATE t SET v = 3; INSERT INTO t VALUES (2, 2); ROLLBACK TO s',
  );
  expect(await db.rows('SELECT * FROM t')).toEqual([['1', '2']]);
  await db.run('ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t');
  const other = db.engine.session();
  await other.execute('UPDATE t SET v = 10');
  expect(await db.code('UPDATE t SET v = 2')).toBe('40001');
  await db.run('COMMIT');
  expect(await db.rows('SELECT * FROM t')).toEqual([['1', '10']]);
});

test('what was committed is there after opening again', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run(`CREATE TABLE t (id serial PRIMARY KEY, a numeric(10,2), b timestamptz, c text DEFAULT 'x');
    INSERT INTO t (a, b) VALUES (1.25, '2020-01-01 00:00:00Z'), (2.5, NULL);
    ALTER TABLE t ADD COLUMN d int DEFAULT 7; CREATE INDEX ON t (c); UPDATE t SET a = a * 2 WHERE id = 1`);
  const before = await db.rows('SELECT * FROM t ORDER BY id');
  await db.engine.close();
  const again = await openDb(storage);
  expect(await again.rows('SELECT * FROM t ORDER BY id')).toEqual(before);
  expect(before).toEqual([
    ['1', '2.50', '2020-01-01 00:00:00+00', 'x', '7'],
    ['2', '2.50', null, 'x', '7'],
  ]);
  expect(await again.rows('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 2 ORDER BY id')).toEqual([
    ['1', '1.25', '2020-01-01 00:00:00+00', 'x'],
    ['2', '2.50', null, 'x'],
  ]);
  await again.run('INSERT INTO t (a) VALUES (9)');
  expect(await again.rows('SELECT max(id) FROM t')).toEqual([['3']]);
});

test('a table gets its primary key later', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run(`CREATE TABLE a (id int NOT NULL, v text); CREATE TABLE b (a int);
    INSERT INTO a VALUES (2, 'two'), (1, 'one'); INSERT INTO b VALUES (1)`);
  await db.run(
    'ALTER TABLE a ADD CONSTRAINT a_pk PRIMARY KEY (id); ALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a',
  );
  expect(await db.code("INSERT INTO a VALUES (1, 'again')")).toBe('23505');
  expect(await db.code('DELETE FROM a WHERE id = 1')).toBe('23503');
  expect(await db.rows('SELECT * FROM a ORDER BY id')).toEqual([
    ['1', 'one'],
    ['2', 'two'],
  ]);
  expect(await db.rows('SELECT * FROM a FOR SYSTEM_TIME AS OF SEQ 4 ORDER BY id')).toEqual([
    ['1', 'one'],
    ['2', 'two'],
  ]);
  await db.run('ALTER TABLE a ADD COLUMN w int DEFAULT 5; CREATE UNIQUE INDEX ON a (v)');
  await db.engine.close();
  const again = await openDb(storage);
  expect(await again.rows('SELECT * FROM a ORDER BY id')).toEqual([
    ['1', 'one', '5'],
    ['2', 'two', '5'],
  ]);
  expect(await again.rows("SELECT id FROM a WHERE v = 'two'")).toEqual([['2']]);
});
