/**
 * TableStore's contract: all versioned tables of one database, over its pack files and manifest.
 *
 * The transaction layer calls `apply` in commit order, after the log has the commit; everything else reads. Background
 * work (`maintain`, `checkpoint`) runs as tasks in between and never changes what a reader sees.
 */
import type { Task } from '../base/task.ts';
import type { IndexSpec, RowChanges, TableSpec, TreeColumn, VersionedTable } from './table.ts';

export interface TableStore {
  /** False where a checkpoint cannot take the place of the log: then the log keeps everything. */
  readonly persistent?: boolean;
  table(id: number): VersionedTable;
  has(id: number): boolean;
  /** Adds an empty table (system tables at opening, user tables at the commit of their DDL). */
  createTable(spec: TableSpec): void;
  /** Appends a column to an existing table. */
  addColumn(tableId: number, column: TreeColumn): void;
  /** Takes back `addColumn` of the newest column, whose transaction was rolled back: no row has it. */
  removeColumn(tableId: number, ordinal: number): void;
  /** Adds an index and fills it from the rows current at `seq`. */
  createIndex(tableId: number, index: IndexSpec, seq: number): Task<void>;
  /** Stops maintaining an index from `seq` on; AS OF before it still reads it. */
  dropIndex(tableId: number, indexId: number, seq: number): void;
  /** Makes a table read-only history: its current rows end at `seq`. Its past stays. */
  dropTable(tableId: number, seq: number): Task<void>;
  /**
   * Publishes the changes of commit `seq` to one table and its indexes. An update that changes nothing makes no version.
   * May need blocks that are not in memory: `prepare` of the same changes first makes `apply` free of waiting.
   */
  prepare(tableId: number, changes: RowChanges): Task<void>;
  apply(tableId: number, seq: number, changes: RowChanges): void;
  /** Readers at or above this sequence number exist; older closed versions in memory may be dropped only by retention. */
  setSpecs(specs: Iterable<TableSpec>): void;
  /** Bytes of memory held by dirty leaves (the reason for a checkpoint besides log size). */
  readonly dirtyBytes: number;
  /** Does a bounded amount of key and time splitting; true while there is more to do. */
  maintain(): Task<boolean>;
  /**
   * Writes every dirty leaf as of now to pack files, flushes them, and returns the directory for the manifest.
   * Commits may be applied meanwhile; they stay dirty. After the manifest has switched, call `checkpointDone`.
   */
  checkpoint(): Task<Uint8Array>;
  /** Deletes pack files that the manifest now in force no longer names. */
  checkpointDone(): Task<void>;
  /** Bytes on disk, cached, and dirty; counts of leaves and segments (for drift.storage and the status line). */
  statistics(): StoreStatistics;
}

export interface StoreStatistics {
  readonly diskBytes: number;
  readonly cacheBytes: number;
  readonly cacheBudgetBytes: number;
  readonly dirtyBytes: number;
  readonly leaves: number;
  readonly segments: number;
  readonly packs: number;
}
