/** DuckDB in the bench's own worker, through its blocking interface: in memory, and on OPFS. */
import wasm from '@duckdb/duckdb-wasm/dist/duckdb-eh.wasm?url';
import {
  type Bindings,
  BROWSER_RUNTIME,
  createDuckDB,
  DuckDBAccessMode,
  DuckDBDataProtocol,
  VoidLogger,
} from 'bench:duckdb-blocking';
import type { Engine, Open } from '../harness/engine.ts';
import { columnsOf, CONFIG, objectsOf, opfsPath, streamOf, valuesOf } from './duckdb-arrow.ts';

let loaded: Promise<Bindings> | undefined;

export const openEngine: Open = async (mode, database) => {
  loaded ??= load();
  const db = await loaded;
  if (mode === 'memory') db.open({ query: CONFIG });
  else {
    const path = opfsPath(database);
    await db.prepareDBFileHandle(path, DuckDBDataProtocol.BROWSER_FSACCESS);
    db.open({ path, accessMode: DuckDBAccessMode.READ_WRITE, query: CONFIG, useDirectIO: true });
  }
  const connection = db.connect();
  const engine: Engine = {
    exec: (sql) => {
      connection.query(sql);
    },
    rows: (sql, parameters = []) =>
      objectsOf(parameters.length === 0 ? connection.query(sql) : connection.prepare(sql).query(...parameters)),
    arrays: (sql) => valuesOf(connection.query(sql)),
    columns: (sql) => columnsOf(connection.query(sql)),
    prepare: (sql) => {
      const statement = connection.prepare(sql);
      return {
        rows: (parameters) => objectsOf(statement.query(...parameters)),
        run: (parameters) => {
          statement.query(...parameters);
        },
      };
    },
    bulk: (table) => {
      connection.insertArrowFromIPCStream(streamOf(table), { name: table.name, create: false });
    },
    close: () => {
      if (mode !== 'memory') connection.query('CHECKPOINT');
      connection.close();
      db.reset();
      if (mode !== 'memory') db.dropFiles();
    },
  };
  return engine;
};

async function load(): Promise<Bindings> {
  const bundle = { mainModule: wasm, mainWorker: '' };
  const db = await createDuckDB({ mvp: bundle, eh: bundle }, new VoidLogger(), BROWSER_RUNTIME);
  await db.instantiate(() => undefined);
  return db;
}
