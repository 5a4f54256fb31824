/** Functions that programs and aggregates call by name, and waiting. Expected values are PostgreSQL 15's. */
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
});

test.each([
  [
    "SELECT hashtext(''), hashtext('a'), hashtext('hello world, this is long'), hashtext('äö'), hashtextextended('abc', 0), hashtextextended('abc', 42), hashtextextended('abc', -7)",
    '-1477818771|1075015857|-1137652777|1459994826|-6747756470228489321|4423357919252764502|-311900745630446676',
  ],
  [
    'SELECT hashint4(0), hashint4(1), hashint4(-1), hashint8(1), hashint8(-1), hashint8(12345678901234), hashint2(7::int2), hashoid(5), hashint4extended(5, 9), hashint8extended(-5, 12345678901234567)',
    '-272711505|-1905060026|385747274|-1905060026|385747274|-336417066|-978793473|-1330264708|-8841315263324933473|7278969877880602850',
  ],
  [
    "SELECT hashfloat8(1.5), hashfloat8(0), hashfloat8(-0.0), hashfloat8extended(0, 77), hashfloat4(1.5), hashfloat8('nan'), hashfloat8('-inf')",
    '630860146|0|0|77|630860146|-1275764840|-1377680656',
  ],
  [
    "SELECT uuid_hash('123e4567-e89b-12d3-a456-426614174000'), timestamp_hash('2024-01-01'), timestamp_hash('infinity'), timestamp_hash('-infinity'), time_hash('12:00'), hashname('abc'), hashbpchar('ab  '), hashchar('x'), hashchar('')",
    '1944658063|645451447|-1524351049|-96758253|-239764610|-785388649|1718550461|-1072653310|-272711505',
  ],
  [
    "SELECT btint4cmp(1,2), bttextcmp('b','b'), numeric_cmp(2,1), int4larger(3,5), text_smaller('a','b'), btarraycmp('{1,2}'::int[],'{1,3}'), timestamp_larger('2024-01-01','2025-01-01'), interval_cmp('1 day','24 hours')",
    '-1|0|1|5|a|-1|2025-01-01 00:00:00|0',
  ],
  [
    "SELECT int4_sum(NULL, 5), int4_sum(3::bigint, NULL), int8_sum(NULL, 5::bigint), int4_avg_accum('{1,5}', 7), int8_avg('{3,10}'), int2int4_sum('{0,0}'), int8inc(41), booland_statefunc(true,false)",
    '5|3|5|{2,12}|3.3333333333333333||42|f',
  ],
  [
    "SELECT float8_accum('{0,0,0}', 5), float8_accum('{1,5,0}', 7), float8_var_samp('{2,12,2}'), float8_stddev_pop('{2,12,2}'), float8_combine('{2,12,2}','{1,3,0}'), float8_avg('{0,0,0}')",
    '{1,5,0}|{2,12,2}|2|1|{3,15,8}|',
  ],
  [
    "SELECT pg_size_bytes('1 kB'), pg_size_bytes('1.5GB'), pg_size_bytes('-3 MB'), textlen('äb')",
    '1024|1610612736|-3145728|2',
  ],
  ["SELECT * FROM pg_options_to_table('{a=1}')", 'a|1'],
  ["SELECT timeofday() ~ '^\\w{3} \\w{3} \\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6} \\d{4} \\S+$'", 't'],
])('%s', async (sql, row) => {
  const [found = []] = await db.rows(sql);
  expect(found.map((value) => value ?? '').join('|')).toBe(row);
});

test('aggregates are made of them', async () => {
  await db.run(`
    CREATE AGGREGATE my_avg(int) (sfunc = int4_avg_accum, stype = int8[], finalfunc = int8_avg, initcond = '{0,0}');
    CREATE AGGREGATE my_sum(int) (sfunc = int4_sum, stype = bigint);
    CREATE AGGREGATE my_max(int) (sfunc = int4larger, stype = int, sortop = >);
    CREATE AGGREGATE my_var(float8) (sfunc = float8_accum, stype = float8[], finalfunc = float8_var_samp,
      combinefunc = float8_combine, initcond = '{0,0,0}')`);
  expect(await db.rows('SELECT my_avg(x), my_sum(x), my_max(x), my_var(x) FROM generate_series(1, 10) x')).toEqual([
    ['5.5000000000000000', '55', '10', '9.166666666666666'],
  ]);
});

/** Milliseconds that a statement takes. */
async function taken(sql: string): Promise<number> {
  const start = performance.now();
  await db.run(sql);
  return performance.now() - start;
}

test('pg_sleep waits, for each row and in bodies', async () => {
  expect(await taken('SELECT pg_sleep(0.04)')).toBeGreaterThan(38);
  expect(await taken('SELECT pg_sleep(0.02) FROM generate_series(1, 3)')).toBeGreaterThan(57);
  expect(
    await taken("DO $$ DECLARE x text; BEGIN PERFORM pg_sleep(0.02); x := pg_sleep_for('20 ms'); END $$"),
  ).toBeGreaterThan(38);
  expect(await taken("SELECT pg_sleep_until(clock_timestamp() - interval '1 day'), pg_sleep(-1)")).toBeLessThan(1000);
});

test('others go on meanwhile, and a timeout ends it', async () => {
  const other = db.engine.session();
  const sleeping = db.session.execute('SELECT pg_sleep(0.3)');
  let awake = false;
  void sleeping.then(() => (awake = true));
  await other.execute('SELECT 1');
  expect(awake).toBe(false);
  await sleeping;
  await db.run("SET statement_timeout = '50ms'");
  expect(await db.code('SELECT pg_sleep(30)')).toBe('57014');
  await db.run('RESET statement_timeout');
});

test.each([
  ["SELECT pg_size_bytes('1 XB')", '22023'],
  ["SELECT to_ascii('abc')", '0A000'],
])('%s: %s', async (sql, code) => {
  expect(await db.code(sql)).toBe(code);
});
