/** What drift.transactions keeps of a commit. */
import { assert } from '../base/error.ts';
import type { Value, Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import type { CatalogState } from '../catalog/catalog.ts';
import { OP_INSERT, type RowChanges, type VersionedTable } from '../table/table.ts';

/** Names of the tables among the objects that a commit touched, the system's own aside, sorted; dropped ones by their last name. */
export function touchedTables(ids: readonly number[], catalog: CatalogState, before: CatalogState): string[] {
  const names = new Set<string>();
  for (const id of ids) {
    const object = catalog.byId(id) ?? before.byId(id);
    if (object?.kind === 'table' && object.schema !== 'drift') names.add(object.name);
  }
  return [...names].sort();
}

/** One row for drift.transactions as a change set. */
export function transactionRow(table: VersionedTable, values: readonly Value[]): RowChanges {
  const rows: Vector[] = values.map((value, c) => {
    const column = table.columns[c];
    assert(column !== undefined, 'drift.transactions has fewer columns than its row');
    const builder = new VectorBuilder(column.format, 1);
    builder.append(value);
    return builder.view();
  });
  return { count: 1, ops: new Uint8Array([OP_INSERT]), keys: [values[0] as number], rows, assigned: [null] };
}
