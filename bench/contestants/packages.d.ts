/**
 * Of the packages that only `npm run bench` installs, what the contestants call. (A checkout without them compiles.)
 * Names with `bench:` are files of packages that their `exports` do not offer, or whose own types get in the way.
 */
declare module 'bench:duckdb-blocking' {
  export interface Table {
    toArray(): { toJSON(): Record<string, unknown> }[];
    readonly schema: {
      readonly fields: readonly { readonly name: string; readonly type: { readonly typeId: number } }[];
    };
    getChildAt(index: number): { toArray(): ArrayLike<unknown>; readonly length: number } | null;
  }
  export interface Statement {
    query(...parameters: (number | string | null)[]): Table;
  }
  export interface Connection {
    query(sql: string): Table;
    prepare(sql: string): Statement;
    insertArrowFromIPCStream(bytes: Uint8Array, options: { name: string; create: boolean }): void;
    close(): void;
  }
  export interface Bindings {
    instantiate(progress: () => void): Promise<unknown>;
    open(config: object): void;
    reset(): void;
    flushFiles(): void;
    prepareDBFileHandle(path: string, protocol: number): Promise<void>;
    dropFiles(): void;
    connect(): Connection;
  }
  export const VoidLogger: new () => object;
  export const BROWSER_RUNTIME: object;
  export const DuckDBDataProtocol: { readonly BROWSER_FSACCESS: number };
  export const DuckDBAccessMode: { readonly READ_WRITE: number };
  export function createDuckDB(bundles: object, logger: object, runtime: object): Promise<Bindings>;
}

declare module '@duckdb/duckdb-wasm' {
  import type { Table } from 'bench:duckdb-blocking';
  export interface AsyncConnection {
    query(sql: string): Promise<Table>;
    prepare(sql: string): Promise<{ query(...parameters: (number | string | null)[]): Promise<Table> }>;
    insertArrowFromIPCStream(bytes: Uint8Array, options: { name: string; create: boolean }): Promise<void>;
    close(): Promise<void>;
  }
  export class AsyncDuckDB {
    constructor(logger: object, worker: Worker);
    instantiate(wasm: string): Promise<unknown>;
    open(config: object): Promise<void>;
    connect(): Promise<AsyncConnection>;
    terminate(): Promise<void>;
  }
  export const VoidLogger: new () => object;
  export const DuckDBAccessMode: { readonly READ_WRITE: number };
}

declare module 'apache-arrow' {
  export const Utf8: new () => object;
  export const Table: new (columns: Record<string, unknown>) => object;
  export function makeVector(values: Int32Array | Float64Array): unknown;
  export function vectorFromArray(values: readonly string[], type: object): unknown;
  export function tableToIPC(table: object, type: 'stream'): Uint8Array;
}

declare module '@duckdb/duckdb-wasm/dist/*?url' {
  const url: string;
  export default url;
}

declare module 'sql.js' {
  export interface Statement {
    bind(values: (number | string | null)[]): boolean;
    step(): boolean;
    get(): unknown[];
    getAsObject(): Record<string, unknown>;
    run(values: (number | string | null)[]): void;
    reset(): void;
    free(): boolean;
  }
  export interface Database {
    run(sql: string): unknown;
    prepare(sql: string): Statement;
    close(): void;
  }
  export default function initSqlJs(options: {
    locateFile: () => string;
  }): Promise<{ readonly Database: new () => Database }>;
}

declare module 'sql.js/dist/*?url' {
  const url: string;
  export default url;
}

declare module 'bench:alasql' {
  export interface Database {
    readonly databaseid: string;
    exec(sql: string, parameters?: readonly unknown[]): unknown;
  }
  const alasql: {
    readonly Database: new () => Database;
    compile(sql: string, database: string): (parameters: readonly unknown[]) => unknown;
  };
  export default alasql;
}

declare module 'dexie' {
  export interface Collection {
    toArray(): Promise<Record<string, unknown>[]>;
  }
  export interface Table {
    get(key: number): Promise<Record<string, unknown> | undefined>;
    bulkGet(keys: readonly number[]): Promise<(Record<string, unknown> | undefined)[]>;
    add(row: object): Promise<unknown>;
    bulkAdd(rows: readonly object[]): Promise<unknown>;
    bulkPut(rows: readonly object[]): Promise<unknown>;
    clear(): Promise<void>;
    toArray(): Promise<Record<string, unknown>[]>;
    where(field: string): { equals(value: number | string | null): Collection };
  }
  export class Dexie {
    constructor(name: string, options: { readonly chromeTransactionDurability: 'strict' | 'relaxed' });
    readonly verno: number;
    readonly tables: readonly { readonly name: string }[];
    version(n: number): { stores(schema: Record<string, string>): unknown };
    open(): Promise<unknown>;
    table(name: string): Table;
    transaction(mode: 'rw', table: Table, work: () => Promise<void>): Promise<void>;
    close(): void;
  }
}

declare module 'bench:wa-sqlite' {
  export interface Api {
    vfs_register(vfs: object, isDefault: boolean): number;
    open_v2(name: string): Promise<number>;
    exec(db: number, sql: string): Promise<number>;
    statements(db: number, sql: string, options: { readonly unscoped: boolean }): AsyncIterable<number>;
    bind_collection(statement: number, values: readonly (number | string | null)[]): number;
    step(statement: number): Promise<number>;
    row(statement: number): unknown[];
    column_names(statement: number): string[];
    reset(statement: number): Promise<number>;
    finalize(statement: number): Promise<number>;
    close(db: number): Promise<number>;
  }
  export const SQLITE_ROW: number;
  export function Factory(module: object): Api;
}

declare module 'bench:wa-sqlite-build' {
  export default function load(): Promise<object>;
}

declare module 'bench:wa-sqlite-vfs' {
  export const OPFSWriteAheadVFS: {
    create(name: string, module: object): Promise<object & { close(): Promise<void> | void }>;
  };
}
