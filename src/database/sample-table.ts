/** Samples of tables for planning (table-statistics.ts): what leaves in memory give at once. ANALYZE's are analyze.ts's. */
import { PAUSE, type Task } from '../base/task.ts';
import { type Batch, type Value, valueAt, type Vector } from '../base/vector.ts';
import type { ColumnDef } from '../catalog/schema.ts';
import { type ColumnStatistics, describeInSlices } from '../plan/optimizer/column-statistics.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { BatchSource, KeyRange, VersionedTable } from '../table/table.ts';

const PLAN_SAMPLE_ROWS = 3000;
/** Leaves that planning takes its rows from. */
const PLAN_LEAVES = 4;

/** What is known of one table, until it is stale. */
export interface TableEntry {
  readonly columns: Map<number, ColumnStatistics | undefined>;
  /** `changeCount` from which on the entry is stale. */
  readonly staleAt: number;
  readonly analyzed: boolean;
  /** A column was asked for while no leaf was in memory: it is asked about again when one is. */
  isBlind: boolean;
}

/** Puts what rows in memory tell of a column into a table's entry: nothing where there are none. It waits for nothing. */
export function* sampleColumn(table: VersionedTable, column: ColumnDef, seq: number, entry: TableEntry): Task<void> {
  const values = yield* sampled(table, column, seq);
  const tableRows = Math.max(table.rowCount, values.length);
  const found =
    values.length === 0 ? undefined : yield* describeInSlices({ values, tableRows, type: typeByOid(column.type.oid) });
  entry.columns.set(column.id, found);
  if (found === undefined && table.leafRanges(true).length === 0) entry.isBlind = true;
}

function* sampled(table: VersionedTable, { id }: ColumnDef, seq: number): Task<Value[]> {
  const values: Value[] = [];
  if (id >= table.columns.length) return values;
  const ranges = spread(table.leafRanges(true), PLAN_LEAVES);
  const quota = Math.ceil(PLAN_SAMPLE_ROWS / Math.max(ranges.length, 1));
  for (const range of ranges) {
    const batches = yield* atOnce(table.scan({ seq, columns: [id], range }));
    if (batches !== null) take([values], batches, quota);
  }
  return values;
}

/** All batches of a source that has them in memory; null where it would wait. */
function* atOnce(source: BatchSource): Task<Batch[] | null> {
  const batches: Batch[] = [];
  try {
    for (;;) {
      const task = source.next();
      let step = task.next();
      while (!step.done && step.value === PAUSE) {
        yield PAUSE;
        step = task.next();
      }
      if (!step.done) return null;
      if (step.value === null) return batches;
      batches.push(step.value);
    }
  } finally {
    source.close();
  }
}

/**
 * Adds one of every k rows of the batches, so that about `quota` come, to a list for each column: not always the same one
 * of the k, for what a column has may come round with the rows.
 */
export function take(lists: readonly Value[][], batches: readonly Batch[], quota: number): void {
  const total = batches.reduce((sum, batch) => sum + batch.count, 0);
  const rows = Math.min(quota, total);
  let first = 0;
  let at = 0;
  for (const batch of batches) {
    for (; at < rows; at++) {
      const place = Math.floor(((at + jitter(at)) * total) / rows) - first;
      if (place >= batch.count) break;
      const row = batch.selection === null ? place : (batch.selection[place] as number);
      for (let c = 0; c < lists.length; c++) (lists[c] as Value[]).push(valueAt(batch.columns[c] as Vector, row));
    }
    first += batch.count;
  }
}

/** 0 … 1, spread evenly (multiples of the golden ratio; Weyl 1916). */
function jitter(n: number): number {
  return (Math.imul(n + 1, 0x9e3779b1) >>> 0) / 2 ** 32;
}

function spread(ranges: readonly KeyRange[], most: number): KeyRange[] {
  if (ranges.length <= most) return [...ranges];
  return Array.from({ length: most }, (_, i) => ranges[Math.floor((i * ranges.length) / most)] as KeyRange);
}
