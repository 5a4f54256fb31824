/** What execution counts for one node, for EXPLAIN ANALYZE; kept in a Map by node object. */
export interface NodeCounters {
  rows: number;
  loops: number;
  /** Until the first rows came, and in all; inclusive of inputs. */
  startupMs: number;
  timeMs: number;
  /** Rows that a scan found before its filter. */
  scanned: number;
  leaves: number;
  segments: number;
  groupsRead: number;
  groupsSkipped: number;
  /** Helpers that took part in a gather. */
  workers?: number | undefined;
  /** Of what was kept: the most memory at a time, what went to temporary files, and in how many parts. */
  memoryBytes?: number | undefined;
  spilledBytes?: number | undefined;
  batches?: number | undefined;
}
