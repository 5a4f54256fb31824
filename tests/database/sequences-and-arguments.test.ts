/** Options of sequences in any order, their types, and functions whose VARIADIC argument has a default. Values are PostgreSQL 15's. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test('options count together, whatever their order', async () => {
  const db = await openDb();
  await db.run(`CREATE SEQUENCE q1 MAXVALUE 5 INCREMENT -2 START 1; CREATE SEQUENCE q2 INCREMENT -2 MAXVALUE 5;
    CREATE SEQUENCE q3 AS smallint MINVALUE -5 MAXVALUE 5 CACHE 7; CREATE SEQUENCE q4 NO MAXVALUE INCREMENT BY -1;
    CREATE SEQUENCE q5 MINVALUE -5 MAXVALUE 5 INCREMENT -2 START 1 CYCLE`);
  expect(await db.rows("SELECT nextval('q1'), nextval('q2'), nextval('q3')")).toEqual([['1', '5', '-5']]);
  expect(await db.rows(`SELECT ${"nextval('q5'), ".repeat(4)} nextval('q5')`)).toEqual([['1', '-1', '-3', '-5', '5']]);
  await db.run('ALTER SEQUENCE q3 AS int; ALTER SEQUENCE q4 AS smallint; ALTER SEQUENCE q2 INCREMENT 3');
  expect(
    await db.rows(
      'SELECT seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache FROM pg_sequence ORDER BY seqrelid',
    ),
  ).toEqual([
    ['bigint', '1', '-2', '5', '-9223372036854775808', '1'],
    ['bigint', '5', '3', '5', '-9223372036854775808', '1'],
    ['integer', '-5', '1', '5', '-5', '7'],
    ['smallint', '-1', '-1', '-1', '-32768', '1'],
    ['bigint', '1', '-2', '5', '-5', '1'],
  ]);
  expect(await db.code("SELECT nextval('q2')")).toBe('2200H');
});

test.each([
  ['CREATE SEQUENCE s AS smallint MAXVALUE 40000', 'MAXVALUE (40000) is out of range for sequence data type smallint'],
  ['CREATE SEQUENCE s MINVALUE 5 MAXVALUE 5', 'MINVALUE (5) must be less than MAXVALUE (5)'],
  ['CREATE SEQUENCE s START 3 MINVALUE 4', 'START value (3) cannot be less than MINVALUE (4)'],
  ['CREATE SEQUENCE s AS text', 'sequence type must be smallint, integer, or bigint'],
  ['CREATE SEQUENCE s INCREMENT 0', 'INCREMENT must not be zero'],
  ['CREATE SEQUENCE s CACHE 0', 'CACHE (0) must be greater than zero'],
  ['CREATE SEQUENCE s MINVALUE -5; ALTER SEQUENCE s NO MINVALUE', 'START value (-5) cannot be less than MINVALUE (1)'],
  [
    'CREATE SEQUENCE s MAXVALUE 9; ALTER SEQUENCE s RESTART 10',
    'RESTART value (10) cannot be greater than MAXVALUE (9)',
  ],
])('%s: %s', async (sql, message) => {
  const db = await openDb();
  await expect(db.session.script(sql)).rejects.toMatchObject({ code: '22023', message });
});

test('an identity column names its sequence', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME mine CYCLE MAXVALUE 2), b int)');
  await db.run('INSERT INTO t (b) VALUES (1), (2), (3)');
  expect(await db.rows("SELECT array_agg(a ORDER BY b), pg_get_serial_sequence('t', 'a') FROM t")).toEqual([
    ['{1,2,1}', 'public.mine'],
  ]);
  expect(await db.code('CREATE TABLE u (a int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME mine))')).toBe('42P07');
  await db.run('DROP TABLE t');
  expect(await db.code("SELECT nextval('mine')")).toBe('42P01');
});

test('a VARIADIC argument with a default may be left out; it has its name as an array only', async () => {
  const db = await openDb();
  await db.run(`CREATE FUNCTION f(INOUT a int, b int DEFAULT 2, VARIADIC c int[] DEFAULT '{7,8,9}') LANGUAGE sql
    AS 'SELECT a + b + coalesce(array_length(c, 1), 0)'`);
  expect(
    await db.rows(
      'SELECT f(1), f(1, 5), f(1, 5, 7, 8), f(1, 2, VARIADIC ARRAY[1]), f(1, 2, VARIADIC c => ARRAY[1, 2])',
    ),
  ).toEqual([['6', '9', '8', '4', '5']]);
  expect(await db.code('SELECT f(b => 3, a => 1)')).toBe('42883');
  expect(await db.code('SELECT f(1, VARIADIC c => ARRAY[1])')).toBe('42883');
  expect(await db.code('SELECT f()')).toBe('42883');
});

test('defaults of arguments are printed with their types', async () => {
  const db = await openDb();
  await db.run(`CREATE FUNCTION f(a int, OUT b text, c text DEFAULT 'x', d int DEFAULT 3 + 1, g numeric DEFAULT 2) LANGUAGE plpgsql
    AS $$ BEGIN b := c; END $$; CREATE FUNCTION f2(a anyelement DEFAULT 3, b bool DEFAULT NULL) RETURNS int LANGUAGE sql AS 'SELECT 1'`);
  expect(await db.rows("SELECT pg_get_function_arguments('f'::regproc)")).toEqual([
    ["a integer, OUT b text, c text DEFAULT 'x'::text, d integer DEFAULT (3 + 1), g numeric DEFAULT 2"],
  ]);
  expect(await db.rows("SELECT pg_get_function_arguments('f2'::regproc)")).toEqual([
    ['a anyelement DEFAULT 3, b boolean DEFAULT NULL::boolean'],
  ]);
});
