/** pg_get_viewdef: queries laid out as PostgreSQL 15 lays them out (with its second argument true). */
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from '../helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
  await db.run('CREATE TABLE t (a int, b text, c numeric); CREATE TABLE u (a int, d int)');
});

test.each([
  [
    'SELECT a, b AS x, count(*), sum(c) FROM t WHERE a > 1 AND c < d(2) GROUP BY a, 2 HAVING count(*) > 1 ORDER BY 1 DESC, x LIMIT 3',
    ' SELECT t.a,\n    t.b AS x,\n    count(*) AS count,\n    sum(t.c) AS sum\n   FROM t\n  WHERE t.a > 1 AND t.c < d(2)\n  GROUP BY t.a, t.b\n HAVING count(*) > 1\n  ORDER BY t.a DESC, t.b\n LIMIT 3;',
  ],
  [
    'SELECT t.a, u.d FROM t JOIN u ON t.a = u.a LEFT JOIN t z ON z.a = u.d WHERE u.d > 2',
    ' SELECT t.a,\n    u.d\n   FROM t\n     JOIN u ON t.a = u.a\n     LEFT JOIN t z ON z.a = u.d\n  WHERE u.d > 2;',
  ],
  ['SELECT a FROM t UNION ALL SELECT d FROM u', ' SELECT t.a\n   FROM t\nUNION ALL\n SELECT u.d AS a\n   FROM u;'],
  ['SELECT DISTINCT y.a + 1 AS p FROM t y', ' SELECT DISTINCT y.a + 1 AS p\n   FROM t y;'],
  ['SELECT t.a FROM t, u OFFSET 2', ' SELECT t.a\n   FROM t,\n    u\n OFFSET 2;'],
])('%s', async (sql, text) => {
  await db.run(`CREATE OR REPLACE FUNCTION d(int) RETURNS int LANGUAGE sql AS 'SELECT $1'`);
  await db.run(`CREATE VIEW v AS ${sql}`);
  expect(await db.rows("SELECT pg_get_viewdef('v'::regclass, true)")).toEqual([[text]]);
  // What is shown can be run.
  await db.run(`CREATE VIEW again AS ${text}; DROP VIEW v, again`);
});
