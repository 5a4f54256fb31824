/** Reads of one row by its key at a moment, again and again by the same text: the short path knows what the long one does. */
import { expect, test } from 'vitest';
import { type Vector, valueAt } from '../../src/base/vector.ts';
import { openDb } from './helper.ts';

test('the same text gives the state of its moment, whatever comes after', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1); UPDATE t SET n = 2');
  const read = async (at: string, id = 1): Promise<unknown> =>
    (await db.session.execute(`SELECT n FROM t FOR SYSTEM_TIME AS OF ${at} WHERE id = $1`, [id])).rowCount === 0
      ? 'none'
      : (await db.rows(`SELECT n FROM t FOR SYSTEM_TIME AS OF ${at} WHERE id = ${id}`))[0]?.[0];
  const value = async (at: string): Promise<number | null> => {
    const { columns, rowCount } = await db.session.execute(
      `SELECT n FROM t FOR SYSTEM_TIME AS OF ${at} WHERE id = $1`,
      [1],
    );
    return rowCount === 0 ? null : Number(valueAt(columns[0] as Vector, 0));
  };
  for (let i = 0; i < 3; i++) {
    expect([await value('SEQ 2'), await value('SEQ 3'), await read('SEQ 1')]).toEqual([1, 2, 'none']);
    // In a transaction its own writes are not of that moment.
    await db.run('BEGIN; UPDATE t SET n = 99');
    expect([await value('SEQ 2'), await value('SEQ 3')]).toEqual([1, 2]);
    await db.run('ROLLBACK');
  }
  const now: (number | null)[] = [];
  for (let i = 10; i < 13; i++) {
    await db.run(`UPDATE t SET n = ${i}`);
    now.push(await value('now()'));
  }
  expect(now).toEqual([10, 11, 12]);
  await db.run('CREATE TAG here AS OF SEQ 2');
  expect([await value("TAG 'here'"), await value("TAG 'here'")]).toEqual([1, 1]);
  await db.run('DROP TAG here; CREATE TAG here AS OF SEQ 3');
  expect([await value("TAG 'here'"), await value("TAG 'here'")]).toEqual([2, 2]);
  await db.run('DROP TAG here; DELETE HISTORY FROM t BEFORE SEQ 4');
  await expect(value('SEQ 3')).rejects.toMatchObject({ code: '72000' });
  await expect(value('SEQ 3')).rejects.toMatchObject({ code: '72000' });
  await db.run('ALTER TABLE t ADD m int DEFAULT 7; ALTER TABLE t DROP COLUMN n');
  expect([await value('SEQ 4'), await value('SEQ 4')]).toEqual([10, 10]);
});
