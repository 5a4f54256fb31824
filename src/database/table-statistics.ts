/**
 * Statistics of tables: kept in memory by table, sampled when a plan asks, made anew when the table has changed by more
 * than 50 rows and a tenth (PostgreSQL's autovacuum thresholds), or when ANALYZE says so.
 *
 * A plan's sample is what leaves in memory give at once: nothing is read or waited for to plan a statement, and of a
 * table that is not in memory nothing is known. ANALYZE reads as many rows as PostgreSQL does, 300 a bucket, and waits
 * for those on disk. A commit only counts rows (`changeCount`).
 */
import { PartMissing } from '../base/part.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { type Batch, type Value, valueAt, type Vector } from '../base/vector.ts';
import type { ColumnDef, TableDef } from '../catalog/schema.ts';
import { type ColumnStatistics, describeInSlices, describeSample } from '../plan/optimizer/column-statistics.ts';
import type { Statistics } from '../plan/optimizer/statistics.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { BatchSource, KeyRange, VersionedTable } from '../table/table.ts';
import type { TableStore } from '../table/store.ts';

/** Rows that planning looks at; a full ANALYZE looks at 300 for each bucket of the histogram. */
const PLAN_SAMPLE_ROWS = 3000;
const ANALYZE_SAMPLE_ROWS = 30_000;
/** Leaves that planning takes its rows from. */
const PLAN_LEAVES = 4;
const STALE_ROWS = 50;
const STALE_SHARE = 0.1;

/** What is known of one table, until it is stale. */
interface TableEntry {
  readonly columns: Map<number, ColumnStatistics | undefined>;
  /** `changeCount` from which on the entry is stale. */
  readonly staleAt: number;
  readonly analyzed: boolean;
  /** A column was asked for while no leaf was in memory: it is asked about again when one is. */
  isBlind: boolean;
}

const entries = new WeakMap<VersionedTable, TableEntry>();

/** The statistics that a plan was made with. */
export type Basis = Map<VersionedTable, TableEntry>;

/** Statistics for planning one statement; `basis` notes what it looked at. */
export function tableStatistics(store: TableStore, seq: number, basis: Basis): Statistics {
  const entryOf = (table: VersionedTable): TableEntry => {
    let entry = basis.get(table);
    if (entry === undefined) basis.set(table, (entry = current(table)));
    return entry;
  };
  return {
    rowCount(id) {
      if (!store.has(id)) return 0;
      const table = store.table(id);
      entryOf(table);
      return table.rowCount;
    },
    column(def, ordinal) {
      if (!store.has(def.id)) return undefined;
      const table = store.table(def.id);
      const { columns } = entryOf(table);
      if (columns.has(ordinal)) return columns.get(ordinal);
      const column = def.columns.find((candidate) => candidate.id === ordinal);
      try {
        const found = column === undefined ? undefined : planned(table, column, seq);
        columns.set(ordinal, found);
        if (found === undefined && table.leafRanges(true).length === 0) entryOf(table).isBlind = true;
        return found;
      } catch (error) {
        // A first query does without statistics rather than waiting for the code that makes them.
        if (error instanceof PartMissing) return undefined;
        throw error;
      }
    },
  };
}

/** Whether a plan that was made with these statistics would be made the same way now. */
export function isFresh(basis: Basis): boolean {
  for (const [table, entry] of basis) {
    if (entries.get(table) !== entry || isStale(table, entry)) return false;
  }
  return true;
}

function current(table: VersionedTable): TableEntry {
  const known = entries.get(table);
  if (known !== undefined && !isStale(table, known)) return known;
  return renew(table, false);
}

/** The table has changed much, or shows now what it could not before. */
function isStale(table: VersionedTable, { staleAt, isBlind }: TableEntry): boolean {
  return table.changeCount > staleAt || (isBlind && table.leafRanges(true).length > 0);
}

function renew(table: VersionedTable, analyzed: boolean): TableEntry {
  const staleAt = table.changeCount + STALE_ROWS + STALE_SHARE * table.rowCount;
  const entry: TableEntry = { columns: new Map(), staleAt, analyzed, isBlind: false };
  entries.set(table, entry);
  return entry;
}

function planned(table: VersionedTable, column: ColumnDef, seq: number): ColumnStatistics | undefined {
  const type = typeByOid(column.type.oid);
  if (column.id >= table.columns.length) return undefined;
  const ranges = spread(table.leafRanges(true), PLAN_LEAVES);
  const values: Value[] = [];
  const quota = Math.ceil(PLAN_SAMPLE_ROWS / Math.max(ranges.length, 1));
  for (const range of ranges) {
    const batches = atOnce(table.scan({ seq, columns: [column.id], range }));
    if (batches !== null) take([values], batches, quota);
  }
  const { rowCount } = table;
  if (values.length === 0) return undefined;
  return describeSample({ values, tableRows: Math.max(rowCount, values.length), type });
}

/** All batches of a source that has them in memory; null where it would wait. */
function atOnce(source: BatchSource): Batch[] | null {
  const batches: Batch[] = [];
  try {
    for (;;) {
      const task = source.next();
      let step = task.next();
      while (!step.done && step.value === PAUSE) step = task.next();
      if (!step.done) return null;
      if (step.value === null) return batches;
      batches.push(step.value);
    }
  } finally {
    source.close();
  }
}

/** Adds every k-th row of the batches, so that about `quota` come, to a list for each column. */
function take(lists: readonly Value[][], batches: readonly Batch[], quota: number): void {
  const total = batches.reduce((sum, batch) => sum + batch.count, 0);
  const rows = Math.min(quota, total);
  let first = 0;
  let at = 0;
  for (const batch of batches) {
    for (; at < rows; at++) {
      const place = Math.floor((at * total) / rows) - first;
      if (place >= batch.count) break;
      const row = batch.selection === null ? place : (batch.selection[place] as number);
      for (let c = 0; c < lists.length; c++) (lists[c] as Value[]).push(valueAt(batch.columns[c] as Vector, row));
    }
    first += batch.count;
  }
}

function spread(ranges: readonly KeyRange[], most: number): KeyRange[] {
  if (ranges.length <= most) return [...ranges];
  return Array.from({ length: most }, (_, i) => ranges[Math.floor((i * ranges.length) / most)] as KeyRange);
}

/** ANALYZE: samples columns (all without a list) thoroughly; plans that were made before are made anew. */
export function* analyzeTable(
  store: TableStore,
  def: TableDef,
  seq: number,
  ordinals: readonly number[] | null,
): Task<void> {
  if (!store.has(def.id)) return;
  const table = store.table(def.id);
  const before = entries.get(table);
  const columns = def.columns.filter(
    ({ id }) => id < table.columns.length && (ordinals === null || ordinals.includes(id)),
  );
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
  const entry = renew(table, true);
  if (ordinals !== null) for (const [id, known] of before?.columns ?? []) entry.columns.set(id, known);
  for (const [i, column] of columns.entries()) {
    const type = typeByOid(column.type.oid);
    const values = lists[i] as Value[];
    if (values.length === 0) continue;
    const sample = { values, tableRows: Math.max(table.rowCount, values.length), type };
    entry.columns.set(column.id, yield* describeInSlices(sample));
  }
}

/** One column's statistics, as pg_stats shows them. */
export interface ColumnFacts {
  readonly column: ColumnDef;
  readonly statistics: ColumnStatistics;
}

/** What ANALYZE has found about a table, or planning; nothing is sampled to answer. */
export function knownStatistics(store: TableStore, def: TableDef): ColumnFacts[] {
  const entry = store.has(def.id) ? entries.get(store.table(def.id)) : undefined;
  if (entry === undefined) return [];
  return def.columns.flatMap((column) => {
    const statistics = column.hidden === true ? undefined : entry.columns.get(column.id);
    return statistics === undefined ? [] : [{ column, statistics }];
  });
}
