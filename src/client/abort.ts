/**
 * Calls that a signal ends. A program may give one signal to everything it begins: the signal then has one listener,
 * however many calls there are (Node warns of eleven), and none when the last of them is done.
 */

interface Listening {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const signals = new WeakMap<AbortSignal, Listening>();

/** Calls back when the signal aborts; what is returned takes that back. */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  let found = signals.get(signal);
  if (found === undefined) {
    const calls = new Set<() => void>();
    found = { calls, listener: () => calls.forEach((each) => each()) };
    signals.set(signal, found);
    signal.addEventListener('abort', found.listener, { once: true });
  }
  const { calls, listener } = found;
  calls.add(call);
  return () => {
    if (!calls.delete(call) || calls.size > 0) return;
    signals.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}
