/**
 * Who is measured: one line for each way in which an engine keeps its data. `durability` says what a commit has
 * survived when it is acknowledged: `full` a loss of power, `relaxed` a crash of the page, `none` nothing. Engines are
 * compared with those of the same durability where a workload commits, and with all where it only reads.
 *
 * DuckDB's OPFS is `relaxed`: what its runtime does to flush a file (`syncFile`) is nothing.
 *
 * `package` is the module in this folder that opens it, in a worker; `NAME.page.ts` beside it is the package's own way to
 * do so from a page, where it has one. `npm` is the package whose version is told.
 */
export const CONTESTANTS = [
  { name: 'driftdb', package: 'driftdb', npm: 'driftdb-web', mode: 'full', durability: 'full', title: 'DriftDB, OPFS' },
  {
    name: 'driftdb-encrypted',
    package: 'driftdb',
    npm: 'driftdb-web',
    mode: 'encrypted',
    durability: 'full',
    title: 'DriftDB, OPFS, AES-256-GCM',
  },
  {
    name: 'driftdb-relaxed',
    package: 'driftdb',
    npm: 'driftdb-web',
    mode: 'relaxed',
    durability: 'relaxed',
    title: 'DriftDB, OPFS, relaxed',
  },
  {
    name: 'driftdb-memory',
    package: 'driftdb',
    npm: 'driftdb-web',
    mode: 'memory',
    durability: 'none',
    title: 'DriftDB, memory',
  },
  {
    name: 'sqlite',
    package: 'sqlite',
    npm: '@sqlite.org/sqlite-wasm',
    mode: 'journal',
    durability: 'full',
    title: 'SQLite, OPFS pool, rollback journal',
  },
  {
    name: 'sqlite-wal',
    package: 'sqlite',
    npm: '@sqlite.org/sqlite-wasm',
    mode: 'wal',
    durability: 'full',
    title: 'SQLite, OPFS pool, WAL, synchronous = full',
  },
  {
    name: 'sqlite-wal-normal',
    package: 'sqlite',
    npm: '@sqlite.org/sqlite-wasm',
    mode: 'wal-normal',
    durability: 'relaxed',
    title: 'SQLite, OPFS pool, WAL, synchronous = normal',
  },
  {
    name: 'sqlite-memory',
    package: 'sqlite',
    npm: '@sqlite.org/sqlite-wasm',
    mode: 'memory',
    durability: 'none',
    title: 'SQLite, memory',
  },
  {
    name: 'wa-sqlite',
    package: 'wa-sqlite',
    npm: '@journeyapps/wa-sqlite',
    mode: 'write-ahead',
    durability: 'full',
    title: 'wa-sqlite, OPFSWriteAheadVFS, synchronous = full',
  },
  {
    name: 'pglite',
    package: 'pglite',
    npm: '@electric-sql/pglite',
    mode: 'full',
    durability: 'full',
    title: 'PGlite, opfs-ahp',
  },
  {
    name: 'pglite-memory',
    package: 'pglite',
    npm: '@electric-sql/pglite',
    mode: 'memory',
    durability: 'none',
    title: 'PGlite, memory',
  },
  {
    name: 'duckdb',
    package: 'duckdb',
    npm: '@duckdb/duckdb-wasm',
    mode: 'memory',
    durability: 'none',
    title: 'DuckDB, memory',
  },
  {
    name: 'duckdb-opfs',
    package: 'duckdb',
    npm: '@duckdb/duckdb-wasm',
    mode: 'opfs',
    durability: 'relaxed',
    title: 'DuckDB, OPFS',
  },
  { name: 'sqljs', package: 'sqljs', npm: 'sql.js', mode: 'memory', durability: 'none', title: 'sql.js, memory' },
  { name: 'alasql', package: 'alasql', npm: 'alasql', mode: 'memory', durability: 'none', title: 'AlaSQL, memory' },
  {
    name: 'dexie',
    package: 'dexie',
    npm: 'dexie',
    mode: 'strict',
    durability: 'full',
    title: 'Dexie, IndexedDB, durability = strict',
  },
  {
    name: 'dexie-relaxed',
    package: 'dexie',
    npm: 'dexie',
    mode: 'relaxed',
    durability: 'relaxed',
    title: 'Dexie, IndexedDB, durability = relaxed',
  },
];

/** The SQL that each understands. */
export const DIALECTS = {
  driftdb: 'postgres',
  sqlite: 'sqlite',
  'wa-sqlite': 'sqlite',
  pglite: 'postgres',
  duckdb: 'duckdb',
  sqljs: 'sqlite',
  alasql: 'alasql',
  dexie: 'store',
};
