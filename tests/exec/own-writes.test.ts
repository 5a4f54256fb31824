/** A transaction's own writes show in ordered, ranged and index scans, through many statements and savepoints. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { openDb } from '../database/helper.ts';

const QUERIES = [
  'SELECT * FROM t WHERE a BETWEEN 20 AND 60 ORDER BY id',
  'SELECT * FROM t WHERE a = 33 ORDER BY id',
  'SELECT a, id FROM t WHERE a >= 90 ORDER BY a DESC, id DESC LIMIT 20',
  'SELECT * FROM t WHERE id BETWEEN 100 AND 130 ORDER BY id',
  'SELECT * FROM t WHERE id > 480 ORDER BY id DESC',
  'SELECT count(*), sum(a) FROM t',
  'SELECT id FROM t ORDER BY id LIMIT 7',
];

test('own writes in scans are those that a committed transaction leaves', async () => {
  const random = new Random(7);
  const pick = (n: number): number => Math.floor(random.next() * n);
  const inside = await openDb();
  const outside = await openDb();
  for (const db of [inside, outside]) {
    await db.run(`CREATE TABLE t (id int PRIMARY KEY, a int, s text); CREATE INDEX t_a ON t (a);
      INSERT INTO t SELECT i, i * 7 % 100, 's' || i FROM generate_series(1, 500) AS g(i);`);
  }
  await inside.run('BEGIN');
  let undone: string[] | null = null;
  const apply = async (sql: string): Promise<void> => {
    await inside.run(sql);
    if (undone === null) await outside.run(sql);
    else undone.push(sql);
  };
  for (let step = 0; step < 400; step++) {
    const id = 1 + pick(600);
    switch (pick(8)) {
      case 0:
        await apply(`INSERT INTO t VALUES (${id}, ${pick(100)}, 'n') ON CONFLICT DO NOTHING`);
        break;
      case 1:
        await apply(`DELETE FROM t WHERE id = ${id}`);
        break;
      case 2:
        await apply(`DELETE FROM t WHERE a = ${pick(100)} AND id % 5 = 0`);
        break;
      case 3:
        await apply(`UPDATE t SET id = id + 1000 WHERE id = ${id} AND id < 1000`);
        break;
      case 4:
        if (undone === null) {
          undone = [];
          await inside.run('SAVEPOINT s');
        } else {
          const rollback = pick(2) === 0;
          await inside.run(rollback ? 'ROLLBACK TO s; RELEASE s' : 'RELEASE s');
          if (!rollback) for (const sql of undone) await outside.run(sql);
          undone = null;
        }
        break;
      default:
        await apply(`UPDATE t SET a = ${pick(100)} WHERE ${pick(2) === 0 ? `id = ${id}` : `a = ${pick(100)}`}`);
    }
    if (undone !== null || step % 5 > 0) continue;
    for (const sql of QUERIES) expect(await inside.rows(sql), `${step}: ${sql}`).toEqual(await outside.rows(sql));
  }
});

test('an index range without columns has rows all the same', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, a int); CREATE INDEX t_a ON t (a);
    INSERT INTO t SELECT i, i % 40 FROM generate_series(1, 1000) AS g(i);`);
  expect(await db.rows('SELECT count(*) FROM t WHERE a = 7')).toEqual([['25']]);
  expect(await db.rows('SELECT 1 FROM t WHERE a = 7 LIMIT 2')).toEqual([['1'], ['1']]);
  await db.run('BEGIN; INSERT INTO t VALUES (2000, 7)');
  expect(await db.rows('SELECT count(*) FROM t WHERE a = 7')).toEqual([['26']]);
});
