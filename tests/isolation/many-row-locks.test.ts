/** Locks on thousands of rows: they hold, they go as one with their savepoint, and statements with a few go by themselves. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('rows that a statement has locked by the thousand go with its savepoint, and those from before stay', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 6000) i');
  const other = db.engine.session();
  const free = async (id: number, how = 'UPDATE'): Promise<boolean> =>
    other.execute(`SELECT id FROM t WHERE id = ${id} FOR ${how} NOWAIT`).then(
      () => true,
      (error: { readonly code?: string }) => {
        expect(error.code).toBe('55P03');
        return false;
      },
    );
  await db.run(
    'BEGIN; SELECT id FROM t WHERE id = 1 FOR SHARE; SAVEPOINT a; SELECT id FROM t WHERE id < 5000 FOR UPDATE',
  );
  expect([await free(1), await free(1, 'SHARE'), await free(4999), await free(5000)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
  expect(await db.rows("SELECT count(*) > 1000, bool_or(key IS NULL) FROM drift.locks WHERE kind = 'row'")).toEqual([
    ['t', 't'],
  ]);
  await db.run('ROLLBACK TO a');
  expect([await free(1), await free(1, 'SHARE'), await free(4999)]).toEqual([false, true, true]);
  // More statements than there are layers, each with its own savepoint; a few rows between them.
  for (let i = 0; i < 20; i++)
    await db.run(
      `SAVEPOINT s${i}; SELECT id FROM t WHERE id BETWEEN ${i * 300 + 1} AND ${i * 300 + 300} FOR UPDATE;
       SELECT id FROM t WHERE id = ${6000 - i} FOR KEY SHARE`,
    );
  expect([await free(300), await free(3000), await free(5999), await free(5700, 'KEY SHARE')]).toEqual(
    Array.from({ length: 4 }, () => false),
  );
  await db.run('ROLLBACK TO s10');
  expect([await free(3000), await free(3001), await free(5999, 'SHARE'), await free(5999), await free(5989)]).toEqual([
    false,
    true,
    true,
    false,
    true,
  ]);
  await db.run('ROLLBACK TO a');
  expect([await free(300), await free(6000), await free(1)]).toEqual([true, true, false]);
  await expect(db.session.execute('SELECT id, 1 / (id - 5000) FROM t FOR UPDATE')).rejects.toMatchObject({
    code: '22012',
  });
  expect(await free(2)).toBe(true);
  await db.run('ROLLBACK');
  expect(await free(1)).toBe(true);
  expect(await db.rows('SELECT count(*) FROM drift.locks')).toEqual([['0']]);
});
