/**
 * Reads by key beside a bulk load and all the background work that it causes: checkpoints, key splits and time splits. What a read
 * waits for is measured in the thread's own computing time, so that other processes on the machine do not count.
 */
import { expect, test } from 'vitest';
import { systemHost } from '../../worker/host.ts';
import type { EngineOptions, SessionApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { computingClock } from './computing-clock.ts';
import { textRows } from './helper.ts';

const ROWS_A_STATEMENT = 40;
const LIMIT_MS = 20;

function values(from: number, step: number): string {
  return Array.from({ length: ROWS_A_STATEMENT }, (_, i) => {
    const id = from + i * step;
    return `(${id}, ${id % 977}, ${id / 8}, 'name ${id % 5000}')`;
  }).join(', ');
}

/** Ascending inserts, inserts between them, updates of runs of rows. Small statements: what they take is not the question. */
async function load(session: SessionApi): Promise<void> {
  const step = ROWS_A_STATEMENT * 4;
  for (let i = 0; i < 800; i++) await session.execute(`INSERT INTO t VALUES ${values(i * step, 4)}`);
  for (let i = 0; i < 300; i++)
    await session.execute(`INSERT INTO t VALUES ${values(((i * 7919) % 800) * step + 1, 4)} ON CONFLICT DO NOTHING`);
  for (let i = 0; i < 400; i++) {
    const low = ((i * 31) % 100) * step;
    await session.execute(`UPDATE t SET k = k + 1 WHERE id >= ${low} AND id < ${low + 2 * step}`);
  }
}

/** Computing time between a read's turn and its answer, for as long as `until` is not done. */
async function reads(session: SessionApi, until: () => boolean): Promise<number[]> {
  const waits: number[] = [];
  const spent = computingClock();
  for (let i = 0; !until(); i++) {
    const start = spent();
    // As a message does that comes while the engine works: it waits for its turn, then for its answer.
    await new Promise((resolve) => setImmediate(resolve));
    await session.execute('SELECT name FROM small WHERE id = $1', [(i % 1000) + 1]);
    waits.push(spent() - start);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return waits.sort((a, b) => a - b);
}

interface Run {
  readonly waits: readonly number[];
  readonly p99: number;
  /** Kinds of work done. */
  readonly kinds: readonly string[];
}

async function run(options: Partial<EngineOptions>): Promise<Run> {
  const engine = await openEngine({ storage: new MemoryStorage(), host: systemHost(), ...options });
  const [writer, reader] = [engine.session(), engine.session()];
  await writer.script(`CREATE TABLE small (id int PRIMARY KEY, name text);
    INSERT INTO small SELECT i, 'name ' || i FROM generate_series(1, 1000) i;
    CREATE TABLE t (id int PRIMARY KEY, k int, v double precision, name text)`);
  let loaded = false;
  const loading = load(writer).finally(() => (loaded = true));
  const waits = await reads(reader, () => loaded);
  await loading;
  const done = await reader.execute("SELECT DISTINCT kind FROM drift.maintenance WHERE state = 'done'", [], {
    text: true,
  });
  await engine.close();
  return {
    waits,
    p99: waits[Math.floor(waits.length * 0.99)] ?? Infinity,
    kinds: textRows(done).map(([kind]) => kind ?? ''),
  };
}

/** No checkpoint, no split. */
const IDLE: Partial<EngineOptions> = { checkpointLogBytes: 2 ** 40, maxLeafRows: 2 ** 30, minClosedRows: 2 ** 30 };
const BUSY: Partial<EngineOptions> = {
  checkpointLogBytes: 400_000,
  maxLeafRows: 8192,
  minClosedRows: 2048,
  inlineSplitCells: 20_000,
};

test('a read by key waits at most 20 ms beside background work, in 99 of 100 cases', { timeout: 240_000 }, async () => {
  let best = Infinity;
  // Another program's turn on the machine may come between: what counts is that it can be done.
  for (let attempt = 0; attempt < 3 && best > LIMIT_MS; attempt++) {
    const idle = await run(IDLE);
    const busy = await run(BUSY);
    console.log(
      `p99 of ${busy.waits.length} reads ${busy.p99.toFixed(1)} ms, without background work ${idle.p99.toFixed(1)} ms`,
    );
    expect(idle.kinds).toEqual([]);
    expect([...busy.kinds].sort()).toEqual(expect.arrayContaining(['checkpoint', 'key split', 'time split']));
    expect(busy.waits.length).toBeGreaterThan(30);
    best = Math.min(best, busy.p99);
  }
  expect(best).toBeLessThanOrEqual(LIMIT_MS);
});
