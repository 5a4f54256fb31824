/** Corners of SELECT where PostgreSQL's answer is not the obvious one. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('what follows a query in parentheses belongs to it', async () => {
  const db = await openDb();
  expect(await db.rows('(SELECT x FROM generate_series(1, 5) AS g(x) LIMIT 2) ORDER BY x DESC')).toEqual([
    ['5'],
    ['4'],
  ]);
  expect(await db.rows('((WITH c(x) AS (SELECT 1) SELECT 7) LIMIT (SELECT x FROM c))')).toEqual([['7']]);
  expect(await db.code('((SELECT 1 AS a ORDER BY a)) ORDER BY a')).toBe('42601');
  expect(await db.code('(SELECT 1 LIMIT 1) LIMIT 1')).toBe('42601');
});

test('ORDER BY of VALUES and of UNION', async () => {
  const db = await openDb();
  expect(await db.rows('VALUES (1), (3), (2) ORDER BY -column1')).toEqual([['3'], ['2'], ['1']]);
  expect(await db.code('VALUES (1) ORDER BY z')).toBe('42703');
  expect(await db.code('SELECT 1 AS a UNION SELECT 2 ORDER BY a + 1')).toBe('0A000');
  expect(await db.code('SELECT 1 AS a UNION SELECT 2 ORDER BY b + 1')).toBe('42703');
});

test('RANGE frames of dates by intervals', async () => {
  const db = await openDb();
  const sums = (range: string): Promise<(string | null)[][]> =>
    db.rows(`SELECT sum(n) OVER (ORDER BY d RANGE ${range}) FROM
      (VALUES (date '2020-01-01', 1), (date '2020-01-02', 2), (date '2020-01-04', 4), (NULL, 8)) AS v(d, n)`);
  expect(await sums(`'1 day' PRECEDING`)).toEqual([['1'], ['3'], ['4'], ['8']]);
  expect(await sums(`BETWEEN CURRENT ROW AND '3 days' FOLLOWING`)).toEqual([['7'], ['6'], ['4'], ['8']]);
  await expect(sums(`'-1 day' PRECEDING`)).rejects.toMatchObject({ code: '22013' });
});

test('outer joins give rows in the order of their left side', async () => {
  const db = await openDb();
  const from = (join: string): Promise<(string | null)[][]> =>
    db.rows(
      `SELECT * FROM (VALUES (1), (2), (3), (NULL)) AS a(x) ${join} (VALUES (3, 'c'), (2, 'b'), (3, 'd'), (9, 'z')) AS b(y, s) ON x = y`,
    );
  const left = [
    ['1', null, null],
    ['2', '2', 'b'],
    ['3', '3', 'c'],
    ['3', '3', 'd'],
    [null, null, null],
  ];
  expect(await from('LEFT JOIN')).toEqual(left);
  expect(await from('FULL JOIN')).toEqual([...left, [null, '9', 'z']]);
});

test('a query under WITH RECURSIVE must be a union to mention itself', async () => {
  const db = await openDb();
  expect(await db.code('WITH RECURSIVE t AS (SELECT 1 AS x INTERSECT SELECT x + 1 FROM t) SELECT * FROM t')).toBe(
    '42P19',
  );
  expect(await db.code('SELECT * FROM elsewhere.public.t')).toBe('0A000');
});

test('bigints beside indexed integers', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (a int, b smallint, c int, PRIMARY KEY (a, b)); CREATE INDEX t_c ON t (c);
    INSERT INTO t SELECT i % 50, i, i % 90 FROM generate_series(1, 900) AS g(i)`);
  const count = async (where: string): Promise<unknown> =>
    (await db.rows(`SELECT count(*) FROM t WHERE ${where}`))[0]?.[0];
  // 2^32 + 7 is 7 in four bytes.
  for (const column of ['a', 'c']) {
    expect(await count(`${column} = 4294967303`)).toBe('0');
    expect(await count(`${column} = 7::bigint`)).toBe(column === 'a' ? '18' : '10');
    expect(await count(`${column} < 4294967303`)).toBe('900');
    expect(await count(`${column} >= -9223372036854775808`)).toBe('900');
    expect(await count(`${column} IN (4294967303, 7)`)).toBe(column === 'a' ? '18' : '10');
  }
  expect(await count('a = 7 AND b = 65543')).toBe('0');
});
