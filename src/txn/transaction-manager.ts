/**
 * TransactionManager: snapshots out, commits in. The commit pipeline of DESIGN §6.
 *
 *     validate  what takes no locks (commit-checks.ts); constraints again, if others committed since the snapshot (may wait)
 *     prepare   leaves that the changes touch come into memory and are held there (may wait)
 *     ───────── from here nothing waits: the order of commits is the order of these steps ─────────
 *     number    seq = last + 1, a strictly greater timestamp
 *     log       frames into the log's buffer
 *     apply     row versions into the tables, the transaction's row into drift.transactions
 *     ─────────
 *     sync      one write and one flush, shared by all who are waiting
 *     publish   new snapshots see the commit; the caller gets its answer
 *
 * Applied but unpublished commits are invisible (their `from` is beyond every snapshot) but do count for validation.
 *
 * Invariants: sequence numbers are dense and ascend in the log; `published <= applied`; timestamps ascend strictly with
 * sequence numbers and exceed every timestamp that an AS OF reader was served; after a failed flush nothing is
 * published any more and every later commit fails with 58030, while reads go on.
 */
import type { Cancellation } from '../base/cancel.ts';
import { assert, DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import { type MaybePromise, run, type Task, wait } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import { type CatalogChange, CatalogState } from '../catalog/catalog.ts';
import { TRANSACTIONS_TABLE_ID } from '../catalog/system-objects.ts';
import { type BulkRecord, stampRecord } from '../log/bulk-record.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { LogFrame } from '../log/frame.ts';
import { commitBytes } from '../log/room.ts';
import type { BulkTables, PreparedChanges, TableStore } from '../table/store.ts';
import { bulkCommit, type BulkSteps, isBulk } from './bulk-commit.ts';
import { commitTimestamp } from './commit-timestamp.ts';
import { type Clock, newClock } from './clock.ts';
import type { CommitTurn } from './commit-turn.ts';
import {
  changesOf,
  checkCatalogConflict,
  type CommitState,
  firstCommitterWins,
  hasEffect,
  type TableChanges,
} from './commit-checks.ts';
import type { StatementReader } from './api.ts';
import { SerialSpace } from './serial/serializable.ts';
import { encodeChanges, encodeSequence, type SequenceValue } from './change-codec.ts';
import { CatalogHistory } from './catalog-history.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { FrozenWrites } from './frozen-writes.ts';
import { type OwnWrites, TableWrites } from './table-writes.ts';
import { type Newest, TimeLine } from './time-line.ts';
import { touchedTables, transactionRow } from './transaction-row.ts';
import { registerWrites } from './lock/manager.ts';
import { LockSpace } from './lock/space.ts';
import type { Party } from './lock/party.ts';
import type { HashedChanges, Prover } from './proof/prover.ts';
import { type CommitInfo, type Isolation, NO_COMMIT_INFO, Transaction } from './transaction.ts';

export type Durability = 'full' | 'relaxed';

export interface ManagerParts {
  /** Absent for the main line: those of the manager that this one shares the log with. */
  readonly shared?: { readonly clock: Clock; readonly timeLine: TimeLine } | undefined;
  /** The branch that commits are of. */
  readonly branch?: { readonly id: number; readonly name: string } | undefined;
  /** What tests switch off. */
  readonly testIgnore?: string | undefined;
  /** Changed rows from which on a commit goes in slices. */
  readonly bulkRows?: number | undefined;
  readonly store: TableStore;
  readonly log: CommitLog;
  readonly host: Host;
  readonly durability: Durability;
  /** Newest commit after recovery, and its timestamp in µs (0 and -Infinity for a new database: its first commit may be of any time). */
  readonly lastSeq: number;
  readonly lastTimestamp: number;
  /** Moments before this one are not there. */
  readonly historyFrom?: number | undefined;
  readonly catalog: CatalogState;
  /** Makes the boxed text[] of drift.transactions.tables. */
  readonly textArray: (names: readonly string[]) => Value;
  /** Lets dropped tables go on that a commit brings back. */
  readonly reopenStructures: (before: CatalogState, changes: readonly CatalogChange[]) => void;
  /** What gives commits their proofs, if the database has any. */
  readonly proverFor: (catalog: CatalogState) => Prover | null;
  /** Ends the tables and indexes that commit `seq` has dropped. */
  readonly endStructures: (before: CatalogState, after: CatalogState, seq: number) => void;
}

/** Room in the log for the values of sequences, some 40 bytes each, and for a proof. */
const SEQUENCES_BYTES = 1024;
const PROOF_BYTES = 3072;

/** Verifies constraints of a transaction's writes against a newer state than its snapshot; throws their errors. */
export type Recheck = (reader: StatementReader) => Task<void>;

export interface CommitOptions {
  readonly recheck?: Recheck;
  /** Gives the sequence values to log; asked only if there is a commit. */
  readonly sequences?: () => readonly SequenceValue[];
  readonly durability?: Durability;
  /** Ends a commit of very many rows while that can still be. */
  readonly cancellation?: Cancellation | undefined;
}

export class TransactionManager {
  readonly store: TableStore;
  readonly timeLine: TimeLine;
  readonly catalogs: CatalogHistory;
  readonly locks: LockSpace = new LockSpace();
  #serials: SerialSpace | null = null;
  readonly #log: CommitLog;
  readonly #host: Host;
  readonly #durability: Durability;
  readonly #parts: ManagerParts;
  readonly clock: Clock;
  #appliedCatalog: CatalogState;
  #catalog: CatalogState;
  #syncing: Promise<void> | null = null;
  #lastNames: { readonly names: readonly string[]; readonly array: Value } = { names: ['?'], array: null };
  /** Called after each publication: live queries, change feeds, the checkpoint trigger. */
  onPublish: ((seq: number) => void) | undefined;
  /** What a commit waits for when commits have followed each other for long: others get a turn. Null mostly. */
  turn: (() => Promise<void> | null) | undefined;

  constructor(parts: ManagerParts) {
    this.store = parts.store;
    this.#log = parts.log;
    this.#host = parts.host;
    this.#durability = parts.durability;
    this.#parts = parts;
    const { lastSeq, lastTimestamp: timestamp, shared } = parts;
    const clock = shared?.clock ?? newClock(lastSeq, timestamp);
    this.clock = clock;
    this.#appliedCatalog = parts.catalog;
    this.#catalog = parts.catalog;
    clock.prover ??= parts.proverFor(parts.catalog);
    const newest = (): Newest => ({
      seq: clock.published,
      timestamp: clock.timestamp,
      unsettledFrom: this.#log.failed === undefined ? clock.unsettledFrom : Infinity,
    });
    this.timeLine = shared?.timeLine ?? new TimeLine(parts.store, parts.host, newest, parts.historyFrom);
    this.catalogs = new CatalogHistory(parts.store, () => this.catalog);
  }

  /** Newest sequence number that readers see. */
  get published(): number {
    return this.clock.published;
  }

  get appliedSeq(): number {
    return this.clock.applied;
  }

  /** Why no commit is taken any more, if so. */
  get failed(): DriftError | undefined {
    return this.#log.failed;
  }

  /** Who commits in slices, on whatever line. */
  get commitTurn(): CommitTurn {
    return this.clock.turn;
  }

  get lastTimestamp(): number {
    return this.clock.timestamp;
  }

  /** The catalog as of `appliedSeq`. */
  get appliedCatalog(): CatalogState {
    return this.#appliedCatalog;
  }

  /** The catalog as of `published`: another line may have published a commit of this one with its own. */
  get catalog(): CatalogState {
    if (this.#appliedCatalog !== this.#catalog && this.#appliedCatalog.version <= this.clock.published)
      this.#catalog = this.#appliedCatalog;
    return this.#catalog;
  }

  get parts(): ManagerParts {
    return this.#parts;
  }

  /** `temp`: schema of the session's temporary objects. */
  begin(
    options: {
      readonly readOnly?: boolean;
      readonly info?: CommitInfo;
      readonly temp?: string | null;
      readonly isolation?: Isolation;
      readonly party?: Party;
    } = {},
  ): Transaction {
    const { temp = null } = options;
    const catalog = temp === null ? this.catalog : this.catalog.forSession(temp);
    const transaction = new Transaction(this.clock.published, catalog, {
      readOnly: options.readOnly === true,
      startedAt: this.#host.now(),
      info: options.info ?? NO_COMMIT_INFO,
      isolation: options.isolation,
      party: options.party,
    });
    transaction.onWrites = this.#onWrites;
    return transaction;
  }

  readonly #onWrites = (owner: Transaction, tableId: number, writes: TableWrites): void =>
    registerWrites(this.locks, owner, tableId, writes);

  /** Gives a statement its snapshot: the newest state at READ COMMITTED, else that of the first statement. */
  refresh(transaction: Transaction): void {
    if (!transaction.fresh && !transaction.readsCommitted) return;
    const first = transaction.fresh;
    transaction.fresh = false;
    transaction.refresh(this.clock.published, this.catalog);
    if (first && transaction.isolation === 'serializable') transaction.serial = this.serials.join(transaction);
  }

  /** Whether tests have switched conflicts off. */
  get ignoresConflicts(): boolean {
    return this.#parts.testIgnore === 'conflicts';
  }

  get serials(): SerialSpace {
    return (this.#serials ??= new SerialSpace(this.store, this.#parts.testIgnore));
  }

  /**
   * Tables as a statement sees them: the transaction's snapshot with its own writes, or a past moment without.
   * `frozen`: the own writes to see, instead of all. `newest`: the state to read at each look, instead of the snapshot.
   */
  reader(
    transaction: Transaction,
    asOf: number | null,
    frozen?: ReadonlyMap<number, OwnWrites>,
    newest?: () => number,
  ): StatementReader {
    return new SnapshotReader(this.store, this.timeLine, transaction, { asOf, frozen, newest });
  }

  /** The newest committed state with the transaction's writes, at each look. */
  newestReader(transaction: Transaction): StatementReader {
    return this.reader(transaction, null, undefined, () => this.clock.published);
  }

  /** A reader of the transaction's state of now, whatever the statement that reads goes on to write. */
  frozenReader(transaction: Transaction): StatementReader {
    const frozen = new Map(transaction.written().map(([id, writes]) => [id, new FrozenWrites(writes)]));
    return this.reader(transaction, null, frozen);
  }

  /** Commits; returns the sequence number, or null when there was nothing to commit. */
  *commit(transaction: Transaction, options: CommitOptions = {}): Task<number | null> {
    try {
      return yield* this.#commit(transaction, options);
    } finally {
      // Whoever waits for a lock of it must see what it has committed: after the publication.
      transaction.release();
    }
  }

  *#commit(transaction: Transaction, options: CommitOptions): Task<number | null> {
    const { serial } = transaction;
    if (!transaction.hasChanges) {
      serial?.check();
      serial?.commit(this.clock.published + 0.5, false);
      return null;
    }
    if (this.#log.failed !== undefined) throw this.#log.failed;
    const all = yield* changesOf(this.#state(), transaction);
    const { bulk } = this.store;
    const isPlain = bulk !== undefined && transaction.alsoLogged === null;
    if (isPlain && isBulk(all, this.#parts.bulkRows)) return yield* this.#commitBulk(transaction, all, options, bulk);
    const prepared: PreparedChanges[] = [];
    let seq: number;
    try {
      let frames: LogFrame[];
      let changes: PreparedChanges[];
      for (;;) {
        yield* this.#prepare(transaction, all, prepared, options.recheck);
        changes = prepared.filter((change) => hasEffect(this.#state(), change));
        if (changes.length === 0) {
          serial?.check();
          serial?.commit(this.clock.published + 0.5, false);
          return null;
        }
        frames = changes.flatMap((change) =>
          (change.pieces ?? [change]).flatMap(({ tableId, changes: rows }) =>
            encodeChanges(tableId, rows, this.store.table(tableId).columns),
          ),
        );
        if (transaction.alsoLogged !== null) frames.push(...transaction.alsoLogged.frames);
        const { author, message, metadata, clientId } = transaction.info;
        const bytes = commitBytes(frames, [author, message, metadata, clientId]) + this.#extraBytes;
        if (this.#log.hasRoom(bytes)) break;
        // Others may commit while this waits. A full medium ends the commit here, before it has changed anything.
        yield* this.#log.reserve(bytes);
      }
      // Nothing waits from here to the sequence number: whoever commits is checked against all that have.
      serial?.check();
      for (const value of options.sequences?.() ?? []) frames.push(encodeSequence(value));
      seq = this.#append(transaction, changes, frames);
      transaction.alsoLogged?.committed(seq);
      serial?.commit(seq, true);
    } finally {
      for (const part of prepared) part.release();
    }
    return yield* this.#settle(seq, options);
  }

  *#settle(seq: number, options: CommitOptions): Task<number> {
    yield* wait(this.sync(options.durability ?? this.#durability));
    this.#publish(seq);
    const turn = this.turn?.() ?? null;
    if (turn !== null) yield turn;
    return seq;
  }

  get #extraBytes(): number {
    return this.clock.prover === null ? SEQUENCES_BYTES : SEQUENCES_BYTES + PROOF_BYTES;
  }

  *#commitBulk(
    transaction: Transaction,
    all: readonly TableChanges[],
    options: CommitOptions,
    bulk: BulkTables,
  ): Task<number | null> {
    const steps: BulkSteps = {
      ...{ store: this.store, bulk, log: this.#log, clock: this.clock, transaction },
      extraBytes: this.#extraBytes,
      cancellation: options.cancellation,
      state: () => this.#state(),
      validate: () => this.#validate(transaction, all, options.recheck),
      takeTimestamp: () => this.#noteTimestamp(this.#timestamp(transaction.info), true),
      reopen: () => this.#parts.reopenStructures(this.#appliedCatalog, transaction.catalogChanges()),
      prover: this.clock.prover,
      append: (changes, record, hashed) =>
        void this.#append(transaction, changes, (options.sequences?.() ?? []).map(encodeSequence), record, hashed),
    };
    const seq = yield* bulkCommit(steps, all);
    return seq === null ? null : yield* this.#settle(seq, options);
  }

  rollback(transaction: Transaction): void {
    transaction.rollback();
    transaction.release();
  }

  /** Shares one write and flush among all commits appended in the same turn. */
  sync(durability: Durability): MaybePromise<void> {
    if (durability === 'relaxed') return run(this.#log.sync('relaxed'));
    this.#syncing ??= Promise.resolve().then(() => {
      this.#syncing = null;
      return run(this.#log.sync('full'));
    });
    return this.#syncing;
  }

  /** Validates and prepares until nobody has committed in between; then the rest can go without waiting. */
  *#prepare(
    transaction: Transaction,
    changes: readonly TableChanges[],
    prepared: PreparedChanges[],
    recheck: Recheck | undefined,
  ): Task<void> {
    let seen: number;
    do {
      while (this.commitTurn.taken !== null) yield this.commitTurn.taken;
      seen = this.clock.applied;
      for (const part of prepared) part.release();
      prepared.length = 0;
      yield* this.#validate(transaction, changes, recheck);
      for (const { tableId, changes: rows } of changes)
        prepared.push(yield* this.store.prepare(tableId, rows, prepared));
      yield* this.store.loadEnd(TRANSACTIONS_TABLE_ID);
      if (this.clock.prover !== null) yield* this.clock.prover.prepare(this.clock.applied);
    } while (this.clock.applied !== seen || this.commitTurn.taken !== null);
  }

  /** What others have committed since the snapshot must not be in the way. */
  *#validate(transaction: Transaction, changes: readonly TableChanges[], recheck: Recheck | undefined): Task<void> {
    const seen = this.clock.applied;
    if (seen <= transaction.snapshot) return;
    for (const change of changes) yield* firstCommitterWins(this.#state(), transaction, change);
    checkCatalogConflict(this.#state(), transaction);
    if (recheck !== undefined) yield* recheck(this.#latestReader(transaction, seen));
  }

  #state(): CommitState {
    return {
      store: this.store,
      applied: this.clock.applied,
      appliedCatalog: this.#appliedCatalog,
      catalog: this.catalog,
      ignoresConflicts: this.ignoresConflicts,
    };
  }

  #latestReader(transaction: Transaction, seq: number): StatementReader {
    return this.reader(transaction, null, undefined, () => seq);
  }

  /** The steps that do not wait. `record`: most of what the log gets, of changes that are applied; `hashed`: for their proof. */
  #append(
    transaction: Transaction,
    changes: readonly PreparedChanges[],
    frames: readonly LogFrame[],
    record?: BulkRecord,
    hashed?: HashedChanges,
  ): number {
    const { author, message, metadata, clientId, timestamp: given } = transaction.info;
    const seq = this.clock.applied + 1;
    const timestamp = record !== undefined && given !== null ? given : this.#timestamp(transaction.info);
    if (record !== undefined) stampRecord(record, seq, timestamp);
    const names = touchedTables(
      [...changes.map(({ tableId }) => tableId), ...transaction.catalogChanges().map(({ id }) => id)],
      transaction.catalog,
      this.#appliedCatalog,
    );
    const proof =
      this.clock.prover?.prove(
        {
          ...{ seq, timestamp, author, message, metadata, tables: names },
          ...{
            branch: this.#parts.branch,
            changed: changes,
            catalog: transaction.catalog,
            applied: this.clock.applied,
          },
        },
        hashed,
      ) ?? null;
    const all = proof === null ? frames : [...frames, ...proof.frames];
    this.#log.append({ seq, timestamp, author, message, metadata, clientId, frames: all }, record);
    if (record === undefined) {
      if (transaction.hasDdl) this.#parts.reopenStructures(this.#appliedCatalog, transaction.catalogChanges());
      for (const change of changes) this.store.apply(seq, change);
    }
    if (proof !== null) this.clock.prover?.publish(seq, proof);
    const row = transactionRow(this.store.table(TRANSACTIONS_TABLE_ID), [
      seq,
      timestamp,
      author,
      message,
      metadata,
      this.#textArray(names),
      this.#parts.branch?.name ?? null,
      this.#parts.branch?.id ?? null,
    ]);
    this.store.append(TRANSACTIONS_TABLE_ID, seq, row);
    this.clock.applied = seq;
    this.#noteTimestamp(timestamp, false);
    if (transaction.hasDdl) {
      const before = this.#appliedCatalog;
      this.#appliedCatalog = before.apply(seq, transaction.catalogChanges());
      this.#parts.endStructures(before, this.#appliedCatalog, seq);
      this.clock.prover ??= this.#parts.proverFor(this.#appliedCatalog);
      this.catalogs.noteDdl(seq);
    }
    return seq;
  }

  /** Commits of one kind follow each other: the last array of names is mostly the next one too. */
  #textArray(names: readonly string[]): Value {
    const last = this.#lastNames;
    if (names.length !== last.names.length || names.some((name, i) => name !== last.names[i]))
      this.#lastNames = { names, array: this.#parts.textArray(names) };
    return this.#lastNames.array;
  }

  #timestamp({ timestamp }: CommitInfo): number {
    const floor = Math.max(this.clock.timestamp, this.timeLine.served) + 1;
    return commitTimestamp(timestamp, floor, () => this.#host.now());
  }

  #noteTimestamp(timestamp: number, isDecided: boolean): void {
    this.clock.timestamp = timestamp;
    this.clock.isDecided = isDecided;
    this.clock.unsettledFrom = Math.min(this.clock.unsettledFrom, timestamp);
  }

  #publish(seq: number): void {
    const { clock } = this;
    assert(seq <= clock.applied, 'publishing a commit that was not applied');
    if (seq > clock.published) clock.published = seq;
    if (clock.published === clock.applied && !clock.isDecided) clock.unsettledFrom = Infinity;
    this.onPublish?.(this.clock.published);
  }
}
