/** Where the engine is cut in two (base/late-part.ts): waiting for the second half. */
import type { Host } from '../base/host.ts';
import { PartMissing } from '../base/late-part.ts';
import { type Task, wait } from '../base/task.ts';

/** Work that lacks the late part begins anew with it: by then it has changed nothing that it does not take back. */
export function* whenWhole<T>(host: Host, work: () => Task<T>): Task<T> {
  try {
    return yield* work();
  } catch (error) {
    if (!(error instanceof PartMissing)) throw error;
  }
  yield* makeWhole(host);
  return yield* work();
}

/** Throws 08006 where the late part cannot be loaded. */
export function* makeWhole(host: Host): Task<void> {
  if (host.loadLatePart !== undefined) yield* wait(host.loadLatePart());
}
