/** A host that measures the turns of the thread: how long the engine keeps it between two chances for others. */
import type { Host } from '../../src/base/host.ts';
import { PerformanceObserver } from 'node:perf_hooks';
import { computingClock } from './computing-clock.ts';
import { testHost } from './helper.ts';

export interface Turns {
  readonly host: Host;
  /** Turns since the last `begin`. */
  readonly count: number;
  /** The longest one, ms. */
  readonly longestMs: number;
  /** How long each since the last `begin` took, the one under way included, ms, less what the collection of garbage took of it. */
  withoutGarbage(): Promise<readonly number[]>;
  /** When each of them was, and how long it took with the collection of garbage. */
  spans(): readonly Span[];
  /** Forgets what was measured; `at` is called at the end of the turn of that number. */
  begin(at?: { readonly turn: number; readonly call: () => void }): void;
  /** What the thread has computed since the last turn ended, ms; never more than have passed. */
  sinceMs(): number;
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

interface Collection {
  readonly startTime: number;
  readonly duration: number;
}

let collections: Collection[] = [];
let observer: PerformanceObserver | null = null;

/** Begins to note collections of garbage; Node tells of them some time after. */
function observeCollections(): void {
  if (observer !== null) return;
  observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) collections.push({ startTime, duration });
  });
  observer.observe({ entryTypes: ['gc'] });
}

async function collectionsSince(from: number): Promise<readonly Collection[]> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  for (const { startTime, duration } of observer?.takeRecords() ?? []) collections.push({ startTime, duration });
  collections = collections.filter(({ startTime, duration }) => startTime + duration >= from);
  return collections;
}

export function measuredTurns(): Turns {
  const base = testHost();
  observeCollections();
  const computed = computingClock();
  let wall = 0;
  let cpu = 0;
  let at: { readonly turn: number; readonly call: () => void } | undefined;
  let all: Span[] = [];
  const mark = (): void => {
    wall = performance.now();
    cpu = computed();
  };
  const turns = {
    count: 0,
    longestMs: 0,
    sinceMs() {
      return computed() - cpu;
    },
    async withoutGarbage() {
      all.push({ from: wall, to: performance.now(), ms: turns.sinceMs() });
      const collections = await collectionsSince(all[0]?.from ?? 0);
      return all.map(({ from, to, ms }) => {
        let spent = 0;
        for (const { startTime, duration } of collections)
          spent += Math.max(0, Math.min(to, startTime + duration) - Math.max(from, startTime));
        return Math.max(0, ms - spent);
      });
    },
    spans: () => all,
    begin(next?: typeof at) {
      at = next;
      turns.count = 0;
      turns.longestMs = 0;
      all = [];
      mark();
    },
    host: {
      ...base,
      async yieldToOthers() {
        const ms = turns.sinceMs();
        turns.longestMs = Math.max(turns.longestMs, ms);
        all.push({ from: wall, to: performance.now(), ms });
        turns.count++;
        if (turns.count === at?.turn) at.call();
        await base.yieldToOthers();
        mark();
      },
    },
  };
  mark();
  return turns;
}
