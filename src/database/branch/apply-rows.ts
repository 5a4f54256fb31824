/** Changes of rows, given as text, as parts of one WITH that `changeRows` (history/restore.ts) runs. */
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import { nameOf, ROW_ID } from '../../plan/history-queries.ts';
import { quoteIdent, quoteLiteral } from '../../sql/functions/format-text.ts';
import { typeText } from '../system/types.ts';
import type { RowText } from './three-way.ts';

interface Update {
  readonly key: readonly string[];
  readonly row: RowText;
}

/** What is to be done to one table; updates by the columns that they set. */
interface TableChanges {
  readonly table: TableDef;
  readonly deleted: (readonly string[])[];
  readonly inserted: Map<string, { readonly columns: readonly ColumnDef[]; readonly rows: RowText[] }>;
  readonly updated: Map<string, { readonly columns: readonly ColumnDef[]; readonly rows: Update[] }>;
}

export class Changes {
  readonly #tables = new Map<number, TableChanges>();

  #of(table: TableDef): TableChanges {
    let changes = this.#tables.get(table.id);
    if (changes === undefined) {
      changes = { table, deleted: [], inserted: new Map(), updated: new Map() };
      this.#tables.set(table.id, changes);
    }
    return changes;
  }

  delete(table: TableDef, key: readonly string[]): void {
    this.#of(table).deleted.push(key);
  }

  insert(table: TableDef, columns: readonly ColumnDef[], row: RowText): void {
    const visible = columns.filter(({ hidden }) => hidden !== true);
    groupOf(this.#of(table).inserted, visible).rows.push(row);
  }

  /** Sets columns of a row; those of its key are what they are. */
  update(table: TableDef, key: readonly string[], columns: readonly ColumnDef[], row: RowText): void {
    const settable = columns.filter(({ id }) => !table.key.includes(id));
    if (settable.length > 0) groupOf(this.#of(table).updated, settable).rows.push({ key, row });
  }

  parts(): string[] {
    const parts: string[] = [];
    const add = (kind: string, text: string): number =>
      parts.push(`changed_${parts.length}_${kind} AS (${text} RETURNING 1)`);
    for (const { table, deleted, inserted, updated } of this.#tables.values()) {
      const name = nameOf(table);
      const names = keyNamesOf(table);
      const same = names.map((key, k) => `t.${key === ROW_ID ? key : quoteIdent(key)} = v.k${k}`).join(' AND ');
      const given = names.map((_, k) => `k${k}`);
      if (deleted.length > 0) {
        const rows = deleted.map((key) => `(${keyLiterals(table, key).join(', ')})`);
        add('d', `DELETE FROM ${name} t USING (VALUES ${rows.join(', ')}) v(${given.join(', ')}) WHERE ${same}`);
      }
      for (const { columns, rows } of updated.values()) {
        const values = rows.map(
          ({ key, row }) => `(${[...keyLiterals(table, key), ...cells(columns, row)].join(', ')})`,
        );
        const sets = columns.map((column, c) => `${quoteIdent(column.name)} = v.c${c}`);
        const all = [...given, ...columns.map((_, c) => `c${c}`)].join(', ');
        add('u', `UPDATE ${name} t SET ${sets.join(', ')} FROM (VALUES ${values.join(', ')}) v(${all}) WHERE ${same}`);
      }
      for (const { columns, rows } of inserted.values()) {
        const into = columns.map((column) => quoteIdent(column.name)).join(', ');
        const values = rows.map((row) => `(${cells(columns, row).join(', ')})`);
        add('i', `INSERT INTO ${name} (${into}) OVERRIDING SYSTEM VALUE VALUES ${values.join(', ')}`);
      }
    }
    return parts;
  }
}

function groupOf<Item>(
  groups: Map<string, { readonly columns: readonly ColumnDef[]; readonly rows: Item[] }>,
  columns: readonly ColumnDef[],
): { readonly rows: Item[] } {
  const by = columns.map(({ id }) => id).join();
  let group = groups.get(by);
  if (group === undefined) groups.set(by, (group = { columns, rows: [] }));
  return group;
}

/** Names of the key's columns; the row id where there is no primary key. */
export function keyNamesOf(table: TableDef): string[] {
  return table.key.map((id) => {
    const column = table.columns.find((candidate) => candidate.id === id);
    return column === undefined || column.hidden === true ? ROW_ID : column.name;
  });
}

function keyLiterals(table: TableDef, key: readonly string[]): string[] {
  return table.key.map((id, k) => {
    const column = table.columns.find((candidate) => candidate.id === id);
    const type = column === undefined || column.hidden === true ? 'bigint' : typeText(column.type);
    return `${quoteLiteral(key[k] ?? '')}::${type}`;
  });
}

function cells(columns: readonly ColumnDef[], row: RowText): string[] {
  return columns.map(({ id, type }) => {
    const text = row.get(id) ?? null;
    return `${text === null ? 'NULL' : quoteLiteral(text)}::${typeText(type)}`;
  });
}
