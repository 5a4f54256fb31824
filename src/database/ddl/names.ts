/** Names in the SQL that definitions run within their own transaction. */
import { DriftError } from '../../base/error.ts';
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

/** Columns that every table of PostgreSQL has. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

/** Throws 42701 where a column takes the name of one of PostgreSQL's own. */
export function refuseSystemName(name: string, position?: number): void {
  if (SYSTEM_COLUMNS.has(name))
    throw new DriftError('42701', `column name "${name}" conflicts with a system column name`, { position });
}

/** An expression over one table's row with a column's name changed; functions and types of that name keep theirs. */
export function renamedIn(text: string, from: string, to: string): string {
  const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*/gu;
  return text.replace(token, (word, at: number) => {
    const name = word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word;
    const isColumn = name === from && !text.slice(0, at).endsWith('::') && text[at + word.length] !== '(';
    return isColumn && !word.startsWith("'") ? quoted(to) : word;
  });
}
