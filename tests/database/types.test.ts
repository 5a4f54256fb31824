/** Types through SQL: operators, casts and functions give what PostgreSQL 15 gives (TimeZone UTC). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDb, type Db } from './helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
});
afterAll(async () => {
  await db.engine.close();
});

/** The text of an expression, or E and the SQLSTATE. */
async function value(expression: string): Promise<string | null> {
  try {
    const rows = await db.rows(`SELECT (${expression})::text`);
    return rows[0]?.[0] ?? null;
  } catch (error) {
    return `E${(error as { code?: string }).code ?? String(error)}`;
  }
}

describe('dates, times and zones', () => {
  test.each<[string, string | null]>([
    ["'10:00+02'::timetz + interval '1 hour 30 min'", '11:30:00+02'],
    ["'23:00+02'::timetz + interval '3 hours'", '02:00:00+02'],
    ["'10:00+02'::timetz - interval '1 day 11 hours'", '23:00:00+02'],
    ["interval '1 hour' + '10:00+02'::timetz", '11:00:00+02'],
    ["date '2020-01-01' + '10:00+02'::timetz", '2020-01-01 08:00:00+00'],
    ["'10:00+02'::timetz at time zone 'UTC'", '08:00:00+00'],
    ["'10:00+02'::timetz at time zone '-05'", '13:00:00+05'],
    ["'10:00+02'::timetz at time zone interval '-3 hours'", '05:00:00-03'],
    ["'10:00+02'::timetz = '08:00+00'::timetz", 'false'],
    ["'10:00+02'::timetz < '08:00+00'::timetz", 'true'],
    ["'10:00+02'::timetz::time", '10:00:00'],
    ["'10:00'::time::timetz", '10:00:00+00'],
    ["'2020-01-01 10:00+02'::timestamptz::timetz", '08:00:00+00'],
    ["'10:00:11.234567+02'::timetz(2)", '10:00:11.23+02'],
    ["extract(timezone_hour from '10:00+02:30'::timetz)", '2'],
    ["extract(second from '10:00:05.5+02:30'::timetz)", '5.500000'],
    ["extract(epoch from '10:00:05.5+02:30'::timetz)", '27005.500000'],
    ["date_part('hour', '10:00:05.5+02:30'::timetz)", '10'],
    ["'9999-12-31 23:59:59.999999'::timestamp::date", '9999-12-31'],
    ["'9999-12-31 23:59:59.999999'::timestamp::time", '23:59:59.999999'],
    ["'9999-12-31 23:59:59.999999'::timestamp::timestamptz", '9999-12-31 23:59:59.999999+00'],
    ["'9999-12-31 23:59:59.999999'::timestamp + interval '1 microsecond'", '10000-01-01 00:00:00'],
    ["'infinity'::date::timestamp", 'infinity'],
    ["'4714-11-24 BC'::date::timestamptz", '4714-11-24 00:00:00+00 BC'],
    ["'5874897-12-31'::date::timestamp", 'E22008'],
    ["'2020-01-01 00:00+00'::timestamptz at time zone '+02'", '2019-12-31 22:00:00'],
    ["'2020-01-01 00:00+00'::timestamptz at time zone 'America/New_York'", '2019-12-31 19:00:00'],
    ["'2020-01-01 00:00'::timestamp at time zone 'PST'", '2020-01-01 08:00:00+00'],
    ["'2020-01-31'::timestamp + '1 month'", '2020-02-29 00:00:00'],
    ["'2020-01-31'::date - '1 month'::interval", '2019-12-31 00:00:00'],
    ["'2020-03-01 10:00'::timestamp - '2020-01-31 12:00'::timestamp", '29 days 22:00:00'],
    ["'2020-01-01 10:00'::timestamp - '2020-01-31 12:00'::timestamp", '-30 days -02:00:00'],
    ["'9999-12-31 23:59:59.999999'::timestamp - '0001-01-01'::timestamp", '3652058 days 23:59:59.999999'],
    ["'2020-03-01 10:00'::timestamptz - '1 mon 2 days 03:04'::interval", '2020-01-30 06:56:00+00'],
    ["'2020-01-01'::timestamp - '100000 years'::interval", 'E22008'],
    ["'infinity'::timestamp - '2020-01-01'::timestamp", 'E22008'],
    ["'infinity'::timestamptz + '1 day'", 'infinity'],
  ])('%s', async (expression, text) => {
    expect(await value(expression)).toBe(text);
  });
});

describe('arrays and rows', () => {
  test.each<[string, string | null]>([
    ['array[1,2,3] < array[1,2,4]', 'true'],
    ['array[1,2] < array[1,2,3]', 'true'],
    ['array[10,2] < array[9]', 'false'],
    ["array['10','2'] < array['9']", 'true'],
    ['array[1.10, 2] = array[1.1, 2.0]', 'true'],
    ['array[1,null] > array[1,2]', 'true'],
    ['array[1,null] = array[1,null]', 'true'],
    ["'[0:1]={1,2}'::int[] = '{1,2}'::int[]", 'false'],
    ["'[0:1]={1,2}'::int[] > '{1,2}'::int[]", 'false'],
    ["'{{1,2}}'::int[] > '{1,2}'::int[]", 'true'],
    ["array[date '2020-01-01'] < array[date '2020-01-02']", 'true'],
    ["array[interval '30 days'] = array[interval '1 month']", 'true'],
    ["array[row(1,2), row(3,'a b')]", '{"(1,2)","(3,\\"a b\\")"}'],
    ["array['a,b', 'c\"d', '', 'null', 'x\\y', 'a b', '{}']", '{"a,b","c\\"d","","null","x\\\\y","a b","{}"}'],
    ['array[true,false]', '{t,f}'],
    ["array[1.5::float8, 'nan']", '{1.5,NaN}'],
    ["array['2020-01-01 10:00'::timestamp]", '{"2020-01-01 10:00:00"}'],
    ['array[current_date]::text[] is not null', 'true'],
    ["'{1,2}'::int[]::text[]", '{1,2}'],
    ["'{1.4,2.6}'::numeric[]::int[]", '{1,3}'],
    ['array[1,2]::bigint[]', '{1,2}'],
    ['array[1,2.5]', '{1,2.5}'],
    ['array[[1,2],[3,4]]', '{{1,2},{3,4}}'],
    ['array[array[1,2],array[3]]', 'E2202E'],
    ["array['a'::char(3), 'b']", '{"a  ",b}'],
    ["'{a,b}'::char(3)[]", '{"a  ","b  "}'],
    ["'{abc}'::varchar(2)[]", '{ab}'],
    ["('{abc}'::text[])::varchar(2)[]", '{ab}'],
    ["'{1.555}'::numeric(4,2)[]", '{1.56}'],
    ["'{10:00:00.123456}'::time(2)[]", '{10:00:00.12}'],
    ['(array[1,2,3])[2]', '2'],
    ["('[5:7]={1,2,3}'::int[])[6]", '2'],
    ['(array[[1,2],[3,4]])[2][1]', '3'],
    ['(array[1,2,3])[2:3]', '{2,3}'],
    ["('[5:7]={1,2,3}'::int[])[6:7]", '{2,3}'],
    ['array[1,2] || 3', '{1,2,3}'],
    ['array_agg(1::numeric)', '{1}'],
    ['array[]::int[]', '{}'],
    ["'{}'::int[] = array[]::int[]", 'true'],
    ["array['2 days'::interval]", '{"2 days"}'],
    ["array['\\x00ff'::bytea]", '{"\\\\x00ff"}'],
    [`array['{"a":1}'::jsonb]`, '{"{\\"a\\": 1}"}'],
    ['array[null]', '{NULL}'],
    ['array[null, 1]', '{NULL,1}'],
    ["array[null, 'a']", '{NULL,a}'],
    ["array[uuid 'a0eebc999c0b4ef8bb6d6bb9bd380a11']", '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'],
    ["array['10:00+02'::timetz]", '{10:00:00+02}'],
    ['greatest(array[1,2], array[1,3])', '{1,3}'],
    ["array_to_string('[2:3]={1,2}'::int[], ',')", '1,2'],
    ['row(1, array[1,2])', '(1,"{1,2}")'],
    ["row(1,'a') = row(1,'a')", 'true'],
    ['row(1,2) < row(1,3)', 'true'],
    ['row(1,null) < row(1,3)', null],
    ['(1,2) = (1,null)', null],
    ['(1,2) <> (2,null)', 'true'],
    ['row(1,2) is distinct from row(1,null)', 'true'],
    ["row('a b', null, '', 1.50, true, date '2020-01-01')", '("a b",,"",1.50,t,2020-01-01)'],
  ])('%s', async (expression, text) => {
    expect(await value(expression)).toBe(text);
  });
});

describe('intervals', () => {
  test.each<[string, string | null]>([
    ["interval '1' year", '1 year'],
    ["interval '1' year to month", '1 mon'],
    ["interval '1-2' year to month", '1 year 2 mons'],
    ["interval '1' month", '1 mon'],
    ["interval '1' day", '1 day'],
    ["interval '1' hour", '01:00:00'],
    ["interval '1' minute", '00:01:00'],
    ["interval '1' second", '00:00:01'],
    ["interval '1 2' day to hour", '1 day 02:00:00'],
    ["interval '1 2:03' day to minute", '1 day 02:03:00'],
    ["interval '1 2:03:04.567' day to second(1)", '1 day 02:03:04.6'],
    ["interval '2:03' minute to second", '00:02:03'],
    ["interval '2:03' hour to second", '02:03:00'],
    ["interval '1.567' second(2)", '00:00:01.57'],
    ["interval(2) '1.567 seconds'", '00:00:01.57'],
    ["interval '1 year 2 mons 3 days 04:05:06' year", '1 year'],
    ["interval '1 year 2 mons 3 days 04:05:06' month", '1 year 2 mons'],
    ["interval '1 year 2 mons 3 days 04:05:06' day", '1 year 2 mons 3 days'],
    ["interval '1 year 2 mons 3 days 04:05:06' hour", '1 year 2 mons 3 days 04:00:00'],
    ["interval '1 year 2 mons 3 days 04:05:06' day to minute", '1 year 2 mons 3 days 04:05:00'],
    ["'1 year 2 mons 3 days 04:05:06.789'::interval hour to minute", '1 year 2 mons 3 days 04:05:00'],
    ["'1 year 2 mons 3 days -04:05:06.789'::interval second(1)", '1 year 2 mons 3 days -04:05:06.8'],
    ["cast('1' as interval day)", '1 day'],
    ["interval '1 day' * 1.5", '1 day 12:00:00'],
    ["interval '1 month' * 0.3", '9 days'],
    ["interval '1 mon 1 day' / 2", '15 days 12:00:00'],
    ["interval '1 year' / 7", '1 mon 21 days 10:17:08.5344'],
    ["1.1 * interval '1 day'", '1 day 02:24:00'],
    ["- interval '1 mon -2 days'", '-1 mons +2 days'],
    ["interval '1 day' - interval '1 hour'", '1 day -01:00:00'],
    ["interval '1 mon' > interval '29 days'", 'true'],
    ["interval '1 mon' = interval '30 days'", 'true'],
    ["interval '1 day' + date '2020-01-01'", '2020-01-02 00:00:00'],
    ["extract(epoch from interval '1 year 1 mon 1.5 s')", '34149601.500000'],
    ["interval '1 day' = '24 hours'", 'true'],
    ["time '10:00' + interval '15 hours'", '01:00:00'],
    ["time '10:00' - time '12:00'", '-02:00:00'],
    ["time '10:00' - interval '11 hours'", '23:00:00'],
    ["interval '178956970 years' + interval '10 years'", 'E22008'],
    ["interval '1 day' * 1e10", 'E22008'],
    ["interval '1 day' * 'nan'::float8", 'E22008'],
    ["interval '1 day' / 0", 'E22012'],
    ["interval '100 hours'::time", '04:00:00'],
    ["'10:00'::time::interval", '10:00:00'],
  ])('%s', async (expression, text) => {
    expect(await value(expression)).toBe(text);
  });
});
