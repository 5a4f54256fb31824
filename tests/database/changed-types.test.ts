/** Differences and restoring across changes of a column's type: it is the same column to whoever asks. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test('a difference compares the values before and after', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, n int, s text, e int);
    INSERT INTO t VALUES (1, 1, '1', 1), (2, 2, '2', 2), (3, 3, '3', 3)`);
  await db.run(`ALTER TABLE t ALTER n TYPE numeric(8,2), ALTER s TYPE int USING s::int, ALTER e TYPE text;
    UPDATE t SET n = 2.5 WHERE id = 2; UPDATE t SET e = 'three' WHERE id = 3; UPDATE t SET s = 10 WHERE id = 1`);
  const now = db.engine.status().lastSeq;
  expect(
    await db.rows(
      `SELECT diff_type, from_n, to_n, from_s, to_s, from_e, to_e FROM table_diff('t', 2, ${now}) ORDER BY to_id`,
    ),
  ).toEqual([
    ['modified', '1', '1.00', '1', '10', '1', '1'],
    ['modified', '2', '2.50', '2', '2', '2', '2'],
    ['modified', '3', '3.00', '3', '3', '3', 'three'],
  ]);
  expect(await db.rows("SELECT count(*) FROM table_diff('t', 2, 3)")).toEqual([['0']]);
  expect(await db.rows(`SELECT schema_change FROM database_diff(2, ${now})`)).toEqual([
    ['type of column n changed, type of column s changed, type of column e changed'],
  ]);
});

test('RESTORE brings values back in the type of now, or says which one it cannot', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, n int, s text); INSERT INTO t VALUES (1, 1, '1'), (2, 2, 'two');
    ALTER TABLE t ALTER n TYPE numeric(8,2); UPDATE t SET n = n + 0.5; DELETE FROM t WHERE id = 2`);
  await db.run('RESTORE TABLE t TO SEQ 2');
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', '1.00', '1'],
    ['2', '2.00', 'two'],
  ]);
  await db.run('DELETE FROM t WHERE id = 2; ALTER TABLE t ALTER s TYPE int USING s::int');
  expect(await db.code('RESTORE TABLE t TO SEQ 2')).toBe('22P02');
  expect(await db.rows('SELECT * FROM t')).toEqual([['1', '1.00', '1']]);
});
