/** Scans of versions by key read only the versions of those keys, and the same ones as a scan of everything. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('versions by key, by range and by several keys', async () => {
  const db = await openDb(undefined, { maxLeafRows: 64, minClosedRows: 16 });
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, a int);
    INSERT INTO t SELECT i, 0 FROM generate_series(1, 500) AS g(i);`);
  for (let i = 1; i <= 12; i++)
    await db.run(`UPDATE t SET a = ${i} WHERE id % ${i + 1} = 0; DELETE FROM t WHERE id = ${i * 7}`);
  await db.run('INSERT INTO t VALUES (7, -1)');
  const columns = 'id, a, _seq_from, _seq_to';
  const everything = `(SELECT ${columns} FROM t FOR SYSTEM_TIME ALL OFFSET 0) AS x`;
  for (const where of [
    'id = 7',
    'id IN (7, 14, 600, NULL, 14)',
    'id IN (3, 4) AND a > 1',
    'id BETWEEN 60 AND 90',
    'id > 490',
  ]) {
    const whole = await db.rows(`SELECT * FROM ${everything} WHERE ${where} ORDER BY id, _seq_from`);
    expect(whole.length, where).toBeGreaterThan(1);
    const found = await db.rows(`SELECT ${columns} FROM t FOR SYSTEM_TIME ALL WHERE ${where} ORDER BY id, _seq_from`);
    expect(found, where).toEqual(whole);
  }
  const plan = await db.rows('EXPLAIN ANALYZE SELECT * FROM t FOR SYSTEM_TIME ALL WHERE id IN (7, 14)');
  expect(plan.flat().join('\n')).toMatch(/Index Scan using t_pkey on t.*Index Cond.*Versions: in 0/s);
});
