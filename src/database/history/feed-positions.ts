/** Where named change feeds stand (feeds.ts): the rows of drift.feeds. */
import type { Task } from '../../base/task.ts';
import { type Vector, valueAt } from '../../base/vector.ts';
import type { Catalog } from '../../catalog/schema.ts';
import type { TableStore } from '../../table/store.ts';

export const FEEDS_TABLE = 'feeds';

export interface Feed {
  readonly name: string;
  /** The last commit that was handled. */
  readonly seq: number;
  /** The commit that said so. */
  readonly since: number;
}

/** The feeds at a moment. */
export function* feedsAt(store: TableStore, catalog: Catalog, seq: number): Task<Feed[]> {
  const def = catalog.relation('drift', FEEDS_TABLE);
  const feeds: Feed[] = [];
  if (def?.kind !== 'table' || !store.has(def.id)) return feeds;
  const source = store.table(def.id).scan({ seq, columns: [0, 1], order: 'asc', versionColumns: true });
  for (;;) {
    const batch = yield* source.next();
    if (batch === null) return feeds;
    const [names, seqs, since] = batch.columns as [Vector, Vector, Vector];
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      feeds.push({
        name: valueAt(names, row) as string,
        seq: Number(valueAt(seqs, row)),
        since: Number(valueAt(since, row)),
      });
    }
  }
}
