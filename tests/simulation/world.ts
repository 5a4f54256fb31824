/**
 * World: the model that a simulated database is compared with. A world is the state after one commit, immutable: tables
 * by name with their columns and rows as text, and tags. It knows nothing of leaves, logs or files.
 */

/** One row's values as text, in the order of its table's columns. */
export type Row = readonly (string | null)[];

export interface Table {
  /** Stays the same when the table is renamed. */
  readonly id: number;
  readonly columns: readonly string[];
  readonly hasKey: boolean;
  /** Rows by their first column, which the workload keeps unique even where there is no key. */
  readonly rows: ReadonlyMap<number, Row>;
  readonly indexes: readonly string[];
}

export interface World {
  readonly tables: ReadonlyMap<string, Table>;
  readonly tags: ReadonlyMap<string, number>;
}

export const EMPTY_WORLD: World = { tables: new Map(), tags: new Map() };

/** The world with one table put in place of another, or gone. */
export function withTable(world: World, name: string, table: Table | null): World {
  const tables = new Map(world.tables);
  if (table === null) tables.delete(name);
  else tables.set(name, table);
  return { ...world, tables };
}

export function withRows(world: World, name: string, change: (rows: Map<number, Row>) => void): World {
  const table = world.tables.get(name);
  if (table === undefined) throw new Error(`the model has no table ${name}`);
  const rows = new Map(table.rows);
  change(rows);
  return withTable(world, name, { ...table, rows });
}

/** All rows in an order of their own, to compare with. */
export function sortedRows(rows: Iterable<Row>): string[] {
  return [...rows].map((row) => JSON.stringify(row)).sort();
}

/** Every version that a table has had: its values, and the sequence numbers from and to which they held. */
export function versionsOf(worlds: readonly World[], last: number, id: number, columns: readonly string[]): string[] {
  const versions: string[] = [];
  const open = new Map<number, { readonly row: string; readonly from: number }>();
  const end = (key: number, to: number | null): void => {
    const version = open.get(key);
    if (version === undefined) return;
    versions.push(`${version.row} ${version.from} ${to === null ? 'null' : to}`);
    open.delete(key);
  };
  for (let seq = 1; seq <= last; seq++) {
    const table = [...(worlds[seq] as World).tables.values()].find((candidate) => candidate.id === id);
    for (const key of [...open.keys()]) if (table?.rows.has(key) !== true) end(key, seq);
    for (const [key, row] of table?.rows ?? []) {
      const text = JSON.stringify(columns.map((name) => row[table?.columns.indexOf(name) ?? -1] ?? null));
      if (open.get(key)?.row === text) continue;
      end(key, seq);
      open.set(key, { row: text, from: seq });
    }
  }
  for (const key of [...open.keys()]) end(key, null);
  return versions.sort();
}
