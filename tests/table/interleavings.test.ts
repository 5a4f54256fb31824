/**
 * One table, and everything that may run beside everything else, step by step in random order: commits of a few rows and
 * commits in slices, splits, checkpoints, repacking, the end of old history, and readers of every kind at every moment,
 * over a storage that makes each read wait and a cache that keeps next to nothing. Every answer is that of a model; and so
 * are all answers of the database that is opened from the last checkpoint. INTERLEAVINGS=1000 runs so many.
 */
import { expect, test } from 'vitest';
import { DriftError } from '../../src/base/error.ts';
import { Random } from '../../src/base/random.ts';
import type { Task } from '../../src/base/task.ts';
import { type World, openWorld, reopened, stepAll } from './world.ts';
import { checkpoint, maintenance, reader, readEverything, writer } from './work.ts';

const COUNT = Number(process.env['INTERLEAVINGS'] ?? 12);
const SEED = Number(process.env['INTERLEAVING_SEED'] ?? 1);

async function play(seed: number): Promise<World> {
  const random = new Random(seed);
  let world = openWorld(random);
  for (let opening = 0; opening < 3; opening++) {
    const readers: Task<void>[] = Array.from({ length: 4 }, () => reader(world, 12));
    await stepAll(random, [writer(world, 25), maintenance(world), ...readers]);
    world.isOver = false;
    await stepAll(random, [checkpoint(world)]);
    await stepAll(random, [readEverything(world)]);
    world = reopened(world);
    await stepAll(random, [readEverything(world)]);
  }
  return world;
}

test(`${COUNT} interleavings change no answer`, { timeout: 3_600_000 }, async () => {
  const done: Record<string, number> = {};
  for (let seed = SEED; seed < SEED + COUNT; seed++) {
    try {
      const { tally } = await play(seed);
      for (const [kind, times] of Object.entries(tally)) done[kind] = (done[kind] ?? 0) + times;
    } catch (error) {
      const code = error instanceof DriftError ? ` ${error.code}` : '';
      throw new Error(`interleaving ${seed}${code}: ${String(error)}`, { cause: error });
    }
  }
  // Each kind of work was there.
  const least = COUNT / 2;
  for (const kind of [
    'plain',
    'bulk',
    'time split',
    'key split',
    'checkpoint',
    'repack',
    'trim',
    'scan',
    'versions',
    'find',
  ])
    expect([kind, (done[kind] ?? 0) >= least]).toEqual([kind, true]);
});
