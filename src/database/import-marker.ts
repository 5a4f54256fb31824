/**
 * The mark of an import that is under way.
 *
 * Filling a storage is all or nothing, also in a crash. The file IMPORT says "under way" before the first file is
 * written and "done" when the last one is durable; only then is it removed. It is durable in each state before the next
 * step, so that a storage that was filled in part is never opened as a database.
 */
import { DriftError } from '../base/error.ts';
import { type Task, wait } from '../base/task.ts';
import type { Storage } from '../storage/storage.ts';

export const MARKER = 'IMPORT';
export const UNDER_WAY = 1;

/** Throws XX001 where an import was cut off, by a crash say; 28P01 where keys are needed (their file is hidden from who has them). */
export function* refuseUnopenable(storage: Storage): Task<void> {
  if ((yield* wait(storage.list())).includes('KEYS')) throw new DriftError('28P01', 'the database is encrypted');
  if (!(yield* isUnfinished(storage))) return;
  throw new DriftError('XX001', 'an import into this storage did not come to its end', {
    hint: 'Import the file again, or remove the storage.',
  });
}

export function* isUnfinished(storage: Storage): Task<boolean> {
  if (!(yield* wait(storage.list())).includes(MARKER)) return false;
  const marker = yield* wait(storage.open(MARKER));
  return (yield* wait(marker.read(0, 1)))[0] === UNDER_WAY;
}
