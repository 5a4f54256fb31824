/** A host that measures the turns of the thread: how long the engine keeps it between two chances for others. */
import type { Host } from '../../src/base/host.ts';
import { testHost } from './helper.ts';

export interface Turns {
  readonly host: Host;
  /** Turns since the last `begin`. */
  readonly count: number;
  /** The longest one, ms. */
  readonly longestMs: number;
  /** Forgets what was measured; `at` is called at the end of the turn of that number. */
  begin(at?: { readonly turn: number; readonly call: () => void }): void;
  /** Milliseconds since the last turn ended: of the clock or of the processor, whichever is less on a busy machine. */
  sinceMs(): number;
}

export function measuredTurns(): Turns {
  const base = testHost();
  let wall = 0;
  let cpu = process.cpuUsage();
  let at: { readonly turn: number; readonly call: () => void } | undefined;
  const mark = (): void => {
    wall = performance.now();
    cpu = process.cpuUsage();
  };
  const turns = {
    count: 0,
    longestMs: 0,
    sinceMs() {
      const used = process.cpuUsage(cpu);
      return Math.min(performance.now() - wall, (used.user + used.system) / 1000);
    },
    begin(next?: typeof at) {
      at = next;
      turns.count = 0;
      turns.longestMs = 0;
      mark();
    },
    host: {
      ...base,
      async yieldToOthers() {
        turns.longestMs = Math.max(turns.longestMs, turns.sinceMs());
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
