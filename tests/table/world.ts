/** A table over a slow storage, the model of all its versions, and the scheduler that lets tasks take steps in random order. */
import type { Random } from '../../src/base/random.ts';
import { PAUSE, type Step, type Task } from '../../src/base/task.ts';
import type { Vector } from '../../src/base/vector.ts';
import type { TableStore } from '../../src/table/store.ts';
import type { RowChanges, TableSpec } from '../../src/table/table.ts';
import { openTableStore } from '../../src/table/table-store.ts';
import { SlowStorage } from '../storage/slow-storage.ts';

export const SPEC: TableSpec = {
  id: 1,
  columns: [
    { format: { kind: 'i32' }, missing: null },
    { format: { kind: 'i32' }, missing: null },
  ],
  key: [{ column: 0, descending: false, nullsFirst: false }],
  indexes: [
    { id: 2, columns: [{ column: 1, descending: false, nullsFirst: false }], unique: false, nullsNotDistinct: false },
  ],
  timeSplitFactor: 1,
};

/** No split is done by a commit; each tile but two is described apart; a segment is more than the cache may keep. */
const OPTIONS = {
  cacheBudgetBytes: 600,
  packSizeBytes: 4096,
  maxLeafRows: 8,
  minClosedRows: 6,
  inlineSplitCells: 0,
  sliceEntries: 3,
  inlineTiles: 2,
};

export interface Version {
  readonly key: number;
  readonly value: number;
  readonly from: number;
  to: number;
}

export interface World {
  readonly random: Random;
  readonly storage: SlowStorage;
  readonly store: TableStore;
  readonly versions: Version[];
  /** The newest commit. */
  seq: number;
  /** A commit in slices is under way. */
  isTaken: boolean;
  /** The writer has done its part. */
  isOver: boolean;
  directory: Uint8Array | null;
  /** Keys are smaller. */
  keys: number;
  readonly tally: Record<string, number>;
}

export function openWorld(random: Random): World {
  const storage = new SlowStorage();
  storage.acquire();
  const store = openTableStore(storage, null, OPTIONS);
  store.createTable(SPEC);
  const state = { seq: 0, isTaken: false, isOver: false, directory: null, keys: 50 };
  return { random, storage, store, versions: [], tally: {}, ...state };
}

/** The database as the last checkpoint has left it. */
export function reopened(world: World): World {
  const store = openTableStore(world.storage, world.directory, OPTIONS);
  store.setSpecs([SPEC]);
  for (const [table, kept] of world.store.limits()) store.keepHistory(table, kept);
  return { ...world, store, keys: world.keys * 2 };
}

export function note(world: World, kind: string): void {
  world.tally[kind] = (world.tally[kind] ?? 0) + 1;
}

export function below(random: Random, limit: number): number {
  return random.uint32() % limit;
}

export function changesOf(ops: readonly number[], keys: readonly number[], values: readonly number[]): RowChanges {
  const rows = [keys, values].map((column): Vector => {
    return { kind: 'i32', data: Int32Array.from(column), length: column.length, nulls: null };
  });
  return { count: keys.length, ops: Uint8Array.from(ops), keys, rows, assigned: keys.map(() => null) };
}

/** More steps than any play takes. */
const MOST_STEPS = 100_000;

/** Lets tasks take steps, whichever comes up, until all have ended. */
export async function stepAll(random: Random, tasks: readonly Task<void>[]): Promise<void> {
  const left = tasks.map((task) => ({ task, pending: PAUSE as Step }));
  for (let taken = 0; left.length > 0; taken++) {
    if (taken > MOST_STEPS) throw new Error('a task does not end');
    const at = below(random, left.length);
    const one = left[at];
    if (one === undefined) return;
    // Some run for a while, so that others fall behind.
    for (let steps = 1 + below(random, 6); steps > 0; steps--) {
      const value = one.pending === PAUSE ? undefined : await one.pending;
      const step = one.task.next(value);
      if (step.done === true) {
        left.splice(at, 1);
        break;
      }
      one.pending = step.value;
    }
  }
}
