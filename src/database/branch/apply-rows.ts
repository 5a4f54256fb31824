/** Changes of rows, given as text, as parts of one WITH that `changeRows` (history/restore.ts) runs. */
import type { Vector } from '../../base/vector.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { SystemRows } from '../../exec/run.ts';
import { nameOf, ROW_ID } from '../../plan/history-queries.ts';
import { quoteIdent, quoteLiteral } from '../../sql/functions/format-text.ts';
import type { SystemTable } from '../../plan/binder/context.ts';
import { RELATION } from '../statement.ts';
import { typeText } from '../system/types.ts';
import type { RowText } from './three-way.ts';

/** So many rows are values in the text of the statement, which a plan may take one by one; more are given in columns. */
const FEW_ROWS = 500;
const TEXT = { oid: 25, typmod: -1 };

/** Rows that are given alike: keys and cells as texts, by column. */
interface Group {
  readonly columns: readonly ColumnDef[];
  readonly keys: readonly string[][];
  readonly cells: readonly (string | null)[][];
  count: number;
}

/** What is to be done to one table; by the columns that are given. */
interface TableChanges {
  readonly table: TableDef;
  readonly deleted: Map<string, Group>;
  readonly inserted: Map<string, Group>;
  readonly updated: Map<string, Group>;
}

export class Changes {
  readonly #tables = new Map<number, TableChanges>();

  #of(table: TableDef): TableChanges {
    let changes = this.#tables.get(table.id);
    if (changes === undefined) {
      changes = { table, deleted: new Map(), inserted: new Map(), updated: new Map() };
      this.#tables.set(table.id, changes);
    }
    return changes;
  }

  delete(table: TableDef, key: readonly string[]): void {
    addTo(this.#of(table).deleted, [], key, null);
  }

  /** A row without a primary key keeps its id. */
  insert(table: TableDef, columns: readonly ColumnDef[], key: readonly string[], row: RowText): void {
    const visible = columns.filter(({ hidden }) => hidden !== true);
    const isHidden = table.columns.some(({ id, hidden }) => hidden === true && table.key.includes(id));
    addTo(this.#of(table).inserted, visible, isHidden ? key : [], row);
  }

  /** Sets columns of a row; those of its key are what they are. */
  update(table: TableDef, key: readonly string[], columns: readonly ColumnDef[], row: RowText): void {
    const settable = columns.filter(({ id }) => !table.key.includes(id));
    if (settable.length > 0) addTo(this.#of(table).updated, settable, key, row);
  }

  /** Parts of a WITH, and the relations that they read. */
  statement(): RowsStatement {
    const parts: string[] = [];
    const relations: Relations = new Map();
    const add = (kind: string, text: string): number =>
      parts.push(`changed_${parts.length}_${kind} AS (${text} RETURNING 1)`);
    for (const { table, deleted, inserted, updated } of this.#tables.values()) {
      const name = nameOf(table);
      const names = keyNamesOf(table);
      const same = names.map((key, k) => `t.${key === ROW_ID ? key : quoteIdent(key)} = v.k${k}`).join(' AND ');
      for (const group of deleted.values())
        add('d', `DELETE FROM ${name} t USING ${given(table, group, relations)} WHERE ${same}`);
      for (const group of updated.values()) {
        const sets = group.columns.map((column, c) => `${quoteIdent(column.name)} = v.c${c}`);
        add('u', `UPDATE ${name} t SET ${sets.join(', ')} FROM ${given(table, group, relations)} WHERE ${same}`);
      }
      for (const group of inserted.values()) {
        const id = group.keys.length > 0 ? [ROW_ID] : [];
        const into = [...id, ...group.columns.map((column) => quoteIdent(column.name))].join(', ');
        const source = `SELECT * FROM ${given(table, group, relations)}`;
        add('i', `INSERT INTO ${name} (${into}) OVERRIDING SYSTEM VALUE ${source}`);
      }
    }
    return { parts, relations };
  }
}

export type Relations = Map<string, { readonly table: SystemTable; readonly rows: SystemRows }>;

export interface RowsStatement {
  readonly parts: readonly string[];
  readonly relations: Relations;
}

function addTo(
  groups: Map<string, Group>,
  columns: readonly ColumnDef[],
  key: readonly string[],
  row: RowText | null,
): void {
  const by = columns.map(({ id }) => id).join();
  let group = groups.get(by);
  if (group === undefined) {
    group = { columns, keys: key.map(() => []), cells: columns.map(() => []), count: 0 };
    groups.set(by, group);
  }
  group.count++;
  key.forEach((text, k) => group.keys[k]?.push(text));
  columns.forEach(({ id }, c) => group.cells[c]?.push(row?.get(id) ?? null));
}

/** The rows of a group as `v`, with the key's columns k0, k1 … and c0, c1 …, of their types. */
function given(table: TableDef, group: Group, relations: Relations): string {
  const { columns, keys, cells, count } = group;
  const keyTypes = table.key.slice(0, keys.length).map((id) => {
    const column = table.columns.find((candidate) => candidate.id === id);
    return column === undefined || column.hidden === true ? 'bigint' : typeText(column.type);
  });
  const types = [...keyTypes, ...columns.map(({ type }) => typeText(type))];
  const names = [...keys.map((_, k) => `k${k}`), ...cells.map((_, c) => `c${c}`)];
  const texts = [...keys, ...cells];
  // Without columns a row has nothing to say but that it is one.
  if (names.length === 0) return `(SELECT FROM generate_series(1, ${count})) v`;
  if (count <= FEW_ROWS) {
    const rows = Array.from({ length: count }, (_, row) => {
      const literals = texts.map((column, c) => `${literal(column[row] ?? null)}::${types[c]}`);
      return `(${literals.join(', ')})`;
    });
    return `(VALUES ${rows.join(', ')}) v(${names.join(', ')})`;
  }
  const name = `rows given ${relations.size}`;
  relations.set(name, {
    table: { id: RELATION + name, schema: '', name, columns: names.map((column) => ({ name: column, type: TEXT })) },
    rows: { columns: texts.map(textVector), length: count },
  });
  const typed = names.map((column, c) => `${column}::${types[c]} AS ${column}`);
  return `(SELECT ${typed.join(', ')} FROM ${quoteIdent(name)}) v`;
}

function textVector(texts: readonly (string | null)[]): Vector {
  const nulls = texts.includes(null) ? Uint8Array.from(texts, (text) => (text === null ? 1 : 0)) : null;
  const data = nulls === null ? (texts as readonly string[]) : texts.map((text) => text ?? '');
  return { kind: 'text', data, length: texts.length, nulls };
}

function literal(text: string | null): string {
  return text === null ? 'NULL' : quoteLiteral(text);
}

/** Names of the key's columns; the row id where there is no primary key. */
export function keyNamesOf(table: TableDef): string[] {
  return table.key.map((id) => {
    const column = table.columns.find((candidate) => candidate.id === id);
    return column === undefined || column.hidden === true ? ROW_ID : column.name;
  });
}
