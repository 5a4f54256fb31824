/**
 * ALTER TYPE … DROP and ADD ATTRIBUTE where columns hold values of the type: rows hold them field by field, so the columns
 * are written again, each as a new column under the new definition. The old ones stay for the past. An attribute that is
 * added leaves rows that end early, which read as they should; only keys, indexes and references have to be alike to the last field.
 */
import type { Task } from '../../base/task.ts';
import type { ColumnDef, TableDef, TypeDef } from '../../catalog/schema.ts';
import { publicOidOf } from '../../catalog/user-types.ts';
import { holdsType } from '../../sql/functions/composite-change.ts';
import { rewriteColumn } from './alter-column.ts';
import type { DdlContext } from './context.ts';
import { quoted } from './names.ts';

/** REQUIRES: the catalog has the new definition; `at` is the place that the attribute had, null for one that is new. */
export function* rewriteHolders(context: DdlContext, type: TypeDef, at: number | null): Task<void> {
  const oid = publicOidOf(type.id);
  const tables = [...context.transaction.catalog.objects()].filter((object) => object.kind === 'table');
  for (const { schema, name, columns, key, indexes, foreignKeys } of tables) {
    const referring = foreignKeys.flatMap(({ columns: own }) => own);
    const keys = new Set([
      ...key,
      ...referring,
      ...indexes.flatMap((index) => index.columns.map((part) => part.column)),
    ]);
    const holds = ({ id, type: { oid: own }, hidden }: ColumnDef): boolean =>
      hidden !== true && holdsType(own, oid) && (at !== null || keys.has(id));
    for (const column of columns.filter(holds)) {
      // Each column that is written again makes a new definition of its table.
      const table = context.transaction.catalog.relation(schema, name);
      const current = table?.kind === 'table' ? columnNamed(table, column.name) : undefined;
      if (table?.kind !== 'table' || current === undefined) continue;
      const value = `_drift_without_field(${quoted(column.name)}, ${oid}, ${at ?? -1})`;
      yield* rewriteColumn(context, table, current, value);
    }
  }
}

function columnNamed(table: TableDef, name: string): ColumnDef | undefined {
  return table.columns.find((column) => column.name === name && column.hidden !== true);
}
