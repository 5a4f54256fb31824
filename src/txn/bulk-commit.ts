/**
 * The commit of very many rows: the steps of the pipeline (transaction-manager.ts) in slices, with others in between.
 *
 *     prepare   order of the entries, changes of the indexes, leaves held, frames for the log       others commit
 *     ───────── commit turn: from here nobody else commits; whoever comes waits
 *     validate  as for any commit
 *     room      the log is made long enough: a full medium ends the commit here
 *     prove     the hashes of its changes, where the database has proofs
 *     decide    SERIALIZABLE's last look; from here on it cannot fail, and is not cancelled
 *     apply     versions into the leaves, slice by slice; readers go on with what was before
 *     ───────── in one go: number, timestamp, record into the log's buffer, the transaction's row
 *     sync, publish
 *
 * The log gets the commit after the leaves have it. So nothing that others do in between (a flush, a checkpoint, which
 * waits) can make it durable before its time, and its timestamp is that of its end: a reader who asked for a time during
 * the slices was answered for good. An error after the decision (there is none but our own) leaves versions in memory that
 * nobody will ever see, and ends all writing: the files know nothing of them. Where the medium refuses at a flush it is the
 * other way about (log-first.ts): who asks for a time from that of the commit on waits for its end.
 */
import type { Cancellation } from '../base/cancel.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { type BulkRecord, bulkRecord } from '../log/bulk-record.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { LogFrame } from '../log/frame.ts';
import { commitBytes } from '../log/room.ts';
import { TRANSACTIONS_TABLE_ID } from '../catalog/system-objects.ts';
import type { BulkTables, PreparedChanges, TableStore } from '../table/store.ts';
import { encodeChanges } from './change-codec.ts';
import { type CommitState, hasEffect, type TableChanges } from './commit-checks.ts';
import type { Clock } from './clock.ts';
import { checked } from './checked.ts';
import { takeTurn } from './commit-turn.ts';
import type { HashedChanges, Prover } from './proof/prover.ts';
import type { Transaction } from './transaction.ts';

/** Changed rows from which on a commit goes in slices. */
const BULK_ROWS = 1024;
/** Entries looked at between two pauses. */
const SLICE_ENTRIES = 1024;
/** Cells of one frame at most. */
const FRAME_CELLS = 16384;

/** The steps that are the manager's own. */
export interface BulkSteps {
  readonly store: TableStore;
  readonly bulk: BulkTables;
  readonly log: CommitLog;
  readonly clock: Clock;
  readonly transaction: Transaction;
  /** Room in the log beside the changes. */
  readonly extraBytes: number;
  readonly cancellation: Cancellation | undefined;
  state(): CommitState;
  /** What others have committed must not be in the way. */
  validate(): Task<void>;
  /** Takes the timestamp that the transaction asks for. */
  takeTimestamp(): void;
  /** Lets dropped tables go on that the commit brings back. */
  reopen(): void;
  readonly prover: Prover | null;
  /** Number, log, the transaction's row. */
  append(changes: readonly PreparedChanges[], logged: BulkLogged): void;
  /** Number and log, where the medium refuses at a flush; gives what is to be done when the changes are applied. */
  logFirst(changes: readonly PreparedChanges[], logged: BulkLogged): Task<() => void>;
}

/** What the log gets of a commit in slices. */
export interface BulkLogged {
  readonly record: BulkRecord;
  /** Its changes, where there are proofs. */
  readonly hashed: HashedChanges | undefined;
}

export function isBulk(changes: readonly TableChanges[], extraRows = 0, bulkRows: number = BULK_ROWS): boolean {
  let rows = extraRows;
  for (const { changes: some } of changes) rows += some.count;
  return rows >= bulkRows;
}

/** Returns the sequence number of the commit, applied and in the log's buffer; null where there is nothing to commit. */
export function* bulkCommit(steps: BulkSteps, all: readonly TableChanges[]): Task<number | null> {
  const prepared: PreparedChanges[] = [];
  const frames = new Map<PreparedChanges, LogFrame[]>();
  try {
    for (const { tableId, changes } of all) {
      const one = yield* checked(steps.bulk.prepare(tableId, changes), steps.cancellation);
      prepared.push(one);
      frames.set(one, yield* checked(encodeInSlices(steps.store, one.pieces ?? [one]), steps.cancellation));
    }
    const end = yield* takeTurn(steps.clock.turn);
    try {
      return yield* inTurn(steps, prepared, frames);
    } finally {
      end();
    }
  } finally {
    for (const one of prepared) one.release();
  }
}

function* inTurn(
  steps: BulkSteps,
  prepared: readonly PreparedChanges[],
  encoded: ReadonlyMap<PreparedChanges, readonly LogFrame[]>,
): Task<number | null> {
  const { store, log } = steps;
  yield* checked(steps.validate(), steps.cancellation);
  const changes: PreparedChanges[] = [];
  for (const one of prepared) if (yield* checked(hasEffectInSlices(steps, one), steps.cancellation)) changes.push(one);
  const { clock, transaction, extraBytes, cancellation } = steps;
  const { serial, info, hasDdl } = transaction;
  if (changes.length === 0) {
    serial?.check();
    serial?.commit(clock.published + 0.5, false);
    return null;
  }
  const seq = clock.applied + 1;
  const frames = yield* checked(framesOf(steps, changes, encoded), steps.cancellation);
  const record = yield* checked(bulkRecord(seq, frames), steps.cancellation);
  const bytes = commitBytes(frames, [info.author, info.message, info.metadata, info.clientId]) + extraBytes;
  if (!log.hasRoom(bytes)) yield* log.reserve(bytes);
  const { prover } = steps;
  const proving = { changed: changes, catalog: transaction.catalog, applied: clock.applied };
  const hashed = prover === null ? undefined : yield* checked(prover.hash(proving), steps.cancellation);
  cancellation?.check();
  serial?.check();
  let finish = (): void => steps.append(changes, { record, hashed });
  if (log.countsAtFlush) {
    if (prover !== null) yield* prover.prepare(clock.applied);
    finish = yield* steps.logFirst(changes, { record, hashed });
  } else {
    // Whoever asks for a later time waits for it.
    if (info.timestamp !== null) steps.takeTimestamp();
    serial?.commit(seq, true);
  }
  try {
    if (hasDdl) steps.reopen();
    for (const one of changes) yield* steps.bulk.apply(seq, one);
    yield* store.loadEnd(TRANSACTIONS_TABLE_ID);
    if (prover !== null) yield* prover.prepare(clock.applied);
    finish();
  } catch (error) {
    throw log.stop(error);
  }
  return seq;
}

function* framesOf(
  { store, bulk }: BulkSteps,
  changes: readonly PreparedChanges[],
  encoded: ReadonlyMap<PreparedChanges, readonly LogFrame[]>,
): Task<LogFrame[]> {
  const entered = bulk.enter === undefined ? null : yield* bulk.enter(changes);
  const frames: LogFrame[] = [];
  for (const one of changes) {
    for (const frame of yield* encodeInSlices(store, entered?.get(one) ?? [])) frames.push(frame);
    for (const frame of encoded.get(one) ?? []) frames.push(frame);
  }
  return frames;
}

function* encodeInSlices(store: TableStore, pieces: readonly PreparedChanges[]): Task<LogFrame[]> {
  const frames: LogFrame[] = [];
  for (const { tableId, changes } of pieces) {
    const { columns } = store.table(tableId);
    const rows = Math.max(64, Math.floor(FRAME_CELLS / columns.length));
    for (let start = 0; start < changes.count; start += rows) {
      const end = Math.min(start + rows, changes.count);
      frames.push(...encodeChanges(tableId, changes, columns, { start, end }));
      yield PAUSE;
    }
  }
  return frames;
}

function* hasEffectInSlices(steps: BulkSteps, { tableId, changes }: PreparedChanges): Task<boolean> {
  for (let start = 0; start < changes.count; start += SLICE_ENTRIES) {
    const end = Math.min(start + SLICE_ENTRIES, changes.count);
    if (hasEffect(steps.state(), { tableId, changes }, { start, end })) return true;
    yield PAUSE;
  }
  return false;
}
