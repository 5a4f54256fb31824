/** Functions and procedures in SQL: definitions, calls, overloads, defaults, sets. Expected values are PostgreSQL's. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

test('scalar functions in SQL', async () => {
  const db = await openDb();
  await db.run(`
    CREATE FUNCTION add(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b';
    CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT $1 * 2 $$;
    CREATE FUNCTION inc(a int, by int DEFAULT 1) RETURNS int LANGUAGE sql RETURN a + by;
    CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10), (2, 20), (3, 30);
    CREATE FUNCTION total() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT sum(v) FROM t';
    CREATE FUNCTION add_row(i int, x int) RETURNS int LANGUAGE sql BEGIN ATOMIC
      INSERT INTO t VALUES (i, x); SELECT x * 2; END`);
  expect(await db.rows('SELECT add(1, 2), twice(add(2, 3)), inc(5), inc(5, 10), inc(by => 3, a => 1)')).toEqual([
    ['3', '10', '6', '15', '4'],
  ]);
  expect(await db.rows('SELECT id, twice(v) FROM t WHERE twice(v) > 30 ORDER BY id')).toEqual([
    ['2', '40'],
    ['3', '60'],
  ]);
  expect(await db.rows('SELECT total(), add_row(4, 40)')).toEqual([['60', '80']]);
  expect(await db.rows('SELECT total(), (SELECT count(*) FROM t)')).toEqual([['100', '4']]);
  expect(await db.code('SELECT add(1)')).toBe('42883');
  expect(await db.code("SELECT add('x', 1)")).toBe('22P02');
});
test('recursion', async () => {
  const db = await openDb();
  await db.run(`CREATE FUNCTION fact(n int) RETURNS bigint LANGUAGE sql AS
    'SELECT CASE WHEN n <= 1 THEN 1 ELSE n * fact(n - 1) END';
   CREATE FUNCTION forever(n int) RETURNS int LANGUAGE sql AS 'SELECT forever(n + 1)'`);
  expect(await db.rows('SELECT fact(10), fact(20)')).toEqual([['3628800', '2432902008176640000']]);
  expect(await db.code('SELECT forever(1)')).toBe('54001');
});

test('sets, rows and OUT arguments', async () => {
  const db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');
    CREATE FUNCTION upto(n int) RETURNS SETOF int LANGUAGE sql AS 'SELECT generate_series(1, n)';
    CREATE FUNCTION pairs(n int) RETURNS TABLE (a int, b text) LANGUAGE sql AS 'SELECT id, v FROM t WHERE id <= n ORDER BY id';
    CREATE FUNCTION rows_of() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t ORDER BY id DESC';
    CREATE FUNCTION one_row(i int) RETURNS t LANGUAGE sql AS 'SELECT * FROM t WHERE id = i';
    CREATE FUNCTION divide(a int, b int, OUT q int, OUT r int) LANGUAGE sql AS 'SELECT a / b, a % b';
    CREATE FUNCTION any_rows() RETURNS SETOF record LANGUAGE sql AS 'SELECT id, v FROM t';
    CREATE FUNCTION total(VARIADIC xs int[]) RETURNS bigint LANGUAGE sql AS 'SELECT sum(x) FROM unnest(xs) AS x';
    CREATE FUNCTION pick(a anyelement, b anyelement, first boolean) RETURNS anyelement LANGUAGE sql AS 'SELECT CASE WHEN first THEN a ELSE b END'`);
  expect(await db.rows('SELECT * FROM upto(3)')).toEqual([['1'], ['2'], ['3']]);
  expect(await db.rows('SELECT upto(2), 7')).toEqual([
    ['1', '7'],
    ['2', '7'],
  ]);
  expect(await db.rows('SELECT p.b, a FROM pairs(2) AS p')).toEqual([
    ['a', '1'],
    ['b', '2'],
  ]);
  expect(await db.rows('SELECT pairs(1)')).toEqual([['(1,a)']]);
  expect(await db.rows('SELECT id, v FROM rows_of() LIMIT 1')).toEqual([['3', 'c']]);
  expect(await db.rows('SELECT t.id, p.* FROM t, pairs(t.id) p WHERE t.id < 3 ORDER BY 1, 2')).toEqual([
    ['1', '1', 'a'],
    ['2', '1', 'a'],
    ['2', '2', 'b'],
  ]);
  expect(await db.rows('SELECT one_row(2)')).toEqual([['(2,b)']]);
  expect(await db.rows('SELECT * FROM one_row(9)')).toEqual([[null, null]]);
  expect(await db.rows('SELECT * FROM divide(17, 5)')).toEqual([['3', '2']]);
  expect(await db.rows('SELECT divide(17, 5)')).toEqual([['(3,2)']]);
  expect(await db.rows('SELECT total(1, 2, 3), total(VARIADIC ARRAY[4, 5])')).toEqual([['6', '9']]);
  expect(await db.rows("SELECT pick(1, 2, true), pick('a'::text, 'b', false)")).toEqual([['1', 'b']]);
});

test('procedures', async () => {
  const db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, v int);
    CREATE PROCEDURE put(i int, x int DEFAULT 0) LANGUAGE sql AS 'INSERT INTO t VALUES (i, x)';
    CREATE PROCEDURE swap(INOUT a int, INOUT b int) LANGUAGE sql AS 'SELECT b, a';
    CALL put(1); CALL put(2, x => 5)`);
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', '0'],
    ['2', '5'],
  ]);
  expect(await db.rows('CALL swap(1, 2)')).toEqual([['2', '1']]);
  expect(await db.code('SELECT put(3)')).toBe('42809');
  expect(await db.code('CALL nothing(3)')).toBe('42883');
});

test('definitions are checked', async () => {
  const db = await openDb();
  const code = (text: string): Promise<string> => db.code(`CREATE FUNCTION ${text}`);
  await db.run('CREATE TABLE t (id int)');
  expect(await code("f() RETURNS int LANGUAGE sql AS 'SELECT 1, 2'")).toBe('42P13');
  expect(await code("f() RETURNS int LANGUAGE sql AS 'SELECT now()'")).toBe('42P13');
  expect(await code("f() RETURNS int LANGUAGE sql AS 'DELETE FROM t'")).toBe('42P13');
  expect(await code("f() RETURNS int LANGUAGE sql AS 'SELECT nope FROM t'")).toBe('42703');
  expect(await code("f() RETURNS int LANGUAGE sql AS 'SELEC 1'")).toBe('42601');
  expect(await code("f(a int, a int) RETURNS int LANGUAGE sql AS 'SELECT 1'")).toBe('42P13');
  expect(await code("f(a int DEFAULT 1, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'")).toBe('42P13');
  expect(await code("f(a nope) RETURNS int LANGUAGE sql AS 'SELECT 1'")).toBe('42704');
  expect(await code("f() RETURNS int LANGUAGE cobol AS 'SELECT 1'")).toBe('42704');
  expect(await code("f() LANGUAGE sql AS 'SELECT 1'")).toBe('42P13');
  expect(await code("f() RETURNS int AS 'SELECT 1'")).toBe('42P13');
  await db.run("CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'");
  expect(await code("f(b int) RETURNS int LANGUAGE sql AS 'SELECT 1'")).toBe('42723');
  expect(await db.code("CREATE OR REPLACE FUNCTION f(b int) RETURNS int LANGUAGE sql AS 'SELECT 1'")).toBe('42P13');
  expect(await db.code("CREATE OR REPLACE FUNCTION f(a int) RETURNS text LANGUAGE sql AS 'SELECT 1'")).toBe('42P13');
  await db.run("CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 2'");
  expect(await db.rows("SELECT f(1), f('x'::text)")).toEqual([['1', '2']]);
  expect(await db.code('DROP FUNCTION f')).toBe('42725');
  expect(await db.code('DROP FUNCTION f(boolean)')).toBe('42883');
  expect(await db.code('DROP PROCEDURE f(int)')).toBe('42809');
  await db.run('CREATE VIEW w AS SELECT f(1) AS x');
  expect(await db.code('DROP FUNCTION f(int)')).toBe('2BP01');
  await db.run('DROP FUNCTION f(int) CASCADE; DROP FUNCTION IF EXISTS f(int), f(text)');
  expect(await db.code('SELECT * FROM w')).toBe('42P01');
  expect(await db.code('SELECT f(1)')).toBe('42883');
});

test('a call in the past runs the definition of that time', async () => {
  const db = await openDb();
  await db.run(
    "CREATE TABLE t (v int); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM t'",
  );
  const seq = (await db.rows('SELECT max(seq) FROM drift.transactions'))[0]?.[0];
  await db.run(`INSERT INTO t VALUES (1);
    CREATE OR REPLACE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) + 100 FROM t'`);
  expect(await db.rows('SELECT f()')).toEqual([['101']]);
  await db.run(`BEGIN READ ONLY AS OF SEQ ${seq}`);
  expect(await db.rows('SELECT f()')).toEqual([['0']]);
  await db.run('COMMIT');
});

test('a function that is not volatile changes nothing', async () => {
  const db = await openDb();
  await db.run(
    "CREATE TABLE t (v int); CREATE FUNCTION f() RETURNS int STABLE LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING v'",
  );
  expect(await db.code('SELECT f()')).toBe('0A000');
});

test('definitions are there after opening again, and travel through time', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, v int);
    CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a + 1; END';
    CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := f(NEW.v); RETURN NEW; END';
    CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g(); INSERT INTO t VALUES (1, 1)`);
  const seq = (await db.rows('SELECT max(seq) FROM drift.transactions'))[0]?.[0];
  await db.run("CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a + 100; END'");
  await db.engine.checkpoint();
  await db.engine.close();
  const again = await openDb(storage);
  await again.run('INSERT INTO t VALUES (2, 2)');
  expect(await again.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', '2'],
    ['2', '102'],
  ]);
  await again.run(`BEGIN READ ONLY AS OF SEQ ${seq}`);
  expect(await again.rows('SELECT f(1)')).toEqual([['2']]);
  await again.run('COMMIT; DROP TRIGGER r ON t; INSERT INTO t VALUES (3, 3)');
  expect(await again.rows('SELECT v FROM t WHERE id = 3')).toEqual([['3']]);
});

test('a trigger that fails leaves nothing; loops can be cancelled', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY);
    CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 3 THEN RAISE 'no'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION no();
    CREATE FUNCTION endless() RETURNS int LANGUAGE plpgsql AS 'BEGIN LOOP NULL; END LOOP; END'`);
  expect(await db.code('INSERT INTO t VALUES (1), (2), (3)')).toBe('P0001');
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['0']]);
  for (const sql of ['SELECT endless()', 'DO $$ BEGIN LOOP NULL; END LOOP; END $$']) {
    await expect(db.session.execute(sql, [], { timeoutMs: 50 })).rejects.toMatchObject({ code: '57014' });
  }
});

test('prepared statements by key call functions, too', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10), (2, 20);
    CREATE FUNCTION next_of(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN x + 1; END';
    CREATE FUNCTION set_v(i int, x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN UPDATE t SET v = x WHERE id = i; RETURN x; END'`);
  for (let round = 0; round < 3; round++) {
    expect(await db.rows('SELECT next_of(v) FROM t WHERE id = $1', [2])).toEqual([['21']]);
    expect(await db.rows('SELECT v FROM t WHERE id = next_of($1)', [0])).toEqual([['10']]);
    expect(await db.rows('UPDATE t SET v = next_of(v) - 1 WHERE id = $1 RETURNING v', [1])).toEqual([['10']]);
    await db.rows('UPDATE t SET v = next_of(v) - 1 WHERE id = next_of($1)', [1]);
    await db.rows('INSERT INTO t VALUES (next_of($1), next_of(0))', [10 + round]);
  }
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', '10'],
    ['2', '20'],
    ['11', '1'],
    ['12', '1'],
    ['13', '1'],
  ]);
  // A query does not see what its functions write on the way.
  expect(await db.rows('SELECT v, set_v(id, v + 5), v FROM t WHERE id < 3 ORDER BY id')).toEqual([
    ['10', '15', '10'],
    ['20', '25', '20'],
  ]);
  expect(await db.rows('SELECT sum(v) FROM t WHERE id < 3')).toEqual([['40']]);
});
