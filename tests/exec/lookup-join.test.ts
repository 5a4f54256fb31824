/** Look-up joins in batches give what joins without the optimizer give. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

const QUERIES = [
  'SELECT s.n, b.* FROM small s JOIN big b ON b.id = s.ref',
  'SELECT s.n, b.price FROM small s LEFT JOIN big b ON b.id = s.ref',
  `SELECT s.n, b.name FROM small s LEFT JOIN big b ON b.id = s.ref AND b.price > 20 AND b.name LIKE '%1%'`,
  `SELECT s.n, b.name FROM small s JOIN big b ON b.id = s.ref AND b.price > s.n`,
  'SELECT s.n FROM small s WHERE EXISTS (SELECT FROM big b WHERE b.id = s.ref AND b.price < 300)',
  'SELECT s.n FROM small s WHERE NOT EXISTS (SELECT FROM big b WHERE b.id = s.ref)',
  'SELECT s.n, (SELECT b.name FROM big b WHERE b.id = s.ref) FROM small s',
  'SELECT s.n, p.v FROM small s JOIN pair p ON p.a = s.ref AND p.b = s.tag',
  'SELECT count(*) FROM small s JOIN big b ON b.id = s.ref',
  "SELECT s.n, b.at FROM small s JOIN big FOR SYSTEM_TIME AS OF TAG 'before' b ON b.id = s.ref",
];

test('look-ups in batches', async () => {
  const db = await openDb(undefined, { maxLeafRows: 256, minClosedRows: 64 });
  await db.run(`
    CREATE TABLE big (id int PRIMARY KEY, name text, price numeric(8,2), at timestamptz, note jsonb);
    INSERT INTO big SELECT i, 'name' || i, i::numeric / 7, timestamptz '2020-01-01' + i * interval '1 hour',
      CASE WHEN i % 3 = 0 THEN jsonb_build_object('i', i) END FROM generate_series(1, 9000) AS g(i);
    CREATE TABLE pair (a int, b text, v bigint, PRIMARY KEY (a, b));
    INSERT INTO pair SELECT i % 3000, 'k' || i / 3000, i FROM generate_series(1, 8999) AS g(i);
    CREATE TABLE small (n int PRIMARY KEY, ref int, tag text);
    INSERT INTO small SELECT i, CASE WHEN i % 9 = 0 THEN NULL ELSE i * 677 % 9500 END, 'k' || i % 4 FROM generate_series(1, 40) AS g(i);
    CREATE TAG before;
    UPDATE big SET price = price + 1 WHERE id % 5 = 0; DELETE FROM big WHERE id % 11 = 0`);
  const plans = await Promise.all(QUERIES.map((sql) => db.rows(`EXPLAIN ${sql}`)));
  expect(plans.filter((plan) => plan.flat().join('\n').includes('Nested Loop')).length).toBeGreaterThan(6);
  const answers = async (): Promise<string[][]> => {
    const all: string[][] = [];
    for (const sql of QUERIES) all.push((await db.rows(sql)).map((row) => JSON.stringify(row)).sort());
    return all;
  };
  const compare = async (): Promise<void> => {
    const fast = await answers();
    await db.run('SET drift.optimizer = off');
    const plain = await answers();
    await db.run('SET drift.optimizer = on');
    fast.forEach((rows, i) => expect(rows, QUERIES[i]).toEqual(plain[i]));
    expect(fast.flat().length).toBeGreaterThan(100);
  };
  await compare();
  await db.run(
    `BEGIN; UPDATE big SET name = 'own 1' WHERE id < 4000; DELETE FROM big WHERE id % 2 = 0; UPDATE small SET ref = ref + 1 WHERE n < 20`,
  );
  await compare();
});
