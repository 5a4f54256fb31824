/** When checkpoints are due, and how work is cut into slices: on a clock of the test's own. */
import { describe, expect, test } from 'vitest';
import type { Host } from '../base/host.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { openTableStore } from '../table/table-store.ts';
import { MemoryStorage } from '../storage/memory.ts';
import type { TableStore } from '../table/store.ts';
import { Maintenance } from './maintenance.ts';

interface Time {
  clock: number;
  turns: number;
  /** What others take of each turn, ms. */
  others: number;
}

interface Rig {
  readonly maintenance: Maintenance;
  readonly store: TableStore;
  /** Amounts of log that were asked about. */
  readonly limits: number[];
  readonly timers: (() => void)[];
  readonly time: Time;
}

interface RigOptions {
  /** What calls for a checkpoint, always. */
  readonly reason?: string;
  readonly checkpoint?: () => boolean;
}

function rig(options: RigOptions = {}): Rig {
  const store = openTableStore(new MemoryStorage(), null, {
    cacheBudgetBytes: 1e6,
    packSizeBytes: 1e6,
    maxLeafRows: 100,
    minClosedRows: 100,
  });
  const limits: number[] = [];
  const timers: (() => void)[] = [];
  const time: Time = { clock: 0, turns: 0, others: 0 };
  const host: Host = {
    now: () => 0,
    monotonicMs: () => time.clock,
    randomBytes: () => undefined,
    setTimer(_ms, fire) {
      timers.push(fire);
      return () => undefined;
    },
    yieldToOthers() {
      time.turns++;
      time.clock += time.others;
      return Promise.resolve();
    },
  };
  const maintenance = new Maintenance({
    host,
    store,
    logLimitBytes: 1000,
    intervalMs: 0,
    retain: () => Promise.resolve(),
    reasonFor(limit) {
      limits.push(limit);
      return options.reason ?? null;
    },
    *checkpoint() {
      return options.checkpoint?.() ?? true;
    },
  });
  return { maintenance, store, limits, timers, time };
}

describe('the log that a checkpoint waits for', () => {
  test('grows while checkpoints write much more than it holds, to four times the setting, and comes back', () => {
    const { maintenance, limits } = rig();
    const after = (logBytes: number, writtenBytes: number): number => {
      maintenance.noteCheckpoint(logBytes, writtenBytes);
      maintenance.noteCommit();
      return limits.at(-1) ?? 0;
    };
    expect(after(100, 300)).toBe(1000);
    expect([after(100, 500), after(100, 500), after(100, 500)]).toEqual([2000, 4000, 4000]);
    expect(after(100, 300)).toBe(4000);
    expect([after(100, 100), after(100, 100), after(100, 100)]).toEqual([2000, 1000, 1000]);
  });
});

describe('a checkpoint that is due while nothing can be written', () => {
  test('is tried once for each commit: the rest of the thread gets its turn', async () => {
    let tries = 0;
    const { maintenance, timers } = rig({
      reason: 'dirty',
      checkpoint() {
        if (++tries > 100) throw new Error('it is tried again and again');
        return false;
      },
    });
    for (let commits = 1; commits <= 2; commits++) {
      maintenance.noteCommit();
      timers.pop()?.();
      await new Promise((resolve) => setTimeout(resolve, 0));
      expect(tries).toBe(commits);
    }
  });
});

describe('slices', () => {
  function* steps(made: Rig, count: number, ms: number): Task<boolean> {
    for (let i = 0; i < count; i++) {
      made.time.clock += ms;
      yield PAUSE;
    }
    return true;
  }

  test('end at the first pause after three milliseconds', async () => {
    const made = rig();
    await made.maintenance.run({ kind: 'repack', treeId: null, reason: 'test' }, () => steps(made, 30, 1));
    const [work] = made.store.work.entries();
    expect(work).toMatchObject({ kind: 'repack', state: 'done', slices: 11, longestMs: 3, durationMs: 30 });
    expect(made.time.turns).toBe(10);
  });

  test('are shorter while others make use of their turns', async () => {
    const made = rig();
    made.time.others = 3;
    await made.maintenance.run({ kind: 'repack', treeId: null, reason: 'test' }, () => steps(made, 20, 1));
    const [work] = made.store.work.entries();
    expect(work?.slices).toBe(10);
    expect(work?.durationMs).toBe(20 + 9 * 3);
  });

  test('an error ends the work, and the next goes on', async () => {
    const made = rig();
    const failing = function* (): Task<boolean> {
      yield PAUSE;
      throw new Error('no');
    };
    const job = { kind: 'repack', treeId: null, reason: 'test' } as const;
    await expect(made.maintenance.run(job, failing)).rejects.toThrow('no');
    await made.maintenance.run(job, () => steps(made, 1, 1));
    expect(made.store.work.entries().map(({ state }) => state)).toEqual(['failed', 'done']);
  });

  test('commits that follow each other give others a turn every eight milliseconds', async () => {
    const made = rig();
    let turns = 0;
    for (let i = 0; i < 40; i++) {
      made.time.clock += 1;
      const turn = made.maintenance.turn();
      if (turn === null) continue;
      turns++;
      await turn;
    }
    expect(turns).toBe(5);
  });
});
