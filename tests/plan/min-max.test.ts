/** min and max of an indexed column: the same answers, by one entry. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('by the ends of keys and indexes, nulls, ties and writes of the transaction included', async () => {
  const db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL, c text, d int);
    CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b DESC); CREATE INDEX t_c ON t (c DESC NULLS LAST); CREATE INDEX t_d ON t (d);
    INSERT INTO t SELECT i, nullif(i % 100, 0), i % 77, CASE WHEN i % 3 > 0 THEN 'k' || i % 50 END, NULL FROM generate_series(1, 4000) i;`);
  const plan = async (sql: string): Promise<string> => (await db.rows(`EXPLAIN (COSTS OFF) ${sql}`)).flat().join('\n');
  expect(await plan('SELECT min(a) FROM t')).toBe(`Result
  InitPlan 1 (returns $0)
    ->  Limit
          ->  Index Only Scan using t_a on t
                Filter: (a IS NOT NULL)`);
  expect(await plan('SELECT max(id) FROM t')).toContain('Index Scan Backward using t_pkey');
  const queries = [
    'SELECT min(a), max(a) FROM t',
    'SELECT min(b), max(b) FROM t',
    'SELECT min(c), max(c), min(id), max(id) FROM t',
    'SELECT min(d), max(d) FROM t',
    'SELECT max(a) + 1, count(*) FROM t',
    'SELECT max(a) FROM t HAVING max(a) > 5',
    'SELECT (SELECT max(a) FROM t WHERE t.b = o.b) FROM t o WHERE id < 5 ORDER BY 1',
    'SELECT * FROM (SELECT min(a) AS x FROM t) s WHERE x IS NULL',
    'SELECT max(a) FROM t FOR SYSTEM_TIME AS OF SEQ 6',
  ];
  const check = async (): Promise<void> => {
    for (const sql of queries) {
      const found = await db.rows(sql);
      await db.run('SET drift.optimizer = off');
      expect(found, sql).toEqual(await db.rows(sql));
      await db.run('RESET drift.optimizer');
    }
  };
  await check();
  await db.run(
    "DELETE FROM t WHERE a > 90 OR b < 3; BEGIN; INSERT INTO t VALUES (9000, 500, -4, 'a', NULL); DELETE FROM t WHERE id < 9",
  );
  await check();
  await db.engine.close();
});
