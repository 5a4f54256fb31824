/**
 * Committer: what a transaction manager does when something is committed; its pipeline is told there.
 *
 * Apart from it, because who opens a database and reads does without.
 */
import { type MaybePromise, run, type Task, wait } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import type { CatalogState } from '../catalog/catalog.ts';
import { TRANSACTIONS_TABLE_ID } from '../catalog/system-objects.ts';
import { stampRecord } from '../log/bulk-record.ts';
import type { LogFrame } from '../log/frame.ts';
import { commitBytes } from '../log/room.ts';
import type { BulkTables, PreparedChanges, TableStore } from '../table/store.ts';
import type { StatementReader } from './api.ts';
import { bulkCommit, type BulkLogged, type BulkSteps, isBulk } from './bulk-commit.ts';
import type { CatalogHistory } from './catalog-history.ts';
import { encodeChanges, encodeSequence } from './change-codec.ts';
import type { Clock } from './clock.ts';
import {
  changesOf,
  checkCatalogConflict,
  type CommitState,
  firstCommitterWins,
  hasEffect,
  type TableChanges,
} from './commit-checks.ts';
import { commitTimestamp } from './commit-timestamp.ts';
import { type CommitTurn, takeTurn } from './commit-turn.ts';
import { type LogFirst, logFirst } from './log-first.ts';
import type { CommitOptions, Durability, ManagerParts, Numbered, Recheck } from './manager-parts.ts';
import type { TimeLine } from './time-line.ts';
import { touchedTables, transactionRow } from './transaction-row.ts';
import type { CommitInfo, Transaction } from './transaction.ts';

/** Room in the log for the values of sequences, some 40 bytes each, and for a proof. */
const SEQUENCES_BYTES = 1024;
const PROOF_BYTES = 3072;

/** What it sees of the manager. */
export interface Committing {
  readonly parts: ManagerParts;
  readonly store: TableStore;
  readonly timeLine: TimeLine;
  readonly catalogs: CatalogHistory;
  readonly clock: Clock;
  readonly commitTurn: CommitTurn;
  readonly catalog: CatalogState;
  readonly appliedCatalog: CatalogState;
  readonly ignoresConflicts: boolean;
  turn: (() => Promise<void> | null) | undefined;
  reader(transaction: Transaction, asOf: null, frozen: undefined, newest: () => number): StatementReader;
}

export class Committer {
  readonly #manager: Committing;
  readonly #parts: ManagerParts;
  readonly #publish: (seq: number) => void;
  readonly #noteCatalog: (catalog: CatalogState) => void;
  #syncing: Promise<void> | null = null;
  #lastNames: { readonly names: readonly string[]; readonly array: Value } = { names: ['?'], array: null };

  /** `publish`: lets readers see a commit. `noteCatalog`: is told of each catalog that a commit makes. */
  constructor(manager: Committing, publish: (seq: number) => void, noteCatalog: (catalog: CatalogState) => void) {
    this.#manager = manager;
    this.#parts = manager.parts;
    this.#publish = publish;
    this.#noteCatalog = noteCatalog;
  }

  /** Commits changes; returns the sequence number, or null where they have no effect. */
  *commit(transaction: Transaction, options: CommitOptions): Task<number | null> {
    const { serial } = transaction;
    if (this.#parts.log.failed !== undefined) throw this.#parts.log.failed;
    const all = yield* changesOf(this.#state(), transaction);
    const { bulk } = this.#manager.store;
    if (bulk !== undefined && isBulk(all, bulk.extraRows, this.#parts.bulkRows))
      return yield* this.#commitBulk(transaction, all, options, bulk);
    const prepared: PreparedChanges[] = [];
    const isFirst = this.#parts.log.countsAtFlush;
    const endTurn = isFirst ? yield* takeTurn(this.#manager.commitTurn) : null;
    let seq: number;
    try {
      let frames: LogFrame[];
      let changes: PreparedChanges[];
      for (;;) {
        yield* this.#prepare(transaction, all, prepared, options.recheck, isFirst);
        changes = prepared.filter((change) => hasEffect(this.#state(), change));
        if (changes.length === 0) {
          serial?.check();
          serial?.commit(this.#manager.clock.published + 0.5, false);
          return null;
        }
        frames = changes.flatMap((change) =>
          (change.pieces ?? [change]).flatMap(({ tableId, changes: rows }) =>
            encodeChanges(tableId, rows, this.#manager.store.table(tableId).columns),
          ),
        );
        if (transaction.alsoLogged !== null) frames.push(...transaction.alsoLogged.frames);
        const { author, message, metadata, clientId } = transaction.info;
        const bytes = commitBytes(frames, [author, message, metadata, clientId]) + this.#extraBytes;
        if (this.#parts.log.hasRoom(bytes)) break;
        // Others may commit while this waits. A full medium ends the commit here, before it has changed anything.
        yield* this.#parts.log.reserve(bytes);
      }
      // Nothing waits from here to the sequence number: whoever commits is checked against all that have.
      serial?.check();
      const sequences = (options.sequences?.() ?? []).map(encodeSequence);
      const numbered = this.#number(transaction, changes, [...frames, ...sequences]);
      ({ seq } = numbered.logged);
      if (isFirst) yield* logFirst(numbered.logged, this.#logging(transaction, options, sequences));
      else this.#parts.log.append(numbered.logged);
      if (isFirst) yield* this.#enter(() => this.#apply(transaction, changes, numbered));
      else {
        this.#apply(transaction, changes, numbered);
        serial?.commit(seq, true);
      }
    } finally {
      for (const part of prepared) part.release();
      endTurn?.();
    }
    return yield* this.#settle(seq, options);
  }

  #logging(transaction: Transaction, options: CommitOptions, sequences: readonly LogFrame[]): LogFirst {
    const { clock, timeLine } = this.#manager;
    const durability = options.durability ?? this.#parts.durability;
    return { log: this.#parts.log, clock, timeLine, serial: transaction.serial, durability, sequences };
  }

  /** Applies what is in the log for good. */
  *#enter(apply: () => void): Task<void> {
    try {
      yield* this.#manager.store.loadEnd(TRANSACTIONS_TABLE_ID);
      if (this.#manager.clock.prover !== null) yield* this.#manager.clock.prover.prepare(this.#manager.clock.applied);
      apply();
    } catch (error) {
      throw this.#parts.log.stop(error);
    }
  }

  *#settle(seq: number, options: CommitOptions): Task<number> {
    if (!this.#parts.log.countsAtFlush) yield* wait(this.#sync(options.durability ?? this.#parts.durability));
    this.#publish(seq);
    const turn = this.#manager.turn?.() ?? null;
    if (turn !== null) yield turn;
    return seq;
  }

  get #extraBytes(): number {
    return this.#manager.clock.prover === null ? SEQUENCES_BYTES : SEQUENCES_BYTES + PROOF_BYTES;
  }

  *#commitBulk(
    transaction: Transaction,
    all: readonly TableChanges[],
    options: CommitOptions,
    bulk: BulkTables,
  ): Task<number | null> {
    const also = transaction.alsoLogged?.frames ?? [];
    const steps: BulkSteps = {
      ...{ store: this.#manager.store, bulk, log: this.#parts.log, clock: this.#manager.clock, transaction },
      extraBytes: this.#extraBytes + commitBytes(also, []),
      cancellation: options.cancellation,
      state: () => this.#state(),
      validate: () => this.#validate(transaction, all, options.recheck),
      takeTimestamp: () => this.#noteTimestamp(this.#timestamp(transaction.info), true),
      reopen: () => this.#parts.reopenStructures(this.#manager.appliedCatalog, transaction.catalogChanges()),
      prover: this.#manager.clock.prover,
      append: (changes, bulkLogged) => {
        const frames = [...also, ...(options.sequences?.() ?? []).map(encodeSequence)];
        const numbered = this.#number(transaction, changes, frames, bulkLogged);
        this.#parts.log.append(numbered.logged, bulkLogged.record);
        this.#apply(transaction, changes, numbered);
      },
      logFirst: (changes, bulkLogged) => this.#bulkLogFirst(transaction, changes, options, bulkLogged),
    };
    const seq = yield* bulkCommit(steps, all);
    return seq === null ? null : yield* this.#settle(seq, options);
  }

  *#bulkLogFirst(
    transaction: Transaction,
    changes: readonly PreparedChanges[],
    options: CommitOptions,
    bulkLogged: BulkLogged,
  ): Task<() => void> {
    const sequences = (options.sequences?.() ?? []).map(encodeSequence);
    const also = transaction.alsoLogged?.frames ?? [];
    const numbered = this.#number(transaction, changes, [...also, ...sequences], bulkLogged);
    const { record } = bulkLogged;
    yield* logFirst(numbered.logged, { ...this.#logging(transaction, options, sequences), record });
    return () => this.#apply(transaction, changes, numbered);
  }

  /** Shares one write and flush among all commits appended in the same turn. */
  #sync(durability: Durability): MaybePromise<void> {
    if (durability === 'relaxed') return run(this.#parts.log.sync('relaxed'));
    this.#syncing ??= Promise.resolve().then(() => {
      this.#syncing = null;
      return run(this.#parts.log.sync('full'));
    });
    return this.#syncing;
  }

  /** Validates and prepares until nobody has committed in between; then the rest can go without waiting. */
  *#prepare(
    transaction: Transaction,
    changes: readonly TableChanges[],
    prepared: PreparedChanges[],
    recheck: Recheck | undefined,
    hasTurn: boolean,
  ): Task<void> {
    let seen: number;
    do {
      while (this.#manager.commitTurn.taken !== null && !hasTurn) yield this.#manager.commitTurn.taken;
      seen = this.#manager.clock.applied;
      for (const part of prepared) part.release();
      prepared.length = 0;
      yield* this.#validate(transaction, changes, recheck);
      for (const { tableId, changes: rows } of changes)
        prepared.push(yield* this.#manager.store.prepare(tableId, rows, prepared));
      yield* this.#manager.store.loadEnd(TRANSACTIONS_TABLE_ID);
      if (this.#manager.clock.prover !== null) yield* this.#manager.clock.prover.prepare(this.#manager.clock.applied);
    } while (this.#manager.clock.applied !== seen || (this.#manager.commitTurn.taken !== null && !hasTurn));
  }

  /** What others have committed since the snapshot must not be in the way. */
  *#validate(transaction: Transaction, changes: readonly TableChanges[], recheck: Recheck | undefined): Task<void> {
    const seen = this.#manager.clock.applied;
    if (seen <= transaction.snapshot) return;
    for (const change of changes) yield* firstCommitterWins(this.#state(), transaction, change);
    checkCatalogConflict(this.#state(), transaction);
    if (recheck !== undefined) yield* recheck(this.#latestReader(transaction, seen));
  }

  #state(): CommitState {
    return {
      store: this.#manager.store,
      applied: this.#manager.clock.applied,
      appliedCatalog: this.#manager.appliedCatalog,
      catalog: this.#manager.catalog,
      ignoresConflicts: this.#manager.ignoresConflicts,
    };
  }

  #latestReader(transaction: Transaction, seq: number): StatementReader {
    return this.#manager.reader(transaction, null, undefined, () => seq);
  }

  /** What the log gets, with its number; most of it is there already where the commit goes in slices. */
  #number(
    transaction: Transaction,
    changes: readonly PreparedChanges[],
    frames: readonly LogFrame[],
    bulkLogged?: BulkLogged,
  ): Numbered {
    const { author, message, metadata, clientId, timestamp: given } = transaction.info;
    const { clock } = this.#manager;
    const seq = clock.applied + 1;
    const { record, hashed } = bulkLogged ?? {};
    const isTaken = record !== undefined && given !== null && !this.#parts.log.countsAtFlush;
    const timestamp = isTaken ? given : this.#timestamp(transaction.info);
    if (record !== undefined) stampRecord(record, seq, timestamp);
    const names = touchedTables(
      [...changes.map(({ tableId }) => tableId), ...transaction.catalogChanges().map(({ id }) => id)],
      transaction.catalog,
      this.#manager.appliedCatalog,
    );
    const proof =
      clock.prover?.prove(
        {
          ...{ seq, timestamp, author, message, metadata, tables: names, branch: this.#parts.branch },
          ...{ changed: changes, catalog: transaction.catalog, applied: clock.applied },
        },
        hashed,
      ) ?? null;
    const { owed } = clock;
    const all = owed.length === 0 && proof === null ? frames : [...owed, ...frames, ...(proof?.frames ?? [])];
    const logged = { seq, timestamp, author, message, metadata, clientId, frames: all };
    return { logged, names, proof, isBulk: record !== undefined };
  }

  /** The steps that do not wait. */
  #apply(
    transaction: Transaction,
    changes: readonly PreparedChanges[],
    { logged, names, proof, isBulk }: Numbered,
  ): void {
    const { seq, timestamp, author, message, metadata } = logged;
    if (!isBulk) {
      if (transaction.hasDdl) this.#parts.reopenStructures(this.#manager.appliedCatalog, transaction.catalogChanges());
      for (const change of changes) this.#manager.store.apply(seq, change);
    }
    if (proof !== null) this.#manager.clock.prover?.publish(seq, proof);
    const row = transactionRow(this.#manager.store.table(TRANSACTIONS_TABLE_ID), [
      seq,
      timestamp,
      author,
      message,
      metadata,
      this.#textArray(names),
      this.#parts.branch?.name ?? null,
      this.#parts.branch?.id ?? null,
    ]);
    this.#manager.store.append(TRANSACTIONS_TABLE_ID, seq, row);
    this.#manager.clock.applied = seq;
    this.#noteTimestamp(timestamp, false);
    if (transaction.hasDdl) {
      const before = this.#manager.appliedCatalog;
      const after = before.apply(seq, transaction.catalogChanges());
      this.#noteCatalog(after);
      this.#parts.endStructures(before, after, seq);
      this.#manager.clock.prover ??= this.#parts.proverFor(after);
      this.#manager.catalogs.noteDdl(seq);
    }
    transaction.alsoLogged?.committed(seq);
  }

  /** Commits of one kind follow each other: the last array of names is mostly the next one too. */
  #textArray(names: readonly string[]): Value {
    const last = this.#lastNames;
    if (names.length !== last.names.length || names.some((name, i) => name !== last.names[i]))
      this.#lastNames = { names, array: this.#parts.textArray(names) };
    return this.#lastNames.array;
  }

  #timestamp({ timestamp }: CommitInfo): number {
    const floor = Math.max(this.#manager.clock.timestamp, this.#manager.timeLine.served) + 1;
    return commitTimestamp(timestamp, floor, () => this.#parts.host.now());
  }

  #noteTimestamp(timestamp: number, isDecided: boolean): void {
    this.#manager.clock.timestamp = timestamp;
    this.#manager.clock.isDecided = isDecided;
    this.#manager.clock.unsettledFrom = Math.min(this.#manager.clock.unsettledFrom, timestamp);
  }
}
