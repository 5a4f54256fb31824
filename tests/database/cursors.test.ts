/** Cursors: WHERE CURRENT OF, WITH HOLD, and what pg_cursors tells of them. Expected values are PostgreSQL 15's. */
import { beforeEach, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeEach(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, v text);
    INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three');
    CREATE TABLE u (f1 int, f2 text);
    INSERT INTO u VALUES (1, 'a'), (2, 'b'), (2, 'b');
    CREATE TABLE two (a int, b text, PRIMARY KEY (b, a));
    INSERT INTO two VALUES (1, 'x'), (2, 'x'), (1, 'y');
    CREATE VIEW vt AS SELECT v, id FROM t WHERE id > 1`);
});

test('the row under the cursor is changed, again and again', async () => {
  await db.run('BEGIN; DECLARE c CURSOR FOR SELECT v FROM t; FETCH 2 FROM c');
  await db.run("UPDATE t SET v = v || '!' WHERE CURRENT OF c; UPDATE t SET v = v || '?' WHERE CURRENT OF c; FETCH c");
  expect(await db.rows('DELETE FROM t WHERE CURRENT OF c RETURNING *')).toEqual([['3', 'three']]);
  await db.run('COMMIT');
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', 'one'],
    ['2', 'two!?'],
  ]);
});

test('a deleted row is changed no more', async () => {
  await db.run('BEGIN; DECLARE c CURSOR FOR SELECT * FROM u; FETCH c; DELETE FROM u WHERE CURRENT OF c');
  expect((await db.session.execute("UPDATE u SET f2 = 'z' WHERE CURRENT OF c")).affectedRows).toBe(0);
});

test('rows without a key are told apart', async () => {
  await db.run('BEGIN; DECLARE c CURSOR FOR SELECT f2 FROM u WHERE f1 = 2; FETCH c; MOVE c');
  await db.run("UPDATE u SET f2 = 'last' WHERE CURRENT OF c; COMMIT");
  expect(await db.rows('SELECT * FROM u')).toEqual([
    ['1', 'a'],
    ['2', 'b'],
    ['2', 'last'],
  ]);
});

test('keys of several columns, through a view, backwards', async () => {
  await db.run('BEGIN; DECLARE c SCROLL CURSOR FOR SELECT a FROM two; FETCH ALL c; FETCH BACKWARD 2 FROM c');
  await db.run("UPDATE two SET b = 'changed' WHERE CURRENT OF c");
  expect(await db.rows("SELECT a FROM two WHERE b = 'changed'")).toEqual([['2']]);
  await db.run('DECLARE d CURSOR FOR SELECT v FROM vt; FETCH d');
  expect(await db.rows('DELETE FROM t WHERE CURRENT OF d RETURNING id')).toEqual([['2']]);
});

test('FOR UPDATE knows the rows of joins and sorts', async () => {
  await db.run('BEGIN; DECLARE c CURSOR FOR SELECT * FROM t LEFT JOIN u ON id = f1 ORDER BY id DESC FOR UPDATE OF t');
  await db.run("FETCH c; UPDATE t SET v = 'sorted' WHERE CURRENT OF c");
  expect(await db.rows("SELECT id FROM t WHERE v = 'sorted'")).toEqual([['3']]);
  expect(await db.code("UPDATE u SET f2 = '' WHERE CURRENT OF c")).toBe('24000');
});

test('from PL/pgSQL, by a variable and in a loop', async () => {
  await db.run(`
    CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE c CURSOR (least int) FOR SELECT * FROM t WHERE id >= least FOR UPDATE; r refcursor; x record;
    BEGIN
      FOR row IN c(2) LOOP UPDATE t SET v = upper(row.v) WHERE CURRENT OF c; END LOOP;
      OPEN r FOR EXECUTE 'SELECT * FROM u'; FETCH r INTO x;
      DELETE FROM u WHERE CURRENT OF r;
      CLOSE r;
    END $$`);
  await db.run('SELECT f(); SELECT f()');
  expect(await db.rows('SELECT v FROM t ORDER BY id')).toEqual([['one'], ['TWO'], ['THREE']]);
  expect(await db.rows('SELECT count(*) FROM u')).toEqual([['1']]);
});

test('a statement is prepared before its cursor', async () => {
  await db.run("PREPARE p AS UPDATE t SET v = 'p' WHERE CURRENT OF c");
  expect(await db.code('BEGIN; EXECUTE p')).toBe('34000');
  await db.run('ROLLBACK; BEGIN; DECLARE c CURSOR FOR TABLE t; FETCH c; EXECUTE p; COMMIT');
  expect(await db.rows("SELECT id FROM t WHERE v = 'p'")).toEqual([['1']]);
});

test.each([
  ['DELETE FROM t WHERE CURRENT OF nothing', '34000'],
  ['DECLARE c CURSOR FOR SELECT * FROM t; DELETE FROM t WHERE CURRENT OF c', '24000'],
  ['DECLARE c CURSOR FOR SELECT * FROM t; FETCH ALL c; FETCH c; DELETE FROM t WHERE CURRENT OF c', '24000'],
  ['DECLARE c CURSOR FOR SELECT * FROM u; FETCH c; DELETE FROM t WHERE CURRENT OF c', '24000'],
  ['DECLARE c CURSOR FOR SELECT * FROM t JOIN u ON id = f1; FETCH c; DELETE FROM t WHERE CURRENT OF c', '24000'],
  ['DECLARE c CURSOR FOR SELECT * FROM u ORDER BY f1; FETCH c; DELETE FROM u WHERE CURRENT OF c', '24000'],
  ['DECLARE c CURSOR FOR SELECT f1, count(*) FROM u GROUP BY 1; FETCH c; DELETE FROM u WHERE CURRENT OF c', '24000'],
  ['DECLARE c CURSOR FOR SELECT * FROM t a, t b FOR UPDATE; FETCH c; DELETE FROM t WHERE CURRENT OF c', '24000'],
  ['DECLARE c CURSOR FOR SELECT * FROM t; FETCH c; DELETE FROM vt WHERE CURRENT OF c', '0A000'],
  ['DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t FOR UPDATE', '0A000'],
  ['DECLARE c SCROLL CURSOR FOR SELECT * FROM t FOR UPDATE', '0A000'],
  ['DECLARE c INSENSITIVE CURSOR FOR SELECT * FROM t FOR UPDATE', '42P11'],
  ['DECLARE c CURSOR FOR WITH x AS (DELETE FROM t RETURNING *) TABLE x', '0A000'],
  ['DECLARE c CURSOR FOR SELECT count(*) FROM t; FETCH c; FETCH PRIOR FROM c', '55000'],
  ['SELECT * FROM t WHERE CURRENT OF c', '42601'],
])('%s: %s', async (sql, code) => {
  expect(await db.code(`BEGIN; ${sql}`)).toBe(code);
});

test('WITH HOLD outlives its transaction, not its rollback', async () => {
  await db.run('DECLARE held CURSOR WITH HOLD FOR SELECT id FROM t; DELETE FROM t WHERE id = 2');
  await db.run('BEGIN; DECLARE lost CURSOR WITH HOLD FOR SELECT 1; DECLARE kept CURSOR WITH HOLD FOR SELECT 2; COMMIT');
  await db.run('BEGIN; DECLARE undone CURSOR WITH HOLD FOR SELECT 1; CLOSE lost; FETCH held; ROLLBACK');
  expect(await db.rows('SELECT name FROM pg_cursors ORDER BY name')).toEqual([['held'], ['kept']]);
  expect(await db.rows('FETCH ALL FROM held')).toEqual([['2'], ['3']]);
  expect(await db.code('DELETE FROM t WHERE CURRENT OF held')).toBe('24000');
  await db.run('CLOSE ALL');
  expect(await db.rows('SELECT name FROM pg_cursors')).toEqual([]);
  expect(await db.code('DECLARE c CURSOR FOR SELECT 1')).toBe('25P01');
});

test('a savepoint takes its cursors with it', async () => {
  await db.run('BEGIN; DECLARE a CURSOR FOR SELECT 1; SAVEPOINT s; DECLARE b CURSOR FOR SELECT 2; ROLLBACK TO s');
  expect(await db.rows('SELECT name FROM pg_cursors')).toEqual([['a']]);
});

test('a cursor that has failed gives no more rows', async () => {
  await db.run('BEGIN; DECLARE n NO SCROLL CURSOR FOR SELECT id FROM t; FETCH 2 FROM n; SAVEPOINT s');
  expect(await db.code('FETCH PRIOR FROM n')).toBe('55000');
  await db.run('ROLLBACK TO s');
  await expect(db.session.execute('FETCH n')).rejects.toMatchObject({
    code: '55000',
    message: 'portal "n" cannot be run',
  });
  await db.run('ROLLBACK TO s; CLOSE n');
});

test('pg_cursors and pg_prepared_statements', async () => {
  await db.run(`BEGIN;
    declare a scroll cursor for SELECT 1;
    DECLARE b BINARY CURSOR WITH HOLD FOR SELECT * FROM t;
    DECLARE c NO SCROLL CURSOR FOR SELECT * FROM t ORDER BY v;
    DECLARE d CURSOR FOR SELECT count(*) FROM t`);
  expect(
    await db.rows('SELECT name, statement, is_holdable, is_binary, is_scrollable FROM pg_cursors ORDER BY name'),
  ).toEqual([
    ['a', 'declare a scroll cursor for SELECT 1', 'f', 'f', 't'],
    ['b', 'DECLARE b BINARY CURSOR WITH HOLD FOR SELECT * FROM t', 't', 't', 't'],
    ['c', 'DECLARE c NO SCROLL CURSOR FOR SELECT * FROM t ORDER BY v', 'f', 'f', 'f'],
    ['d', 'DECLARE d CURSOR FOR SELECT count(*) FROM t', 'f', 'f', 'f'],
  ]);
  expect(await db.rows('SELECT count(*) FROM pg_cursors WHERE creation_time <= clock_timestamp()')).toEqual([['4']]);
  await db.run('COMMIT; PREPARE p (int, varchar) AS SELECT $1 + 1, $2; EXECUTE p (1, 2); PREPARE q AS SELECT 1');
  expect(
    await db.rows('SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements ORDER BY name'),
  ).toEqual([
    ['p', 'PREPARE p (int, varchar) AS SELECT $1 + 1, $2', '{integer,"character varying"}', 't'],
    ['q', 'PREPARE q AS SELECT 1', '{}', 't'],
  ]);
  await db.run('DEALLOCATE p');
  expect(await db.rows('SELECT name FROM pg_prepared_statements')).toEqual([['q']]);
});
