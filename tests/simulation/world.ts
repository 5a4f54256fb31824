/**
 * World: the model that a simulated database is compared with. A world is the state after one commit, immutable: tables
 * by name with their columns and rows as text, and tags. It knows nothing of leaves, logs or files.
 */

/** One row's values as text, in the order of its table's columns. */
export type Row = readonly (string | null)[];

export interface Column {
  /** Stays the same when the column is renamed; another type makes another column. */
  readonly id: number;
  readonly name: string;
  /** What rows from before the column have in it. */
  readonly missing: string | null;
  /** What new rows get that do not say. */
  readonly preset: string | null;
}

export interface Table {
  /** Stays the same when the table is renamed. */
  readonly id: number;
  readonly columns: readonly Column[];
  readonly hasKey: boolean;
  /** A table with a period, that is changed by portions. */
  readonly isPeriod: boolean;
  /** What `history_retention` was set to, `'forever'` at first. */
  readonly retention: string;
  /** Rows by a number that the workload keeps unique even where there is no key: the first column but for periods. */
  readonly rows: ReadonlyMap<number, Row>;
  readonly indexes: readonly string[];
}

export interface World {
  readonly tables: ReadonlyMap<string, Table>;
  readonly tags: ReadonlyMap<string, number>;
}

/** Rows that a commit has removed from all states before it. */
export interface Erasure {
  readonly seq: number;
  readonly table: number;
  readonly keys: ReadonlySet<number>;
  /** Text that only these rows have had. */
  readonly secret: string;
}

export const EMPTY_WORLD: World = { tables: new Map(), tags: new Map() };

/** The world with one table put in place of another, or gone. */
export function withTable(world: World, name: string, table: Table | null): World {
  const tables = new Map(world.tables);
  if (table === null) tables.delete(name);
  else tables.set(name, table);
  return { ...world, tables };
}

export function tableIn(world: World, name: string): Table {
  const table = world.tables.get(name);
  if (table === undefined) throw new Error(`the model has no table ${name}`);
  return table;
}

export function withRows(world: World, name: string, change: (rows: Map<number, Row>) => void): World {
  const table = tableIn(world, name);
  const rows = new Map(table.rows);
  change(rows);
  return withTable(world, name, { ...table, rows });
}

/** A table's name in a world, and what it is there; undefined where it is not. */
export function tableById(world: World, id: number): readonly [string, Table] | undefined {
  return [...world.tables].find(([, table]) => table.id === id);
}

export function names({ columns }: Table): string[] {
  return columns.map(({ name }) => name);
}

/** A row of one definition of a table under another one: columns meet by their id. */
export function under(row: Row, from: Table, to: Table): Row {
  if (from.columns === to.columns) return row;
  return to.columns.map(({ id, missing }) => {
    const at = from.columns.findIndex((column) => column.id === id);
    return at < 0 ? missing : (row[at] as string | null);
  });
}

/** All rows in an order of their own, to compare with. */
export function sortedRows(rows: Iterable<Row>): string[] {
  return [...rows].map((row) => JSON.stringify(row)).sort();
}

/** The worlds that a database shows once these erasures have happened: none before them has the rows. */
export function erased(worlds: readonly World[], erasures: readonly Erasure[]): readonly World[] {
  let result = worlds;
  for (const { seq, table: id, keys } of erasures)
    result = result.map((world, at) => {
      const found = at < seq ? tableById(world, id) : undefined;
      if (found === undefined || ![...keys].some((key) => found[1].rows.has(key))) return world;
      return withRows(world, found[0], (rows) => {
        for (const key of keys) rows.delete(key);
      });
    });
  return result;
}
