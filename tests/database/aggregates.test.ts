/** Aggregates of one's own: CREATE, ALTER and DROP AGGREGATE, and calls of them. Expected values are PostgreSQL 15's. */
import { beforeEach, expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeEach(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE t (g int, x int, s text);
    INSERT INTO t VALUES (1, 10, 'a'), (1, NULL, NULL), (1, 30, 'c'), (2, 5, 'z'), (3, NULL, NULL);
    CREATE FUNCTION addone(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2 + 1';
    CREATE FUNCTION twice(state int, v int) RETURNS int LANGUAGE plpgsql STRICT AS $$ BEGIN RETURN state * 2 + v; END $$;
    CREATE FUNCTION nxt(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT $1 + 1';
    CREATE AGGREGATE plus1(int) (sfunc = addone, stype = int, initcond = '0');
    CREATE AGGREGATE poly(int) (sfunc = twice, stype = int);
    CREATE AGGREGATE arr(anyelement) (sfunc = array_append, stype = anyarray, initcond = '{}');
    CREATE AGGREGATE mycount(*) (sfunc = nxt, stype = bigint, initcond = 0)`);
});

test.each([
  // Not strict: null stays null. Strict: nulls are passed over, the first value is the state.
  [
    'SELECT g, plus1(x), poly(x) FROM t GROUP BY g ORDER BY g',
    [
      ['1', null, '50'],
      ['2', '6', '5'],
      ['3', null, null],
    ],
  ],
  ['SELECT poly(x) FILTER (WHERE x > 5), poly(DISTINCT x), poly(x ORDER BY x DESC) FROM t', [['50', '70', '145']]],
  ['SELECT plus1(x), poly(x), mycount(*) FROM t WHERE false', [['0', null, '0']]],
  ['SELECT arr(s), pg_typeof(arr(x)) FROM t', [['{a,NULL,c,z,NULL}', 'integer[]']]],
  ['SELECT mycount(*), mycount(*) FILTER (WHERE g = 1) FROM t', [['5', '3']]],
  [
    'SELECT x, arr(x) OVER (ORDER BY x) FROM t WHERE x < 30',
    [
      ['5', '{5}'],
      ['10', '{5,10}'],
    ],
  ],
  // Of no rows a correlated subquery has the state that an aggregate begins with.
  ['SELECT (SELECT plus1(b.x) FROM t b WHERE b.g = a.g + 1) FROM t a WHERE g > 1 ORDER BY g', [[null], ['0']]],
])('%s', async (sql, rows) => {
  expect(await db.rows(sql)).toEqual(rows);
});

test('final functions, arguments that they are told of, several and variadic arguments', async () => {
  await db.run(`
    CREATE FUNCTION fin(int) RETURNS text LANGUAGE sql AS $$SELECT 'is ' || $1$$;
    CREATE AGGREGATE f(int) (sfunc = addone, stype = int, initcond = '0', finalfunc = fin);
    CREATE FUNCTION extra(int, int) RETURNS text LANGUAGE sql AS $$SELECT 'of ' || $1 || coalesce(' and ' || $2, '')$$;
    CREATE AGGREGATE e(int) (sfunc = addone, stype = int, initcond = '0', finalfunc = extra, finalfunc_extra);
    CREATE FUNCTION two(int, int, text) RETURNS int LANGUAGE sql AS 'SELECT $1 + coalesce($2, 0) + coalesce(length($3), 0)';
    CREATE AGGREGATE both_of(x int, s text) (sfunc = two, stype = int, initcond = '0', parallel = safe);
    CREATE FUNCTION many(int, VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT $1 + (SELECT sum(v)::int FROM unnest($2) v)';
    CREATE AGGREGATE m(VARIADIC int[]) (sfunc = many, stype = int, initcond = '0');
    CREATE AGGREGATE older (BASETYPE = int, SFUNC1 = addone, STYPE1 = int, INITCOND1 = '7')`);
  expect(
    await db.rows(
      'SELECT f(x), e(x), both_of(x, s), m(x, 1, g), m(VARIADIC ARRAY[x]), older(x) FROM t WHERE x IS NOT NULL',
    ),
  ).toEqual([['is 48', 'of 48', '48', '52', '45', '55']]);
});

test('state is of the time that is asked for, and outlives the opening', async () => {
  const [[before]] = (await db.rows('SELECT max(seq) FROM drift.transactions')) as [[string]];
  await db.run("CREATE OR REPLACE AGGREGATE plus1(int) (sfunc = addone, stype = int, initcond = '100')");
  expect(await db.rows('SELECT plus1(g) FROM t')).toEqual([['113']]);
  expect(
    (await db.session.execute('SELECT plus1(g) FROM t', [], { asOf: { kind: 'seq', seq: Number(before) } })).columns[0],
  ).toMatchObject({ data: Int32Array.of(13) });
  await db.engine.close();
  const again = await openDb(db.storage instanceof MemoryStorage ? db.storage : new MemoryStorage());
  expect(await again.rows('SELECT plus1(g), poly(g) FROM t')).toEqual([['113', '35']]);
});

test('catalogs', async () => {
  await db.run("COMMENT ON AGGREGATE poly(int) IS 'a polynomial'");
  expect(
    await db.rows(`SELECT proname, prokind, prosrc, prorettype::regtype, pg_get_function_arguments(p.oid), obj_description(p.oid, 'pg_proc')
      FROM pg_proc p WHERE prokind = 'a' AND pronamespace = 'public'::regnamespace ORDER BY 1`),
  ).toEqual([
    ['arr', 'a', 'aggregate_dummy', 'anyarray', 'anyelement', null],
    ['mycount', 'a', 'aggregate_dummy', 'bigint', '', null],
    ['plus1', 'a', 'aggregate_dummy', 'integer', 'integer', null],
    ['poly', 'a', 'aggregate_dummy', 'integer', 'integer', 'a polynomial'],
  ]);
  expect(
    await db.rows(`SELECT aggfnoid, aggtransfn, aggfinalfn, aggtranstype::regtype, agginitval, aggkind
      FROM pg_aggregate WHERE aggfnoid::regproc::text IN ('plus1', 'mycount') ORDER BY 1::text`),
  ).toEqual([
    ['plus1', 'addone', '-', 'integer', '0', 'n'],
    ['mycount', 'nxt', '-', 'bigint', '0', 'n'],
  ]);
});

test('ALTER and DROP', async () => {
  await db.run('ALTER AGGREGATE plus1(int) RENAME TO added; CREATE SCHEMA s; ALTER AGGREGATE added(int) SET SCHEMA s');
  await db.run('ALTER AGGREGATE s.added(int) OWNER TO drift');
  expect(await db.rows('SELECT s.added(x) FROM t WHERE g = 2')).toEqual([['6']]);
  await db.run(
    'DROP AGGREGATE mycount(*), poly(int); DROP AGGREGATE IF EXISTS nothing(int); DROP FUNCTION addone CASCADE',
  );
  expect(await db.code('SELECT s.added(x) FROM t')).toBe('42883');
});

test.each([
  ['CREATE AGGREGATE bad(int) (sfunc = nothing, stype = int)', '42883'],
  ['CREATE AGGREGATE bad(int) (stype = int)', '42P13'],
  ['CREATE AGGREGATE bad(int) (sfunc = addone)', '42P13'],
  ['CREATE AGGREGATE bad(int) (sfunc = addone, stype = text)', '42883'],
  ["CREATE AGGREGATE bad(int) (sfunc = twice, stype = int, initcond = 'x')", '22P02'],
  ['CREATE AGGREGATE plus1(int) (sfunc = addone, stype = int)', '42723'],
  ['CREATE OR REPLACE AGGREGATE addone(int, int) (sfunc = addone, stype = int)', '42883'],
  ['CREATE AGGREGATE bad(int) (sfunc = array_append, stype = anyarray)', '42P13'],
  ['CREATE AGGREGATE bad(int) (sfunc = addone, stype = int, parallel = maybe)', '42601'],
  ['CREATE AGGREGATE bad(int) (sfunc = addone, stype = int, msfunc = addone)', '42P13'],
  ['CREATE AGGREGATE bad(int ORDER BY int) (sfunc = addone, stype = int)', '0A000'],
  ['DROP FUNCTION addone', '2BP01'],
  ['DROP FUNCTION plus1(int)', '42809'],
  ['DROP AGGREGATE addone(int, int)', '42809'],
  ['DROP AGGREGATE nothing(int)', '42883'],
  ['SELECT mycount() FROM t', '42809'],
  ['SELECT plus1(poly(x)) FROM t', '42803'],
  ['SELECT x FROM t WHERE plus1(x) > 1', '42803'],
  ['SELECT plus1(x ORDER BY x) OVER () FROM t', '0A000'],
  ["SELECT pg_get_functiondef('poly'::regproc)", '42809'],
])('%s: %s', async (sql, code) => {
  expect(await db.code(sql)).toBe(code);
});

test('of equal values min and max give the later one, char(n) the first of the greatest', async () => {
  const db = await openDb();
  const rows = async (values: string): Promise<unknown> =>
    db.rows(`SELECT max(x), min(x) FROM (VALUES ${values}) v(x)`);
  expect(await rows('(1.0), (1.00), (1.000)')).toEqual([['1.000', '1.000']]);
  expect(await rows("(interval '30 days'), ('1 mon'), ('720 hours')")).toEqual([['720:00:00', '720:00:00']]);
  expect(await rows("(float8 '0'), ('-0')")).toEqual([['-0', '-0']]);
  expect(await rows('(ARRAY[1.0]), (ARRAY[1.00])')).toEqual([['{1.00}', '{1.00}']]);
  expect(
    await db.rows(
      'SELECT max(x) OVER (ORDER BY i), min(x) OVER (ORDER BY i ROWS 1 PRECEDING) FROM (VALUES (1, 1.0), (2, 1.00), (3, 1.000)) v(i, x)',
    ),
  ).toEqual([
    ['1.0', '1.0'],
    ['1.00', '1.00'],
    ['1.000', '1.000'],
  ]);
  expect(
    await db.rows(
      "SELECT numeric_smaller(1.0, 1.00), numeric_larger(1.0, 1.00), interval_larger('30 days', '1 mon'), array_larger(ARRAY[1.0], ARRAY[1.00])",
    ),
  ).toEqual([['1.00', '1.00', '1 mon', '{1.00}']]);
  await db.engine.close();
});

test('json_agg begins a line for each row and array that is not null', async () => {
  const db = await openDb();
  await db.run(`CREATE TYPE ct AS (a int, b text); CREATE TABLE t (id int PRIMARY KEY, c ct, arr int[]);
    INSERT INTO t VALUES (1, ROW(1, 'x'), '{1}'), (2, NULL, NULL), (3, ROW(2, NULL), '{}')`);
  expect(
    await db.rows('SELECT json_agg(t), json_agg(c), json_agg(arr), json_agg(id) FROM (SELECT * FROM t ORDER BY id) t'),
  ).toEqual([
    [
      '[{"id":1,"c":{"a":1,"b":"x"},"arr":[1]}, \n {"id":2,"c":null,"arr":null}, \n {"id":3,"c":{"a":2,"b":null},"arr":[]}]',
      '[{"a":1,"b":"x"}, null, \n {"a":2,"b":null}]',
      '[[1], null, \n []]',
      '[1, 2, 3]',
    ],
  ]);
  await db.engine.close();
});
