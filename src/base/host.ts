/**
 * Host: everything the engine takes from the world besides storage (DESIGN §2: clock, randomness, timers come from
 * outside, so that the whole engine can run inside one deterministic simulation).
 */
import type { PartName } from './part.ts';

export interface Host {
  /** Microseconds since 1970-01-01 UTC, an integer. */
  now(): number;
  /** Milliseconds on a monotone clock, for time slices, timeouts and EXPLAIN ANALYZE. */
  monotonicMs(): number;
  /** Fills the array with random bytes of cryptographic quality. */
  randomBytes(target: Uint8Array): void;
  /** Calls back after at least `ms`; returns a function that cancels. */
  setTimer(ms: number, callback: () => void): () => void;
  /** Resolves in a new macrotask: messages and other sessions get their turn in between. */
  yieldToOthers(): Promise<void>;
  /** Where the engine is cut in parts (part.ts): loads one. Rejects with 08006. */
  loadPart?(part: PartName): Promise<void>;
  /** Starts a worker that helps with scans (exec/helpers); absent where there is none to be had. May throw. */
  startHelper?(): HelperWorker;
  /** Helpers that are worth having: processors beside this one. */
  readonly spareProcessors?: number | undefined;
}

/** A helper worker, as the engine's thread has it: a Worker of the browser, or what behaves like one. */
export interface HelperWorker {
  postMessage(message: object, transfer: ArrayBuffer[]): void;
  /** `message`, with the message as `data`; `error` or `messageerror` when it has failed. */
  addEventListener(type: string, listener: (event: object) => void): void;
  terminate(): void;
  /** Whether anybody waits for it, for workers that keep a process alive: they do so then only. */
  hold?(isAwaited: boolean): void;
}
