/** Whether any table has a retention: where none has, a checkpoint does without the code that knows what to do about it. */
import type { TableDef } from '../catalog/schema.ts';
import type { Core } from './core.ts';
import { retainAll } from './history/retention.ts';
import { drive } from './scheduler.ts';

/** Gives up the history that tables are not to keep any longer (history/retention.ts). */
export async function retain(core: Core): Promise<void> {
  const tables = [...core.manager.catalog.objects()].filter(
    (object): object is TableDef => object.kind === 'table' && object.retention !== undefined,
  );
  if (tables.length === 0) return;
  await core.host.loadPart?.('rare');
  await drive(retainAll(core, tables), core.host);
}
