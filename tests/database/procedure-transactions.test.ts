/** COMMIT and ROLLBACK inside of procedures and DO blocks. Expected values are PostgreSQL 15's. */
import { beforeEach, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeEach(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE t (a int, b text);
    CREATE PROCEDURE even(x int, y text) LANGUAGE plpgsql AS $$
    BEGIN
      FOR i IN 0..x LOOP
        INSERT INTO t VALUES (i, y);
        IF i % 2 = 0 THEN COMMIT; ELSE ROLLBACK; END IF;
      END LOOP;
    END $$`);
});

const rows = (): Promise<(string | null)[][]> => db.rows('SELECT a FROM t ORDER BY a');

test('a procedure ends transactions, as one of its callers does', async () => {
  await db.run("CALL even(3, 'x')");
  expect(await rows()).toEqual([['0'], ['2']]);
  await db.run(`TRUNCATE t; DO $$ BEGIN CALL even(2, 'y'); INSERT INTO t VALUES (9); END $$`);
  expect(await rows()).toEqual([['0'], ['2'], ['9']]);
  // Each part is a commit of its own.
  const [[seqs]] = (await db.rows('SELECT count(DISTINCT _seq_from) FROM t')) as [[string]];
  expect(seqs).toBe('3');
});

test('what was committed stays when the rest fails', async () => {
  const failing = 'DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); PERFORM 1 / 0; END $$';
  expect(await db.code(failing)).toBe('22012');
  expect(await rows()).toEqual([['1']]);
  expect(await db.rows('SELECT 1')).toEqual([['1']]);
});

test('loops over queries go on, cursors are closed, definitions are seen', async () => {
  await db.run(`INSERT INTO t VALUES (1), (2), (3);
    DO $$ DECLARE r record; BEGIN FOR r IN SELECT a FROM t LOOP UPDATE t SET b = 'seen' WHERE a = r.a; COMMIT; END LOOP; END $$`);
  expect(await db.rows('SELECT DISTINCT b FROM t')).toEqual([['seen']]);
  await db.run(`DO $$ BEGIN CREATE TABLE made (a int); COMMIT; INSERT INTO made VALUES (7); ROLLBACK;
    INSERT INTO made VALUES (8); END $$`);
  expect(await db.rows('SELECT * FROM made')).toEqual([['8']]);
  const closed = `DO $$ DECLARE c CURSOR FOR TABLE t; v record; BEGIN OPEN c; COMMIT; FETCH c INTO v; END $$`;
  expect(await db.code(closed)).toBe('34000');
});

test('now() moves on, SET LOCAL ends, OUT arguments live on', async () => {
  await db.run(`CREATE PROCEDURE p(INOUT n int, OUT later bool, OUT path text) LANGUAGE plpgsql AS $$
    DECLARE start timestamptz := now();
    BEGIN
      n := n + 1; SET LOCAL search_path = other;
      COMMIT AND CHAIN;
      n := n * 2; later := now() > start; path := current_setting('search_path');
    END $$`);
  expect(await db.rows('CALL p(4, NULL, NULL)')).toEqual([['10', 't', '"$user", public']]);
});

test('in a handler, not under one', async () => {
  await db.run(`DO $$ BEGIN BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN INSERT INTO t VALUES (5); COMMIT; END;
    ROLLBACK; END $$`);
  expect(await rows()).toEqual([['5']]);
});

test.each([
  ["BEGIN; CALL even(1, 'x')", '2D000'],
  ['BEGIN; DO $$ BEGIN COMMIT; END $$', '2D000'],
  ['DO $$ BEGIN BEGIN COMMIT; EXCEPTION WHEN no_data_found THEN NULL; END; END $$', '2D000'],
  ["DO $$ BEGIN BEGIN CALL even(1, 'x'); EXCEPTION WHEN no_data_found THEN NULL; END; END $$", '2D000'],
  ['CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; SELECT f()', '2D000'],
  ["CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL even(1, 'x'); END $$; SELECT f()", '2D000'],
  ["CREATE PROCEDURE s() LANGUAGE plpgsql SET work_mem = '1MB' AS $$ BEGIN COMMIT; END $$; CALL s()", '2D000'],
  [
    `CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN COMMIT; RETURN NEW; END $$;
     CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
     DO $$ BEGIN INSERT INTO t VALUES (1); END $$`,
    '2D000',
  ],
  ["DO $$ BEGIN EXECUTE 'COMMIT'; END $$", '0A000'],
  ['DO $$ BEGIN SAVEPOINT s; END $$', '0A000'],
  ["CREATE PROCEDURE q() LANGUAGE sql AS 'COMMIT'; CALL q()", '0A000'],
  [
    `CREATE TABLE d (y int UNIQUE DEFERRABLE INITIALLY DEFERRED);
     DO $$ BEGIN INSERT INTO d VALUES (1), (1); COMMIT; INSERT INTO d VALUES (2); END $$`,
    '23505',
  ],
])('%s: %s', async (sql, code) => {
  expect(await db.code(sql)).toBe(code);
  await db.run('ROLLBACK');
  expect(await rows()).toEqual([]);
});
