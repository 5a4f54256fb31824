/** The rows of `drift.branches`. */
import type { Value } from '../../base/vector.ts';
import type { Catalog } from '../../catalog/schema.ts';
import type { BranchDef, LineTableDef } from '../../catalog/lines.ts';
import { CATALOG_TABLE_ID } from '../../catalog/system-objects.ts';
import type { TableStore } from '../../table/store.ts';
import { MAIN } from './main.ts';

/** A core as this sees it. */
export interface LinesSeen {
  readonly store: TableStore;
  readonly lines: { readonly state: Pick<Catalog, 'objects'> };
  readonly line?:
    | { readonly branch: { readonly id: number }; readonly main: { readonly store: TableStore } }
    | undefined;
}

/** The main line first, then branches in the order in which they were made. */
export function* branchRows(core: LinesSeen): Iterable<readonly Value[]> {
  const { store } = core.line?.main ?? core;
  const current = core.line?.branch.id;
  yield [0, MAIN, null, null, current === undefined, null, null, null, null];
  const objects = [...core.lines.state.objects()];
  const all = objects.filter((object): object is BranchDef => object.kind === 'tag');
  for (const { id, name, parent, seq } of all.toSorted((a, b) => a.id - b.id)) {
    const tables = objects.filter(
      (object): object is LineTableDef => 'line' in object && object.line === id && store.has(object.id),
    );
    const rowsOf = (role: LineTableDef['role'][]): number =>
      tables
        .filter((table) => role.includes(table.role) && table.of !== CATALOG_TABLE_ID)
        .reduce((sum, table) => sum + store.table(table.id).rowCount, 0);
    yield [
      id,
      name,
      all.find((other) => other.id === parent)?.name ?? MAIN,
      seq,
      current === id,
      new Set(tables.map(({ of }) => of).filter((of) => of !== CATALOG_TABLE_ID)).size,
      rowsOf(['table', 'own']),
      rowsOf(['hidden']),
      tables.reduce((sum, table) => sum + store.table(table.id).sizeBytes, 0),
    ];
  }
}
