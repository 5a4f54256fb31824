/**
 * Statements that write very many rows let others run every few milliseconds: reading their rows, evaluating, writing,
 * checking, and in their commits.
 */
import { expect, test } from 'vitest';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { measuredTurns } from './turns.ts';

const ROWS = 200_000;
/** What turns take at most but for one in fifty, collections of garbage aside; and the longest. */
const LIMIT_MS = 20;
const LONGEST_MS = 80;

const STATEMENTS: readonly (readonly [string, string])[] = [
  [
    'INSERT … SELECT',
    `INSERT INTO big SELECT i, i * 7919::bigint % 1000003, i * 0.37, 'text' || i FROM generate_series(1, ${ROWS}) i`,
  ],
  ['CREATE TABLE AS', 'CREATE TABLE copy AS SELECT * FROM big'],
  ['CREATE INDEX', 'CREATE INDEX ON big (t)'],
  ['UPDATE', 'UPDATE big SET a = a + 1'],
  ['INSERT with unique values and parents', 'INSERT INTO child SELECT id, a, id FROM big WHERE id <= 50000'],
  ['UPDATE of unique values', 'UPDATE child SET u = u + 1'],
  ['DELETE', 'DELETE FROM copy'],
  ['TRUNCATE', 'TRUNCATE child'],
];

test('no write holds the thread for long', { timeout: 180_000 }, async () => {
  const best = new Map<string, { over: number; longest: number; turns: number }>();
  for (let attempt = 0; attempt < 3; attempt++) {
    const turns = measuredTurns();
    const engine = await openEngine({ storage: new MemoryStorage(), host: turns.host });
    const session = engine.session();
    await session.script(`CREATE TABLE big (id int PRIMARY KEY, a int, f float8, t text);
      CREATE TABLE child (id int PRIMARY KEY, u int UNIQUE, p int REFERENCES big)`);
    for (const [name, sql] of STATEMENTS) {
      turns.begin();
      await session.execute(sql);
      const lengths = await turns.withoutGarbage();
      const over = lengths.filter((ms) => ms > LIMIT_MS).length;
      const now = { over, longest: Math.max(...lengths), turns: lengths.length };
      const before = best.get(name);
      if (before === undefined || now.longest < before.longest) best.set(name, now);
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

function isGood({ over, longest, turns }: { over: number; longest: number; turns: number }): boolean {
  return turns > 3 && longest <= LONGEST_MS && over <= Math.max(2, turns / 50);
}
