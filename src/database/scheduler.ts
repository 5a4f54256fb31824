/**
 * Runs tasks for sessions: without a promise until a task has to wait, and with a turn for everybody else whenever a
 * task pauses. Each session's tasks run one after another; tasks of different sessions interleave at their pauses.
 */
import type { Host } from '../base/host.ts';
import { PAUSE, type MaybePromise, type Step, type Task } from '../base/task.ts';

/** Runs a task to its end; a pause hands the thread to other work in a macrotask. */
export function drive<T>(task: Task<T>, host: Host): MaybePromise<T> {
  const step = task.next();
  return step.done ? step.value : continueLater(task, step.value, host);
}

async function continueLater<T>(task: Task<T>, first: Step, host: Host): Promise<T> {
  let pending = first;
  for (;;) {
    let value: unknown;
    let failed = false;
    try {
      value = pending === PAUSE ? await host.yieldToOthers() : await pending;
    } catch (error) {
      failed = true;
      value = error;
    }
    const step = failed ? task.throw(value) : task.next(value);
    if (step.done) return step.value;
    pending = step.value;
  }
}

/** One after another: the statements of a session. */
export class Queue {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => MaybePromise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
