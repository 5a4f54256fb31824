/**
 * wa-sqlite (its maintained fork) on OPFSWriteAheadVFS, its newest: a write-ahead log of its own in OPFS, in the synchronous
 * build. A commit is flushed with `synchronous = full`.
 */
import * as SQLite from 'bench:wa-sqlite';
import load from 'bench:wa-sqlite-build';
import { OPFSWriteAheadVFS } from 'bench:wa-sqlite-vfs';
import { type Engine, insertOne, type Open, type Prepared, type Row, rowsOf, type Value } from '../harness/engine.ts';

type Loaded = { readonly sqlite3: SQLite.Api };

let loaded: Promise<Loaded> | undefined;

export const openEngine: Open = async (_, database) => {
  loaded ??= start();
  const { sqlite3 } = await loaded;
  const db = await sqlite3.open_v2(database);
  await sqlite3.exec(db, 'PRAGMA cache_size = -262144; PRAGMA locking_mode = exclusive; PRAGMA synchronous = full;');
  return new WaSqlite(sqlite3, db);
};

async function start(): Promise<Loaded> {
  const module = await load();
  const sqlite3 = SQLite.Factory(module);
  sqlite3.vfs_register(await OPFSWriteAheadVFS.create('bench', module), true);
  return { sqlite3 };
}

class WaSqlite implements Engine {
  readonly #sqlite3: SQLite.Api;
  readonly #db: number;
  readonly #open: number[] = [];

  constructor(sqlite3: SQLite.Api, db: number) {
    this.#sqlite3 = sqlite3;
    this.#db = db;
  }

  exec(sql: string): Promise<unknown> {
    return this.#sqlite3.exec(this.#db, sql);
  }

  async rows(sql: string, parameters: readonly Value[] = []): Promise<readonly Row[]> {
    return this.#once(sql, (statement) => this.#objects(statement, parameters));
  }

  async arrays(sql: string): Promise<unknown[][]> {
    return this.#once(sql, (statement) => this.#read(statement, []));
  }

  async prepare(sql: string): Promise<Prepared> {
    const statement = await this.#compile(sql);
    this.#open.push(statement);
    return {
      rows: (parameters) => this.#objects(statement, parameters),
      run: (parameters) => this.#read(statement, parameters),
    };
  }

  async bulk(table: Parameters<Engine['bulk']>[0]): Promise<void> {
    await this.exec('BEGIN');
    await this.#once(insertOne(table), async (statement) => {
      for (const row of rowsOf(table)) {
        this.#sqlite3.bind_collection(statement, row);
        await this.#sqlite3.step(statement);
        await this.#sqlite3.reset(statement);
      }
    });
    await this.exec('COMMIT');
  }

  async close(): Promise<void> {
    for (const statement of this.#open) await this.#sqlite3.finalize(statement);
    await this.#sqlite3.close(this.#db);
  }

  async #compile(sql: string): Promise<number> {
    const numbered = sql.replaceAll(/\$(\d+)/g, '?$1');
    for await (const statement of this.#sqlite3.statements(this.#db, numbered, { unscoped: true })) return statement;
    throw new Error('no statement');
  }

  async #once<T>(sql: string, use: (statement: number) => Promise<T>): Promise<T> {
    const statement = await this.#compile(sql);
    try {
      return await use(statement);
    } finally {
      await this.#sqlite3.finalize(statement);
    }
  }

  async #read(statement: number, parameters: readonly Value[]): Promise<unknown[][]> {
    if (parameters.length > 0) this.#sqlite3.bind_collection(statement, parameters);
    const rows: unknown[][] = [];
    while ((await this.#sqlite3.step(statement)) === SQLite.SQLITE_ROW) rows.push(this.#sqlite3.row(statement));
    await this.#sqlite3.reset(statement);
    return rows;
  }

  async #objects(statement: number, parameters: readonly Value[]): Promise<Row[]> {
    const names = this.#sqlite3.column_names(statement);
    const rows = await this.#read(statement, parameters);
    return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
  }
}
