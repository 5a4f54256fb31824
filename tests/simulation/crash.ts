/**
 * Power failures: a random workload with checkpoints, key splits and time splits is crashed at its k-th I/O operation.
 * Short runs are crashed at every k until the workload ends before it, long ones at fifty random k. After each crash the
 * database must open at a commit boundary at or after the last acknowledged commit, and every AS OF state, by table and
 * by index, must equal the model's; a sample of them is compared once more after that opening is closed and followed by
 * another.
 *
 * Replay one seed with `SEED=17 npx vitest run --project simulation`.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import type { EngineApi, EngineOptions, SessionApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { testHost, textRows } from '../database/helper.ts';

/** Everything small, so that few statements cross every kind of background work. */
const TINY: Partial<EngineOptions> = {
  maxLeafRows: 4,
  minClosedRows: 3,
  packSizeBytes: 4096,
  cacheBudgetBytes: 16_384,
  logStepBytes: 4096,
};

type State = ReadonlyMap<number, string>;

interface Step {
  /** Null for a checkpoint. */
  readonly sql: string | null;
  /** The state after it. */
  readonly state: State;
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** A random script over one table. Every statement is one commit. */
function workload(seed: number, statements: number): Step[] {
  const random = new Random(seed);
  const pick = (below: number): number => random.uint32() % below;
  let state: State = new Map();
  const steps: Step[] = [
    { sql: 'CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 3)', state },
    { sql: 'CREATE INDEX t_v ON t (v)', state },
  ];
  for (let i = 0; i < statements; i++) {
    if (pick(6) === 0) steps.push({ sql: null, state });
    const next = new Map(state);
    const id = pick(8);
    const value = 'x'.repeat(pick(4) === 0 ? pick(3000) : pick(20)) + i;
    let sql: string;
    if (!next.has(id)) {
      next.set(id, value);
      sql = `INSERT INTO t VALUES (${id}, '${value}')`;
      if (!next.has(id + 100)) {
        next.set(id + 100, 'pair');
        sql += `, (${id + 100}, 'pair')`;
      }
    } else if (pick(3) === 0) {
      next.delete(id);
      sql = `DELETE FROM t WHERE id = ${id}`;
    } else {
      for (const key of next.keys()) if (key >= id) next.set(key, value);
      sql = `UPDATE t SET v = '${value}' WHERE id >= ${id}`;
    }
    steps.push({ sql, state: next });
    state = next;
  }
  return steps;
}

function open(disk: SimDisk, hostSeed: number): Promise<EngineApi> {
  return openEngine({ storage: disk.storage(), host: testHost(hostSeed), ...TINY });
}

/** Runs the script until it ends or the disk fails; returns how many commits were acknowledged. */
async function runUntilFault(disk: SimDisk, steps: readonly Step[]): Promise<number> {
  let acknowledged = 0;
  try {
    const engine = await open(disk, 1);
    const session = engine.session();
    for (const { sql } of steps) {
      if (sql === null) await engine.checkpoint();
      else {
        await session.execute(sql);
        acknowledged++;
      }
    }
    await engine.close();
  } catch {
    // The machine went down, or the log noticed it first: what counts is what was acknowledged before.
  }
  return acknowledged;
}

const text = async (session: SessionApi, sql: string, seq: number): Promise<(string | null)[][]> =>
  textRows(await session.execute(sql, [], { text: true, asOf: { kind: 'seq', seq } }));

/** Opens, compares every `stride`th state, closes; returns how many commits there are. `states` holds the one of each commit. */
async function verify(disk: SimDisk, states: readonly State[], acknowledged: number, stride: number): Promise<number> {
  const engine = await open(disk, 2);
  const session = engine.session();
  const { lastSeq } = engine.status();
  expect(lastSeq).toBeGreaterThanOrEqual(acknowledged);
  expect(lastSeq).toBeLessThanOrEqual(Math.min(acknowledged + 1, states.length));
  for (let seq = lastSeq; seq > 0; seq -= stride) {
    const state = states[seq - 1] as State;
    const want = [...state].sort(([a], [b]) => a - b).map(([id, v]) => [String(id), v]);
    expect(await text(session, 'SELECT id, v FROM t ORDER BY id', seq)).toEqual(want);
    const [, value] = [...state][seq % Math.max(state.size, 1)] ?? [0, 'none'];
    const ids = await text(session, `SELECT id FROM t WHERE v = '${value}' ORDER BY id`, seq);
    expect(ids).toEqual(want.filter(([, v]) => v === value).map(([id]) => [id]));
  }
  const seqs = textRows(await session.execute('SELECT seq FROM drift.transactions ORDER BY seq', [], { text: true }));
  expect(seqs.map(([seq]) => Number(seq))).toEqual(range(1, lastSeq));
  await engine.close();
  return lastSeq;
}

interface Count {
  crashes: number;
  states: number;
}

/** Crashes one workload at operation k; false if it ended before. */
async function crashAt(seed: number, k: number, steps: readonly Step[], count: Count): Promise<boolean> {
  // One workload in three meets a medium that makes the engine wait.
  const disk = new SimDisk(seed * 1000 + k, { asynchronous: seed % 3 === 0 ? 0.3 : 0 });
  disk.plan({ kind: 'crash', at: k });
  const acknowledged = await runUntilFault(disk, steps);
  if (!disk.fired) return false;
  disk.powerFailure();
  disk.plan(null);
  const states = steps.filter(({ sql }) => sql !== null).map(({ state }) => state);
  try {
    const found = await verify(disk, states, acknowledged, 1);
    await verify(disk, states, found, 5);
    count.states += found;
  } catch (error) {
    throw new Error(`seed ${seed}, crash at operation ${k}: ${String(error)}`, { cause: error });
  }
  count.crashes++;
  return true;
}

async function operationsOf(steps: readonly Step[]): Promise<number> {
  const disk = new SimDisk(1);
  await runUntilFault(disk, steps);
  return disk.operations;
}

interface Plan {
  readonly seeds: readonly number[];
  readonly statements: number;
  /** Random I/O operations to crash at; null for every one. */
  readonly sampled: number | null;
}

export function testCrashes({ seeds, statements, sampled }: Plan): void {
  const chosen =
    process.env['SEED'] === undefined ? seeds : seeds.filter((seed) => seed === Number(process.env['SEED']));
  const where = sampled === null ? 'every I/O operation' : `${sampled} random I/O operations`;
  const name = `${seeds.length} workloads, each crashed at ${where}, keep what was acknowledged`;
  test.runIf(chosen.length > 0)(name, async () => {
    const count: Count = { crashes: 0, states: 0 };
    for (const seed of chosen) {
      const steps = workload(seed, statements);
      if (sampled === null) {
        for (let k = 1; await crashAt(seed, k, steps, count); k++);
        continue;
      }
      const random = new Random(seed);
      const operations = await operationsOf(steps);
      for (let i = 0; i < sampled; i++) await crashAt(seed, random.uint32() % operations, steps, count);
    }
    console.log(`${count.crashes} crashes, ${count.states} states compared`);
    expect(count.crashes).toBeGreaterThan(chosen.length);
  });
}
