/** Sums that leave grouping as numbers, with nulls, beside those that leave doubles; many keys far apart joined. */
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from '../database/helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, g int, price numeric(10,2), n int, big bigint);
    INSERT INTO t SELECT i, i % 3, CASE WHEN i % 3 = 2 THEN NULL ELSE i * 0.25 END, nullif(i % 3, 2) * i,
      CASE WHEN i % 3 = 1 THEN 9007199254740991 ELSE i END FROM generate_series(0, 8) i;
    CREATE TABLE sparse (k int PRIMARY KEY);
    INSERT INTO sparse SELECT i * 20 FROM generate_series(0, 9999) i;
    CREATE TABLE probe (id int PRIMARY KEY, k int);
    INSERT INTO probe SELECT i, nullif(i, 40) FROM generate_series(0, 19999) i`);
});

test.each([
  [
    'sums of decimals keep their scale; of nulls alone is null',
    'SELECT g, sum(price) FROM t GROUP BY g ORDER BY g',
    [
      ['0', '2.25'],
      ['1', '3.00'],
      ['2', null],
    ],
  ],
  [
    'HAVING and arithmetic go on with them',
    'SELECT g, sum(price) * 2 FROM t GROUP BY g HAVING sum(price) > 2.5',
    [['1', '6.00']],
  ],
  [
    'sums of integers',
    'SELECT g, sum(n), sum(big) FROM t GROUP BY g ORDER BY g',
    [
      ['0', '0', '9'],
      ['1', '12', '27021597764222973'],
      ['2', null, '15'],
    ],
  ],
  ['sums of no rows', 'SELECT sum(price), sum(n), sum(big) FROM t WHERE id > 100', [[null, null, null]]],
  [
    'a sum sorts and joins as a decimal',
    'SELECT count(*) FROM (SELECT sum(price) s FROM t GROUP BY g) a JOIN t ON t.price * 4 = a.s',
    [['1']],
  ],
  ['keys far apart', 'SELECT count(*), sum(p.id) FROM probe p JOIN sparse s USING (k)', [['999', '9989960']]],
])('%s', async (_, sql, expected) => {
  expect(await db.rows(sql)).toEqual(expected);
});
