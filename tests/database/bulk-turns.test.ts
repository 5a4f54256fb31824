/**
 * Statements that write very many rows let others run every few milliseconds: reading their rows, evaluating, writing,
 * checking, and in their commits.
 */
import { expect, test } from 'vitest';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { measuredTurns } from './turns.ts';

const ROWS = 200_000;
/** What the longest turn takes at most, or its share of all, collections of garbage aside. */
const LONGEST_MS = 25;
const SHARE = 0.15;
/** What is told. */
const LIMIT_MS = 20;

interface Found {
  readonly over: number;
  readonly longest: number;
  readonly turns: number;
  readonly total: number;
}

/** Some megabytes of text. */
const LONG_INSERT = `INSERT INTO read VALUES ${Array.from({ length: 60_000 }, (_, i) => `(${i}, -${i}.5, 'name ${i}', '2024-01-${(i % 28) + 1}')`).join(', ')}`;

const STATEMENTS: readonly (readonly [string, string])[] = [
  [
    'INSERT … SELECT',
    `INSERT INTO big SELECT i, i * 7919::bigint % 1000003, i * 0.37, 'text' || i FROM generate_series(1, ${ROWS}) i`,
  ],
  ['INSERT … VALUES', LONG_INSERT],
  ['CREATE TABLE AS', 'CREATE TABLE copy AS SELECT * FROM big'],
  ['CREATE INDEX', 'CREATE INDEX ON big (t)'],
  ['UPDATE', 'UPDATE big SET a = a + 1'],
  ['INSERT with unique values and parents', 'INSERT INTO child SELECT id, a, id FROM big WHERE id <= 50000'],
  ['UPDATE of unique values', 'UPDATE child SET u = u + 1'],
  ['ON CONFLICT', 'INSERT INTO child SELECT id, -id, p FROM child ON CONFLICT (id) DO UPDATE SET p = excluded.id'],
  ['INSERT of grandchildren', 'INSERT INTO kid SELECT id, id FROM child'],
  ['DELETE with a cascade', 'DELETE FROM child WHERE id <= 40000'],
  ['ALTER TYPE', 'ALTER TABLE copy ALTER COLUMN a TYPE bigint'],
  ['DELETE … RETURNING', 'DELETE FROM copy WHERE id % 2 = 0 RETURNING *'],
  ['DELETE', 'DELETE FROM copy'],
  ['TRUNCATE', 'TRUNCATE child, kid'],
];

test('no write holds the thread for long', { timeout: 180_000 }, async () => {
  const best = new Map<string, Found>();
  for (let attempt = 0; attempt < 4; attempt++) {
    const turns = measuredTurns();
    const engine = await openEngine({ storage: new MemoryStorage(), host: turns.host });
    const session = engine.session();
    await session.script(`CREATE TABLE big (id int PRIMARY KEY, a int, f float8, t text);
      CREATE TABLE read (id int PRIMARY KEY, f float8, t text, d date);
      CREATE TABLE child (id int PRIMARY KEY, u int UNIQUE, p int REFERENCES big);
      CREATE TABLE kid (id int PRIMARY KEY, p int REFERENCES child ON DELETE CASCADE)`);
    for (const [name, sql] of STATEMENTS) {
      turns.begin();
      await session.execute(sql);
      const lengths = await turns.withoutGarbage();
      const over = lengths.filter((ms) => ms > LIMIT_MS).length;
      const total = lengths.reduce((sum, ms) => sum + ms, 0);
      const now = { over, longest: Math.max(...lengths), turns: lengths.length, total };
      const before = best.get(name);
      if (before === undefined || now.longest / now.total < before.longest / before.total) best.set(name, now);
    }
    await engine.close();
    if ([...best.values()].every(isGood)) break;
  }
  for (const [name, found] of best)
    console.log(
      `${name}: ${found.turns} turns, ${found.over} over ${LIMIT_MS} ms, longest ${found.longest.toFixed(1)} ms`,
    );
  expect([...best].filter(([, found]) => !isGood(found))).toEqual([]);
});

/** Other programs' turns make all of them longer: the longest must be a small part of the whole. */
function isGood({ longest, turns, total }: Found): boolean {
  return turns > 3 && longest <= Math.max(LONGEST_MS, total * SHARE);
}
