/**
 * One table, and everything that may run beside everything else, step by step in random order: commits of a few rows and
 * commits in slices, splits, checkpoints, repacking, the end of old history, and readers of every kind at every moment,
 * over a storage that makes each read wait and a cache that keeps next to nothing. Every answer is that of a model; and so
 * are all answers of the database that is opened from the last checkpoint. INTERLEAVINGS=1000 runs so many.
 */
import { expect, test } from 'vitest';
import { DriftError } from '../../src/base/error.ts';
import { Random } from '../../src/base/random.ts';
import { PAUSE, type Task } from '../../src/base/task.ts';
import { type World, openWorld, reopened, stepAll } from './world.ts';
import { checkpoint, inserted, maintenance, reader, readEverything, writer } from './work.ts';

const COUNT = Number(process.env['INTERLEAVINGS'] ?? 8);
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
    // What was written is read at once, or not before others are at work.
    if (opening !== 1) await stepAll(random, [readEverything(world)]);
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
    'gaps',
    'scan',
    'versions',
    'find',
  ])
    expect([kind, (done[kind] ?? 0) >= least]).toEqual([kind, true]);
});

test('a past that comes into memory while a leaf is split by key is that of its children too', async () => {
  let splits = 0;
  for (const step of [1, 4, 7]) {
    const random = new Random(7);
    const world = openWorld(random);
    await stepAll(random, [writer(world, 40), maintenance(world)]);
    await stepAll(random, [checkpoint(world)]);
    const after = reopened(world);
    // Rows behind all others: the last leaf is too long then.
    await stepAll(random, [
      inserted(
        after,
        Array.from({ length: 12 }, (_, i) => 1000 + i),
      ),
    ]);
    const split = after.store.takeSplit();
    if (split === null) throw new Error('no split is due');
    await stepAll(random, [splitAround(split.task(), step, readEverything(after), () => splits++)]);
    await stepAll(random, [readEverything(after), checkpoint(after)]);
    await stepAll(random, [readEverything(reopened(after))]);
  }
  expect(splits).toBe(3);
});

/** A split, in the middle of which something else is done. */
function* splitAround(split: Task<boolean>, at: number, between: Task<void>, done: () => void): Task<void> {
  for (let taken = 0; ; taken++) {
    if (taken === at) yield* between;
    const step = split.next(undefined);
    if (step.done === true) {
      if (step.value) done();
      return;
    }
    // What it waits for is there already.
    if (step.value !== PAUSE) throw new Error('the split had to wait');
  }
}
