/** What opening a database with branches does besides. */
import type { Task } from '../../base/task.ts';
import type { CatalogState } from '../../catalog/catalog.ts';
import { type BranchDef, LINES_TABLE_ID, type LineTableDef } from '../../catalog/lines.ts';
import type { TableStore } from '../../table/store.ts';
import { definedTables } from '../described-tables.ts';

/** Takes the tables of branches that a commit has dropped out of the store. */
export function* removeDropped(store: TableStore, before: CatalogState, after: CatalogState): Task<void> {
  for (const { kind, id } of before.objects()) {
    if (kind !== 'tag' || after.byId(id) !== undefined) continue;
    for (const def of yield* definedTables(store, LINES_TABLE_ID))
      if ((def as LineTableDef).line === id && store.has(def.id)) store.removeTable(def.id);
  }
}

/** The branch of a commit that has changed these tables, and the names of those that are a branch's. */
export function touchedOnLine(
  ids: readonly number[],
  lines: CatalogState,
  before: CatalogState,
): { readonly branch: BranchDef | null; readonly names: readonly string[] } {
  const names = new Set<string>();
  let branch: BranchDef | null = null;
  for (const id of ids) {
    const object = lines.byId(id) ?? before.byId(id);
    if (object === undefined || !('line' in object)) continue;
    const { line, schema, name } = object as LineTableDef;
    const found = lines.byId(line) as BranchDef | undefined;
    // DROP BRANCH is no commit on it.
    if (found === undefined) continue;
    branch = found;
    if (schema !== 'drift') names.add(name);
  }
  return { branch, names: [...names].sort() };
}

/**
 * Where row ids go on that lines have given out: they share them, so that rows of theirs do not meet under one id, and
 * tables that merges have made of one another do, too.
 */
export function rowIdsOf(lines: CatalogState, main: CatalogState, store: TableStore): Map<number, number> {
  const next = new Map<number, number>();
  const note = (counted: number, id: number): void => {
    if (store.has(id)) next.set(counted, Math.max(next.get(counted) ?? 1, store.table(id).nextRowId));
  };
  for (const object of lines.objects())
    if ('of' in object && (object as LineTableDef).role !== 'index') {
      const { of, sharesRowIds, mergedFrom, role } = object as LineTableDef;
      const shared = role !== 'hidden' && sharesRowIds === true ? mergedFrom : undefined;
      note(shared ?? of, object.id);
    }
  for (const object of main.objects())
    if (object.kind === 'table' && object.sharesRowIds === true) note(object.mergedFrom ?? object.id, object.id);
  return next;
}
