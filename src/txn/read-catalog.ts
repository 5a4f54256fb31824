/** A catalog as rows: what an opening reads of it, without looking at the definitions of before. */
import type { Task } from '../base/task.ts';
import { valueAt, type Vector } from '../base/vector.ts';
import { CatalogState } from '../catalog/catalog.ts';
import { CATALOG_TABLE_ID, parseDefinition, systemObjects } from '../catalog/system-objects.ts';
import type { TableStore } from '../table/store.ts';

/** Reads the catalog as of a sequence number; `version` is the commit that made it. */
export function* readCatalog(
  store: TableStore,
  seq: number,
  version: number,
  tableId: number = CATALOG_TABLE_ID,
): Task<CatalogState> {
  const objects = systemObjects();
  const source = store.table(tableId).scan({ seq, columns: [1], versionColumns: true });
  for (;;) {
    const batch = yield* source.next();
    if (batch === null) break;
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      const object = parseDefinition(valueAt(batch.columns[0] as Vector, row) as string);
      objects.set(object.id, object);
    }
  }
  source.close();
  return new CatalogState(version, objects);
}
