/** Work of the tables' own (they know of no statement), as a part of a statement that may be cancelled. */
import type { Cancellation } from '../base/cancel.ts';
import type { Task } from '../base/task.ts';

/** A task that a cancellation ends at its pauses. */
export function* checked<T>(task: Task<T>, cancellation: Cancellation | undefined): Task<T> {
  let step = task.next();
  while (step.done !== true) {
    let value: unknown;
    try {
      value = yield step.value;
      cancellation?.check();
    } catch (error) {
      step = task.throw(error);
      continue;
    }
    step = task.next(value);
  }
  return step.value;
}
