/** ALTER TYPE … DROP and ADD ATTRIBUTE over stored values. Values are PostgreSQL 15's. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

test('values lose the attribute wherever they are held, in keys and indexes too; the past keeps it', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run(`CREATE TYPE p AS (a int, b text, c numeric); CREATE TYPE q AS (x p, y int);
    CREATE DOMAIN dp AS p CHECK ((VALUE).a > 0); CREATE TABLE k (v p PRIMARY KEY); INSERT INTO k VALUES ('(1,x,2)');
    CREATE TABLE s (id int PRIMARY KEY, v p, w p[], z q, d dp, n int);
    INSERT INTO s VALUES (1, '(1,x,2.5)', ARRAY['(1,x,2.5)','(2,y,)']::p[], ROW(ROW(5,'r',6)::p,7), '(3,d,4)', 9), (2, NULL, NULL, NULL, NULL, NULL);
    CREATE INDEX ON s (v); CREATE UNIQUE INDEX ON s (d); ALTER TYPE p ADD ATTRIBUTE e int; CREATE TAG before;
    ALTER TYPE p DROP ATTRIBUTE b`);
  const now = [
    ['1', '(1,2.5,)', '{"(1,2.5,)","(2,,)"}', '("(5,6,)",7)', '(3,4,)', '9'],
    ['2', null, null, null, null, null],
  ];
  expect(await db.rows('SELECT * FROM s ORDER BY id')).toEqual(now);
  expect(await db.rows('SELECT (v).a, (v).c, (v).e, ((z).x).c, w[2] FROM s WHERE id = 1')).toEqual([
    ['1', '2.5', null, '6', '(2,,)'],
  ]);
  expect(await db.code("INSERT INTO s (id, d) VALUES (3, '(3,4,)')")).toBe('23505');
  await db.run("INSERT INTO s (id, v) VALUES (3, '(10,20,30)')");
  expect(await db.rows('SELECT (v).e FROM s WHERE v = ROW(10,20,30)::p')).toEqual([['30']]);
  await db.run('CHECKPOINT');
  await db.engine.close();
  db = await openDb(storage);
  expect(await db.rows('SELECT * FROM s WHERE id < 3 ORDER BY id')).toEqual(now);
  expect(await db.rows('SELECT * FROM k')).toEqual([['(1,2,)']]);
  expect(await db.rows("SELECT v, w, z, d FROM s FOR SYSTEM_TIME AS OF TAG 'before' WHERE id = 1")).toEqual([
    ['(1,x,2.5,)', '{"(1,x,2.5,)","(2,y,,)"}', '("(5,r,6,)",7)', '(3,d,4,)'],
  ]);
});

test.each([
  ['ALTER TYPE p ALTER ATTRIBUTE c TYPE text', '0A000'],
  ['ALTER TYPE p DROP ATTRIBUTE nope', '42703'],
])('%s: %s', async (sql, code) => {
  const db = await openDb();
  await db.run('CREATE TYPE p AS (a int, c numeric); CREATE TYPE q AS (x p); CREATE TABLE s (z q[])');
  expect(await db.code(sql)).toBe(code);
});

test('an attribute that is added is null in keys, indexes and references of before', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run(`CREATE TYPE p AS (a int, b text); CREATE TABLE k (v p PRIMARY KEY, u p UNIQUE, n int);
    CREATE TABLE r (id int PRIMARY KEY, v p REFERENCES k ON DELETE CASCADE); CREATE VIEW w AS SELECT v, n FROM k;
    INSERT INTO k VALUES ('(1,x)', '(3,q)', 1), ('(2,)', NULL, 2); INSERT INTO r VALUES (1, '(1,x)'); CREATE TAG before;
    ALTER TYPE p ADD ATTRIBUTE c int`);
  expect(await db.rows("SELECT n FROM k WHERE v = ROW(1, 'x', NULL)::p")).toEqual([['1']]);
  expect(await db.rows("SELECT n FROM k WHERE u = ROW(3, 'q', NULL)::p")).toEqual([['1']]);
  expect(await db.code("INSERT INTO k VALUES ('(1,x,)', NULL, 3)")).toBe('23505');
  expect(await db.code("INSERT INTO k VALUES ('(7,x,)', '(3,q,)', 3)")).toBe('23505');
  await db.run("INSERT INTO k VALUES ('(1,x,5)', '(3,q,5)', 4); INSERT INTO r VALUES (2, '(1,x,)')");
  expect(await db.rows('SELECT * FROM w ORDER BY v')).toEqual([
    ['(1,x,5)', '4'],
    ['(1,x,)', '1'],
    ['(2,,)', '2'],
  ]);
  await db.run("CHECKPOINT; DELETE FROM k WHERE v = ROW(1, 'x', NULL)::p");
  expect(await db.rows('SELECT * FROM r')).toEqual([]);
  await db.engine.close();
  db = await openDb(storage);
  expect(await db.rows('SELECT v FROM k ORDER BY 1')).toEqual([['(1,x,5)'], ['(2,,)']]);
  expect(await db.rows("SELECT n FROM k FOR SYSTEM_TIME AS OF TAG 'before' ORDER BY 1")).toEqual([['1'], ['2']]);
});
