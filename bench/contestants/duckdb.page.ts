/** DuckDB from the page, by its own client: its worker, Arrow streams between. */
import { AsyncDuckDB, DuckDBAccessMode, VoidLogger } from '@duckdb/duckdb-wasm';
import wasm from '@duckdb/duckdb-wasm/dist/duckdb-eh.wasm?url';
import worker from '@duckdb/duckdb-wasm/dist/duckdb-browser-eh.worker.js?url';
import type { Open } from '../harness/engine.ts';
import { columnsOf, CONFIG, objectsOf, opfsPath, streamOf, valuesOf } from './duckdb-arrow.ts';

export const openFromPage: Open = async (mode, database) => {
  const db = new AsyncDuckDB(new VoidLogger(), new Worker(worker));
  await db.instantiate(wasm);
  const place = mode === 'memory' ? {} : { path: opfsPath(database), accessMode: DuckDBAccessMode.READ_WRITE };
  await db.open({ ...place, query: CONFIG });
  const connection = await db.connect();
  return {
    exec: (sql) => connection.query(sql),
    rows: async (sql, parameters = []) =>
      objectsOf(
        parameters.length === 0
          ? await connection.query(sql)
          : await (await connection.prepare(sql)).query(...parameters),
      ),
    arrays: async (sql) => valuesOf(await connection.query(sql)),
    columns: async (sql) => columnsOf(await connection.query(sql)),
    prepare: async (sql) => {
      const statement = await connection.prepare(sql);
      return {
        rows: async (parameters) => objectsOf(await statement.query(...parameters)),
        run: (parameters) => statement.query(...parameters),
      };
    },
    bulk: (table) => connection.insertArrowFromIPCStream(streamOf(table), { name: table.name, create: false }),
    close: async () => {
      if (mode !== 'memory') await connection.query('CHECKPOINT');
      await connection.close();
      await db.terminate();
    },
  };
};
