/**
 * Random histories at each level and mixed, checked (check-history.ts); and that the check finds what is switched off.
 * HISTORIES=100000 runs so many, HISTORY_SEED=n begins elsewhere; a history is the same for the same seed.
 */
import { expect, test } from 'vitest';
import type { EngineOptions } from '../../src/database/api.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Isolation } from '../../src/txn/transaction.ts';
import { type Db, openDb } from '../database/helper.ts';
import { checkHistory } from './check-history.ts';
import { runHistory } from './history.ts';

const COUNT = Number(process.env['HISTORIES'] ?? 500);
const SEED = Number(process.env['HISTORY_SEED'] ?? 1);
/** A fresh database after so many: rows grow by what is appended. */
const PER_DATABASE = 50;

const KINDS: readonly { readonly level: Isolation | null; readonly sessions: number }[] = [
  { level: 'serializable', sessions: 3 },
  { level: 'repeatable read', sessions: 3 },
  { level: 'read committed', sessions: 4 },
  { level: null, sessions: 4 },
];

async function fresh(options: Partial<EngineOptions> = {}): Promise<Db> {
  const db = await openDb(new MemoryStorage(), { durability: 'relaxed', ...options });
  await db.run("CREATE TABLE h (id int PRIMARY KEY, v text); INSERT INTO h VALUES (0, 'a'), (1, 'bb'), (2, 'ccc')");
  return db;
}

test(`${COUNT} random histories have the anomalies of their levels and no others`, { timeout: 3_600_000 }, async () => {
  let committed = 0;
  const failed: Record<string, number> = {};
  let db = await fresh();
  for (let n = 0; n < COUNT; n++) {
    if (n % PER_DATABASE === PER_DATABASE - 1) {
      await db.engine.close();
      db = await fresh();
    }
    const kind = KINDS[n % KINDS.length] as (typeof KINDS)[number];
    const history = await runHistory(db, SEED + n, { ...kind, transactions: 2 });
    expect([SEED + n, ...checkHistory(history)]).toEqual([SEED + n]);
    committed += history.done.length;
    for (const [code, count] of Object.entries(history.failed)) failed[code] = (failed[code] ?? 0) + count;
  }
  await db.engine.close();
  expect(committed).toBeGreaterThan(COUNT * 2);
  expect(failed['40001']).toBeGreaterThan(0);
});

test.each([
  ['conflicts', 'repeatable read'],
  ['dependencies', 'serializable'],
  ['predicates', 'serializable'],
  // At READ COMMITTED nothing stands behind the locks but assertions, which end the engine's commit.
] as const)('with %s switched off at %s the check finds it', async (testIgnore, level) => {
  const problems: string[] = [];
  for (let n = 0; n < 600 && problems.length === 0; n += PER_DATABASE) {
    const db = await fresh({ testIgnore });
    for (let i = 0; i < PER_DATABASE && problems.length === 0; i++)
      problems.push(...checkHistory(await runHistory(db, 1 + n + i, { level, sessions: 4, transactions: 2 })));
    await db.engine.close();
  }
  expect(problems.length).toBeGreaterThan(0);
});
