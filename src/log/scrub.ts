/** Scrubbing the manifest: bodies that are not in force any more are overwritten with zeros. */
import { type Task, wait } from '../base/task.ts';
import type { Storage } from '../storage/storage.ts';
import { MANIFEST_BODY_OFFSET, SECTOR_BYTES } from './constants.ts';
import type { ManifestState } from './manifest.ts';

/**
 * Writes zeros over all of the manifest but the slots and the sectors of the body in force. What a crash leaves of it opens
 * as before: only bytes that nothing refers to change.
 */
export function* scrubManifest(storage: Storage, { bodyOffset, bodyLength }: ManifestState): Task<void> {
  const file = yield* wait(storage.open('MANIFEST'));
  const liveEnd = Math.ceil((bodyOffset + bodyLength) / SECTOR_BYTES) * SECTOR_BYTES;
  const size = file.size();
  for (const [start, end] of [
    [MANIFEST_BODY_OFFSET, bodyOffset],
    [liveEnd, size],
  ] as const)
    if (start < end) yield* wait(file.write(start, new Uint8Array(end - start)));
  yield* wait(file.flush());
}
