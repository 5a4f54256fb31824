/** The browser's host: clocks, randomness and timers of a worker or a page. */
import type { Host } from '../src/base/host.ts';

export function browserHost(): Host {
  const channel = new MessageChannel();
  const waiting: (() => void)[] = [];
  channel.port1.onmessage = () => waiting.shift()?.();
  return {
    now: () => Date.now() * 1000,
    monotonicMs: () => performance.now(),
    randomBytes(target) {
      // getRandomValues refuses more than 64 KB at once, and arrays over shared memory, which nobody here makes.
      for (let at = 0; at < target.length; at += 65536)
        crypto.getRandomValues(target.subarray(at, at + 65536) as Uint8Array<ArrayBuffer>);
    },
    setTimer(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    // A message to ourselves is a macrotask without the 4 ms that nested timers wait.
    yieldToOthers: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        channel.port2.postMessage(null);
      }),
  };
}
