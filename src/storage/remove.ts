/** Removing a file for good. */
import { type Task, wait } from '../base/task.ts';
import type { Storage } from './storage.ts';

/**
 * Empties a file and removes it. A power failure may take a removal back, and rows that were erased later must not come back
 * with it.
 */
export function* removeFile(storage: Storage, name: string): Task<void> {
  const file = yield* wait(storage.open(name));
  yield* wait(file.truncate(0));
  yield* wait(file.flush());
  yield* wait(storage.remove(name));
}
