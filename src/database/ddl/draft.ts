/** A table under construction, and what is looked up in it by name. */
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';

/** Later constraints see what earlier ones made. */
export interface Draft {
  table: TableDef;
}

export function columnNamed(table: TableDef, name: string): ColumnDef | undefined {
  return table.columns.find((column) => column.hidden !== true && column.name === name);
}

export function constraintNames(table: TableDef): string[] {
  const names = [...table.checks, ...table.foreignKeys, ...table.indexes].map((constraint) => constraint.name);
  return table.primaryKeyName === undefined ? names : [...names, table.primaryKeyName];
}
