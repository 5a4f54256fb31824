/**
 * What the optimizer knows about a column's values: how many different ones there are, estimated from a sample.
 *
 * The sample is what one leaf in memory gives at once; nothing is read or waited for to plan a statement, and a table
 * that is not in memory simply has no estimate. From d different values among n sampled rows, f of them seen once, a
 * table of N rows has about  n·d / (n − f + f·n/N)  (Haas and Stokes 1998, the formula of PostgreSQL's ANALYZE).
 * An estimate is kept until the table has grown or shrunk by half.
 */
import { PAUSE } from '../base/task.ts';
import { valueAt } from '../base/vector.ts';
import type { Statistics } from '../plan/optimizer/statistics.ts';
import type { VersionedTable } from '../table/table.ts';
import type { TableStore } from '../table/store.ts';

/** Rows of a sample, and the rows below which a table is not worth one. */
const SAMPLE_ROWS = 1024;
const SMALL_ROWS = 100;

interface Estimate {
  readonly tableRows: number;
  readonly distinct: number | undefined;
}

const estimates = new WeakMap<VersionedTable, Map<number, Estimate>>();

export function tableStatistics(store: TableStore, seq: number): Statistics {
  return {
    rowCount: (id) => (store.has(id) ? store.table(id).rowCount : 0),
    distinctCount: (id, ordinal) => (store.has(id) ? distinctCount(store.table(id), ordinal, seq) : undefined),
  };
}

function distinctCount(table: VersionedTable, ordinal: number, seq: number): number | undefined {
  const { rowCount } = table;
  if (rowCount < SMALL_ROWS) return undefined;
  let known = estimates.get(table);
  if (known === undefined) estimates.set(table, (known = new Map()));
  const last = known.get(ordinal);
  if (last !== undefined && rowCount <= last.tableRows * 1.5 && rowCount * 1.5 >= last.tableRows) return last.distinct;
  const distinct = sample(table, ordinal, seq);
  known.set(ordinal, { tableRows: rowCount, distinct });
  return distinct;
}

function sample(table: VersionedTable, ordinal: number, seq: number): number | undefined {
  const source = table.scan({ seq, columns: [ordinal] });
  try {
    const task = source.next();
    let step = task.next();
    while (!step.done && step.value === PAUSE) step = task.next();
    if (!step.done || step.value === null) return undefined;
    const batch = step.value;
    const [column] = batch.columns;
    if (column === undefined) return undefined;
    const type = table.columns[ordinal]?.format.codec;
    const seen = new Map<unknown, number>();
    const rows = Math.min(batch.count, SAMPLE_ROWS);
    // Spread over the batch: neighbours in key order are often alike.
    for (let k = 0; k < rows; k++) {
      const at = Math.floor((k * batch.count) / rows);
      const value = valueAt(column, batch.selection === null ? at : (batch.selection[at] as number));
      const key = typeof value === 'object' && value !== null ? (type?.encodeKey(value).join() ?? value) : value;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    let once = 0;
    for (const count of seen.values()) if (count === 1) once++;
    const total = table.rowCount;
    return Math.max(1, Math.min(total, (rows * seen.size) / (rows - once + (once * rows) / total)));
  } finally {
    source.close();
  }
}
