/**
 * The transaction layer's contract with execution: tables as one statement sees them.
 *
 * A `TableReader` answers for one table at one moment: the snapshot, merged with the transaction's own earlier writes
 * (those of the running statement excluded), or a past moment, where there are none. Executors know no other way in.
 */
import type { Task } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import type {
  BatchSource,
  Key,
  KeyRange,
  MISS,
  RowRef,
  ScanOptions,
  TakeRow,
  VersionedTable,
  VersionScanOptions,
} from '../table/table.ts';

/** `only`: every column asked for is in the index's entries (its own columns and the table's key). */
export interface IndexScanOptions extends Omit<ScanOptions, 'seq' | 'zones'> {
  readonly only?: boolean | undefined;
}

export interface TableReader {
  readonly table: VersionedTable;
  /** Estimated rows, for the optimizer and for sizing. */
  readonly rowCount: number;
  /** The sequence number read at, where nothing lies over the table's versions; else null. */
  readonly moment?: number | null;
  /** Columns other than `wanted` may be missing from what is found. */
  find(key: Key, withEnd?: boolean, wanted?: readonly number[]): RowRef | null | typeof MISS;
  load(key: Key, withEnd?: boolean): Task<void>;
  /**
   * Calls `take` for each row whose index columns begin with the values, in no order; columns are the table's. False, maybe
   * after some calls, where only a scan can tell.
   */
  findByIndex(indexId: number, prefix: readonly Value[], take: TakeRow): boolean;
  /** Columns are table ordinals, in the order asked for. */
  scan(options: Omit<ScanOptions, 'seq'>): BatchSource;
  /** Rows whose index key is in the range, with table columns, in index order if asked (`order`). */
  scanIndex(indexId: number, options: IndexScanOptions): BatchSource;
  /** All versions touching an interval; own uncommitted writes are not versions yet and do not show. */
  scanVersions(options: VersionScanOptions): BatchSource;
}

export interface StatementReader {
  /** A reader of a table at the statement's own moment, or at an explicit earlier one. */
  table(tableId: number, seq?: number): TableReader;
  readonly snapshot: number;
  /** Last committed sequence number at or before a timestamp (µs); errors for the future (22023) and before the first commit. */
  seqAt(micros: number): Task<number>;
  /** Commit timestamps (µs) of sequence numbers, for _sys_from/_sys_to; Infinity maps to Infinity. */
  timestampsOf(seqs: Float64Array, count: number): Task<Float64Array>;
}

export type { KeyRange };
