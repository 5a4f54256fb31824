/**
 * Power failures: a random workload with checkpoints, key splits and time splits runs once, and the disk is copied before
 * every operation that changes it, and at the end: those are all the states that a power failure can meet, each with the
 * commits acknowledged until then. Of short runs every copy goes down, of long ones some at random. Each is
 * opened: at a commit boundary at or after the last acknowledged commit, and every AS OF state, by table and
 * by index, must equal the model's; of every fourth a sample of them is compared once more after that opening is closed
 * and followed by another. (That the engine notices a failing call is what the faults are for, case.ts.)
 *
 * Replay one seed with `SEED=17 npx vitest run --project simulation`.
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import type { EngineApi, EngineOptions, SessionApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import type { SimFile } from '../../src/storage/sim-file.ts';
import { testHost, textRows } from '../database/helper.ts';
import { sameInOrder } from './compare.ts';

/** Everything small, so that few statements cross every kind of background work. */
const TINY: Partial<EngineOptions> = {
  maxLeafRows: 4,
  bulkRows: 3,
  minClosedRows: 3,
  inlineTiles: 2,
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

/** A disk at a moment, and the commits acknowledged until then. */
interface Moment {
  readonly disk: SimDisk;
  readonly acknowledged: number;
}

/** Runs the script; returns the disk as it was before each of its changes, and at the end. */
async function momentsOf(seed: number, steps: readonly Step[]): Promise<Moment[]> {
  // One workload in three meets a medium that makes the engine wait.
  const disk = new SimDisk(seed * 1000, { asynchronous: seed % 3 === 0 ? 0.3 : 0 });
  const moments: Moment[] = [];
  let acknowledged = 0;
  const note = (): void => void moments.push({ disk: disk.copy(seed * 1000 + moments.length), acknowledged });
  disk.beforeChange = note;
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
  note();
  return moments;
}

const text = async (session: SessionApi, sql: string, values: string[], seq: number): Promise<(string | null)[][]> =>
  textRows(await session.execute(sql, values, { text: true, asOf: { kind: 'seq', seq } }));

/** What was acknowledged is there, and of what was not at most the one commit that was under way. */
function expectCommits(found: number, acknowledged: number, states: readonly State[]): void {
  expect(found).toBeGreaterThanOrEqual(acknowledged);
  expect(found).toBeLessThanOrEqual(Math.min(acknowledged + 1, states.length));
}

/** Opens, compares every `stride`th state, closes; returns how many commits there are. `states` holds the one of each commit. */
async function verify(disk: SimDisk, states: readonly State[], acknowledged: number, stride: number): Promise<number> {
  const engine = await open(disk, 2);
  const session = engine.session();
  const { lastSeq } = engine.status();
  expectCommits(lastSeq, acknowledged, states);
  for (let seq = lastSeq; seq > 0; seq -= stride) {
    const state = states[seq - 1] as State;
    const want = [...state].sort(([a], [b]) => a - b).map(([id, v]) => [String(id), v]);
    sameInOrder(`AS OF ${seq}`, await text(session, 'SELECT id, v FROM t ORDER BY id', [], seq), want);
    const [, value] = [...state][seq % Math.max(state.size, 1)] ?? [0, 'none'];
    const ids = await text(session, 'SELECT id FROM t WHERE v = $1 ORDER BY id', [value], seq);
    const ofValue = want.filter(([, v]) => v === value).map(([id]) => [id as string]);
    sameInOrder(`by index AS OF ${seq}`, ids, ofValue);
  }
  const seqs = textRows(await session.execute('SELECT seq FROM drift.transactions ORDER BY seq', [], { text: true }));
  expect(seqs.map(([seq]) => Number(seq))).toEqual(range(1, lastSeq));
  await engine.close();
  return lastSeq;
}

interface Count {
  crashes: number;
  states: number;
  /** Of this workload: how many commits were found on a disk of these bytes. */
  readonly found: Map<string, number>;
}

/** Name and bytes of every file. */
function bytesOf(disk: SimDisk): string {
  const hash = createHash('sha256');
  for (const name of [...disk.files.keys()].sort()) {
    const file = disk.files.get(name) as SimFile;
    hash.update(`${name}:${file.size}:`).update(file.live.subarray(0, file.size));
  }
  return hash.digest('hex');
}

/** Takes one moment of a workload down. */
async function crashAt(seed: number, at: number, moment: Moment, steps: readonly Step[], count: Count): Promise<void> {
  const { disk, acknowledged } = moment;
  disk.powerFailure();
  const states = steps.filter(({ sql }) => sql !== null).map(({ state }) => state);
  try {
    const bytes = bytesOf(disk);
    let found = count.found.get(bytes);
    if (found !== undefined) expectCommits(found, acknowledged, states);
    else {
      found = await verify(disk, states, acknowledged, 1);
      if (at % 4 === 0) await verify(disk, states, found, 5);
      count.found.set(bytes, found);
    }
    count.states += found;
  } catch (error) {
    throw new Error(`seed ${seed}, crash before change ${at}: ${String(error)}`, { cause: error });
  }
  count.crashes++;
}

/** So many different numbers below a limit, or all. */
function distinct(random: Random, limit: number, count: number): Set<number> {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, limit)) chosen.add(random.uint32() % limit);
  return chosen;
}

interface Plan {
  readonly seeds: readonly number[];
  readonly statements: number;
  /** Moments to crash at, at random; null for every one. */
  readonly sampled: number | null;
}

export function testCrashes({ seeds, statements, sampled }: Plan): void {
  const chosen =
    process.env['SEED'] === undefined ? seeds : seeds.filter((seed) => seed === Number(process.env['SEED']));
  const where = sampled === null ? 'every change of the disk' : `${sampled} random changes of the disk`;
  const name = `${seeds.length} workloads, each crashed at ${where}, keep what was acknowledged`;
  test.runIf(chosen.length > 0)(name, async () => {
    const count: Count = { crashes: 0, states: 0, found: new Map() };
    for (const seed of chosen) {
      count.found.clear();
      const steps = workload(seed, statements);
      const moments = await momentsOf(seed, steps);
      const random = new Random(seed);
      const chosenMoments = sampled === null ? moments.keys() : distinct(random, moments.length, sampled);
      for (const at of chosenMoments) await crashAt(seed, at, moments[at] as Moment, steps, count);
    }
    console.log(`${count.crashes} crashes, ${count.states} states compared`);
    expect(count.crashes).toBeGreaterThan(chosen.length);
  });
}
