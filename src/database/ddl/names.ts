/** Names in the SQL that definitions run within their own transaction. */
import type { TableDef } from '../../catalog/schema.ts';

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function tableText(table: { readonly schema: string; readonly name: string }): string {
  return `${quoted(table.schema)}.${quoted(table.name)}`;
}

/** The quoted name of a column by its id. */
export function columnText(table: TableDef, id: number): string {
  return quoted(table.columns.find((column) => column.id === id)?.name ?? '');
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
