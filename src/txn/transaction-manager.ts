/**
 * TransactionManager: snapshots out, commits in. The commit pipeline of DESIGN §6 (committer.ts).
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
 * published any more and every later commit fails with 58030, while reads go on. On a medium that refuses at a flush, sync
 * comes before apply (log-first.ts).
 */
import { assert, DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import type { Task } from '../base/task.ts';
import type { CatalogState } from '../catalog/catalog.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { TableStore } from '../table/store.ts';
import { type Clock, newClock } from './clock.ts';
import type { CommitTurn } from './commit-turn.ts';
import { Committer } from './committer.ts';
import type { CommitOptions, ManagerParts } from './manager-parts.ts';
import type { StatementReader } from './api.ts';
import { SerialSpace } from './serial/serializable.ts';
import { CatalogHistory } from './catalog-history.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { FrozenWrites } from './frozen-writes.ts';
import { type OwnWrites, TableWrites } from './table-writes.ts';
import { type Newest, TimeLine } from './time-line.ts';
import { registerWrites } from './lock/manager.ts';
import { LockSpace } from './lock/space.ts';
import type { Party } from './lock/party.ts';
import { type CommitInfo, type Isolation, NO_COMMIT_INFO, Transaction } from './transaction.ts';

export class TransactionManager {
  readonly store: TableStore;
  readonly timeLine: TimeLine;
  readonly catalogs: CatalogHistory;
  readonly locks: LockSpace = new LockSpace();
  #serials: SerialSpace | null = null;
  readonly #log: CommitLog;
  readonly #host: Host;
  readonly #parts: ManagerParts;
  readonly clock: Clock;
  #appliedCatalog: CatalogState;
  #catalog: CatalogState;
  #committer: Committer | null = null;
  /** Called after each publication: live queries, change feeds, the checkpoint trigger. */
  onPublish: ((seq: number) => void) | undefined;
  /** What a commit waits for when commits have followed each other for long: others get a turn. Null mostly. */
  turn: (() => Promise<void> | null) | undefined;

  constructor(parts: ManagerParts) {
    this.store = parts.store;
    this.#log = parts.log;
    this.#host = parts.host;
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

  /**
   * Gives a statement its snapshot: the newest state at READ COMMITTED, else that of the first statement that `reads`.
   */
  refresh(transaction: Transaction, reads = true): void {
    if (!transaction.fresh && !transaction.readsCommitted) return;
    if (!reads && transaction.fresh) {
      transaction.refresh(this.clock.published, this.catalog);
      return;
    }
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
    this.#committer ??= new Committer(this, this.#publish, (catalog) => {
      this.#appliedCatalog = catalog;
    });
    return yield* this.#committer.commit(transaction, options);
  }

  rollback(transaction: Transaction): void {
    transaction.rollback();
    transaction.release();
  }

  readonly #publish = (seq: number): void => {
    const { clock } = this;
    assert(seq <= clock.applied, 'publishing a commit that was not applied');
    if (seq > clock.published) clock.published = seq;
    if (clock.published === clock.applied && !clock.isDecided) clock.unsettledFrom = Infinity;
    this.onPublish?.(this.clock.published);
  };
}
