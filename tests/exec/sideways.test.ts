/** Sideways filters: joins answer alike with them, and scans read less. */
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from '../database/helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE fact (id int PRIMARY KEY, a int, b bigint, d date, u int);
    INSERT INTO fact SELECT i, i % 1000, (i % 500) * 10000000000, date '2024-01-01' + i % 400, nullif(i % 7, 0) FROM generate_series(1, 9000) i;
    CREATE TABLE da (a int PRIMARY KEY, name text);
    INSERT INTO da SELECT i, 'a' || i FROM generate_series(0, 999) i;
    CREATE TABLE db (b bigint PRIMARY KEY, kind int);
    INSERT INTO db SELECT i * 10000000000, i % 50 FROM generate_series(0, 499) i;
    CREATE TABLE dd (d date PRIMARY KEY, week int);
    INSERT INTO dd SELECT date '2024-01-01' + i, i / 7 FROM generate_series(0, 399) i;
    CREATE TABLE few (id int, x int);
    INSERT INTO few VALUES (8990, 1), (8995, 2), (NULL, 3);
    ANALYZE; CHECKPOINT`);
});

const TOTALS = 'count(*), sum(f.id)';

test.each([
  // Bitmaps of small ranges, Bloom filters of far ones, dates; several joins above the scan.
  `SELECT ${TOTALS} FROM fact f JOIN da USING (a) JOIN db USING (b) WHERE da.name < 'a12' AND db.kind = 3`,
  `SELECT ${TOTALS} FROM fact f JOIN dd USING (d) JOIN db USING (b) WHERE dd.week = 4 AND db.kind < 20`,
  `SELECT ${TOTALS} FROM fact f JOIN da USING (a) LEFT JOIN db ON db.b = f.b AND db.kind = 1 JOIN dd USING (d) WHERE week = 2`,
  `SELECT ${TOTALS} FROM fact f LEFT JOIN da ON da.a = f.a AND da.name = 'a1' WHERE f.b IN (SELECT b FROM db WHERE kind = 7)`,
  `SELECT ${TOTALS}, count(da.a) FROM da RIGHT JOIN fact f USING (a) JOIN db USING (b) WHERE kind = 9`,
  `SELECT ${TOTALS} FROM fact f FULL JOIN da USING (a) JOIN dd USING (d) WHERE week = 1`,
  `SELECT ${TOTALS} FROM fact f JOIN db USING (b) WHERE NOT EXISTS (SELECT FROM da WHERE da.a = f.a AND da.name < 'a5') AND kind = 4`,
  // An empty build side, null keys on either side.
  `SELECT ${TOTALS} FROM fact f JOIN da USING (a) JOIN db USING (b) WHERE db.kind = 1000`,
  `SELECT ${TOTALS} FROM fact f JOIN few USING (id) JOIN da ON da.a = f.a`,
  `SELECT ${TOTALS} FROM fact f JOIN few ON few.x = f.u JOIN da ON da.a = f.a`,
  // A join that is opened anew for each outer row.
  `SELECT sum(n) FROM (SELECT (SELECT count(*) FROM fact f JOIN da USING (a) JOIN db USING (b)
     WHERE f.id < 3000 AND db.kind = few.x) n FROM few) q`,
])('%s', async (sql) => {
  const rows = await db.rows(sql);
  await db.run('SET enable_hashjoin = off');
  const plain = await db.rows(sql);
  await db.run('RESET enable_hashjoin');
  expect(rows).toEqual(plain);
});

test('a scan gives only rows that may find a partner further up', async () => {
  const [[text] = []] = await db.rows(
    `EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON) /*+ Leading(((f da) few)) HashJoin(f da) HashJoin(f da few) SeqScan(f) */
     SELECT count(*), count(name) FROM fact f JOIN da USING (a) JOIN few ON few.id = f.id`,
  );
  const scan = /"Relation Name": "fact"[^}]*?"Actual Rows": (\d+)/.exec(text ?? '');
  expect(scan?.[1]).toBe('2');
});

async function scannedOf(table: string, sql: string): Promise<string | undefined> {
  const [[text] = []] = await db.rows(`EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON) ${sql}`);
  return new RegExp(`"Relation Name": "${table}"[^}]*?"Actual Rows": (\\d+)`).exec(text ?? '')?.[1];
}

test('a filter on a group passes through the grouping', async () => {
  const sql = `/*+ HashJoin(f da) */ SELECT da.name, n FROM (SELECT a, count(*) AS n FROM fact GROUP BY a) f JOIN da USING (a) WHERE da.a IN (7, 9)`;
  expect(await db.rows(`${sql} ORDER BY 1`)).toEqual([
    ['a7', '9'],
    ['a9', '9'],
  ]);
  expect(await scannedOf('fact', sql)).toBe('18');
  // Not of a grouping set that leaves the column out, nor of an aggregate.
  expect(
    await db.rows(`SELECT f.a, f.u, n FROM (SELECT a, u, count(*) AS n FROM fact GROUP BY ROLLUP (u, a)) f
      JOIN few ON f.n = few.id OR f.n = 9000 AND few.x = 1 WHERE f.a IS NULL`),
  ).toEqual([[null, null, '9000']]);
});

test('more keys than the scan has rows are not looked at', async () => {
  const sql = '/*+ Leading((few f)) HashJoin(few f) SeqScan(f) */ SELECT few.id FROM few JOIN fact f USING (id)';
  expect(await db.rows(`${sql} ORDER BY 1`)).toEqual([['8990'], ['8995']]);
  const semi =
    '/*+ HashJoin(da f) SeqScan(f) */ SELECT count(*) FROM da WHERE EXISTS (SELECT FROM fact f WHERE f.a = da.a AND f.id < 8000)';
  expect(await db.rows(semi)).toEqual([['1000']]);
});
