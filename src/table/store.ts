/**
 * TableStore's contract: all versioned tables of one database, over its pack files and manifest.
 *
 * The transaction layer calls `apply` in commit order, when the log's buffer has the commit; everything else reads.
 * A checkpoint runs as a task in between and never changes what a reader sees.
 */
import type { Task } from '../base/task.ts';
import type { TableDef } from '../catalog/schema.ts';
import type { SegmentRef } from '../segment/segment.ts';
import type { CheckContext, TreeFindings } from './check-tree.ts';
import type { Kept } from './kept.ts';
import type { WorkKind, WorkLog } from './work-log.ts';
import type { IndexSpec, Key, RowChanges, TableSpec, TreeColumn, VersionedTable } from './table.ts';

export interface TableStore {
  table(id: number): VersionedTable;
  has(id: number): boolean;
  /** All tables, dropped ones too. */
  ids(): Iterable<number>;
  /** Looks at a table and its indexes as wholes (check-tree.ts). */
  check(id: number, context: CheckContext): Task<readonly CheckedTree[]>;
  /** Adds an empty table (system tables at opening, user tables at once when their DDL runs). */
  createTable(spec: TableSpec): void;
  /** Takes back `createTable`, whose transaction was rolled back. */
  removeTable(id: number): void;
  /** Appends a column to an existing table. */
  addColumn(tableId: number, column: TreeColumn): void;
  /** Takes back `addColumn`: from ordinal `count` on no row has the columns, whose transaction was rolled back. */
  removeColumns(tableId: number, count: number): void;
  /** Adds an index and fills it from the current rows; `def` is the table's definition with it. Throws 40001 when the table keeps changing meanwhile. */
  createIndex(tableId: number, index: IndexSpec, def?: TableDef): Task<void>;
  /** Takes back `createIndex`, whose transaction was rolled back. */
  removeIndex(tableId: number, indexId: number): void;
  /** Stops maintaining an index from commit `seq` on; AS OF before it still reads it. */
  endIndex(tableId: number, indexId: number, seq: number): void;
  /** Makes a table read-only history: its current rows end at commit `seq`. Its past stays. */
  endTable(tableId: number, seq: number): void;
  /** Readies an ended table to go on: nothing changes for readers, its rows stay gone. */
  settleTable(tableId: number): Task<void>;
  /** Whether the store has the table from another one, as a branch's from its parent; absent: never. */
  isInherited?(tableId: number): boolean;
  /** Lets an ended table go on, empty and with its past. REQUIRES: `settleTable` before. */
  reopenTable(tableId: number): void;
  /** Gives up the states of a table before a commit: reads of them fail with 72000 from here on. */
  keepHistory(tableId: number, kept: Kept): void;
  /** Tables whose history is limited, with their first states. */
  limits(): readonly (readonly [number, Kept])[];
  /** Removes what only states of a table need that were given up; not beside a checkpoint. */
  trimHistory(tableId: number): Task<Trimmed>;
  /**
   * Erases the versions of rows that begin before a commit from all states; returns how many. They are gone from the
   * files when a checkpoint has emptied all packs of before. Not beside a checkpoint.
   */
  erase(tableId: number, keys: ReadonlySet<Key>, before: number): Task<number>;
  /**
   * Readies the changes of one commit to one table: every leaf they touch comes into memory and stays until `release`,
   * so that `apply` waits for nothing. They must be prepared anew if another commit to the table came in between.
   * `earlier`: what the same commit has prepared before.
   */
  prepare(tableId: number, changes: RowChanges, earlier?: readonly PreparedChanges[]): Task<PreparedChanges>;
  /** Publishes the changes of commit `seq` to a table and its indexes. An update that changes nothing makes no version. */
  apply(seq: number, prepared: PreparedChanges): void;
  /** Takes very many changes with pauses; absent where that cannot be. */
  readonly bulk?: BulkTables | undefined;
  /** Publishes one row of a table without indexes behind all others. REQUIRES: `loadEnd` of it just before. */
  append(tableId: number, seq: number, row: RowChanges): void;
  /** Brings the leaf where rows with the greatest keys go into memory. */
  loadEnd(tableId: number): Task<void>;
  /** Describes tables that a checkpoint has: they can be used from then on. Others in the list are left out. */
  setSpecs(specs: Iterable<TableSpec>): void;
  /**
   * Has the tables described that a checkpoint has and nobody has described yet, some or all (null): those that ended
   * before the opening wait until they are asked for (ended-tables.ts).
   */
  describe(ids: Iterable<number> | null): Task<void>;
  /** Makes out what such tables are like. */
  describer: ((tables: readonly EndedTable[]) => Task<readonly TableSpec[]>) | null;
  /** Bytes in memory that only a checkpoint can free (the reason for one besides the log's size). */
  readonly dirtyBytes: number;
  /**
   * Writes every dirty leaf to pack files, flushes them, and returns the directory for the manifest. What it writes is
   * the state at the moment of the call: commits may be applied meanwhile and stay dirty. Structures that `committed`
   * does not know (of transactions under way) are left out. One at a time.
   */
  checkpoint(committed: CommittedStructures): Task<Uint8Array>;
  /** Begins a pack with this number at least (0: the next one); checkpoints empty all before it. Returns its number. */
  beginPack(atLeast: number): number;
  hasPacksBelow(pack: number): boolean;
  /** Pack files that the directory does not name. */
  leftovers(): Task<readonly string[]>;
  /** Splits that wait for the background (split.ts). */
  readonly dueSplits: number;
  /** Leaves grow faster than they are split: commits should wait for the background. */
  readonly isOverdue: boolean;
  /** Takes the next of them: a task that says whether it was still due. */
  takeSplit(): { readonly kind: WorkKind; readonly treeId: number; task(): Task<boolean> } | null;
  /** Some packs hold little that is alive: `repack` would empty them. */
  hasSparsePacks(): Task<boolean>;
  /** Copies what is alive in them elsewhere; the next checkpoint lets them go. Not beside a checkpoint. */
  repack(): Task<boolean>;
  /** Bytes of segments read and written since the opening. */
  traffic(): { readonly readBytes: number; readonly writtenBytes: number };
  /** What was done in the background. */
  readonly work: WorkLog;
  /** Keeps all segments of the directory in force where they are until they are released. */
  pin(): PinnedPacks;
  readonly isPinned: boolean;
  /** Deletes pack files that the directory now in force does not need. */
  checkpointDone(): Task<void>;
  /** Bytes on disk, cached, and dirty; counts of leaves and segments (for drift.storage and the status line). */
  statistics(): StoreStatistics;
}

/** As `prepare` and `apply`, with pauses (bulk-changes.ts). REQUIRES: no other commit beside `apply`. */
export interface BulkTables {
  prepare(tableId: number, changes: RowChanges): Task<PreparedChanges>;
  apply(seq: number, prepared: PreparedChanges): Task<void>;
  /** What has to be written before the rows of each, and can be known only when nobody else commits; becomes pieces of it. */
  enter?(changes: readonly PreparedChanges[]): Task<ReadonlyMap<PreparedChanges, readonly PreparedChanges[]>>;
  /** Rows that a commit may have to log besides its changes. */
  readonly extraRows?: number | undefined;
}

export interface PinnedPacks {
  /** Reads a segment. Throws XX001. */
  read(ref: SegmentRef): Task<Uint8Array>;
  release(): void;
}

/** What went: closed versions of the table's leaves, and sealed tiles of it and of its indexes. */
export interface Trimmed {
  readonly versions: number;
  readonly tiles: number;
}

/** What was found of one tree: the table (`indexId` null) or one of its indexes. */
export interface CheckedTree {
  readonly indexId: number | null;
  readonly found: TreeFindings;
}

/** Changes whose leaves are in memory. */
export interface PreparedChanges {
  readonly tableId: number;
  readonly changes: RowChanges;
  /** Where they become changes to other tables: what is logged in their stead. */
  readonly pieces?: readonly PreparedChanges[] | undefined;
  /** They follow from others, as the entries of an index do. */
  readonly isDerived?: boolean | undefined;
  /** Lets the leaves go; safe to call more than once. */
  release(): void;
}

/** A table that was dropped by commit `endSeq`. */
export interface EndedTable {
  readonly id: number;
  readonly endSeq: number;
}

export interface CommittedStructure {
  readonly columns: number;
  readonly indexes: ReadonlySet<number>;
}

/** What the committed catalog says of a table; undefined where it has none of that id. */
export type CommittedStructures = (tableId: number) => CommittedStructure | undefined;

export interface StoreStatistics {
  readonly diskBytes: number;
  readonly cacheBytes: number;
  readonly cacheBudgetBytes: number;
  readonly dirtyBytes: number;
  readonly leaves: number;
  readonly segments: number;
  readonly packs: number;
}
