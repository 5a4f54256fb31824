/**
 * Task: a computation that may have to wait, written once, run without promises when it need not.
 *
 * The engine's reads hit a cache nearly always; then a promise would cost more than the read. On IndexedDB or behind
 * encryption the same read is asynchronous. So whatever may wait is a generator: `yield* wait(file.read(…))` continues
 * at once when the value is there and hands the promise to the driver when it is not. Between batches a long
 * computation yields `PAUSE`, so that the driver may let other sessions run, check for cancellation, and go on later.
 *
 *     function* sumOf(leaf): Task<number> {
 *       const column = yield* wait(cache.column(leaf, 0));   // a value or a promise of it
 *       yield PAUSE;                                          // a good moment to let others run
 *       return column.sum();
 *     }
 *
 * Invariants: a task holds no half-done change of shared state across a yield (but for one that no reader can see and that
 * keeps all other writers out: table/bulk-changes.ts); a driver resumes a task with the value
 * of the promise it yielded, or throws its rejection into it (so `try … finally` releases what is held).
 */

export const PAUSE: unique symbol = Symbol('pause');

/** What a task hands to its driver: a promise to wait for, or PAUSE: "others may run now". */
export type Step = Promise<unknown> | typeof PAUSE;

export type Task<T> = Generator<Step, T, unknown>;

export type MaybePromise<T> = T | Promise<T>;

/** Waits for a value that may be there already; costs nothing when it is. */
export function* wait<T>(value: MaybePromise<T>): Task<T> {
  if (value instanceof Promise) return (yield value) as T;
  return value;
}

/** Runs a task to its end; the result is a promise only if the task had to wait. Pauses are skipped. */
export function run<T>(task: Task<T>): MaybePromise<T> {
  let step = task.next();
  while (!step.done) {
    if (step.value !== PAUSE) return runAsync(task, step.value);
    step = task.next();
  }
  return step.value;
}

/** Runs a task that must not wait (everything it reads is in memory). */
export function runSync<T>(task: Task<T>): T {
  const result = run(task);
  if (result instanceof Promise) throw new Error('a task that must not wait has waited');
  return result;
}

async function runAsync<T>(task: Task<T>, first: Promise<unknown>): Promise<T> {
  let pending: Step = first;
  for (;;) {
    let step: IteratorResult<Step, T>;
    if (pending === PAUSE) {
      step = task.next();
    } else {
      let value: unknown;
      let failed = false;
      try {
        value = await pending;
      } catch (error) {
        failed = true;
        value = error;
      }
      step = failed ? task.throw(value) : task.next(value);
    }
    if (step.done) return step.value;
    pending = step.value;
  }
}
