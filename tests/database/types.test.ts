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
