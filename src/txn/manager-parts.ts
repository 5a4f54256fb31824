/** What a transaction manager is made of, and what a commit is told. */
import type { Cancellation } from '../base/cancel.ts';
import type { Host } from '../base/host.ts';
import type { Task } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import type { CatalogChange, CatalogState } from '../catalog/catalog.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { LoggedCommit } from '../log/frame.ts';
import type { TableStore } from '../table/store.ts';
import type { StatementReader } from './api.ts';
import type { SequenceValue } from './change-codec.ts';
import type { Clock } from './clock.ts';
import type { Proof, Prover } from './proof/prover.ts';
import type { TimeLine } from './time-line.ts';

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

/** Verifies constraints of a transaction's writes against a newer state than its snapshot; throws their errors. */
export type Recheck = (reader: StatementReader) => Task<void>;

/** A commit that has its number. */
export interface Numbered {
  readonly logged: LoggedCommit;
  readonly names: readonly string[];
  readonly proof: Proof | null;
  readonly isBulk: boolean;
}

export interface CommitOptions {
  readonly recheck?: Recheck;
  /** Gives the sequence values to log; asked only if there is a commit. */
  readonly sequences?: () => readonly SequenceValue[];
  readonly durability?: Durability;
  /** Ends a commit of very many rows while that can still be. */
  readonly cancellation?: Cancellation | undefined;
}
