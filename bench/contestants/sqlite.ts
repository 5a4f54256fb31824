/**
 * SQLite's own build on its pool of OPFS handles (opfs-sahpool), its fastest durable storage in a browser, and in memory.
 * The write-ahead log is on where SQLite allows it there: without shared memory it needs exclusive locking. Statements are
 * prepared once and bulk loads are a prepared INSERT in one transaction, as its documentation advises.
 */
import sqlite3InitModule, { type Database, type PreparedStatement } from '@sqlite.org/sqlite-wasm';
import { type Engine, insertOne, type Open, rowsOf, type Value } from '../harness/engine.ts';

/** Of the page cache, as the other engines' caches: 256 MB. */
const CACHE = 'PRAGMA cache_size = -262144;';

const PRAGMAS: Readonly<Record<string, string>> = {
  journal: `${CACHE} PRAGMA synchronous = full;`,
  wal: `PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal; ${CACHE} PRAGMA synchronous = full;`,
  'wal-normal': `PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal; ${CACHE} PRAGMA synchronous = normal;`,
  memory: '',
};

type Sqlite = Awaited<ReturnType<typeof sqlite3InitModule>>;
type Pool = Awaited<ReturnType<Sqlite['installOpfsSAHPoolVfs']>>;

let loaded: Promise<Sqlite> | undefined;
const pools = new Map<string, Pool>();

export const openEngine: Open = async (mode, database) => {
  loaded ??= sqlite3InitModule();
  const sqlite3 = await loaded;
  if (mode === 'memory') return engineOf(new sqlite3.oo1.DB(':memory:'), () => undefined);
  let pool = pools.get(database);
  if (pool === undefined) pools.set(database, (pool = await sqlite3.installOpfsSAHPoolVfs({ name: database })));
  else await pool.unpauseVfs();
  const db = new pool.OpfsSAHPoolDb(`/${database}`);
  db.exec(PRAGMAS[mode] ?? '');
  const journal = mode.startsWith('wal') ? 'wal' : 'delete';
  const found = db.selectValue('PRAGMA journal_mode');
  if (found !== journal) throw new Error(`journal_mode is ${String(found)}, not ${journal}`);
  return engineOf(db, () => {
    pool.pauseVfs();
  });
};

function engineOf(db: Database, closed: () => void): Engine {
  const open = new Set<PreparedStatement>();
  // `$1` would be a name, `?1` is a number.
  const compile = (sql: string): PreparedStatement => db.prepare(sql.replaceAll(/\$(\d+)/g, '?$1'));
  const once = <T>(sql: string, use: (statement: PreparedStatement) => T): T => {
    const statement = compile(sql);
    try {
      return use(statement);
    } finally {
      statement.finalize();
    }
  };
  return {
    exec: (sql) => {
      db.exec(sql);
    },
    rows: (sql, parameters = []) => once(sql, (statement) => objects(statement, parameters)),
    arrays: (sql) =>
      once(sql, (statement) => {
        const rows: unknown[][] = [];
        while (statement.step()) rows.push(statement.get([]) as unknown[]);
        return rows;
      }),
    prepare: (sql) => {
      const statement = compile(sql);
      open.add(statement);
      return {
        rows: (parameters) => {
          try {
            return objects(statement, parameters);
          } finally {
            statement.reset();
          }
        },
        first: (parameters) => {
          if (parameters.length > 0) statement.bind([...parameters]);
          try {
            return statement.step() ? (statement.get({}) as Record<string, unknown>) : undefined;
          } finally {
            statement.reset();
          }
        },
        run: (parameters) => {
          if (parameters.length > 0) statement.bind([...parameters]);
          statement.stepReset();
        },
      };
    },
    bulk: (table) => {
      db.transaction(() => {
        once(insertOne(table), (statement) => {
          for (const row of rowsOf(table)) statement.bind(row).stepReset();
        });
      });
    },
    close: () => {
      for (const statement of open) statement.finalize();
      db.close();
      closed();
    },
  };
}

function objects(statement: PreparedStatement, parameters: readonly Value[]): Record<string, unknown>[] {
  if (parameters.length > 0) statement.bind([...parameters]);
  const rows: Record<string, unknown>[] = [];
  while (statement.step()) rows.push(statement.get({}) as Record<string, unknown>);
  return rows;
}
