/**
 * Dexie: objects in IndexedDB, without SQL. It takes part in what is done by keys. Commits are flushed (`strict`) or left to
 * the operating system (`relaxed`, the browser's own default).
 */
import { Dexie } from 'dexie';
import type { Engine, Open, Row, Store } from '../harness/engine.ts';

export const openEngine: Open = async (mode, database) => {
  const durability = mode === 'strict' ? 'strict' : 'relaxed';
  let db = new Dexie(database, { chromeTransactionDurability: durability });
  const stores: Record<string, string> = {};
  const names = (await indexedDB.databases()).map(({ name }) => name);
  // One that is there is opened as it is.
  if (names.includes(database)) await db.open();
  const store: Store = {
    create: async (table, key, indexes) => {
      if (stores[table] !== undefined) {
        await db.table(table).clear();
        return;
      }
      stores[table] = [key, ...indexes].join(', ');
      const version = Object.keys(stores).length;
      db.close();
      db = new Dexie(database, { chromeTransactionDurability: durability });
      db.version(version).stores({ ...stores });
      await db.open();
    },
    get: async (table, key) => db.table(table).get(key),
    where: async (table, field, value) => db.table(table).where(field).equals(value).toArray(),
    add: async (table, rows) => {
      await (rows.length === 1 && rows[0] !== undefined ? db.table(table).add(rows[0]) : db.table(table).bulkAdd(rows));
    },
    update: async (table, keys, change) => {
      const own = db.table(table);
      await db.transaction('rw', own, async () => {
        const rows = await own.bulkGet(keys);
        await own.bulkPut(rows.flatMap((row) => (row === undefined ? [] : [change(row)])));
      });
    },
    all: async (table) => db.table(table).toArray(),
  };
  const engine: Engine = {
    exec: noSql,
    rows: noSql,
    prepare: noSql,
    store,
    bulk: (table) => {
      const rows: Row[] = [];
      for (let i = 0; i < table.rows; i++)
        rows.push(Object.fromEntries(table.columns.map(({ name, values }) => [name, values[i]])));
      return store.add(table.name, rows);
    },
    close: () => {
      db.close();
    },
  };
  return engine;
};

function noSql(): never {
  throw new Error('Dexie has no SQL');
}
