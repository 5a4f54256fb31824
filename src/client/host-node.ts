/** The Node host: clocks, randomness, timers. Also right for Bun, Deno and edge runtimes with node:timers. */
import type { Host } from '../base/host.ts';

export function nodeHost(): Host {
  return {
    now: () => Date.now() * 1000,
    monotonicMs: () => performance.now(),
    randomBytes: (target) => {
      crypto.getRandomValues(target as Uint8Array<ArrayBuffer>);
    },
    setTimer(ms, callback) {
      const timer = setTimeout(callback, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
    yieldToOthers: () => new Promise((resolve) => setImmediate(resolve)),
  };
}
