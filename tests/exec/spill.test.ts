/** Statements that need more memory than they may take: the same answers through temporary files, which are gone afterwards. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from '../database/helper.ts';

const ROWS = 12000;
const TABLES = `
  CREATE TABLE t (id int PRIMARY KEY, k int, big bigint, n numeric, d numeric(8,2), f float8, s text, c char(6), a int[],
    i interval, at timestamptz, flag bool, same int);
  INSERT INTO t SELECT i, (i * 7919) % 1500,
    CASE WHEN i % 17 = 0 THEN 9007199254740993 + i % 40 WHEN i % 19 = 0 THEN NULL ELSE i % 700 END,
    CASE WHEN i % 5 = 0 THEN (i % 300)::numeric / 4 WHEN i % 7 = 0 THEN NULL ELSE ((i % 300) || '.' || repeat('0', i % 4) || '5')::numeric END,
    (i % 900) / 8.0,
    CASE WHEN i % 23 = 0 THEN 'NaN' WHEN i % 29 = 0 THEN '-Infinity' WHEN i % 31 = 0 THEN '-0' ELSE (i % 800) / 3.0 END,
    CASE WHEN i % 13 = 0 THEN NULL WHEN i % 11 = 0 THEN 'é𝄞' || i % 400 ELSE 'text ' || (i * 31) % 2003 END,
    'c' || i % 600, CASE WHEN i % 9 = 0 THEN NULL ELSE ARRAY[i % 50, NULL, i % 3] END,
    make_interval(days => i % 60, hours => i % 24), timestamptz '2024-01-01 00:00Z' + i % 4000 * interval '1 minute', i % 3 = 0, 1
    FROM generate_series(1, ${ROWS}) i;
  CREATE TABLE u (id int PRIMARY KEY, k int, big bigint, n numeric, s text, f float8, same int);
  INSERT INTO u SELECT i, (i * 31) % 2000, CASE WHEN i % 17 = 0 THEN 9007199254740993 + i % 40 ELSE i % 900 END,
    (i % 350)::numeric / 4, 'text ' || (i * 7) % 2500, i % 100, 1 FROM generate_series(1, 9000) i;
  CREATE TABLE withnull (k int);
  INSERT INTO withnull SELECT CASE WHEN i = 9000 THEN NULL ELSE i * 2 END FROM generate_series(1, 20000) i;
  ANALYZE;`;

let storage: MemoryStorage;
let roomy: Db;
let tight: Db;

beforeAll(async () => {
  storage = new MemoryStorage();
  const maker = await openDb(storage);
  await maker.run(TABLES);
  await maker.engine.close();
  tight = await openDb(storage, { queryMemoryBytes: 768 * 1024 });
  roomy = await openDb();
  await roomy.run(TABLES);
}, 120_000);
afterAll(async () => {
  await tight.engine.close();
  await roomy.engine.close();
});

const temporary = (): readonly string[] => storage.list().filter((name) => name.startsWith('temporary'));

/** What a statement put into temporary files, by EXPLAIN ANALYZE. */
async function spilled(sql: string): Promise<string> {
  return (await tight.rows(`EXPLAIN (ANALYZE, COSTS OFF) ${sql}`)).flat().join('\n');
}

/** Compares rows, without their order unless `ordered`. Says false where the small database had to give up. */
async function agree(sql: string, ordered = false): Promise<boolean> {
  const expected = await roomy.rows(sql);
  let actual: (string | null)[][];
  try {
    actual = await tight.rows(sql);
  } catch (error) {
    expect([sql, (error as { readonly code?: string }).code]).toEqual([sql, '53200']);
    return false;
  } finally {
    expect(temporary()).toEqual([]);
  }
  const shown = (rows: typeof actual): unknown => (ordered ? rows : rows.map((row) => JSON.stringify(row)).sort());
  expect([sql, shown(actual)]).toEqual([sql, shown(expected)]);
  return true;
}

/** Something of each of the columns n1, n2 … that a list of calls has. */
function sums(calls: string): string {
  return [...calls.matchAll(/AS (n\d)/g)].map(([, name]) => `count(${name}), min(${name}), max(${name})`).join(', ');
}

describe('each operator', () => {
  test.each([
    ['sort', 'SELECT id FROM t ORDER BY s DESC, n, f NULLS FIRST, id', 'Sort Method: external merge  Disk: '],
    ['sort by types of its own', 'SELECT id FROM t ORDER BY i, c DESC, a, id', 'Sort Method: external merge  Disk: '],
    ['many rows of a top', 'SELECT id FROM t ORDER BY f, id LIMIT 6000 OFFSET 1000', 'external merge'],
    [
      'grouping',
      'SELECT k, s, count(*), sum(big), avg(n), max(c) FROM t GROUP BY k, s HAVING min(id) % 5 = 0',
      'Disk Usage: ',
    ],
    [
      'grouping sets',
      'SELECT k, c, count(*) FROM t GROUP BY GROUPING SETS ((k, s), (c), ()) HAVING min(id) % 5 = 0',
      'Disk Usage: ',
    ],
    ['count of distinct', 'SELECT flag, count(DISTINCT (id, s)), sum(DISTINCT n) FROM t GROUP BY flag', ''],
    ['aggregate in order', "SELECT md5(string_agg(s, ',' ORDER BY f, id)) FROM t", ''],
    ['hash join', 'SELECT t.id, u.id FROM t JOIN u ON t.s = u.s AND t.k % 5 = u.k % 5', 'Batches: 16'],
    ['distinct', 'SELECT count(*) FROM (SELECT DISTINCT s, n, f, c FROM t) x', 'Disk Usage: '],
    ['union', 'SELECT count(*), sum(k) FROM (SELECT k, s FROM t UNION SELECT k, s FROM u) x', ''],
    ['intersect', 'SELECT s, n FROM t INTERSECT SELECT s, n FROM u', ''],
    ['except all', 'SELECT s, big FROM t EXCEPT ALL SELECT s, big FROM u', ''],
  ])('%s', async (_, sql, shown) => {
    expect(await agree(sql, sql.includes('ORDER BY') && !sql.includes('GROUP'))).toBe(true);
    if (shown !== '') expect(await spilled(sql)).toContain(shown);
    expect(temporary()).toEqual([]);
  });

  test('a materialised CTE, read several times', async () => {
    const rows = 'SELECT id, s, n, c FROM t';
    expect(
      await agree(`WITH w AS MATERIALIZED (${rows}) SELECT (SELECT count(*) FROM w), (SELECT max(s) FROM w WHERE id % 7 = 0),
        (SELECT sum(n) FROM w), (SELECT id FROM w ORDER BY id DESC LIMIT 1)`),
    ).toBe(true);
  });

  test('windows, some partitions at a time', async () => {
    for (const call of [
      'rank() OVER (PARTITION BY k ORDER BY s, id)',
      'sum(n) OVER (PARTITION BY c)',
      'lag(s) OVER (PARTITION BY k, flag ORDER BY f, id)',
    ])
      expect(
        await agree(`SELECT count(*), count(x), min(x), max(x), sum(id) FROM (SELECT id, ${call} AS x FROM t) q`),
      ).toBe(true);
    const plan = await spilled(
      'SELECT max(x) FROM (SELECT s, n, f, rank() OVER (PARTITION BY k ORDER BY s, id) AS x FROM t) q',
    );
    expect(plan).toMatch(/Disk: \d+kB/);
  });

  const PLACES = `row_number() OVER w AS n1, rank() OVER w AS n2, dense_rank() OVER w AS n3, percent_rank() OVER w AS n4,
    cume_dist() OVER w AS n5, ntile(7) OVER w AS n6, ntile(id % 3 + 50000) OVER w AS n7`;
  const DISTANT = `lag(x) OVER w AS n1, lead(x, 3) OVER w AS n2, lag(x, 900, 'none') OVER w AS n3, lead(id, 2000, -id) OVER w AS n4,
    lag(id, -2) OVER w AS n5, lead(id, 0) OVER w AS n6, lag(id, NULL) OVER w AS n7`;
  const FRAMED = `count(*) OVER w AS n1, sum(big) OVER w AS n2, max(x) FILTER (WHERE id % 3 = 0) OVER w AS n3, avg(n) OVER w AS n4,
    first_value(x) OVER w AS n5, last_value(id) OVER w AS n6, string_agg(CASE WHEN id % 1000 = 0 THEN s END, ',') OVER w AS n7`;
  const ALL = 'ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING';

  test.each([
    ['places', PLACES, 'ORDER BY x, id'],
    ['places of peers, partitions of all sizes', PLACES, 'PARTITION BY id % 11 < 8, id % 401 = 0 ORDER BY k'],
    ['rows at a distance', DISTANT, 'PARTITION BY same ORDER BY s, id'],
    ['frames up to the last peer of many', FRAMED, 'PARTITION BY id % 5 = 0 ORDER BY k, f'],
    ['frames up to the row', FRAMED, 'ORDER BY x DESC, id ROWS UNBOUNDED PRECEDING'],
    ['frames up to the group', FRAMED, 'ORDER BY s NULLS FIRST GROUPS UNBOUNDED PRECEDING'],
    ['whole partitions', FRAMED, `PARTITION BY id % 4 = 0 ORDER BY id ${ALL}`],
    ['no order at all', 'count(*) OVER w AS n1, sum(id) OVER w AS n2, rank() OVER w AS n3, max(x) OVER w AS n4', ''],
  ])('a partition that does not fit: %s', async (_, calls, window) => {
    const rows = `SELECT id, k, s, f, n, big, same, repeat('long ', 8) || k AS x FROM t WHERE id <= 5000`;
    const from = `FROM (SELECT id, ${calls} FROM (${rows}) r WINDOW w AS (${window})) q`;
    const sql = `SELECT id % 19, count(*), ${sums(calls)} ${from} GROUP BY 1`;
    expect(await agree(sql)).toBe(true);
    expect(await agree(`SELECT * ${from} WHERE id % 43 = 5`)).toBe(true);
    expect(await spilled(sql)).toMatch(/WindowAgg[^]*Disk: \d+kB/);
  });

  test.each(['', 'LEFT', 'RIGHT', 'FULL'])('%s hash join in partitions', async (type) => {
    for (const on of [
      't.s = u.s',
      't.big = u.big AND t.id = u.id',
      't.n = u.n AND t.k = u.k',
      't.f = u.f AND t.k = u.k',
    ])
      expect(
        await agree(`SELECT count(*), sum(t.id), sum(u.id), count(t.id), count(u.id) FROM t ${type} JOIN u ON ${on}`),
      ).toBe(true);
    expect(await spilled(`SELECT t.id FROM t ${type} JOIN u ON t.s = u.s`)).toMatch(/Batches: (1[6-9]|[2-9]\d)/);
  });

  test('IN, NOT IN and their nulls', async () => {
    for (const sql of [
      'SELECT id FROM t WHERE s IN (SELECT s FROM u)',
      'SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.s = t.s)',
      'SELECT count(*) FROM t WHERE k NOT IN (SELECT k FROM withnull)',
      'SELECT count(*) FROM t WHERE k NOT IN (SELECT k FROM withnull WHERE k IS NOT NULL)',
      'SELECT id % 10, count(*) FROM t WHERE (s IN (SELECT s FROM u)) IS NOT TRUE GROUP BY 1',
      'SELECT count(*) FROM t WHERE (k IN (SELECT k FROM withnull)) IS NULL',
    ])
      expect(await agree(sql)).toBe(true);
  });

  test('a join whose order is relied upon keeps it', async () => {
    const sql = 'SELECT t.id, u.id FROM t JOIN u ON t.s = u.s ORDER BY t.id';
    const inOrder = (rows: (string | null)[][]): number[] => rows.map(([id]) => Number(id));
    const ids = inOrder(await tight.rows(sql));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(await agree(sql)).toBe(true);
  });
});

describe('what is read again and again', () => {
  const long = (some: string): string => `(SELECT id, k, same, s, repeat(s, 60) AS x FROM t WHERE ${some})`;

  test.each(['', 'LEFT', 'RIGHT'])('the inner side of a loop: %s', async (type) => {
    const from = `${long('id % 40 = 0')} a ${type} JOIN ${long('id % 6 = 0')} b ON a.k < b.k AND a.x < b.x AND b.id % 7 <> 0`;
    expect(await agree(`SELECT count(*), count(a.x), count(b.x), sum(a.id), sum(b.id) FROM ${from}`)).toBe(true);
    // A right join is planned as a left one, whose inner side fits.
    if (type !== 'RIGHT') expect(await spilled(`SELECT count(*) FROM ${from}`)).toMatch(/Nested Loop[^]*Disk: \d+kB/);
  });

  test('EXISTS and NOT IN by a loop, and one whose order is relied upon', async () => {
    const inner = long('id % 6 = 0');
    for (const sql of [
      `SELECT id FROM ${long('id % 40 = 0')} a WHERE EXISTS (SELECT 1 FROM ${inner} b WHERE a.k < b.k - 1000 AND a.x > b.x)`,
      `SELECT id FROM ${long('id % 40 = 0')} a WHERE NOT EXISTS (SELECT 1 FROM ${inner} b WHERE a.k < b.k - 1000 AND a.x > b.x)`,
      `SELECT id FROM t a WHERE id % 97 = 0 AND (k, s) NOT IN (SELECT k + 1, x FROM ${inner} b)`,
    ])
      expect(await agree(sql)).toBe(true);
    const ordered = `SELECT a.id, b.id FROM t a JOIN ${inner} b ON a.k < b.k AND b.id % 500 = 0 AND length(b.x) > a.id WHERE a.id < 60 ORDER BY a.id`;
    expect(await agree(ordered)).toBe(true);
    const ids = (await tight.rows(ordered)).map(([id]) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  test.each(['', 'LEFT', 'FULL'])('build rows of one key: %s', async (type) => {
    const from = `${long('id % 30 = 0')} a ${type} JOIN ${long('id % 8 = 0')} b ON a.same = b.same`;
    expect(await agree(`SELECT count(*), count(a.x), count(b.x), sum(a.id), sum(b.id) FROM ${from}`)).toBe(true);
    const spread = await spilled(`SELECT count(*), max(b.x) FROM ${from}`);
    expect(spread).toContain('Hash');
    expect(spread).toMatch(/Batches: \d\d/);
  });

  test('few values many times: NOT IN, IN, EXISTS, and whether', async () => {
    const few = `(SELECT id % 5 * 300 AS k, same, nullif(id % 5, 3) AS n, repeat('long ', 20) || id % 2 AS x FROM t, generate_series(1, 3))`;
    for (const sql of [
      `SELECT count(*) FROM t WHERE k NOT IN (SELECT k FROM ${few} f)`,
      `SELECT count(*) FROM t WHERE k NOT IN (SELECT n FROM ${few} f)`,
      `SELECT count(*) FROM t WHERE id < 50 AND (k, same) NOT IN (SELECT k, same FROM ${few} f)`,
      // Equal keys of expressions that differ.
      `SELECT count(*) FROM t WHERE s NOT IN (SELECT 'text ' || (n::text) FROM (SELECT CASE WHEN id % 2 = 0 THEN 1.0 ELSE 1.00 END AS n FROM t, generate_series(1, 3)) f)`,
      `SELECT count(*) FROM t WHERE coalesce(s, 'none') NOT IN (SELECT x FROM ${few} f)`,
      `SELECT count(*) FROM t WHERE (k IN (SELECT n FROM ${few} f)) IS NULL`,
      `SELECT id FROM t WHERE k IN (SELECT k FROM ${few} f)`,
      `SELECT count(*) FROM t WHERE NOT EXISTS (SELECT 1 FROM ${few} f WHERE f.same = t.same AND f.k = t.k)`,
    ])
      expect(await agree(sql)).toBe(true);
    expect(await spilled(`SELECT count(*) FROM t WHERE s NOT IN (SELECT x FROM ${few} f)`)).toMatch(/Batches: \d\d/);
  });

  test('rounds of a recursion', async () => {
    const sql = `WITH RECURSIVE r(n, x) AS (SELECT 1, 'x' UNION ALL
        SELECT n + 1, repeat('x', 100 + n) FROM r, generate_series(1, 30) WHERE n < 4 OR x IS NULL)
      SELECT count(*), count(x), sum(length(x)), max(n) FROM r`;
    expect(await agree(sql)).toBe(true);
    expect(await spilled(sql)).toMatch(/Recursive Union[^]*Disk: \d+kB/);
  });

  test('the rows of a recursion that all differ, and those that come again', async () => {
    const sql = `WITH RECURSIVE r(n, x) AS (SELECT i, 'some text ' || i FROM generate_series(1, 2000) i UNION
        SELECT n % 9000 + 1500, 'some text ' || (n % 9000 + 1500) FROM r)
      SELECT count(*), min(x), max(x), sum(n) FROM r`;
    expect(await agree(sql)).toBe(true);
    const cycle = `WITH RECURSIVE r(n, x) AS (SELECT 1, 'a' UNION
        SELECT (n * 7 + j) % 12000, repeat('y', (n * 7 + j) % 12000 % 50) FROM r, generate_series(0, 6) j)
      SELECT count(*), sum(n), sum(length(x)) FROM r`;
    expect(await agree(cycle)).toBe(true);
    expect(await spilled(cycle)).toMatch(/Recursive Union[^]*Disk: \d+kB/);
  });
});

/** What must fit says so before it takes more than it may, and leaves nothing behind. */
test.each([
  [
    'one partition of a window whose frames begin with a row of it',
    'SELECT count(x) FROM (SELECT max(s) OVER (ORDER BY n, s, f ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) AS x FROM t, generate_series(1, 8)) q',
    'WindowAgg',
  ],
])('53200 for %s', async (_, sql, shown) => {
  expect((await tight.rows(`EXPLAIN ${sql}`)).flat().join('\n')).toContain(shown);
  await expect(tight.rows(sql)).rejects.toMatchObject({
    code: '53200',
    hint: expect.stringContaining('queryMemoryBytes'),
  });
  expect(temporary()).toEqual([]);
  // Nothing is held on to: what fits goes on as before.
  expect(await tight.rows('SELECT count(*) FROM (SELECT s FROM t ORDER BY s) x')).toEqual(
    await roomy.rows('SELECT count(*) FROM t'),
  );
});

test('random statements', async () => {
  const random = new Random(5);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T;
  const columns = ['k', 'big', 'n', 'd', 'f', 's', 'c', 'a', 'i', 'at', 'flag', 'id % 50'] as const;
  const some = (): string => [...new Set([pick(columns), pick(columns), pick(columns)])].join(', ');
  let agreed = 0;
  for (let i = 0; i < 24; i++) {
    const where = pick(['', 'WHERE id % 3 <> 1', 'WHERE k < 900', 'WHERE s IS NOT NULL']);
    const keys = some();
    const value = pick(['big', 'n', 'd', 'k', 'f']);
    const sql = pick([
      `SELECT ${keys}, count(*), min(s), sum(${value === 'f' ? 'k' : value}), count(DISTINCT ${value}) FROM t ${where} GROUP BY ${keys} HAVING min(id) % 5 = 0`,
      `SELECT count(*), count(x) FROM (SELECT DISTINCT ${keys} FROM t ${where}) x`,
      `SELECT id FROM t ${where} ORDER BY ${keys}, id`,
      `SELECT id FROM t ${where} ORDER BY ${keys.replaceAll(',', ' DESC NULLS LAST,')} DESC, id LIMIT 2500`,
      `SELECT count(*), count(x) FROM (SELECT ${keys} FROM t ${where} ${pick(['EXCEPT', 'INTERSECT', 'UNION', 'EXCEPT ALL'])} SELECT ${keys} FROM t WHERE id % 4 = 1) x`,
      `SELECT x.id, y.id FROM t x ${pick(['', 'LEFT', 'FULL'])} JOIN (SELECT * FROM t WHERE id % 5 = 0) y ON x.${value} = y.${value} AND x.c = y.c`,
      `WITH w AS MATERIALIZED (SELECT id, ${keys} FROM t ${where}) SELECT count(*), sum(a.id) FROM w a JOIN w b ON a.id = b.id + 1`,
      `SELECT sum(id), sum(r) FROM (SELECT id, rank() OVER (PARTITION BY ${pick(columns)} ORDER BY ${keys}) r FROM t ${where}) x`,
    ]);
    if (await agree(sql, sql.includes('ORDER BY') && !sql.includes('OVER'))) agreed++;
  }
  expect(agreed).toBeGreaterThan(18);
});
