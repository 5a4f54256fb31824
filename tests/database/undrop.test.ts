/** UNDROP TABLE: a dropped table comes back whole, and its history goes on. */
import { expect, test } from 'vitest';
import { collected, restoreSource } from '../../src/client/backup.ts';
import { LocalConnection } from '../../src/client/local.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb, type Db } from './helper.ts';

async function dropped(storage = new MemoryStorage(), options = {}): Promise<Db> {
  const db = await openDb(storage, options);
  await db.run(`CREATE TYPE mood AS ENUM ('sad', 'glad');
    CREATE TABLE parent (id int PRIMARY KEY);
    INSERT INTO parent VALUES (1), (2);
    CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone int, code text UNIQUE,
      n int CHECK (n > 0), p int REFERENCES parent, m mood, twice int GENERATED ALWAYS AS (n * 2) STORED);
    CREATE INDEX by_lower ON t (lower(code));
    INSERT INTO t (code, n, p, m) VALUES ('A', 1, 1, 'sad'), ('B', 2, 2, 'glad'), ('C', 3, NULL, NULL);
    ALTER TABLE t DROP COLUMN gone;
    UPDATE t SET n = 20 WHERE id = 2;
    DELETE FROM t WHERE id = 3;
    CREATE TAG before;
    DROP TABLE t`);
  return db;
}

/** What is in the files when the process dies. */
function copied(storage: MemoryStorage): MemoryStorage {
  const copy = new MemoryStorage();
  for (const name of storage.list()) {
    const file = storage.open(name);
    void copy.open(name).write(0, file.read(0, file.size()) as Uint8Array);
  }
  return copy;
}

async function problems(db: Db): Promise<unknown> {
  return (await db.rows('CHECK DATABASE')).filter((row) => row[4] !== null);
}

const ALL = 'SELECT id, n, _seq_from, _seq_to FROM t FOR SYSTEM_TIME ALL ORDER BY id, _seq_from';

async function checkBack(db: Db): Promise<void> {
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', 'A', '1', '1', 'sad', '2'],
    ['2', 'B', '20', '2', 'glad', '40'],
  ]);
  // Dropped by 11, back since 13.
  expect(await db.rows(ALL)).toEqual([
    ['1', '1', '6', '11'],
    ['1', '1', '13', null],
    ['2', '2', '6', '8'],
    ['2', '20', '8', '11'],
    ['2', '20', '13', null],
    ['3', '3', '6', '9'],
  ]);
  expect(await db.rows("SELECT id FROM t WHERE lower(code) = 'b'")).toEqual([['2']]);
  expect(await db.rows("SELECT id FROM t FOR SYSTEM_TIME AS OF TAG 'before' WHERE code = 'B'")).toEqual([['2']]);
  expect(await db.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 12')).toBe('42P01');
  expect(await db.rows("SELECT seq, operation FROM row_history('t', 2)")).toEqual([
    ['6', 'insert'],
    ['8', 'update'],
    ['11', 'delete'],
    ['13', 'insert'],
  ]);
}

test('with its rows, indexes, constraints, identity and history, now, after a reopening and after a checkpoint', async () => {
  const storage = new MemoryStorage();
  let db = await dropped(storage);
  await db.run('CREATE TABLE between_ (a int)');
  await db.run('UNDROP TABLE t');
  await checkBack(db);
  await db.engine.checkpoint();
  await checkBack(db);
  expect(await db.code("INSERT INTO t (code, n) VALUES ('A', 1)")).toBe('23505');
  expect(await db.code("INSERT INTO t (code, n) VALUES ('X', 0)")).toBe('23514');
  expect(await db.code("INSERT INTO t (code, n, p) VALUES ('X', 1, 9)")).toBe('23503');
  await db.engine.close();
  db = await openDb(storage);
  await checkBack(db);
  expect(await db.rows("INSERT INTO t (code, n) VALUES ('X', 1) RETURNING id")).toEqual([['4']]);
  expect(await problems(db)).toEqual([]);
});

test('a replay of the log brings it back as well, also where the drop is in a checkpoint', async () => {
  for (const checkpointed of [false, true]) {
    const storage = new MemoryStorage();
    const db = await dropped(storage);
    await db.run('CREATE TABLE between_ (a int)');
    if (checkpointed) await db.engine.checkpoint();
    await db.run('UNDROP TABLE t');
    // The process dies: what is in the files is all there is.
    const again = await openDb(copied(storage));
    await checkBack(again);
    expect(await problems(again)).toEqual([]);
  }
});

test('a backup restored to before, between and after', async () => {
  const db = await dropped();
  await db.run('CREATE TABLE between_ (a int)');
  await db.run('UNDROP TABLE t');
  const file = await collected(() => new LocalConnection(db.engine).backup({}));
  const rowsAt = async (to: number): Promise<Db> =>
    openDb(new MemoryStorage(), { restore: restoreSource([file], { to }) });
  expect(await (await rowsAt(10)).rows('SELECT id, n FROM t ORDER BY id')).toEqual([
    ['1', '1'],
    ['2', '20'],
  ]);
  const between = await rowsAt(12);
  expect(await between.code('SELECT * FROM t')).toBe('42P01');
  expect(await between.rows("SELECT id FROM t FOR SYSTEM_TIME AS OF TAG 'before' WHERE code = 'B'")).toEqual([['2']]);
  await between.engine.checkpoint();
  await between.run('UNDROP TABLE t');
  await checkBack(between);
  expect(await problems(between)).toEqual([]);
  await checkBack(await rowsAt(13));
});

test('in a transaction that is rolled back nothing comes back, and a later UNDROP works', async () => {
  const db = await dropped();
  await db.run('CREATE TABLE between_ (a int)');
  await db.run('BEGIN; UNDROP TABLE t');
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['2']]);
  await db.run('ROLLBACK');
  expect(await db.code('SELECT * FROM t')).toBe('42P01');
  expect(await db.rows("SELECT id, n FROM t FOR SYSTEM_TIME AS OF TAG 'before' ORDER BY id")).toEqual([
    ['1', '1'],
    ['2', '20'],
  ]);
  await db.engine.checkpoint();
  await db.run('UNDROP TABLE t');
  await checkBack(db);
});

test('under another name; the one dropped last of several; dropped and brought back twice', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1); DROP TABLE t;
    CREATE TABLE t (b text); INSERT INTO t VALUES ('two'); DROP TABLE t; CREATE TABLE t (c int)`);
  expect(await db.code('UNDROP TABLE t')).toBe('42P07');
  await db.run('UNDROP TABLE t AS second');
  expect(await db.rows('SELECT * FROM second')).toEqual([['two']]);
  await db.run('UNDROP TABLE t AS first');
  expect(await db.rows('SELECT * FROM first')).toEqual([['1']]);
  expect(await db.code('UNDROP TABLE t AS third')).toBe('42P01');
  expect(await db.code('UNDROP TABLE nothing')).toBe('42P01');
  await db.run('INSERT INTO first VALUES (2); DROP TABLE first; UNDROP TABLE first; DELETE FROM first WHERE a = 1');
  expect(await db.rows('SELECT * FROM first')).toEqual([['2']]);
  expect(await db.rows('SELECT a, _seq_from, _seq_to FROM first FOR SYSTEM_TIME ALL ORDER BY a, 2')).toEqual([
    ['1', '2', '3'],
    ['1', '9', '11'],
    ['1', '12', '13'],
    ['2', '10', '11'],
    ['2', '12', null],
  ]);
});

test('what it needs and is gone stays gone: parents with a notice, types with an error', async () => {
  const db = await openDb();
  await db.run(`CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE t (p int REFERENCES parent); CREATE TABLE u (m mood); DROP TABLE t; DROP TABLE parent; DROP TABLE u; DROP TYPE mood`);
  const result = await db.session.execute('UNDROP TABLE t');
  expect(result.notices?.map(({ message }) => message)).toEqual([
    'foreign key "t_p_fkey" is left out: the table that it refers to does not exist any more',
  ]);
  await db.run('INSERT INTO t VALUES (7)');
  expect(await db.code('UNDROP TABLE u')).toBe('42704');
  expect(await db.code('BEGIN READ ONLY; UNDROP TABLE u')).toBe('25006');
});

test('a table of many leaves, some of them in tiles', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, { maxLeafRows: 16, minClosedRows: 8 });
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, v int); CREATE INDEX ON t (v);
    INSERT INTO t SELECT i, i FROM generate_series(1, 200) i`);
  for (let i = 0; i < 5; i++) await db.run(`UPDATE t SET v = v + 1 WHERE id % 3 = ${i % 3}`);
  const before = await db.rows('SELECT * FROM t ORDER BY id');
  await db.run('DROP TABLE t');
  await db.engine.checkpoint();
  await db.run('UNDROP TABLE t; UPDATE t SET v = 0 WHERE id = 7');
  expect(await db.rows('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 8 ORDER BY id')).toEqual(before);
  expect(await db.rows('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 10 ORDER BY id')).toEqual(before);
  expect(await db.rows('SELECT count(*), sum(v) FROM t WHERE v > 0')).toEqual([
    ['199', String(before.reduce((sum, [id, v]) => sum + (id === '7' ? 0 : Number(v)), 0))],
  ]);
  expect(await problems(db)).toEqual([]);
});
