/** Statistics: what a sample says, what ANALYZE finds, when plans are made anew, and how good estimates are. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { describeSample, distinctAt } from '../../src/plan/optimizer/column-statistics.ts';
import { typeByOid } from '../../src/sql/types/registry.ts';
import { openDb, type Db } from '../database/helper.ts';

const INT4 = typeByOid(23);
const TEXT = typeByOid(25);

test('common values, histogram and nulls of a whole table', () => {
  const values = [
    ...Array.from({ length: 60 }, () => 7),
    ...Array.from({ length: 30 }, (_, i) => 100 + i),
    ...Array.from({ length: 10 }, () => null),
  ];
  const found = describeSample({ values, tableRows: 100, type: INT4 });
  expect(found.nullFraction).toBeCloseTo(0.1);
  expect(found.distinct).toBe(31);
  expect(found.commonValues).toEqual([7]);
  expect(found.commonShares[0]).toBeCloseTo(0.6);
  expect(found.histogram[0]).toBe(100);
  expect(found.histogram.at(-1)).toBe(129);
  expect(found.averageWidth).toBe(4);
});

test('different values of a big table from a sample', () => {
  const random = new Random(3);
  const sample = (different: number): number =>
    distinctAt(
      describeSample({
        values: Array.from({ length: 3000 }, () => random.uint32() % different),
        tableRows: 1_000_000,
        type: INT4,
      }),
      1_000_000,
    );
  expect(sample(20)).toBe(20);
  expect(sample(1000)).toBeGreaterThan(900);
  expect(sample(1000)).toBeLessThan(1200);
  expect(sample(2 ** 31)).toBeGreaterThan(500_000);
});

test('a column of one text, and one of nulls only', () => {
  const one = describeSample({ values: ['a', 'a', 'a'], tableRows: 3, type: TEXT });
  expect([one.distinct, one.commonValues, one.histogram]).toEqual([1, ['a'], []]);
  const none = describeSample({ values: [null, null], tableRows: 2, type: TEXT });
  expect([none.nullFraction, none.distinct, none.commonValues, none.histogram]).toEqual([1, 0, [], []]);
});

async function estimate(db: Db, sql: string): Promise<number> {
  const [[text]] = (await db.rows(`EXPLAIN (FORMAT JSON) ${sql}`)) as [[string]];
  return (JSON.parse(text) as [{ Plan: { 'Plan Rows': number } }])[0].Plan['Plan Rows'];
}

/** Conditions over t, of which the estimate must come within a factor of the truth. */
const CONDITIONS: readonly [string, number][] = [
  ['skewed = 0', 1.2],
  ['skewed = 3', 2],
  ['skewed IN (0, 1)', 1.3],
  ['skewed <> 0', 1.3],
  ['even < 250', 1.2],
  ['even >= 900', 1.4],
  ['even > 200 AND even <= 300', 1.4],
  ['even BETWEEN 100 AND 899', 1.2],
  ['nulled IS NULL', 1.2],
  ['nulled IS NOT NULL', 1.2],
  ["word LIKE 'k1%'", 2],
  ["word = 'k5'", 2],
  ['flag', 1.2],
  ['NOT flag', 1.2],
  ['flag IS NOT TRUE', 1.2],
  ['even < 500 OR skewed = 0', 1.3],
  ['amount < 100.5', 1.4],
  ["day < '2020-04-01'", 1.5],
];

test('estimates are near the truth', async () => {
  const db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, skewed int, even int, nulled int, word text, flag bool, amount numeric, day date);
    INSERT INTO t SELECT i, floor(power(i % 97 / 97.0, 3) * 10)::int, (i * 7919) % 1000, nullif(i % 4, 1),
      'k' || (i * 31) % 100, i % 5 = 0, (i * 13) % 500 * 0.75, date '2020-01-01' + i % 365 FROM generate_series(1, 8000) i;
    ANALYZE t;`);
  for (const [condition, factor] of CONDITIONS) {
    const sql = `SELECT id FROM t WHERE ${condition}`;
    const truth = Number((await db.rows(`SELECT count(*) FROM (${sql}) s`))[0]?.[0]);
    const guess = await estimate(db, sql);
    expect(guess, `${condition}: ${guess} for ${truth}`).toBeLessThanOrEqual(truth * factor);
    expect(guess, `${condition}: ${guess} for ${truth}`).toBeGreaterThanOrEqual(truth / factor);
  }
  await db.engine.close();
});

test('a kept plan is made anew when its table has changed much', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE s (id int PRIMARY KEY, k int); CREATE INDEX s_k ON s (k);
    CREATE TABLE b (id int PRIMARY KEY, k int);
    INSERT INTO s SELECT i, i FROM generate_series(1, 10) i; PREPARE q AS SELECT count(*) FROM s WHERE k < 20`);
  expect(await db.rows('EXECUTE q')).toEqual([['10']]);
  await db.run('INSERT INTO s SELECT i, i FROM generate_series(11, 5000) i');
  expect(await db.rows('EXECUTE q')).toEqual([['19']]);
  const [[plan]] = (await db.rows('EXPLAIN SELECT count(*) FROM s WHERE k = 3')) as [[string]];
  expect(plan).toContain('Aggregate');
  await db.engine.close();
});

test('ANALYZE names what is not there', async () => {
  const db = await openDb();
  await db.run(
    'CREATE TABLE a (x int, y text); INSERT INTO a VALUES (1, NULL); ANALYZE a (x, y); ANALYZE; VACUUM ANALYZE a',
  );
  expect(await db.code('ANALYZE nothing')).toBe('42P01');
  expect(await db.code('ANALYZE a (z)')).toBe('42703');
  await db.engine.close();
});
