/** Samples of tables for planning. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('what comes round with the rows is in the sample', async () => {
  const { run, rows } = await openDb();
  await run(`CREATE TABLE t (id int PRIMARY KEY, s int); CREATE INDEX ON t (s);
    INSERT INTO t SELECT i, CASE WHEN i % 10 = 0 THEN i ELSE 0 END FROM generate_series(1, 6000) i`);
  expect((await rows('EXPLAIN SELECT * FROM t WHERE s = 10')).join()).toMatch(/Index Only Scan .*rows=\d /);
  expect((await rows('EXPLAIN SELECT * FROM t WHERE s = 0')).join()).toMatch(/Scan .*rows=5\d\d\d /);
});
