/**
 * SQLite on the pool of OPFS handles (opfs-sahpool), its fastest durable storage in a browser. The write-ahead log is on
 * where SQLite allows it there, with a flush at each commit; statements are prepared once.
 */
import sqlite3InitModule, { type PreparedStatement } from '@sqlite.org/sqlite-wasm';
import type { Row } from './engine.ts';
import { serve } from './rpc.ts';

const MAX_PREPARED = 100;

serve(async (name) => {
  const sqlite3 = await sqlite3InitModule();
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: `bench-${name}` });
  const db = new pool.OpfsSAHPoolDb(`/${name}`);
  db.exec('PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal; PRAGMA synchronous = full;');
  const prepared = new Map<string, PreparedStatement>();
  return {
    exec: async (sql) => {
      db.exec(sql);
    },
    query: async (sql, parameters = []) => {
      let statement = prepared.get(sql);
      if (statement === undefined) {
        // `$1` would be a name, `?1` is a number.
        statement = db.prepare(sql.replaceAll(/\$(\d+)/g, '?$1'));
        if (prepared.size < MAX_PREPARED) prepared.set(sql, statement);
      }
      const rows: Row[] = [];
      try {
        if (parameters.length > 0) statement.bind([...parameters]);
        while (statement.step()) rows.push(statement.get({}) as Row);
      } finally {
        if (prepared.get(sql) === statement) statement.reset(true);
        else statement.finalize();
      }
      return rows;
    },
    close: async () => {
      for (const statement of prepared.values()) statement.finalize();
      db.close();
      pool.pauseVfs();
    },
  };
});
