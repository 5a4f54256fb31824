/**
 * Commits on a medium that counts what is stored when it is flushed (IndexedDB): logged and flushed first, applied when that
 * is done.
 *
 * Elsewhere the log makes room for a commit before it begins, and a full medium is met there. Here it is met by the flush, so
 * nothing may have been changed by then: a commit takes the commit turn, is logged alone, and only what is stored is applied. The
 * price is that concurrent commits take a flush each.
 *
 * Invariants: what throws 53100 has left nothing, in the log or in memory, but that sequences go on; a time that a reader
 * was answered for stays answered.
 */
import type { Task } from '../base/task.ts';
import type { BulkRecord } from '../log/bulk-record.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { LogFrame, LoggedCommit } from '../log/frame.ts';
import type { Clock } from './clock.ts';
import type { TimeLine } from './time-line.ts';
import type { Watched } from './transaction.ts';

export interface LogFirst {
  readonly log: CommitLog;
  readonly clock: Clock;
  readonly timeLine: TimeLine;
  readonly serial: Watched | null;
  readonly durability: 'full' | 'relaxed';
  /** Frames of sequences, which do not go back with the commit. */
  readonly sequences: readonly LogFrame[];
  readonly record?: BulkRecord | undefined;
}

/** Stores a commit. REQUIRES: the commit turn, everything validated. */
export function* logFirst(commit: LoggedCommit, parts: LogFirst): Task<void> {
  const { log, clock, serial } = parts;
  const { timestamp } = clock;
  // Whoever asks for that time or a later one waits, and whoever commits beside it is checked against it.
  clock.timestamp = commit.timestamp;
  clock.isDecided = true;
  clock.unsettledFrom = Math.min(clock.unsettledFrom, commit.timestamp);
  serial?.commit(commit.seq, true);
  try {
    yield* log.commit(commit, parts.durability, parts.record);
    clock.owed = [];
  } catch (error) {
    if (log.failed !== undefined) throw error;
    serial?.retract();
    parts.timeLine.noteServed(commit.timestamp - 1);
    clock.timestamp = timestamp;
    clock.isDecided = false;
    clock.unsettledFrom = Infinity;
    clock.owed.push(...parts.sequences);
    throw error;
  }
}
