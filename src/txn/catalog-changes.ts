/** All definitions that ever were, read from the catalog's own table: for questions about the past, not for opening. */
import type { Task } from '../base/task.ts';
import { valueAt, type Vector } from '../base/vector.ts';
import { CATALOG_TABLE_ID } from '../catalog/system-objects.ts';
import type { TableStore } from '../table/store.ts';

/** Sequence numbers at which the catalog changed, ascending. */
export function* ddlCommits(store: TableStore, tableId: number = CATALOG_TABLE_ID): Task<number[]> {
  const seqs = new Set<number>();
  const source = store.table(tableId).scanVersions({ fromSeq: 0, toSeq: Infinity, columns: [0], versionColumns: true });
  for (;;) {
    const batch = yield* source.next();
    if (batch === null) break;
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      for (const column of [1, 2]) {
        const seq = valueAt(batch.columns[column] as Vector, row) as number;
        if (Number.isFinite(seq)) seqs.add(seq);
      }
    }
  }
  source.close();
  return [...seqs].sort((a, b) => a - b);
}

/** The newest of these commits up to a moment; 0 where there is none. */
export function newestOf(ddl: readonly number[], seq: number): number {
  let newest = 0;
  for (const commit of ddl) if (commit <= seq && commit > newest) newest = commit;
  return newest;
}
