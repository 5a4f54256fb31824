/** sql.js: SQLite in memory. */
import initSqlJs, { type Database, type Statement } from 'sql.js';
import wasm from 'sql.js/dist/sql-wasm-browser.wasm?url';
import { insertOne, type Open, type Row, rowsOf, type Value } from '../harness/engine.ts';

export const openEngine: Open = async () => {
  const SQL = await initSqlJs({ locateFile: () => wasm });
  const db: Database = new SQL.Database();
  const compile = (sql: string): Statement => db.prepare(sql.replaceAll(/\$(\d+)/g, '?$1'));
  const once = <T>(sql: string, use: (statement: Statement) => T): T => {
    const statement = compile(sql);
    try {
      return use(statement);
    } finally {
      statement.free();
    }
  };
  return {
    exec: (sql) => {
      db.run(sql);
    },
    rows: (sql, parameters = []) => once(sql, (statement) => objects(statement, parameters)),
    arrays: (sql) =>
      once(sql, (statement) => {
        const rows: unknown[][] = [];
        while (statement.step()) rows.push(statement.get());
        return rows;
      }),
    prepare: (sql) => {
      const statement = compile(sql);
      return {
        rows: (parameters) => objects(statement, parameters),
        run: (parameters) => {
          statement.run([...parameters]);
        },
      };
    },
    bulk: (table) => {
      db.run('BEGIN');
      once(insertOne(table), (statement) => {
        for (const row of rowsOf(table)) statement.run(row);
      });
      db.run('COMMIT');
    },
    close: () => {
      db.close();
    },
  };
};

function objects(statement: Statement, parameters: readonly Value[]): Row[] {
  statement.bind([...parameters]);
  const rows: Row[] = [];
  while (statement.step()) rows.push(statement.getAsObject());
  statement.reset();
  return rows;
}
