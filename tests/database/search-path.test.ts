/** search_path, schemas and settings: answers compared with PostgreSQL 15's. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test('bare names are looked for along the path, and made in its first schema', async () => {
  const db = await openDb();
  await db.run(`
    CREATE SCHEMA a; CREATE SCHEMA b;
    CREATE TABLE public.t (v text); INSERT INTO t VALUES ('public');
    SET search_path TO a, public;
    CREATE TABLE t (v text); INSERT INTO t VALUES ('a');
    SET search_path TO b, a, public;
    CREATE TABLE only_b (v text);
    CREATE SEQUENCE s;
    CREATE VIEW shown AS SELECT v FROM t;
  `);
  expect(await db.rows('SELECT v FROM t')).toEqual([['a']]);
  expect(await db.rows('SELECT v FROM public.t')).toEqual([['public']]);
  await db.run('SET search_path TO public');
  expect(await db.rows('SELECT v FROM t')).toEqual([['public']]);
  expect(await db.code('SELECT * FROM only_b')).toBe('42P01');
  expect(await db.rows("SELECT v, nextval('b.s') FROM b.shown")).toEqual([['a', '1']]);
  await db.run("SET search_path = ''");
  expect(await db.code('SELECT * FROM t')).toBe('42P01');
  expect(await db.code('CREATE TABLE nowhere (a int)')).toBe('3F000');
  expect(await db.rows('SELECT current_schema() IS NULL, current_schemas(true)')).toEqual([['t', '{pg_catalog}']]);
  await db.run('SET search_path TO nope, b');
  expect(await db.rows('SELECT current_schema(), current_schemas(false)')).toEqual([['b', '{b}']]);
});

test('the same text is planned again when the path changes', async () => {
  const db = await openDb();
  await db.run(`
    CREATE SCHEMA x; CREATE TABLE x.k (id int PRIMARY KEY, v text); INSERT INTO x.k VALUES (1, 'x');
    CREATE TABLE k (id int PRIMARY KEY, v text); INSERT INTO k VALUES (1, 'public');
    PREPARE p AS SELECT v FROM k WHERE id = 1;
  `);
  for (const [path, expected] of [
    ['public', 'public'],
    ['x', 'x'],
    ['public', 'public'],
  ] as const) {
    await db.run(`SET search_path TO ${path}`);
    for (let n = 0; n < 2; n++) expect(await db.rows('SELECT v FROM k WHERE id = $1', [1])).toEqual([[expected]]);
    expect(await db.rows('EXECUTE p')).toEqual([[expected]]);
  }
});

test('SET LOCAL, savepoints and rollback take the path back', async () => {
  const db = await openDb();
  await db.run('CREATE SCHEMA a; BEGIN; SET LOCAL search_path TO a');
  expect(await db.rows('SHOW search_path')).toEqual([['a']]);
  await db.run('COMMIT');
  expect(await db.rows('SHOW search_path')).toEqual([['"$user", public']]);
  await db.run('BEGIN; SET search_path TO a; SAVEPOINT s; SET search_path TO b; ROLLBACK TO s');
  expect(await db.rows('SHOW search_path')).toEqual([['a']]);
  await db.run('ROLLBACK');
  expect(await db.rows("SELECT current_setting('search_path')")).toEqual([['"$user", public']]);
});

test('temporary objects come first, system relations before the path', async () => {
  const db = await openDb();
  await db.run(`
    CREATE TABLE t (v text); INSERT INTO t VALUES ('kept');
    CREATE VIEW w AS SELECT v FROM t;
    CREATE TEMP TABLE t (v text); INSERT INTO t VALUES ('temporary');
  `);
  expect(await db.rows('SELECT v FROM t')).toEqual([['temporary']]);
  expect(await db.rows('SELECT v FROM w')).toEqual([['kept']]);
  await db.run('SET search_path TO public, pg_temp');
  expect(await db.rows('SELECT v FROM t')).toEqual([['kept']]);
});

test('CREATE SCHEMA makes its elements in the schema', async () => {
  const db = await openDb();
  await db.run(`
    CREATE SCHEMA shop
      CREATE VIEW cheap AS SELECT id FROM item WHERE price < 10
      CREATE TABLE item (id int PRIMARY KEY, price int);
    CREATE SCHEMA AUTHORIZATION joe;
    INSERT INTO shop.item VALUES (1, 5), (2, 50);
  `);
  expect(await db.rows('SELECT * FROM shop.cheap')).toEqual([['1']]);
  expect(await db.code('CREATE SCHEMA other CREATE TABLE shop.b (a int)')).toBe('42P15');
  expect(await db.code('CREATE SCHEMA joe')).toBe('42P06');
  expect(await db.code('CREATE SCHEMA pg_mine')).toBe('42939');
  expect(await db.code('DROP SCHEMA shop')).toBe('2BP01');
  await db.run('DROP SCHEMA shop CASCADE');
  expect(await db.code('SELECT * FROM shop.cheap')).toBe('42P01');
});

test('AS OF looks along the path of the session', async () => {
  const db = await openDb();
  await db.run(`
    CREATE SCHEMA a; CREATE TABLE a.t (v int); INSERT INTO a.t VALUES (1);
    CREATE TAG one; UPDATE a.t SET v = 2; SET search_path TO a`);
  expect(await db.rows("SELECT v FROM t FOR SYSTEM_TIME AS OF TAG 'one'")).toEqual([['1']]);
});

const VALUES: readonly (readonly [string, string, string])[] = [
  ["work_mem = '1000'", 'work_mem', '1000kB'],
  ["work_mem = '1.5GB'", 'work_mem', '1536MB'],
  ["statement_timeout = '1.5h'", 'statement_timeout', '90min'],
  ["vacuum_cost_delay = '1.5ms'", 'vacuum_cost_delay', '1500us'],
  ["seq_page_cost = '1e3'", 'seq_page_cost', '1000'],
  ['search_path = a, "B", \'c d\'', 'search_path', 'a, "B", "c d"'],
  ["datestyle = 'german'", 'datestyle', 'German, DMY'],
  ['datestyle = ymd', 'datestyle', 'ISO, YMD'],
  ["timezone = 'europe/berlin'", 'TimeZone', 'Europe/Berlin'],
  ["timezone = 'utc'", 'timezone', 'UTC'],
  ["my.own = 'x'", 'my.own', 'x'],
  ['enable_seqscan = 0', 'enable_seqscan', 'off'],
  ["client_encoding = 'utf-8'", 'client_encoding', 'UTF8'],
];

test.each(VALUES)('SET %s', async (setting, name, shown) => {
  const db = await openDb();
  await db.run(`SET ${setting}`);
  expect(await db.rows(`SHOW ${name}`)).toEqual([[shown]]);
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['SET work_mem = 1', '22023', '1 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)'],
  ["SET work_mem = '5 potatoes'", '22023', 'invalid value for parameter "work_mem": "5 potatoes"'],
  [
    'SET statement_timeout = -1',
    '22023',
    '-1 ms is outside the valid range for parameter "statement_timeout" (0 .. 2147483647)',
  ],
  ['SET extra_float_digits = 5', '22023', '5 is outside the valid range for parameter "extra_float_digits" (-15 .. 3)'],
  ["SET bytea_output = 'foo'", '22023', 'invalid value for parameter "bytea_output": "foo"'],
  ['SET enable_seqscan = maybe', '22023', 'parameter "enable_seqscan" requires a Boolean value'],
  ["SET datestyle = 'foo'", '22023', 'invalid value for parameter "DateStyle": "foo"'],
  ["SET timezone = 'foo/bar'", '22023', 'invalid value for parameter "TimeZone": "foo/bar"'],
  ["SET server_version = 'x'", '55P02', 'parameter "server_version" cannot be changed'],
  ['SET nonsense = 1', '42704', 'unrecognized configuration parameter "nonsense"'],
  ["SELECT set_config('search_path', 'a,,b', false)", '22023', 'invalid value for parameter "search_path": "a,,b"'],
  ["SELECT current_setting('nope')", '42704', 'unrecognized configuration parameter "nope"'],
];

test.each(REFUSED)('%s is refused', async (sql, code, message) => {
  const db = await openDb();
  await expect(db.session.script(sql)).rejects.toMatchObject({ code, message });
});

test('a query that sets and then fails leaves no setting behind', async () => {
  const db = await openDb();
  expect(await db.code("SELECT set_config('work_mem', '8MB', false), 1 / 0")).toBe('22012');
  expect(await db.rows('SHOW work_mem')).toEqual([['4MB']]);
  await db.run("SET my.own = 'x'; RESET my.own");
  expect(await db.rows("SELECT current_setting('my.own')")).toEqual([['']]);
  expect(await db.rows("SELECT set_config('work_mem', '8192', false), set_config('work_mem', NULL, false)")).toEqual([
    ['8MB', '4MB'],
  ]);
});
