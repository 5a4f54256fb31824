/**
 * Runs tasks for sessions: without a promise until a task has to wait, and with a turn for everybody else when it pauses
 * after a few milliseconds. Each session's tasks run one after another; those of different sessions interleave.
 */
import type { Host } from '../base/host.ts';
import { PAUSE, type MaybePromise, type Step, type Task } from '../base/task.ts';

/** How long a task may keep the thread, ms: a turn for others costs a message, so not every pause is one. */
const SLICE_MS = 3;

/**
 * Runs a task to its end; at a pause, when its slice is over, it hands the thread to other work in a macrotask.
 * `onTurn` is called after each such turn of others.
 */
export function drive<T>(task: Task<T>, host: Host, onTurn?: () => void): MaybePromise<T> {
  const end = host.monotonicMs() + SLICE_MS;
  let step = task.next();
  while (!step.done && step.value === PAUSE && host.monotonicMs() < end) step = task.next();
  return step.done ? step.value : continueLater(task, step.value, host, onTurn);
}

async function continueLater<T>(task: Task<T>, first: Step, host: Host, onTurn: (() => void) | undefined): Promise<T> {
  let pending = first;
  let end = 0;
  for (;;) {
    let value: unknown;
    let failed = false;
    if (pending !== PAUSE || host.monotonicMs() >= end) {
      try {
        value = pending === PAUSE ? await host.yieldToOthers() : await pending;
      } catch (error) {
        failed = true;
        value = error;
      }
      end = host.monotonicMs() + SLICE_MS;
      onTurn?.();
    }
    const step = failed ? task.throw(value) : task.next(value);
    if (step.done) return step.value;
    pending = step.value;
  }
}

/** One after another: the statements of a session. */
export class Queue {
  #tail: Promise<unknown> = Promise.resolve();
  #length = 0;

  get isIdle(): boolean {
    return this.#length === 0;
  }

  run<T>(work: () => MaybePromise<T>): Promise<T> {
    this.#length++;
    const result = this.#tail.then(work);
    this.#tail = result.then(this.#done, this.#done);
    return result;
  }

  readonly #done = (): void => {
    this.#length--;
  };
}
