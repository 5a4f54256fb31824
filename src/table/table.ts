/**
 * The table layer's contract: versioned tables as the transaction and execution layers see them.
 *
 * A table is a versioned tree (key → row versions, each valid in [from, to)) plus one versioned tree for each
 * secondary index, kept in step by `apply`. See `tree.ts` for how leaves, deltas, key splits and time splits work.
 */
import type { Task } from '../base/task.ts';
import type { Batch, ColumnFormat, Value, Vector } from '../base/vector.ts';
import type { Kept } from './kept.ts';

/**
 * A key in its comparable form: one integer or date column is a number (bigint beyond 2^53), one text column its
 * string, everything else an order-preserving string of bytes (one char a byte). Keys of one tree compare with `<`.
 */
export type Key = number | bigint | string;

/** A contiguous range of keys; absent bounds are open ends. */
export interface KeyRange {
  readonly low?: Key | undefined;
  readonly lowInclusive?: boolean | undefined;
  readonly high?: Key | undefined;
  readonly highInclusive?: boolean | undefined;
}

export interface KeyColumn {
  /** Ordinal in the tree's columns. */
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** One column of a tree; its ordinal is its stable id. Columns are only ever appended. */
export interface TreeColumn {
  readonly format: ColumnFormat;
  /** Value of rows written before the column existed. */
  readonly missing: Value;
}

export interface IndexSpec {
  readonly id: number;
  /** Ordinals of the table's columns that the index orders by. The table's key columns follow implicitly. */
  readonly columns: readonly KeyColumn[];
  readonly unique: boolean;
  readonly nullsNotDistinct: boolean;
}

export interface TableSpec {
  readonly id: number;
  readonly columns: readonly TreeColumn[];
  /** The primary key, in order; never empty (a hidden row id where the user named none). */
  readonly key: readonly KeyColumn[];
  readonly indexes: readonly IndexSpec[];
  /** Time-split factor c. */
  readonly timeSplitFactor: number;
}

export const OP_INSERT = 0;
export const OP_UPDATE = 1;
export const OP_DELETE = 2;
/** An entry overtaken by a later one of the same transaction. */
export const OP_NONE = 3;

/** All changes of one commit to one table: at most one effective entry a key. Columnar. */
export interface RowChanges {
  readonly count: number;
  /** OP_* for each entry. */
  readonly ops: Uint8Array;
  readonly keys: readonly Key[];
  /** New rows, one vector a tree column (by ordinal), `count` long; the cells of a delete are unspecified. */
  readonly rows: readonly Vector[];
  /** For each entry of an update the ordinals assigned, or null (or nothing) for "any may differ". Shared arrays. */
  readonly assigned: readonly (readonly number[] | null)[];
}

/** What a scan should read. Ordinals are tree columns; pseudo-columns follow the requested ones when asked for. */
export interface ScanOptions {
  /** The state to read: versions with from <= seq < to. */
  readonly seq: number;
  readonly columns: readonly number[];
  readonly range?: KeyRange | undefined;
  /** The range is a part of a scan of everything: what it reads is not looked up. */
  readonly isPart?: boolean | undefined;
  /** Rows in key order (or its reverse). Default: any order, which is cheaper. */
  readonly order?: 'asc' | 'desc' | undefined;
  /** Skips row groups by zone maps: only groups that may hold a matching value are read. Never filters rows itself. */
  readonly zones?: readonly ZoneFilter[] | undefined;
  /** Appends `_seq_from` and `_seq_to` (f64; to = Infinity while current) as two last columns. */
  readonly versionColumns?: boolean | undefined;
  /** Filled with what was read and skipped, for EXPLAIN ANALYZE. */
  readonly counters?: ScanCounters | undefined;
  /** Gives rows `from` to `to` of a leaf's column, of this ordinal, in a form that reads alike. Default: slices of it. */
  readonly form?: ((column: Vector, from: number, to: number, ordinal: number) => Vector) | undefined;
}

export interface ZoneFilter {
  readonly column: number;
  readonly op: '=' | '<' | '<=' | '>' | '>=' | 'is null' | 'is not null';
  /** number, bigint or string (text columns), in the column's physical form; scaled integers for decimals. */
  readonly value: Value;
}

export interface ScanCounters {
  leaves: number;
  segments: number;
  groupsRead: number;
  groupsSkipped: number;
  rows: number;
}

/** Like ScanOptions, for every version whose interval [from, to) touches [fromSeq, toSeq]; ordered by key, then from. */
export interface VersionScanOptions extends Omit<ScanOptions, 'seq' | 'order'> {
  readonly fromSeq: number;
  /** Inclusive; Infinity for "up to now". */
  readonly toSeq: number;
  /** Only versions that began after this commit. Default: all. */
  readonly begunAfter?: number | undefined;
  /** Only versions that ended by this commit. Default: those in force, too. */
  readonly endedBy?: number | undefined;
  /** States that are gone are passed over, as they are for all of history; else they are an error. */
  readonly whatIsLeft?: boolean | undefined;
}

/** A batch source: `next` until it returns null. Batches may share memory with the table and are immutable. */
export interface BatchSource {
  next(): Task<Batch | null>;
  /** Releases what the source holds; safe to call at any time, more than once. */
  close(): void;
}

/** A row found by key: cells are `valueAt(columns[ordinal], row)`. Valid until the next yield. */
export interface RowRef {
  readonly columns: readonly Vector[];
  readonly row: number;
  readonly from: number;
  /** Infinity for the current version; not known unless it was asked for (`withEnd`). */
  readonly to: number;
}

/** The answer of a look-up that would need I/O: run `load` for the same arguments, then look up again. */
export const MISS: unique symbol = Symbol('miss');

/** A versioned tree: the table itself or one of its indexes (rows of an index: its columns, then the table's key). */
export interface VersionedTree {
  readonly id: number;
  /** Highest sequence number that changed this tree. */
  readonly lastChange: number;
  /** Number of current rows (exact). */
  readonly rowCount: number;
  /** Bytes of its segments on disk, history included, plus those that only memory has yet. */
  readonly sizeBytes: number;
  readonly columns: readonly TreeColumn[];
  readonly key: readonly KeyColumn[];
  /** Makes the comparable key from the key columns' values, in key order. */
  encodeKey(values: readonly Value[]): Key;
  /** Range of all keys whose first columns equal `values` (fewer values than key columns: a prefix). */
  prefixRange(values: readonly Value[]): KeyRange;
  /**
   * Range for `prefix` equal and the next key column between the bounds (a null bound is open). Handles descending
   * columns; rows whose column is null are outside unless both bounds are open.
   */
  boundedRange(prefix: readonly Value[], low: Bound | null, high: Bound | null): KeyRange;
  /**
   * Finds the version of a key valid at seq without waiting; MISS where blocks are not in memory. Its `to` is only right
   * with `withEnd`: where a version from long ago has ended is written in a later tile, or in none. Columns other than
   * `wanted` may be missing from what is found: a first read decodes no more than it is asked for.
   */
  find(key: Key, seq: number, withEnd?: boolean, wanted?: readonly number[]): RowRef | null | typeof MISS;
  /** Brings into memory what `find` of the same arguments needs. */
  load(key: Key, seq: number, withEnd?: boolean): Task<void>;
  /**
   * Calls `take` for each row that is current at `seq` and whose key is in a range with a lower bound, in no order. False,
   * maybe after some calls, where only a scan can tell: not all is in memory, or the tree has changed since `seq`.
   */
  lookUp(range: KeyRange, seq: number, take: TakeRow): boolean;
  scan(options: ScanOptions): BatchSource;
  scanVersions(options: VersionScanOptions): BatchSource;
}

/** Takes a row: its cells are `valueAt(columns[ordinal], row)`, until the next yield. */
export type TakeRow = (columns: readonly Vector[], row: number) => void;

export interface Bound {
  readonly value: Value;
  readonly inclusive: boolean;
}

/** An index's tree; `sources` are the table's ordinals of its columns: the index's own, then the table's key. */
export interface VersionedIndex extends VersionedTree {
  readonly sources: readonly number[];
}

export interface VersionedTable extends VersionedTree, Kept {
  readonly spec: TableSpec;
  /** From this commit on it is dropped; Infinity mostly. */
  readonly endSeq: number;
  /** Those that have ended too: the past is read through them. */
  readonly indexes: readonly VersionedIndex[];
  /** Rows inserted, updated and deleted since the database was opened: tells how old statistics are. */
  readonly changeCount: number;
  /** Key ranges of the leaves; with `resident` of those only whose current rows are in memory. */
  leafRanges(resident: boolean): KeyRange[];
  /** Greatest key now, or undefined for an empty table: where appends go. Hidden row ids go on from it. */
  readonly nextRowId: number;
}
