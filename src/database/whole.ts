/** Where the engine is cut in parts (base/part.ts): waiting for one. */
import type { Host } from '../base/host.ts';
import { PartMissing, type PartName } from '../base/part.ts';
import { type Task, wait } from '../base/task.ts';

/** Work that lacks a part begins anew with it: by then it has changed nothing that it does not take back. */
export function whenWhole<T>(host: Host, work: () => Task<T>): Task<T> {
  return host.loadPart === undefined ? work() : begunAnew(host, work);
}

function* begunAnew<T>(host: Host, work: () => Task<T>): Task<T> {
  for (;;) {
    try {
      return yield* work();
    } catch (error) {
      if (!(error instanceof PartMissing)) throw error;
      yield* makeWhole(host, error.part);
    }
  }
}

/** Throws 08006 where the part cannot be loaded. */
export function* makeWhole(host: Host, part: PartName = 'late'): Task<void> {
  if (host.loadPart !== undefined) yield* wait(host.loadPart(part));
}
