/** How a call of a user's function leaves an expression when it has to wait (see routine-call.ts). */
import type { Value } from '../base/vector.ts';
import type { Step, Task } from '../base/task.ts';

/** A call in progress; `value` is what it waited for, or with `failed` the error. */
export interface Pending {
  readonly task: Task<Value>;
  value: unknown;
  failed: boolean;
}

/** Thrown out of an expression: `step` is to be waited for. */
export class Suspended {
  readonly step: Step;
  readonly pending: Pending;

  constructor(step: Step, pending: Pending) {
    this.step = step;
    this.pending = pending;
  }
}

/** Waits for it where nobody goes on with the call; an error ends the call as well. */
export function* waitFor({ step, pending }: Suspended): Task<void> {
  try {
    yield step;
  } catch (error) {
    pending.task.throw(error);
  }
}
