/** Intervals whose microseconds need 64 bits, and where they end. Values are PostgreSQL 15's. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test.each([
  ["interval '9223372036854.775807 seconds'", '2562047788:00:54.775807'],
  ["interval '-9223372036854775808 microseconds'", '-2562047788:00:54.775808'],
  [
    "interval 'P178956970Y7M2147483647DT2562047788H54.775807S'",
    '178956970 years 7 mons 2147483647 days 2562047788:00:54.775807',
  ],
  ["interval '9007199254740993 us' + interval '1 us'", '2501999:47:34.740994'],
  ["interval '9007199254740991 us' - interval '-9007199254740990 us'", '5003999:35:09.481981'],
  ["- interval '9007199254740993 us'", '-2501999:47:34.740993'],
  ["interval '9007199254740993 us' = interval '9007199254740992 us'", 'f'],
  ["interval '9223372036854775807 us' < interval '106751991 days 04:00:55'", 't'],
  ["interval '2147483647 months 1 us' > interval '2147483647 months'", 't'],
  [
    "extract(epoch from interval '178956970 years 7 months 2147483647 days 2562047788:00:54.775807')",
    '5842218453753654.775807',
  ],
  ["extract(second from interval '9007199254740993 us')", '34.740993'],
  ["extract(hour from interval '9223372036854775807 us')", '2562047788'],
  ["date_trunc('second', interval '9007199254740993 us')", '2501999:47:34'],
  ["justify_hours(interval '9223372036854775807 us')", '106751991 days 04:00:54.775807'],
  ["timestamp '2000-01-01' + interval '9007199254740993 us'", '2285-06-04 23:47:34.740993'],
  ["interval '9007199254740993 us'::time", '23:47:34.740993'],
  ["interval '9007199254740993 us'::interval(3)", '2501999:47:34.741'],
  ["to_char(interval '9223372036854775807 us', 'HH24:MI:SS.US')", '2562047788:00:54.775807'],
  ["interval '1 us' * 0.5", '00:00:00'],
  ['make_interval(hours => 2147483647, mins => 2147483647, secs => 1.5)', '2183275041:07:01.5'],
  ["(SELECT sum(x) FROM (VALUES (interval '9007199254740993 us'), (interval '1 us')) v(x))", '2501999:47:34.740994'],
])('%s is %s', async (expression, expected) => {
  const db = await openDb();
  expect(await db.rows(`SELECT ${expression}`)).toEqual([[expected]]);
});

test.each([
  ["interval '9223372036854775808 us'", '22015'],
  ["interval '2147483648 days'", '22015'],
  ["interval '178956970 years 8 months'", '22008'],
  ["interval '2147483647 days' + interval '1 day'", '22008'],
  ["interval '9223372036854775807 us' + interval '1 us'", '22008'],
  ["- interval '-2147483648 months'", '22008'],
  ["- interval '-9223372036854775808 us'", '22008'],
  ["interval '9223372036854775807 us' * 1", '22008'],
  ["interval '1 month' / 1e-10", '22008'],
  ["interval '1 mon' * 'NaN'::float8", '22008'],
  ["justify_hours(interval '2147483647 days 24:00:00')", '22008'],
  ["justify_days(interval '2147483647 months 30 days')", '22008'],
  ["(SELECT sum(x) FROM (VALUES (interval '2147483647 days'), (interval '1 day')) v(x))", '22008'],
  ['make_interval(years => 2147483647)', '22008'],
])('%s: %s', async (expression, code) => {
  const db = await openDb();
  expect(await db.code(`SELECT ${expression}`)).toBe(code);
});

test('are stored, indexed, grouped and ordered exactly', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE w (x interval PRIMARY KEY, y interval);
    INSERT INTO w SELECT x, -x FROM (VALUES (interval '9007199254740993 us'), (interval '9007199254740992 us'), (interval '9007199254740991 us'),
      (interval '24:00'), (interval '30 days'), (interval '2147483647 months 1 us'), (interval '2147483647 months')) v(x);
    CREATE INDEX ON w (y)`);
  expect(await db.code("INSERT INTO w VALUES ('1 month')")).toBe('23505');
  expect(await db.rows("SELECT x FROM w WHERE x = '9007199254740993 us'")).toEqual([['2501999:47:34.740993']]);
  const ascending = ['24:00:00', '30 days', '2501999:47:34.740991', '2501999:47:34.740992', '2501999:47:34.740993'];
  expect((await db.rows('SELECT x FROM w ORDER BY x LIMIT 5')).flat()).toEqual(ascending);
  expect((await db.rows('SELECT -y FROM w ORDER BY y DESC LIMIT 5')).flat()).toEqual(ascending);
  expect(await db.rows("SELECT count(*) FROM w WHERE y < '-2147483647 months'")).toEqual([['1']]);
  expect(await db.rows('SELECT count(DISTINCT x) FROM w')).toEqual([['7']]);
  const session = db.engine.session();
  await session.execute("SET intervalstyle = 'iso_8601'");
  const { rowCount } = await session.execute("SELECT 1 FROM w WHERE x::text = 'PT2501999H47M34.740993S'");
  expect(rowCount).toBe(1);
});
