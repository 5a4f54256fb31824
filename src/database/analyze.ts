/** ANALYZE, and what is known of a table's columns (table-statistics.ts). */
import type { Task } from '../base/task.ts';
import type { ColumnDef, TableDef } from '../catalog/schema.ts';
import type { ColumnStatistics } from '../plan/optimizer/column-statistics.ts';
import type { TableStore } from '../table/store.ts';
import { sampleTable } from './sample-table.ts';
import { knownEntry, renew } from './table-statistics.ts';

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
