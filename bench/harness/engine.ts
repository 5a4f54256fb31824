/**
 * What a workload may ask of an engine, and what a contestant's module gives.
 *
 * Each engine is called twice: in the worker where it runs, and from the page, through the client of its own package
 * where there is one, else through `rpc.ts`. An engine that answers at once need not pretend to wait: results may or may
 * not be promises, so that a synchronous engine pays nothing for those of others (`value instanceof Promise`).
 */
export type Waits<T> = T | Promise<T>;
export type Value = number | string | null;
export type Row = Readonly<Record<string, unknown>>;
export type Dialect = 'postgres' | 'sqlite' | 'duckdb' | 'alasql' | 'store';
/** Where the calls are made. */
export type Where = 'worker' | 'page';

/** A table as the program has it: columns, by which an engine may take them in bulk. */
export interface TableData {
  readonly name: string;
  readonly columns: readonly ColumnData[];
  /** Names of the key's columns. */
  readonly key: readonly string[];
  readonly rows: number;
}

export interface ColumnData {
  readonly name: string;
  readonly type: 'int' | 'double' | 'decimal' | 'text' | 'date';
  readonly values: Int32Array | Float64Array | readonly string[];
}

/** A statement that has been prepared: parameters are `$1`, `$2` …. */
export interface Prepared {
  /** Rows as objects. */
  rows(parameters: readonly Value[]): Waits<readonly Row[]>;
  /** The first row, where the engine has a call for it; else `rows` is asked. */
  first?: ((parameters: readonly Value[]) => Waits<Row | undefined>) | undefined;
  /** A statement that changes something; true to its durability when it returns. */
  run(parameters: readonly Value[]): Waits<unknown>;
}

export interface Engine {
  /** Runs a script; its transaction may span calls. */
  exec(sql: string): Waits<unknown>;
  /** Runs one statement; rows as objects. */
  rows(sql: string, parameters?: readonly Value[]): Waits<readonly Row[]>;
  /** As `rows`, a row as an array. */
  arrays?: ((sql: string) => Waits<readonly (readonly unknown[])[]>) | undefined;
  /** As `rows`, as columns: typed arrays or what the engine has for them. Each can be indexed, or has `get`. */
  columns?: ((sql: string) => Waits<readonly ArrayLike<unknown>[]>) | undefined;
  prepare(sql: string): Waits<Prepared>;
  /** Appends to a table that is there, by the engine's fastest path, in one transaction. */
  bulk(table: TableData): Waits<unknown>;
  /** Another session on the database, where the engine has such. */
  session?: (() => Promise<Engine>) | undefined;
  /** What an engine without SQL can do. */
  store?: Store | undefined;
  /** The number of the last commit, of an engine that keeps its history. */
  sequenceNumber?: (() => Promise<number>) | undefined;
  close(): Waits<unknown>;
}

/** A key-value store's part in the workloads: objects by key, and by the value of an indexed field. */
export interface Store {
  create(table: string, key: string, indexes: readonly string[]): Promise<void>;
  get(table: string, key: number): Promise<Row | undefined>;
  where(table: string, field: string, value: Value): Promise<readonly Row[]>;
  add(table: string, rows: readonly Row[]): Promise<void>;
  /** Changes fields of the objects with the keys, in one transaction. */
  update(table: string, keys: readonly number[], change: (row: Row) => Row): Promise<void>;
  all(table: string): Promise<readonly Row[]>;
}

/**
 * What a contestant's module gives: `openEngine` opens (and creates) a database in this thread, a worker; `openFromPage` of
 * `NAME.page.ts` from the page.
 */
export type Open = (mode: string, database: string) => Promise<Engine>;

/** DDL of a table in the engine's dialect. */
export function createTable({ name, columns, key }: TableData, dialect: Dialect): string {
  const names = dialect === 'sqlite' || dialect === 'alasql' ? LOOSE_TYPES : TYPES;
  const list = columns.map((column) => `${column.name} ${names[column.type]}`);
  return `CREATE TABLE ${name} (${[...list, ...(key.length > 0 ? [`PRIMARY KEY (${key.join(', ')})`] : [])].join(', ')})`;
}

const TYPES = { int: 'int', double: 'double precision', decimal: 'decimal(15,2)', text: 'text', date: 'date' };
const LOOSE_TYPES = { int: 'INTEGER', double: 'REAL', decimal: 'REAL', text: 'TEXT', date: 'TEXT' };

/** The table's rows as arrays of values, made one by one. */
export function* rowsOf({ columns, rows }: TableData): Generator<Value[]> {
  for (let i = 0; i < rows; i++) yield columns.map((column) => column.values[i] ?? null);
}

/** An INSERT of one row with a parameter for each column. */
export function insertOne({ name, columns }: TableData): string {
  return `INSERT INTO ${name} VALUES (${columns.map((_, i) => `$${i + 1}`).join(', ')})`;
}

/** Makes a table, or a store with these indexes, and fills it; an engine with SQL gets its indexes by SQL. */
export async function loadTable(
  engine: Engine,
  table: TableData,
  dialect: Dialect,
  indexes: readonly string[] = [],
): Promise<void> {
  const key = table.key[0] ?? '';
  if (engine.store === undefined) await engine.exec(createTable(table, dialect));
  else await engine.store.create(table.name, key, indexes);
  await engine.bulk(table);
  if (engine.store !== undefined) return;
  for (const column of indexes) await engine.exec(`CREATE INDEX ${table.name}_${column} ON ${table.name} (${column})`);
}
