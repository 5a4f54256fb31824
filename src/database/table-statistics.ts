/**
 * Statistics of tables: kept in memory by table, sampled when a plan asks, made anew when the table has changed by more
 * than 50 rows and a tenth (PostgreSQL's autovacuum thresholds), or when ANALYZE says so (sample-table.ts).
 *
 * A plan's sample is what leaves in memory give at once: nothing is read or waited for to plan a statement, and of a
 * table that is not in memory nothing is known. A commit only counts rows (`changeCount`).
 *
 * A sample of a big table takes a millisecond or two a column, and planning is done in one piece. So planning such a table
 * for the first time goes in two: a first plan, made without them, tells which columns it asks for; these are sampled, with
 * others in between, and the statement is planned again.
 */
import { PartMissing } from '../base/part.ts';
import { runSync, type Task } from '../base/task.ts';
import type { ColumnDef } from '../catalog/schema.ts';
import type { Statistics } from '../plan/optimizer/statistics.ts';
import type { VersionedTable } from '../table/table.ts';
import type { TableStore } from '../table/store.ts';
import { sampleColumn, type TableEntry } from './sample-table.ts';

/** Rows from which on a table is sampled before it is planned, not while. */
const BIG_ROWS = 10_000;
const STALE_ROWS = 50;
const STALE_SHARE = 0.1;

const entries = new WeakMap<VersionedTable, TableEntry>();

/** The statistics that a plan was made with. */
export type Basis = Map<VersionedTable, TableEntry>;

/** Samples of columns of big tables that a plan was made without: tasks that take them. */
export type Wanted = Map<ColumnDef, Task<void>>;

/** Statistics for planning one statement; `basis` notes what it looked at, `wanted` what it did without. */
export function tableStatistics(store: TableStore, seq: number, basis: Basis, wanted: Wanted | null): Statistics {
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
      const entry = entryOf(table);
      const column = def.columns.find((candidate) => candidate.id === ordinal);
      if (column === undefined || entry.columns.has(ordinal)) return entry.columns.get(ordinal);
      try {
        const sampling = sampleColumn(table, column, seq, entry);
        if (wanted === null || table.rowCount < BIG_ROWS) runSync(sampling);
        else if (!wanted.has(column)) wanted.set(column, sampling);
        return entry.columns.get(ordinal);
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

/** Forgets what was known. */
export function renew(table: VersionedTable, analyzed: boolean): TableEntry {
  const staleAt = table.changeCount + STALE_ROWS + STALE_SHARE * table.rowCount;
  const entry: TableEntry = { columns: new Map(), staleAt, analyzed, isBlind: false };
  entries.set(table, entry);
  return entry;
}

/** What is known of a table, be it stale. */
export function knownEntry(table: VersionedTable): TableEntry | undefined {
  return entries.get(table);
}
