/** Row values: printed, compared, hashed, sorted. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('rows print, compare, hash and sort', async () => {
  const db = await openDb();
  await db.run(
    `CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (1, 'x'), (2, NULL), (2, NULL), (1, 'a b')`,
  );
  expect(await db.rows('SELECT DISTINCT (a, b) FROM t ORDER BY 1')).toEqual([['(1,"a b")'], ['(1,x)'], ['(2,)']]);
  expect(await db.rows('SELECT count(DISTINCT t.*) FROM t')).toEqual([['3']]);
  expect(await db.rows('SELECT count(*) FROM t GROUP BY (a, b) ORDER BY 1')).toEqual([['1'], ['2'], ['2']]);
  expect(await db.rows(`SELECT t FROM t ORDER BY t DESC LIMIT 1`)).toEqual([['(2,)']]);
  expect(await db.rows(`SELECT (SELECT (1, 2)) IN (SELECT (1, 2))`)).toEqual([['t']]);
  expect(await db.rows(`VALUES (ROW(1, 2)) EXCEPT VALUES (ROW(1, 3))`)).toEqual([['(1,2)']]);
  expect(await db.rows(`SELECT ARRAY[ROW(1, 'a'), ROW(2, NULL)]`)).toEqual([['{"(1,a)","(2,)"}']]);
  expect(await db.rows(`SELECT ROW(true, '', 'q"u', NULL, 1.50)`)).toEqual([['(t,"","q""u",,1.50)']]);
  expect(await db.code(`SELECT x FROM (VALUES (ROW(1, 2)), (ROW(1))) v(x) ORDER BY x`)).toBe('42804');
  expect(await db.code(`SELECT x FROM (VALUES (ROW(1)), (ROW('a'::text))) v(x) ORDER BY x`)).toBe('42804');
});
