/**
 * Power failures and kills while several lines are changed, made, merged and dropped: after each crash the database opens
 * at a commit boundary at or after what was acknowledged, and every line is what it was after that commit in a run
 * without a crash. The same for backups: restored whole, and to any commit.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { collected, restoreSource } from '../../src/client/backup.ts';
import { LocalConnection } from '../../src/client/local.ts';
import type { EngineOptions, SessionApi } from '../../src/database/api.ts';
import { type OpenEngine, openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { testHost, textRows } from '../database/helper.ts';

const TINY: Partial<EngineOptions> = {
  maxLeafRows: 10,
  minClosedRows: 8,
  packSizeBytes: 3000,
  cacheBudgetBytes: 16_384,
  logStepBytes: 4096,
  checkpointLogBytes: 2500,
};
const CRASHES = 40;

const SCRIPT = `CREATE TABLE t (id int PRIMARY KEY, v text)
CREATE INDEX t_v ON t (v)
INSERT INTO t SELECT i, 'first' FROM generate_series(1, 30) i
CREATE BRANCH a
USE BRANCH a
UPDATE t SET v = 'a' WHERE id % 3 = 0
CHECKPOINT
DELETE FROM t WHERE id > 25
CREATE BRANCH b
USE BRANCH b
INSERT INTO t SELECT i, 'b' FROM generate_series(31, 45) i
ALTER TABLE t ADD COLUMN more int DEFAULT 5
UPDATE t SET more = 6 WHERE id < 5
USE BRANCH main
UPDATE t SET v = 'main' WHERE id % 2 = 0
CREATE TABLE u (id int PRIMARY KEY)
CREATE BRANCH c FROM a AS OF SEQ 5
USE BRANCH c
INSERT INTO u VALUES (1)
DROP TABLE IF EXISTS u
CREATE TABLE w (id int PRIMARY KEY)
INSERT INTO w VALUES (1), (2)
UPDATE t SET v = 'c' WHERE id BETWEEN 10 AND 20
CHECKPOINT
MERGE BRANCH a INTO main
USE BRANCH main
RESOLVE CONFLICTS USING THEIRS
DROP BRANCH c
UPDATE t SET v = 'later' WHERE id < 9
CHECKPOINT
MERGE BRANCH main INTO b
DELETE FROM t WHERE id = 1`
  .split('\n')
  .filter((sql) => sql !== 'INSERT INTO u VALUES (1)');

function open(storage: Storage, seed: number, more: Partial<EngineOptions> = {}): Promise<OpenEngine> {
  return openEngine({ storage, host: testHost(seed), ...TINY, ...more });
}

/** All that there is to see on all lines. */
async function seen(session: SessionApi): Promise<string> {
  const rows = async (sql: string): Promise<(string | null)[][]> =>
    textRows(await session.execute(sql, [], { text: true }));
  const lines = await rows('SELECT name, parent, fork_seq FROM drift.branches ORDER BY 1');
  const found: unknown[] = [lines];
  for (const [name] of lines) {
    await session.execute(`USE BRANCH ${name}`);
    found.push(name);
    const tables = await rows("SELECT table_name FROM drift.tables WHERE table_type = 'BASE TABLE' ORDER BY 1");
    for (const [table] of tables)
      if (table === 't' || table === 'u' || table === 'w') {
        found.push(table, await rows(`SELECT * FROM ${table} ORDER BY id`));
        found.push(
          await rows(`SELECT id, _seq_from, _seq_to FROM ${table} FOR SYSTEM_TIME ALL ORDER BY id, _seq_from`),
        );
      }
    if (tables.some(([table]) => table === 't')) found.push(await rows("SELECT id FROM t WHERE v = 'a' ORDER BY id"));
  }
  await session.execute('USE BRANCH main');
  return JSON.stringify(found);
}

/** Runs the script until something fails; gives the newest commit that was acknowledged. */
async function run(storage: Storage, after: (engine: OpenEngine) => Promise<void>): Promise<number> {
  let acknowledged = 0;
  try {
    const engine = await open(storage, 1);
    const session = engine.session();
    for (const sql of SCRIPT) {
      await session.execute(sql);
      acknowledged = engine.status().lastSeq;
      await after(engine);
    }
    await engine.close();
  } catch {
    // The machine went down.
  }
  return acknowledged;
}

async function expected(): Promise<Map<number, string>> {
  const states = new Map<number, string>();
  await run(new MemoryStorage(), async (engine) => {
    states.set(engine.status().lastSeq, await seen(engine.session()));
  });
  return states;
}

test('crashes at any operation keep all lines as they were at a commit', { timeout: 300_000 }, async () => {
  const states = await expected();
  const whole = new SimDisk(1);
  const last = await run(whole.storage(), async () => undefined);
  expect(last).toBe(Math.max(...states.keys()));
  const random = new Random(5);
  let crashes = 0;
  for (let i = 0; i < CRASHES; i++) {
    const k = random.uint32() % whole.operations;
    const disk = new SimDisk(100 + i, { asynchronous: i % 2 === 0 ? 0.3 : 0 });
    disk.plan({ kind: 'crash', at: k });
    const acknowledged = await run(disk.storage(), async () => undefined);
    if (!disk.fired) continue;
    if (i % 4 === 0) disk.processKill();
    else disk.powerFailure();
    disk.plan(null);
    const engine = await open(disk.storage(), 2);
    const { lastSeq } = engine.status();
    const say = `crash ${i} at operation ${k}`;
    expect(lastSeq, say).toBeGreaterThanOrEqual(acknowledged);
    const session = engine.session();
    if (lastSeq > 0) expect(await seen(session), say).toBe(states.get(lastSeq));
    const checked = textRows(await session.execute('CHECK DATABASE', [], { text: true }));
    const isLeft = (row: (string | null)[]): boolean => row[0] === 'MANIFEST' || row[4] === 'nothing needs this file';
    expect(
      checked.filter((row) => row.at(-1) !== null && !isLeft(row)),
      say,
    ).toEqual([]);
    await engine.close();
    crashes++;
  }
  expect(crashes).toBeGreaterThan(CRASHES / 2);
});

test('a backup has all branches, at its end and at every commit of before', { timeout: 300_000 }, async () => {
  const states = await expected();
  const storage = new MemoryStorage();
  await run(storage, async () => undefined);
  const engine = await open(storage, 3);
  const file = await collected(() => new LocalConnection(engine).backup({}));
  const newest = Math.max(...states.keys());
  const restored = await open(new MemoryStorage(), 4, { restore: restoreSource([file], {}) });
  expect(await seen(restored.session())).toBe(states.get(newest));
  const dropped = [...states].find(([, state]) => state.includes('"c"'))?.[0] ?? 0;
  for (const [seq, state] of states) {
    // What a dropped branch held is not in the backup any more.
    if (state.includes('"c"')) continue;
    const then = await open(new MemoryStorage(), 5, { restore: restoreSource([file], { to: seq }) });
    const told = await seen(then.session());
    expect(told, `to ${seq}`).toBe(state);
    await then.close();
  }
  expect(dropped).toBeGreaterThan(0);
  const bare = await collected(() => new LocalConnection(engine).backup({ history: false }));
  const without = await open(new MemoryStorage(), 6, { restore: restoreSource([bare], {}) });
  const rows = async (of: OpenEngine, sql: string): Promise<(string | null)[][]> =>
    textRows(await of.session().execute(sql, [], { text: true }));
  expect(await rows(without, 'SELECT name FROM drift.branches')).toEqual([['main']]);
  expect(await rows(without, 'SELECT * FROM t ORDER BY id')).toEqual(await rows(engine, 'SELECT * FROM t ORDER BY id'));
});
