/** CREATE TYPE … AS RANGE: the type, its multirange, their functions, storage and catalogs. Values are PostgreSQL 15's. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

const TYPES = `CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
  CREATE TYPE textr AS RANGE (subtype = text, collation = "C"); CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE TYPE moods AS RANGE (subtype = mood, multirange_type_name = moodset)`;

async function prepared(): Promise<Db> {
  const db = await openDb();
  await db.run(TYPES);
  return db;
}

test.each([
  ["'[1.5,2.5)'::floatrange, floatrange(1,2,'[]'), floatrange(NULL,2)", '[1.5,2.5)|[1,2]|(,2)'],
  ['floatrange(1,3) @> 2::float8, floatrange(1,3) && floatrange(2,4), floatrange(1,2) -|- floatrange(2,3)', 't|t|t'],
  [
    'floatrange(1,3) + floatrange(2,4), floatrange(1,3) * floatrange(2,4), floatrange(1,3) - floatrange(2,4)',
    '[1,4)|[2,3)|[1,2)',
  ],
  ['lower(floatrange(1,3)), upper(floatrange(1,3)), isempty(floatrange(1,1))', '1|3|t'],
  ["floatmultirange(floatrange(1,2), floatrange(3,4)), '{[1,2),[1.5,3)}'::floatmultirange", '{[1,2),[3,4)}|{[1,3)}'],
  ['floatmultirange(floatrange(1,2), floatrange(3,4)) @> 3.5::float8', 't'],
  ['range_agg(r), range_intersect_agg(r) FROM (VALUES (floatrange(1,3)), (floatrange(2,4))) v(r)', '{[1,4)}|[2,3)'],
  ["textr('a','z') @> 'm'::text, '[a,c]'::textr", 't|[a,c]'],
  ["moods('sad','happy') @> 'ok'::mood, moodset(moods('sad','ok'))", 't|{[sad,ok)}'],
])('SELECT %s', async (list, expected) => {
  const db = await prepared();
  expect((await db.rows(`SELECT ${list}`))[0]?.join('|')).toBe(expected);
});

test.each([
  ['CREATE TYPE x AS RANGE (collation = "C")', '42601'],
  ['CREATE TYPE x AS RANGE (subtype = int4, foo = 1)', '42601'],
  ['CREATE TYPE x AS RANGE (subtype = int4, subtype = int4)', '42601'],
  ['CREATE TYPE x AS RANGE (subtype = json)', '42704'],
  ['CREATE TYPE x AS RANGE (subtype = nope)', '42704'],
  ['CREATE TYPE x AS RANGE (subtype = anyelement)', '42804'],
  ['CREATE TYPE x AS RANGE (subtype = int4, collation = "C")', '42809'],
  ['CREATE TYPE x AS RANGE (subtype = int4, subtype_diff = nope)', '42883'],
  ['CREATE TYPE x AS RANGE (subtype = int4, canonical = nope)', '0A000'],
  ['CREATE TYPE x AS RANGE (subtype = text, collation = "de-x-icu")', '0A000'],
  ['CREATE TYPE floatrange AS RANGE (subtype = float8)', '42710'],
  ['CREATE TYPE x AS RANGE (subtype = float8, multirange_type_name = mood)', '42710'],
  ["SELECT textr('b', 'a')", '22000'],
  ['DROP TYPE floatmultirange', '2BP01'],
  ['DROP TYPE mood', '2BP01'],
])('%s: %s', async (sql, code) => {
  const db = await prepared();
  expect(await db.code(sql)).toBe(code);
});

test('values are stored, indexed and found again after opening; the past keeps its type', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run(`${TYPES}; CREATE TABLE rt (id int PRIMARY KEY, r floatrange, m floatmultirange, t textr, d moods, a floatrange[]);
    INSERT INTO rt VALUES (1, '[1,2)', '{[1,2)}', '[a,b)', '[sad,ok]', ARRAY[floatrange(1,2)]),
      (2, '[0,5]', '{}', 'empty', '(,happy)', NULL), (3, '(,3)', '{[1,2),[3,)}', '[b,)', NULL, '{"[1,2)","[3,4)"}');
    CREATE INDEX ON rt (r); CREATE UNIQUE INDEX ON rt (t); CREATE TAG before`);
  await db.run('CHECKPOINT');
  await db.engine.close();
  db = await openDb(storage);
  const rows = [
    ['3', '(,3)', '{[1,2),[3,)}', '[b,)', null, '{"[1,2)","[3,4)"}'],
    ['2', '[0,5]', '{}', 'empty', '(,happy)', null],
    ['1', '[1,2)', '{[1,2)}', '[a,b)', '[sad,ok]', '{"[1,2)"}'],
  ];
  expect(await db.rows('SELECT * FROM rt ORDER BY r')).toEqual(rows);
  expect(await db.rows("SELECT id FROM rt WHERE r = '[1,2)'")).toEqual([['1']]);
  expect(await db.rows('SELECT id FROM rt WHERE r @> 1.5::float8 ORDER BY 1')).toEqual([['1'], ['2'], ['3']]);
  expect(await db.rows("SELECT id FROM rt WHERE r < '[0.5,1)' ORDER BY 1")).toEqual([['2'], ['3']]);
  expect(await db.code("INSERT INTO rt (id, t) VALUES (4, '[a,b)')")).toBe('23505');
  expect(await db.rows('SELECT pg_typeof(r), pg_typeof(m), pg_typeof(a) FROM rt LIMIT 1')).toEqual([
    ['floatrange', 'floatmultirange', 'floatrange[]'],
  ]);
  await db.run("ALTER TYPE mood ADD VALUE 'great'; DROP TYPE floatrange CASCADE");
  expect(await db.rows('SELECT * FROM rt WHERE id = 1')).toEqual([['1', '[a,b)', '[sad,ok]']]);
  expect(await db.rows("SELECT * FROM rt FOR SYSTEM_TIME AS OF TAG 'before' ORDER BY id DESC")).toEqual(
    rows.toSorted((a, b) => Number(b[0]) - Number(a[0])),
  );
});

test('the catalogs show both types', async () => {
  const db = await prepared();
  expect(
    await db.rows(
      "SELECT typname, typtype, typcategory FROM pg_type WHERE typname ~ '^(float.*range|moods)' ORDER BY 1",
    ),
  ).toEqual([
    ['floatmultirange', 'm', 'R'],
    ['floatrange', 'r', 'R'],
    ['moods', 'r', 'R'],
    ['moodset', 'm', 'R'],
  ]);
  expect(
    await db.rows(
      'SELECT rngtypid::regtype, rngsubtype::regtype, rngmultitypid::regtype FROM pg_range WHERE rngtypid >= 16384 ORDER BY 1',
    ),
  ).toContainEqual(['floatrange', 'double precision', 'floatmultirange']);
});
