/** Enums, domains and composite types, with the answers that PostgreSQL 15 gives; and what only DriftDB has: their past. */
import { describe, expect, test } from 'vitest';
import { openDb } from './helper.ts';

describe('enums', () => {
  test('order by place, not by name', async () => {
    const db = await openDb();
    await db.run(`CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
      CREATE TABLE p (id int PRIMARY KEY, m mood, ms mood[]);
      INSERT INTO p VALUES (1, 'happy', '{sad,ok}'), (2, 'sad', NULL), (3, 'ok', '{}');
      ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok'; ALTER TYPE mood ADD VALUE 'elated' AFTER 'happy';
      INSERT INTO p VALUES (4, 'meh', NULL); CREATE INDEX ON p (m)`);
    expect(await db.rows('SELECT id, m FROM p ORDER BY m')).toEqual([
      ['2', 'sad'],
      ['4', 'meh'],
      ['3', 'ok'],
      ['1', 'happy'],
    ]);
    expect(await db.rows(`SELECT id FROM p WHERE m BETWEEN 'meh' AND 'ok' ORDER BY id`)).toEqual([['3'], ['4']]);
    expect(await db.rows('SELECT max(m), min(m), array_agg(m ORDER BY m DESC) FROM p')).toEqual([
      ['happy', 'sad', '{happy,ok,meh,sad}'],
    ]);
    expect(
      await db.rows(
        `SELECT enum_range(NULL::mood), enum_first(NULL::mood), enum_last('ok'::mood), enum_range('meh', 'happy'::mood)`,
      ),
    ).toEqual([['{sad,meh,ok,happy,elated}', 'sad', 'elated', '{meh,ok,happy}']]);
    expect(
      await db.rows(`SELECT 'ok'::mood::text, 'sad'::text::mood, 'ok' = ANY (ms), pg_typeof(ms) FROM p WHERE id = 1`),
    ).toEqual([['ok', 'sad', 't', 'mood[]']]);
  });

  test('labels are checked', async () => {
    const db = await openDb();
    await db.run(`CREATE TYPE mood AS ENUM ('sad', 'ok')`);
    expect(await db.code(`SELECT 'bad'::mood`)).toBe('22P02');
    expect(await db.code(`SELECT 'ok'::mood = 'ok'::text`)).toBe('42883');
    expect(await db.code(`ALTER TYPE mood ADD VALUE 'ok'`)).toBe('42710');
    expect(await db.code(`ALTER TYPE mood ADD VALUE 'x' AFTER 'y'`)).toBe('22023');
    expect(await db.code(`ALTER TYPE mood RENAME VALUE 'x' TO 'y'`)).toBe('22023');
    expect(await db.code(`CREATE TYPE mood AS ENUM ()`)).toBe('42710');
    expect(await db.code(`CREATE TYPE twice AS ENUM ('a', 'a')`)).toBe('23505');
    await db.run(`ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok'`);
  });

  test('many labels between two neighbours', async () => {
    const db = await openDb();
    await db.run(`CREATE TYPE n AS ENUM ('first', 'last')`);
    for (let i = 0; i < 20; i++) await db.run(`ALTER TYPE n ADD VALUE 'v${i}' BEFORE 'last'`);
    expect(await db.rows('SELECT enum_range(NULL::n)')).toEqual([
      [`{first,${Array.from({ length: 20 }, (_, i) => `v${i}`).join()},last}`],
    ]);
  });
});

describe('domains', () => {
  test('every way into one is checked', async () => {
    const db = await openDb();
    await db.run(`CREATE DOMAIN pos AS int CHECK (value > 0) NOT NULL;
      CREATE DOMAIN zip AS text DEFAULT '00000' CHECK (value ~ '^[0-9]{5}$');
      CREATE TABLE d (x pos, z zip, zs zip[]);
      INSERT INTO d (x) VALUES (5)`);
    expect(await db.rows('SELECT x, z, x + 1, z || z, pg_typeof(x), x = 5 FROM d')).toEqual([
      ['5', '00000', '6', '0000000000', 'pos', 't'],
    ]);
    for (const [sql, code] of [
      ['INSERT INTO d (x) VALUES (0)', '23514'],
      ['INSERT INTO d (z) VALUES (NULL)', '23502'],
      ['INSERT INTO d (x) VALUES (NULL)', '23502'],
      ['INSERT INTO d (x, zs) VALUES (1, ARRAY[1, 2])', '23514'],
      [`INSERT INTO d (x, zs) VALUES (1, '{12345,1}')`, '23514'],
      ['UPDATE d SET x = x - 5', '23514'],
      ['SELECT NULL::pos', '23502'],
      ['SELECT 0::pos', '23514'],
      ['SELECT ARRAY[12345, 1]::zip[]', '23514'],
      ['ALTER DOMAIN pos ADD CHECK (value < 5)', '23514'],
      ['DROP DOMAIN pos', '2BP01'],
    ] as const)
      expect([sql, await db.code(sql)]).toEqual([sql, code]);
    const many = Array.from({ length: 40 }, (_, i) => `(${i + 1 - (i === 39 ? 100 : 0)})`).join();
    expect(await db.code(`INSERT INTO d (x) VALUES ${many}`)).toBe('23514');
    await db.run('ALTER DOMAIN pos DROP CONSTRAINT pos_check; INSERT INTO d (x) VALUES (-4)');
    await db.run('DROP DOMAIN pos CASCADE');
    expect(await db.rows('SELECT * FROM d')).toEqual([
      ['00000', null],
      ['00000', null],
    ]);
  });

  test('over a domain, over an array, with a modifier', async () => {
    const db = await openDb();
    await db.run(`CREATE DOMAIN pair AS int[] CHECK (array_length(value, 1) = 2);
      CREATE DOMAIN money2 AS numeric(8, 2); CREATE DOMAIN small AS money2 CHECK (value < 10)`);
    expect(
      await db.rows(`SELECT '{1,2}'::pair, ('{1,2}'::pair)[2], 3.14159::money2, 3::small, 2.345::small + 1`),
    ).toEqual([['{1,2}', '2', '3.14', '3.00', '3.35']]);
    expect(await db.code(`SELECT '{1}'::pair`)).toBe('23514');
    expect(await db.code('SELECT 10.001::small')).toBe('23514');
    expect(await db.code('SELECT 1234567.1::money2')).toBe('22003');
  });

  test('a column that is added takes the domain’s default', async () => {
    const db = await openDb();
    await db.run(`CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE DOMAIN dd AS text DEFAULT 'x' NOT NULL;
      CREATE DOMAIN strict AS int NOT NULL; ALTER TABLE t ADD COLUMN v dd`);
    expect(await db.rows('SELECT * FROM t')).toEqual([['1', 'x']]);
    expect(await db.code('ALTER TABLE t ADD COLUMN w strict')).toBe('23502');
  });
});

describe('composite types', () => {
  test('fields are read and assigned', async () => {
    const db = await openDb();
    await db.run(`CREATE TYPE c AS (a int, b text); CREATE TABLE t (id int PRIMARY KEY, v c, vs c[]);
      INSERT INTO t VALUES (1, ROW(1, 'x'), ARRAY[ROW(2, 'y')::c]), (2, '(3,"a b")', NULL), (3, NULL, '{"(1,q)"}');
      UPDATE t SET v.b = 'new' WHERE id = 1; UPDATE t SET v.a = 7, v.b = 'u' WHERE id = 3;
      UPDATE t SET vs[1].b = 'deep', vs[3] = ROW(9, 'z') WHERE id = 1; INSERT INTO t (id, v.a) VALUES (4, 4)`);
    expect(await db.rows('SELECT id, v, (v).a, (v).b, vs FROM t ORDER BY id')).toEqual([
      ['1', '(1,new)', '1', 'new', '{"(2,deep)",NULL,"(9,z)"}'],
      ['2', '(3,"a b")', '3', 'a b', null],
      ['3', '(7,u)', '7', 'u', '{"(1,q)"}'],
      ['4', '(4,)', '4', null, null],
    ]);
    expect(await db.rows('SELECT (v).* FROM t ORDER BY v DESC LIMIT 2')).toEqual([
      ['7', 'u'],
      ['4', null],
    ]);
    expect(
      await db.rows('SELECT v IS NULL, v IS NOT NULL, row_to_json(v) FROM t WHERE id IN (3, 4) ORDER BY id'),
    ).toEqual([
      ['f', 't', '{"a":7,"b":"u"}'],
      ['f', 'f', '{"a":4,"b":null}'],
    ]);
    expect(await db.rows(`SELECT id FROM t WHERE v = ROW(1, 'new')::c OR v > ROW(6, '') ORDER BY id`)).toEqual([
      ['1'],
      ['3'],
    ]);
    expect(await db.rows('SELECT t, (t).id, pg_typeof(t) FROM t WHERE id = 4')).toEqual([['(4,"(4,)",)', '4', 't']]);
    expect(await db.code('SELECT (v).nope FROM t')).toBe('42703');
    expect(await db.code('UPDATE t SET v.nope = 1')).toBe('42703');
    expect(await db.code('UPDATE t SET id.a = 1')).toBe('42804');
    expect(await db.code('SELECT ROW(1)::c')).toBe('42846');
    expect(await db.code(`SELECT '(1'::c`)).toBe('22P02');
  });

  test('attributes come and go', async () => {
    const db = await openDb();
    await db.run(`CREATE TYPE c AS (a int); CREATE TABLE t (v c); INSERT INTO t VALUES (ROW(1));
      ALTER TYPE c ADD ATTRIBUTE b text; INSERT INTO t VALUES (ROW(2, 'b'))`);
    expect(await db.rows('SELECT v, (v).b FROM t ORDER BY v')).toEqual([
      ['(1,)', null],
      ['(2,b)', 'b'],
    ]);
    await db.run('ALTER TYPE c RENAME ATTRIBUTE b TO bb; ALTER TYPE c RENAME TO cc');
    expect(await db.rows(`SELECT (v).bb, (ROW(1, 'q')::cc).bb FROM t ORDER BY v`)).toEqual([
      [null, 'q'],
      ['b', 'q'],
    ]);
    expect(await db.code('DROP TYPE cc')).toBe('2BP01');
    await db.run('DROP TYPE cc CASCADE');
    expect(await db.code('SELECT v FROM t')).toBe('42703');
  });
});

test('arrays and jsonb are assigned by element and slice', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, a int[], j jsonb, m int[][]);
    INSERT INTO t VALUES (1, NULL, NULL, '{{1,2},{3,4}}'); UPDATE t SET a[3] = 5; UPDATE t SET a[1] = 1, a[5] = 9;
    UPDATE t SET a[-1:0] = '{8,7}', m[2][1] = 30, j['a']['b'] = '1', j['z'][2] = '"q"'`);
  expect(await db.rows('SELECT a, m, j FROM t')).toEqual([
    ['[-1:5]={8,7,1,NULL,5,NULL,9}', '{{1,2},{30,4}}', '{"a": {"b": 1}, "z": [null, null, "q"]}'],
  ]);
  await db.run('UPDATE t SET m[1:2][2:2] = ARRAY[[20], [40]]');
  expect(await db.rows('SELECT m FROM t')).toEqual([['{{1,20},{30,40}}']]);
  expect(await db.code('UPDATE t SET m[3][1] = 1')).toBe('2202E');
  expect(await db.code('UPDATE t SET m[1] = 1')).toBe('2202E');
  expect(await db.code('UPDATE t SET a[NULL] = 1')).toBe('22004');
  expect(await db.code('UPDATE t SET a[2:1] = ARRAY[1]')).toBe('2202E');
  expect(await db.code(`UPDATE t SET j['a']['b']['c'] = '1'`)).toBe('22023');
});

test('types have a past, and outlive openings', async () => {
  const db = await openDb();
  await db.run(`CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE c AS (m mood, n int);
    CREATE DOMAIN pos AS int CHECK (value > 0);
    CREATE TABLE t (id int PRIMARY KEY, m mood DEFAULT 'ok', v c, vs c[], p pos);
    INSERT INTO t VALUES (1, 'sad', ROW('ok', 5), ARRAY[ROW('sad', 6)::c], 3)`);
  const [[before]] = (await db.rows('SELECT max(seq) FROM drift.transactions')) as [[string]];
  await db.run(`ALTER TYPE mood RENAME VALUE 'sad' TO 'gloomy'; ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok';
    ALTER TABLE t ADD COLUMN m2 mood DEFAULT 'meh'; ALTER TYPE c ADD ATTRIBUTE z text; DROP DOMAIN pos CASCADE`);
  const now = [['1', 'gloomy', '(ok,5,)', '{"(gloomy,6,)"}', 'meh']];
  const then = [['1', 'sad', '(ok,5)', '{"(sad,6)"}', '3']];
  const past = `SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ ${before}`;
  expect(await db.rows('SELECT * FROM t')).toEqual(now);
  expect(await db.rows(past)).toEqual(then);
  expect(await db.rows(`SELECT a.m, b.m, a.m = b.m FROM t a, t FOR SYSTEM_TIME AS OF SEQ ${before} b`)).toEqual([
    ['gloomy', 'sad', 't'],
  ]);
  await db.engine.close();
  const again = await openDb(db.storage);
  expect(await again.rows('SELECT * FROM t')).toEqual(now);
  expect(await again.rows(past)).toEqual(then);
  await again.run('DROP TABLE t; DROP TYPE c; DROP TYPE mood');
  await again.engine.checkpoint();
  await again.engine.close();
  const last = await openDb(again.storage);
  expect(await last.rows(past)).toEqual(then);
  expect(await last.code(`SELECT 'ok'::mood`)).toBe('42704');
  await last.engine.close();
});
