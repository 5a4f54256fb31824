/** The host of this realm, be it a worker, a page, Node or an edge runtime: its clocks, randomness and timers. */
import type { Host } from '../src/base/host.ts';

/** getRandomValues takes no more at once. */
const RANDOM_BYTES_AT_ONCE = 65536;

export function systemHost(): Host {
  return {
    now: () => Date.now() * 1000,
    monotonicMs: () => performance.now(),
    randomBytes(target) {
      for (let at = 0; at < target.length; at += RANDOM_BYTES_AT_ONCE)
        crypto.getRandomValues(target.subarray(at, at + RANDOM_BYTES_AT_ONCE) as Uint8Array<ArrayBuffer>);
    },
    setTimer(ms, callback) {
      const timer: unknown = setTimeout(callback, ms);
      // Node: a timer alone does not keep the process.
      (timer as { readonly unref?: () => void }).unref?.();
      return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
    },
    yieldToOthers: macrotask(),
  };
}

/**
 * Waits for a new macrotask. Those who wait get one each, one after the other, and each asks for the next when its work is
 * done: so a message that comes meanwhile waits for one of them, not for all.
 */
function macrotask(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let isDue = false;
  const askOnce = (): void => {
    if (isDue || waiting.length === 0) return;
    isDue = true;
    ask();
  };
  const ask = asker(() => {
    isDue = false;
    waiting.shift()?.();
    // Behind what the one that waited does now.
    void Promise.resolve().then(askOnce);
  });
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      askOnce();
    });
}

/** Calls back in a new macrotask: by setImmediate, else a message to ourselves, which has not the 4 ms of nested timers. */
function asker(callback: () => void): () => void {
  const { setImmediate } = globalThis as { readonly setImmediate?: (callback: () => void) => void };
  if (setImmediate !== undefined) return () => setImmediate(callback);
  if (typeof MessageChannel === 'undefined') return () => setTimeout(callback, 0);
  const channel = new MessageChannel();
  // Assigned, not typed: Node's own types, under which this compiles too, have no such property.
  Object.assign(channel.port1, { onmessage: callback });
  return () => channel.port2.postMessage(null);
}
