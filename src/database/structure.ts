/** Brings the table store's structures in line with a table's definition: at DDL, and again when the log is replayed. */
import type { Task } from '../base/task.ts';
import type { TableDef } from '../catalog/schema.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { TableStore } from '../table/store.ts';
import type { TreeColumn } from '../table/table.ts';
import { indexSpecOf, specOf } from './specs.ts';

/**
 * Makes what `def` has and the store has not: the table, columns, indexes (filled as of `seq`); ends indexes that are
 * gone. Indexes wait for `fill`, which runs when the rows of the same commit are there.
 */
export function createStructure(store: TableStore, def: TableDef, context: EvalContext): void {
  const spec = specOf(def, context);
  if (!store.has(def.id)) {
    store.createTable({ ...spec, indexes: [] });
    return;
  }
  const table = store.table(def.id);
  for (let ordinal = table.columns.length; ordinal < spec.columns.length; ordinal++) {
    store.addColumn(def.id, spec.columns[ordinal] as TreeColumn);
  }
}

export function* reconcileIndexes(store: TableStore, def: TableDef, seq: number): Task<void> {
  const table = store.table(def.id);
  for (const index of def.indexes) {
    if (!table.indexes.some((tree) => tree.id === index.id)) yield* store.createIndex(def.id, indexSpecOf(index), seq);
  }
  for (const tree of table.indexes) {
    if (!def.indexes.some((index) => index.id === tree.id)) store.dropIndex(def.id, tree.id, seq);
  }
}
