/**
 * ALTER TYPE … DROP ATTRIBUTE where columns hold values of the type: rows hold them field by field, so the columns are
 * written again, each as a new column under the new definition. The old ones stay for the past.
 */
import type { Task } from '../../base/task.ts';
import type { ColumnDef, TableDef, TypeDef } from '../../catalog/schema.ts';
import { publicOidOf } from '../../catalog/user-types.ts';
import { holdsType } from '../../sql/functions/composite-change.ts';
import { rewriteColumn } from './alter-column.ts';
import type { DdlContext } from './context.ts';
import { quoted } from './names.ts';

/** REQUIRES: the catalog has the new definition; `at` is the place that the attribute had. */
export function* rewriteHolders(context: DdlContext, type: TypeDef, at: number): Task<void> {
  const oid = publicOidOf(type.id);
  const holds = (column: ColumnDef): boolean => column.hidden !== true && holdsType(column.type.oid, oid);
  const tables = [...context.transaction.catalog.objects()].filter((object) => object.kind === 'table');
  for (const { schema, name, columns } of tables) {
    for (const column of columns.filter(holds)) {
      // Each column that is written again makes a new definition of its table.
      const table = context.transaction.catalog.relation(schema, name);
      const current = table?.kind === 'table' ? columnNamed(table, column.name) : undefined;
      if (table?.kind !== 'table' || current === undefined) continue;
      const value = `_drift_without_field(${quoted(column.name)}, ${oid}, ${at})`;
      yield* rewriteColumn(context, table, current, value);
    }
  }
}

function columnNamed(table: TableDef, name: string): ColumnDef | undefined {
  return table.columns.find((column) => column.name === name && column.hidden !== true);
}
