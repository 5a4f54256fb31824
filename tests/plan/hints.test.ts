/** Hints in comments steer the plan, and never what it answers. */
import { beforeAll, expect, test } from 'vitest';
import { parseHints } from '../../src/plan/optimizer/hints.ts';
import { type Db, openDb } from '../database/helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE a (id int PRIMARY KEY, x int); CREATE TABLE b (id int PRIMARY KEY, x int); CREATE TABLE c (id int PRIMARY KEY, x int);
    CREATE INDEX a_x ON a (x); CREATE INDEX b_x ON b (x); CREATE INDEX a_x2 ON a (x, id);
    INSERT INTO a SELECT i, i % 500 FROM generate_series(1, 3000) i;
    INSERT INTO b SELECT i, i % 30 FROM generate_series(1, 300) i;
    INSERT INTO c SELECT i, i % 3 FROM generate_series(1, 30) i;
    ANALYZE;`);
  return () => db.engine.close();
});

async function plan(sql: string): Promise<string> {
  return (await db.rows(`EXPLAIN (COSTS OFF) ${sql}`)).flat().join('\n');
}

const ONE = 'SELECT * FROM a WHERE x = 5';
const TWO = 'SELECT count(*) FROM a JOIN b ON a.x = b.x';
const THREE = 'SELECT count(*) FROM a JOIN b ON a.x = b.x JOIN c ON c.id = b.id';

test.each([
  [ONE, '', 'Index Only Scan using a_x'],
  [ONE, 'SeqScan(a)', 'Seq Scan on a'],
  [ONE, 'IndexOnlyScan(a a_x2)', 'Index Only Scan using a_x2'],
  [ONE, 'NoIndexOnlyScan(a) NoSeqScan(a) NoBitmapScan(a)', 'Index Scan using a_x'],
  [ONE, 'BitmapScan(a)', 'Bitmap Heap Scan on a'],
  [ONE, 'SeqScan(other) nonsense ( ) Leading(', 'Index Only Scan'],
  [TWO, '', 'Hash Join'],
  [TWO, 'MergeJoin(a b)', 'Merge Join'],
  [TWO, 'NestLoop(b a)', 'Nested Loop'],
  [TWO, 'NoHashJoin(a b) NoNestLoop(a b)', 'Merge Join'],
  [TWO, 'Set(enable_hashjoin off) Set(enable_nestloop off)', 'Merge Join'],
])('%s with %s', async (sql, hint, expected) => {
  const hinted = sql.replace('SELECT', `SELECT /*+ ${hint} */`);
  expect(await plan(hint === '' ? sql : hinted)).toContain(expected);
  expect((await db.rows(hinted)).length).toBe((await db.rows(sql)).length);
});

test('the order of joins', async () => {
  const answer = await db.rows(THREE);
  for (const order of ['a b c', '(c (b a))', 'b c a', '(a (c b))', 'c a', 'c b a missing']) {
    const sql = `/*+ Leading(${order}) */ ${THREE}`;
    expect(await db.rows(sql), order).toEqual(answer);
  }
  const first = (text: string): string => (/.*Hash Cond: (.*)$/s.exec(text)?.[1] ?? '').split('\n')[0] ?? '';
  expect(first(await plan(`/*+ Leading((b c)) HashJoin(b c) HashJoin(a b c) */ ${THREE}`))).toBe('(b.id = c.id)');
  expect(first(await plan(`/*+ Leading((a b)) HashJoin(a b) HashJoin(a b c) */ ${THREE}`))).toBe('(a.x = b.x)');
});

test('a text that looks like a hint is none', async () => {
  expect(await plan(`SELECT '/*+ SeqScan(a) */' FROM a WHERE x = 5`)).toContain('Index Only Scan');
});

test('syntax', () => {
  const hints = parseHints(' SeqScan("T a") leading(((a b) c)) Set(enable_sort off) ');
  expect(hints.leading).toEqual([['a', 'b'], 'c']);
  expect(hints.settings.get('enable_sort')).toBe('off');
  expect(hints.scans.get('T a')?.switches.seqscan).toBe(true);
});
