/** Subqueries become joins, and give what they give when they run row by row; nulls included. */
import { expect, test } from 'vitest';
import { openDb, textRows, type Db } from '../database/helper.ts';

const SCHEMA = `
  CREATE TABLE o (id int PRIMARY KEY, k int, v int, s text);
  CREATE TABLE i (id int PRIMARY KEY, k int, v int, s text);
  INSERT INTO o SELECT n, nullif(n % 7, 3), nullif(n % 5, 2), 's' || n % 3 FROM generate_series(1, 60) n;
  INSERT INTO i SELECT n, nullif(n % 9, 4), nullif(n % 4, 1), 's' || n % 5 FROM generate_series(1, 50) n;`;

/** Subqueries over i, correlated with o. */
const SUBQUERIES = [
  'EXISTS (SELECT 1 FROM i WHERE i.k = o.k AND i.v > 1)',
  'NOT EXISTS (SELECT 1 FROM i WHERE i.k = o.k)',
  'o.v IN (SELECT v FROM i WHERE i.k = o.k)',
  'o.v NOT IN (SELECT v FROM i WHERE i.k = o.k)',
  'o.v NOT IN (SELECT v FROM i WHERE i.id > 100)',
  'o.v NOT IN (SELECT v FROM i WHERE i.id < 3)',
  'o.v <> ALL (SELECT v FROM i WHERE i.k = o.k)',
  'o.v > ANY (SELECT v FROM i WHERE i.k = o.k)',
  'o.v >= ALL (SELECT v FROM i WHERE i.k = o.k)',
  '(o.v, o.k) IN (SELECT v, k FROM i WHERE i.s = o.s)',
  '(SELECT v FROM i WHERE i.id = o.k) = 2',
  '(SELECT max(v) FROM i WHERE i.k = o.k) > 2',
  '(SELECT count(*) FROM i WHERE i.k = o.k AND i.s = o.s) = 0',
  '(SELECT sum(v) + count(*) FROM i WHERE i.k = o.k) IS NULL',
  '(SELECT v FROM i WHERE i.k = o.k ORDER BY id LIMIT 1) = o.v',
  'o.k = (SELECT min(k) FROM i)',
  'o.id IN (SELECT id FROM i WHERE i.v < o.v)',
];

/** Those that must not run once for each row of o. */
const JOINED = SUBQUERIES.filter((text) => !text.includes('LIMIT') && !text.includes('i.v < o.v'));

async function rowsOf(db: Db, sql: string): Promise<string> {
  return JSON.stringify(textRows(await db.session.execute(sql, [], { text: true })));
}

test('everywhere they may stand', async () => {
  const db = await openDb();
  await db.run(SCHEMA);
  const plain: Db = { ...db, session: db.engine.session() };
  await plain.session.script('SET drift.optimizer = off');
  for (const text of SUBQUERIES) {
    for (const sql of [
      `SELECT id FROM o WHERE ${text} ORDER BY id`,
      `SELECT id FROM o WHERE NOT (${text}) ORDER BY id`,
      `SELECT id FROM o WHERE o.id < 9 OR ${text} ORDER BY id`,
      `SELECT id, ${text} AS found FROM o ORDER BY id`,
      `SELECT id, CASE WHEN ${text} THEN 'y' ELSE 'n' END FROM o ORDER BY id`,
      `SELECT count(*) FROM o WHERE (${text}) IS NULL`,
      `SELECT s, count(*) FILTER (WHERE ${text}) FROM o GROUP BY s ORDER BY s`,
    ])
      expect(await rowsOf(db, sql), sql).toBe(await rowsOf(plain, sql));
  }
  await db.engine.close();
});

test('by joins', async () => {
  const db = await openDb();
  await db.run(SCHEMA);
  for (const text of JOINED) {
    const plan = (await db.rows(`EXPLAIN SELECT id, ${text} FROM o`)).flat().join('\n');
    if (!text.includes('FROM i)') && !text.includes('100') && !text.includes('< 3'))
      expect(plan, text).toMatch(/(?:Join|Nested Loop)/);
    expect(plan, text).not.toContain('(SubPlan');
  }
  await db.engine.close();
});

test('a subquery that gives two rows is still an error', async () => {
  const db = await openDb();
  await db.run(SCHEMA);
  expect(await db.code('SELECT (SELECT v FROM i WHERE i.k = o.k) FROM o')).toBe('21000');
  await db.engine.close();
});
