/** EXPLAIN as PostgreSQL lays it out: text, JSON, YAML, options, and what ANALYZE counts. */
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, a int, b text, d date);
    CREATE INDEX t_a ON t (a);
    CREATE INDEX t_lower ON t (lower(b));
    CREATE INDEX t_late ON t (d) WHERE a > 900;
    CREATE TABLE u (p int, q int);
    INSERT INTO t SELECT i, i % 1000, 'x' || i, date '2020-01-01' + i FROM generate_series(1, 20000) i;
    INSERT INTO u SELECT i, i FROM generate_series(1, 100) i;
    ANALYZE;`);
  return () => db.engine.close();
});

async function lines(sql: string): Promise<string> {
  return (await db.rows(sql)).map(([line]) => line).join('\n');
}

/** Statements and their plans without costs. */
const PLANS: readonly [string, string][] = [
  ['SELECT 1', 'Result'],
  ['SELECT * FROM t WHERE id = 5', 'Index Scan using t_pkey on t\n  Index Cond: (id = 5)'],
  ['SELECT * FROM t WHERE id IN (5, 6)', "Index Scan using t_pkey on t\n  Index Cond: (id = ANY ('{5,6}'::integer[]))"],
  ['SELECT b FROM t x WHERE b > $$y$$', "Seq Scan on t x\n  Filter: (b > 'y'::text)"],
  [
    'SELECT a, id FROM t WHERE a = 3 AND id > 7',
    'Index Only Scan using t_a on t\n  Index Cond: (a = 3)\n  Filter: (id > 7)',
  ],
  ["SELECT * FROM t WHERE lower(b) = 'x7'", "Index Scan using t_lower on t\n  Index Cond: (lower(b) = 'x7'::text)"],
  [
    "SELECT * FROM t WHERE a > 950 AND d = '2021-01-05'",
    "Index Scan using t_late on t\n  Index Cond: (d = '2021-01-05'::date)\n  Filter: (a > 950)",
  ],
  [
    'SELECT * FROM t WHERE a = 5 OR id = 7',
    `Bitmap Heap Scan on t
  Recheck Cond: ((a = 5) OR (id = 7))
  ->  BitmapOr
        ->  Bitmap Index Scan on t_a
              Index Cond: (a = 5)
        ->  Bitmap Index Scan on t_pkey
              Index Cond: (id = 7)`,
  ],
  [
    'SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 3 ORDER BY count(*) DESC LIMIT 3',
    `Limit
  ->  Sort
        Sort Key: (count(*)) DESC
        ->  HashAggregate
              Group Key: a
              Filter: (count(*) > 3)
              ->  Seq Scan on t`,
  ],
  [
    'SELECT * FROM t, u WHERE t.b = u.q::text AND u.p < 3',
    `Hash Join
  Hash Cond: (t.b = (u.q)::text)
  ->  Seq Scan on t
  ->  Hash
        ->  Seq Scan on u
              Filter: (p < 3)`.replace('(p < 3)', '(u.p < 3)'),
  ],
  [
    'SELECT (SELECT max(a) FROM t), (SELECT count(*) FROM u WHERE p < t.a) FROM t WHERE id < 3',
    `Index Scan using t_pkey on t
  Index Cond: (id < 3)
  InitPlan 1 (returns $0)
    ->  Result
          InitPlan 2 (returns $1)
            ->  Limit
                  ->  Index Only Scan Backward using t_a on t
                        Filter: (t.a IS NOT NULL)
  SubPlan 3
    ->  Aggregate
          ->  Seq Scan on u
                Filter: (u.p < t.a)`,
  ],
  [
    'WITH x AS MATERIALIZED (SELECT * FROM u) SELECT * FROM x',
    `CTE Scan on x
  CTE x
    ->  Seq Scan on u`,
  ],
  ['SELECT p FROM u UNION ALL SELECT 5', 'Append\n  ->  Seq Scan on u\n  ->  Result'],
  [
    'SELECT p FROM u EXCEPT SELECT q FROM u',
    'HashSetOp Except\n  ->  Append\n        ->  Seq Scan on u\n        ->  Seq Scan on u',
  ],
  ['DELETE FROM t WHERE id = 3', 'Delete on t\n  ->  Index Scan using t_pkey on t\n        Index Cond: (id = 3)'],
  ['SELECT * FROM t WHERE false', 'Result\n  One-Time Filter: false'],
];

test.each(PLANS)('%s', async (sql, expected) => {
  expect(await lines(`EXPLAIN (COSTS OFF) ${sql}`)).toBe(expected);
});

test('costs, rows and width', async () => {
  expect(await lines('EXPLAIN SELECT id FROM t WHERE a = 3')).toMatch(
    /^Index Only Scan using t_a on t {2}\(cost=0\.00\.\.\d+\.\d\d rows=20 width=\d+\)\n {2}Index Cond: \(a = 3\)$/,
  );
});

test('ANALYZE adds what was counted', async () => {
  const text = await lines(
    "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM t WHERE b LIKE '%77'",
  );
  expect(text).toBe(
    "Seq Scan on t (actual rows=200 loops=1)\n  Filter: (b ~~ '%77'::text)\n  Rows Removed by Filter: 19800",
  );
  const timed = await lines('EXPLAIN ANALYZE SELECT count(*) FROM t');
  expect(timed).toMatch(/^Aggregate {2}\(cost=.*\) \(actual time=\d+\.\d{3}\.\.\d+\.\d{3} rows=1 loops=1\)\n/);
  expect(timed).toMatch(/\nPlanning Time: \d+\.\d{3} ms\nExecution Time: \d+\.\d{3} ms$/);
  expect(
    await lines(
      'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT 1 FROM u WHERE p < 0 AND EXISTS (SELECT 1 FROM t WHERE id = p)',
    ),
  ).toContain('(never executed)');
});

test('JSON has the properties of PostgreSQL', async () => {
  const text = await lines('EXPLAIN (FORMAT JSON) SELECT q FROM t JOIN u ON b = q::text ORDER BY 1');
  const [{ Plan: plan }] = JSON.parse(text) as [{ Plan: Record<string, unknown> }];
  expect(Object.keys(plan)).toEqual([
    'Node Type',
    'Parallel Aware',
    'Async Capable',
    'Startup Cost',
    'Total Cost',
    'Plan Rows',
    'Plan Width',
    'Sort Key',
    'Plans',
  ]);
  expect(plan['Sort Key']).toEqual(['u.q']);
  const [join] = plan['Plans'] as Record<string, unknown>[];
  expect(join).toMatchObject({ 'Node Type': 'Hash Join', 'Parent Relationship': 'Outer', 'Join Type': 'Inner' });
  expect(text.startsWith('[\n  {\n    "Plan": {\n      "Node Type": "Sort",\n')).toBe(true);
});

test('YAML', async () => {
  expect(await lines('EXPLAIN (FORMAT YAML, COSTS OFF) SELECT * FROM t WHERE id = 1')).toBe(`- Plan: 
    Node Type: "Index Scan"
    Parallel Aware: false
    Async Capable: false
    Scan Direction: "Forward"
    Index Name: "t_pkey"
    Relation Name: "t"
    Alias: "t"
    Index Cond: "(id = 1)"`);
});

test('VERBOSE, SETTINGS, BUFFERS, EXECUTE', async () => {
  expect(await lines('EXPLAIN (VERBOSE, COSTS OFF) SELECT a + 1 AS z FROM t WHERE id = 3')).toBe(
    'Index Scan using t_pkey on t\n  Output: (t.a + 1)\n  Index Cond: (id = 3)',
  );
  await db.run('SET enable_hashjoin = off');
  expect(await lines('EXPLAIN (SETTINGS, COSTS OFF) SELECT 1')).toBe("Result\nSettings: enable_hashjoin = 'off'");
  await db.run('RESET enable_hashjoin; PREPARE q (int) AS SELECT * FROM t WHERE id = $1');
  expect(await lines('EXPLAIN (COSTS OFF) EXECUTE q (5)')).toBe(
    'Index Scan using t_pkey on t\n  Index Cond: (id = $1)',
  );
  expect(await lines('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM u')).toContain(
    'Row Groups: 1 read, 0 skipped',
  );
});

test('mistakes in options', async () => {
  expect(await db.code('EXPLAIN (NONSENSE) SELECT 1')).toBe('42601');
  expect(await db.code('EXPLAIN (FORMAT HTML) SELECT 1')).toBe('22023');
  expect(await db.code('EXPLAIN (TIMING) SELECT 1')).toBe('22023');
  expect(await db.code('EXPLAIN (VERBOSE maybe) SELECT 1')).toBe('42601');
});

test('XML', async () => {
  await db.run('CREATE TABLE texts (p int, q text)');
  const sql = "EXPLAIN (FORMAT XML, COSTS OFF) SELECT p, count(*) FROM texts WHERE q <> '<&>' GROUP BY p ORDER BY 2, p";
  expect(await lines(sql)).toBe(`<explain xmlns="http://www.postgresql.org/2009/explain">
  <Query>
    <Plan>
      <Node-Type>Sort</Node-Type>
      <Parallel-Aware>false</Parallel-Aware>
      <Async-Capable>false</Async-Capable>
      <Sort-Key>
        <Item>(count(*))</Item>
        <Item>p</Item>
      </Sort-Key>
      <Plans>
        <Plan>
          <Node-Type>Aggregate</Node-Type>
          <Strategy>Hashed</Strategy>
          <Partial-Mode>Simple</Partial-Mode>
          <Parent-Relationship>Outer</Parent-Relationship>
          <Parallel-Aware>false</Parallel-Aware>
          <Async-Capable>false</Async-Capable>
          <Group-Key>
            <Item>p</Item>
          </Group-Key>
          <Plans>
            <Plan>
              <Node-Type>Seq Scan</Node-Type>
              <Parent-Relationship>Outer</Parent-Relationship>
              <Parallel-Aware>false</Parallel-Aware>
              <Async-Capable>false</Async-Capable>
              <Relation-Name>texts</Relation-Name>
              <Alias>texts</Alias>
              <Filter>(q &lt;&gt; '&lt;&amp;&gt;'::text)</Filter>
            </Plan>
          </Plans>
        </Plan>
      </Plans>
    </Plan>
  </Query>
</explain>`);
});
