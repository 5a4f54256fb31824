/** Top-N keeps exactly the rows that a whole sort begins with, ties and nulls included. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('ORDER BY … LIMIT n is the beginning of ORDER BY …', async () => {
  const db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, a int, f float8, s text, n numeric(8,2), b bool, d date, u numeric);
    INSERT INTO t SELECT i,
      nullif((i * 7919) % 13, 5),
      CASE WHEN i % 97 = 0 THEN 'NaN'::float8 WHEN i % 89 = 0 THEN '-infinity'::float8 WHEN i % 11 = 0 THEN NULL ELSE (i * 31 % 1009) / 4.0 END,
      CASE WHEN i % 7 = 0 THEN NULL ELSE 's' || (i * 17 % 5) END,
      ((i * 37) % 1000)::numeric / 100, i % 3 = 0, date '2020-01-01' + (i * 41 % 50), (i % 19)::numeric / 3
    FROM generate_series(1, 15000) AS g(i);`);
  const orders = [
    'a',
    'a DESC',
    'a NULLS FIRST, f',
    'a DESC NULLS LAST, s, f DESC',
    'f',
    'f DESC',
    'f DESC NULLS LAST, id DESC',
    's, a',
    's DESC, n',
    's NULLS FIRST, d DESC',
    'n, b, s',
    'b, a DESC, f',
    'd DESC, n',
    'u DESC, a',
    'lower(s), f',
    's DESC NULLS LAST, u, id',
  ];
  for (const order of orders) {
    const all = await db.rows(`SELECT id FROM t ORDER BY ${order}`);
    for (const [limit, offset] of [
      [1, 0],
      [10, 0],
      [10, 700],
      [300, 0],
      [5000, 3],
    ] as const) {
      const top = await db.rows(`SELECT id FROM t ORDER BY ${order} LIMIT ${limit} OFFSET ${offset}`);
      expect(top, `${order} ${limit} ${offset}`).toEqual(all.slice(offset, offset + limit));
    }
  }
});
