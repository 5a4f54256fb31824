/**
 * Power failures: a short random workload is crashed at its k-th I/O operation, for every k until the workload ends
 * before it. After each crash the database must open at a commit boundary at or after the last acknowledged commit, and
 * every AS OF state must equal the model's.
 *
 * Replay one seed with `SEED=17 npx vitest run --project simulation`.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { openEngine } from '../../src/database/engine.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { testHost, textRows } from '../database/helper.ts';

const SEEDS =
  process.env['SEED'] === undefined ? Array.from({ length: 300 }, (_, i) => i + 1) : [Number(process.env['SEED'])];
const STATEMENTS = 6;

type State = ReadonlyMap<number, string>;

interface Step {
  readonly sql: string;
  /** The state after it; the step makes a commit only if it differs from the one before or is DDL. */
  readonly state: State;
}

/** A random script over one table, with the state that each statement leaves. */
function workload(seed: number): Step[] {
  const random = new Random(seed);
  const pick = (below: number): number => random.uint32() % below;
  let state: State = new Map();
  const steps: Step[] = [{ sql: 'CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 3)', state }];
  while (steps.length <= STATEMENTS) {
    const next = new Map(state);
    const id = pick(8);
    const value = 'x'.repeat(pick(4) === 0 ? pick(3000) : pick(20)) + steps.length;
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

/** Runs the script until it ends or the disk fails; returns how many statements were acknowledged. */
async function runUntilFault(disk: SimDisk, steps: readonly Step[]): Promise<number> {
  let acknowledged = 0;
  try {
    const engine = await openEngine({ storage: disk.storage(), host: testHost() });
    const session = engine.session();
    for (const { sql } of steps) {
      await session.execute(sql);
      acknowledged++;
    }
    await engine.close();
  } catch {
    // The machine went down, or the log noticed it first: what counts is what was acknowledged before.
  }
  return acknowledged;
}

async function verify(disk: SimDisk, steps: readonly Step[], acknowledged: number): Promise<number> {
  const engine = await openEngine({ storage: disk.storage(), host: testHost(2) });
  const session = engine.session();
  const { lastSeq } = engine.status();
  expect(lastSeq).toBeGreaterThanOrEqual(acknowledged);
  expect(lastSeq).toBeLessThanOrEqual(Math.min(acknowledged + 1, steps.length));
  for (let seq = 1; seq <= lastSeq; seq++) {
    const rows = textRows(
      await session.execute('SELECT id, v FROM t ORDER BY id', [], { text: true, asOf: { kind: 'seq', seq } }),
    );
    const want = [...(steps[seq - 1] as Step).state].sort(([a], [b]) => a - b).map(([id, v]) => [String(id), v]);
    expect(rows).toEqual(want);
  }
  const seqs = textRows(await session.execute('SELECT seq FROM drift.transactions ORDER BY seq', [], { text: true }));
  expect(seqs.map(([seq]) => Number(seq))).toEqual(Array.from({ length: lastSeq }, (_, i) => i + 1));
  await engine.close();
  return lastSeq;
}

test(`${SEEDS.length} workloads, each crashed at every I/O operation, keep what was acknowledged`, async () => {
  let crashes = 0;
  let states = 0;
  for (const seed of SEEDS) {
    const steps = workload(seed);
    for (let k = 1; ; k++) {
      const disk = new SimDisk(seed * 1000 + k);
      disk.plan({ kind: 'crash', at: k });
      const acknowledged = await runUntilFault(disk, steps);
      if (!disk.fired) break;
      disk.powerFailure();
      disk.plan(null);
      try {
        const found = await verify(disk, steps, acknowledged);
        states += found + (await verify(disk, steps, found));
      } catch (error) {
        throw new Error(`seed ${seed}, crash at operation ${k}: ${String(error)}`, { cause: error });
      }
      crashes++;
    }
  }
  console.log(`${crashes} crashes, ${states} states compared`);
  expect(crashes).toBeGreaterThan(SEEDS.length);
});
