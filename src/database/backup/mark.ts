/** Writes the mark of an import that is under way (import-marker.ts). */
import { type Task, wait } from '../../base/task.ts';
import type { Storage } from '../../storage/storage.ts';
import { MARKER } from '../import-marker.ts';

export const DONE = 2;

export function* mark(storage: Storage, state: number): Task<void> {
  const marker = yield* wait(storage.open(MARKER));
  yield* wait(marker.write(0, new Uint8Array([state])));
  yield* wait(marker.flush());
}
