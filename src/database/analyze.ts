/**
 * ANALYZE, and what is known of a table's columns (table-statistics.ts). It reads as many rows as PostgreSQL does, 300 for each
 * bucket of a histogram, and waits for those on disk.
 */
import { PAUSE, type Task } from '../base/task.ts';
import type { Batch, Value } from '../base/vector.ts';
import type { ColumnDef, TableDef } from '../catalog/schema.ts';
import { type ColumnStatistics, describeInSlices } from '../plan/optimizer/column-statistics.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { TableStore } from '../table/store.ts';
import type { VersionedTable } from '../table/table.ts';
import { take } from './sample-table.ts';
import { knownEntry, renew } from './table-statistics.ts';

const ANALYZE_SAMPLE_ROWS = 30_000;

/** Samples columns (all without a list) thoroughly; plans that were made before are made anew. */
export function* analyzeTable(
  store: TableStore,
  def: TableDef,
  seq: number,
  ordinals: readonly number[] | null,
): Task<void> {
  if (!store.has(def.id)) return;
  const table = store.table(def.id);
  const before = knownEntry(table);
  const columns = def.columns.filter(
    ({ id }) => id < table.columns.length && (ordinals === null || ordinals.includes(id)),
  );
  const found = yield* sampleTable(table, columns, seq);
  const entry = renew(table, true);
  if (ordinals !== null) for (const [id, known] of before?.columns ?? []) entry.columns.set(id, known);
  for (const [id, statistics] of found) entry.columns.set(id, statistics);
}

/** One column's statistics, as pg_stats shows them. */
export interface ColumnFacts {
  readonly column: ColumnDef;
  readonly statistics: ColumnStatistics;
}

/** What ANALYZE has found about a table, or planning; nothing is sampled to answer. */
export function knownStatistics(store: TableStore, def: TableDef): ColumnFacts[] {
  const entry = store.has(def.id) ? knownEntry(store.table(def.id)) : undefined;
  if (entry === undefined) return [];
  return def.columns.flatMap((column) => {
    const statistics = column.hidden === true ? undefined : entry.columns.get(column.id);
    return statistics === undefined ? [] : [{ column, statistics }];
  });
}

/** What rows from all over the table tell of columns, read where they are not in memory; absent where there are no rows. */
function* sampleTable(
  table: VersionedTable,
  columns: readonly ColumnDef[],
  seq: number,
): Task<Map<number, ColumnStatistics>> {
  const lists: Value[][] = columns.map(() => []);
  const ranges = table.leafRanges(false);
  const quota = Math.ceil(ANALYZE_SAMPLE_ROWS / Math.max(1, ranges.length));
  for (const range of ranges) {
    const source = table.scan({ seq, columns: columns.map(({ id }) => id), range });
    const batches: Batch[] = [];
    try {
      for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) batches.push(batch);
    } finally {
      source.close();
    }
    take(lists, batches, quota);
    yield PAUSE;
  }
  const found = new Map<number, ColumnStatistics>();
  for (const [i, { id, type }] of columns.entries()) {
    const values = lists[i] as Value[];
    if (values.length === 0) continue;
    const tableRows = Math.max(table.rowCount, values.length);
    found.set(id, yield* describeInSlices({ values, tableRows, type: typeByOid(type.oid) }));
  }
  return found;
}
