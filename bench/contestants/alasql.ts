/**
 * AlaSQL: SQL over JavaScript objects in memory. It keeps no transactions worth the name: BEGIN and COMMIT are left out.
 * Statements are compiled once.
 */
import alasql from 'bench:alasql';
import type { Open, Row, Value } from '../harness/engine.ts';

export const openEngine: Open = async () => {
  const db = new alasql.Database();
  const run = (sql: string, parameters: readonly Value[]): unknown => {
    const { text, order } = positional(sql);
    return db.exec(text, order(parameters));
  };
  return {
    exec: (sql) => {
      if (!/^\s*(?:BEGIN|COMMIT|ANALYZE)\b/i.test(sql)) db.exec(sql);
    },
    rows: (sql, parameters = []) => run(sql, parameters) as Row[],
    arrays: (sql) => (db.exec(sql) as Row[]).map((row) => Object.values(row)),
    prepare: (sql) => {
      const { text, order } = positional(sql);
      const statement = alasql.compile(text, db.databaseid);
      return {
        rows: (parameters) => statement(order(parameters)) as Row[],
        run: (parameters) => statement(order(parameters)),
      };
    },
    bulk: (table) => {
      const rows = Array.from({ length: table.rows }, (_, i) =>
        Object.fromEntries(table.columns.map(({ name, values }) => [name, values[i]])),
      );
      db.exec(`INSERT INTO ${table.name} SELECT * FROM ?`, [rows]);
    },
    close: () => undefined,
  };
};

/** Its parameters have no numbers, but an order. */
function positional(sql: string): { text: string; order: (parameters: readonly Value[]) => unknown[] } {
  const numbers: number[] = [];
  const text = sql.replaceAll(/\$(\d+)/g, (_, digits: string) => {
    numbers.push(Number(digits) - 1);
    return '?';
  });
  return { text, order: (parameters) => numbers.map((i) => parameters[i]) };
}
