/**
 * Room in the log: how much a commit takes, and making a file longer before the commit begins, so that a full medium is met
 * while the commit can still be refused.
 */
import { DriftError } from '../base/error.ts';
import { type Task, wait } from '../base/task.ts';
import type { StorageFile } from '../storage/storage.ts';
import { FRAME_PREFIX_BYTES } from './constants.ts';
import type { LogFrame } from './frame.ts';

/** Most bytes before a frame's payload: prefix, sequence number, timestamp, type. */
const FRAME_HEAD_BYTES: number = FRAME_PREFIX_BYTES + 8 + 8 + 1;

/** Bytes written between two turns of others. */
const AT_ONCE_BYTES: number = 4 * 1024 * 1024;

/** Most bytes that a commit takes in the log. */
export function commitBytes(frames: readonly LogFrame[], texts: readonly (string | null)[]): number {
  let bytes = FRAME_HEAD_BYTES + 16;
  for (const { payload } of frames) bytes += FRAME_HEAD_BYTES + payload.length;
  for (const text of texts) bytes += 9 + (text?.length ?? 0) * 3;
  return bytes;
}

/**
 * Makes a file as long as `wanted`, or, on a medium that is nearly full, as `needed`; returns which. `turn` lets others run
 * where it is much. Throws 53100.
 */
export function* lengthen(
  file: StorageFile,
  from: number,
  { wanted, needed, turn }: { readonly wanted: number; readonly needed: number; readonly turn: () => Promise<void> },
): Task<number> {
  try {
    yield* grow(file, from, wanted, turn);
    return wanted;
  } catch (error) {
    if (!(error instanceof DriftError) || error.code !== '53100') throw error;
    yield* grow(file, from, needed, turn);
    return needed;
  }
}

/** Takes everything from `end` on back, of a medium that could not store it. What is there then is as long as was stored. */
export function* takeBack(file: StorageFile, end: number): Task<void> {
  yield* wait(file.truncate(end));
}

function* grow(file: StorageFile, from: number, to: number, turn: () => Promise<void>): Task<void> {
  if (file.makeRoom !== undefined) {
    // Where the medium counts at a flush, zeros would be stored for nothing.
    yield* wait(file.makeRoom(to - from));
    yield* wait(file.truncate(to));
    return;
  }
  for (let at = from; at < to; at += AT_ONCE_BYTES) {
    if (at > from) yield turn();
    yield* wait(file.write(at, new Uint8Array(Math.min(AT_ONCE_BYTES, to - at))));
  }
}
