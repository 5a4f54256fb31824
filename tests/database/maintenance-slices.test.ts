/**
 * Slices of background work under some loads, with leaves, packs and splits as they are by default: how long the engine
 * keeps the thread at a time, on a clock of what the thread has computed.
 */
import { describe, expect, test } from 'vitest';
import { systemHost } from '../../worker/host.ts';
import { Random } from '../../src/base/random.ts';
import type { EngineOptions, SessionApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { computingClock } from './computing-clock.ts';
import { textRows } from './helper.ts';

const ROWS = 100_000;
const LIMIT_MS = 8;
const HARD_LIMIT_MS = 20;
const ATTEMPTS = 3;
const ROUNDS = 16;
/** So that there are some of which little is alive. */
const SMALL_PACK_BYTES = 1_000_000;

const INSERT = `INSERT INTO t SELECT i, i % 1000, i / 4.0, 'name ' || i % 5000 FROM generate_series($1::int, $2::int) i`;

/** Updates of single rows, of which `pick` gives the keys, before and beside checkpoints. */
async function update({ session, other }: Sessions, pick: () => number): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const checkpoint = round % 2 === 0 ? null : other.execute('CHECKPOINT');
    for (let i = 0; i < 400; i++)
      await session.execute('UPDATE t SET k = $2, name = $3 WHERE id = $1', [pick(), i, `name ${i % 5000}`]);
    await checkpoint;
  }
}

/** Ranks by Zipf's law (0.99), as in Gray and others, "Quickly generating billion-record synthetic databases". */
function zipf(random: Random): () => number {
  const theta = 0.99;
  let zeta = 0;
  for (let i = 1; i <= ROWS; i++) zeta += 1 / i ** theta;
  const eta = (1 - (2 / ROWS) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / zeta);
  return () => {
    const u = random.uint32() / 2 ** 32;
    // Scattered, so that the frequent ones do not stand together.
    return ((Math.floor(ROWS * (eta * u - eta + 1) ** (1 / (1 - theta))) * 7919) % ROWS) + 1;
  };
}

interface Sessions {
  readonly session: SessionApi;
  readonly other: SessionApi;
}

type Load = (sessions: Sessions, random: Random) => Promise<void>;

const LOADS: Readonly<Record<string, Load>> = {
  uniform: (sessions, random) => update(sessions, () => (random.uint32() % ROWS) + 1),
  'zipf 0.99': (sessions, random) => update(sessions, zipf(random)),
  'one part': async ({ session }, random) => {
    for (let i = 0; i < 150; i++)
      await session.execute('UPDATE t SET k = k + 1 WHERE id > $1 AND id <= $1 + 500', [random.uint32() % 30_000]);
  },
  append: async ({ session }) => {
    for (let id = ROWS; id < 5 * ROWS; id += 500) await session.execute(INSERT, [id + 1, id + 500]);
  },
  forgetting: async ({ session }) => {
    for (let round = 0; round < 5; round++)
      for (let id = 0; id < ROWS; id += 10_000)
        await session.execute('UPDATE t SET k = k + 7 WHERE id > $1 AND id <= $1 + 10000', [id]);
    await session.script('CHECKPOINT; DELETE HISTORY FROM t BEFORE SEQ 40; CHECKPOINT; ERASE FROM t WHERE id % 50 = 7');
    await erased(session);
    await session.script("ALTER TABLE t SET (history_retention = 'none'); CHECKPOINT");
  },
  'very many leaves': async ({ session }) => {
    for (let round = 0; round < 2; round++) {
      for (let id = 0; id < ROWS; id += 5000)
        await session.execute('UPDATE t SET k = k + 7 WHERE id > $1 AND id <= $1 + 5000 AND id % 16 = 1', [id]);
      await session.script('CHECKPOINT');
    }
  },
  'random inserts': async ({ session }, random) => {
    for (let i = 0; i < 1500; i++) {
      const ids = Array.from({ length: 50 }, () => ROWS + (random.uint32() % 1_000_000_000));
      await session.execute(
        `INSERT INTO t SELECT i, i % 1000, i / 4.0, 'name ' || i % 5000 FROM unnest(ARRAY[${ids.join(', ')}]) i
         ON CONFLICT DO NOTHING`,
      );
    }
  },
};

/** Loads with parts that are smaller than by default: of how many a checkpoint and its directory are. */
const OPTIONS: Readonly<Record<string, Partial<EngineOptions>>> = {
  forgetting: { packSizeBytes: SMALL_PACK_BYTES },
  'very many leaves': { maxLeafRows: 48 },
};

/** Waits until an erasure has left nothing in any file. */
async function erased(session: SessionApi): Promise<void> {
  const open = "SELECT count(*) FROM drift.erasures WHERE state <> 'done'";
  while (textRows(await session.execute(open, [], { text: true }))[0]?.[0] !== '0')
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What a load brings about, where that is more than checkpoints. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'one part': ['checkpoint', 'time split'],
  'random inserts': ['checkpoint', 'key split'],
  forgetting: ['checkpoint', 'erasure', 'repack', 'retention'],
};

interface Found {
  readonly kind: string;
  readonly slices: number;
  readonly long: number;
  readonly longestMs: number;
}

async function run(load: Load, options: Partial<EngineOptions> = {}): Promise<Found[]> {
  const host = { ...systemHost(), monotonicMs: computingClock() };
  const engine = await openEngine({ storage: new MemoryStorage(), host, checkpointLogBytes: 1_500_000, ...options });
  const session = engine.session();
  await session.script('CREATE TABLE t (id int PRIMARY KEY, k int, v double precision, name text)');
  for (let id = 0; id < ROWS; id += 10_000) await session.execute(INSERT, [id + 1, id + 10_000]);
  await load({ session, other: engine.session() }, new Random(11));
  const done = await session.execute(
    `SELECT kind, sum(slices), sum(long_slices), max(longest_slice_ms) FROM drift.maintenance GROUP BY kind ORDER BY kind`,
    [],
    { text: true },
  );
  await engine.close();
  return textRows(done).map(([kind, slices, long, longest]) => ({
    kind: kind ?? '',
    slices: Number(slices),
    long: Number(long),
    longestMs: Number(longest),
  }));
}

describe('background work keeps the thread for 8 ms in 99 of 100 slices, and never for 20', () => {
  test.each(Object.keys(LOADS))('%s', { timeout: 240_000 }, async (name) => {
    let best: Found[] = [];
    const isWithin = (found: readonly Found[]): boolean => {
      const [slices, long] = [sum(found, 'slices'), sum(found, 'long')];
      return slices > 0 && long <= slices / 100 && found.every(({ longestMs }) => longestMs <= HARD_LIMIT_MS);
    };
    // The garbage collector's turn may come at any moment: what counts is that it can be done.
    for (let attempt = 0; attempt < ATTEMPTS && !isWithin(best); attempt++) {
      best = await run(LOADS[name] as Load, OPTIONS[name]);
      for (const { kind, slices, long, longestMs } of best)
        console.log(`${name}: ${kind}: ${slices} slices, ${long} over ${LIMIT_MS} ms, the longest ${longestMs} ms`);
    }
    expect(best.map(({ kind }) => kind)).toEqual(expect.arrayContaining([...(KINDS[name] ?? ['checkpoint'])]));
    expect(isWithin(best)).toBe(true);
  });
});

function sum(found: readonly Found[], figure: 'slices' | 'long'): number {
  return found.reduce((total, each) => total + each[figure], 0);
}
