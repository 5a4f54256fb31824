/** The short paths for one row give what the operators give: the same statements with the optimizer on and off. */
import { describe, expect, test } from 'vitest';
import type { Value } from '../../src/base/vector.ts';
import { type Db, openDb } from '../database/helper.ts';

const SCHEMA = `
  CREATE TABLE parent (id int PRIMARY KEY, name text UNIQUE);
  CREATE TABLE item (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, name varchar(10) NOT NULL,
    price numeric(10,2) DEFAULT 1.5, at timestamptz, code text UNIQUE);
  CREATE TABLE pair (a int, b text, v bigint, PRIMARY KEY (a, b));
  CREATE TABLE loose (a int, b serial);
  INSERT INTO parent SELECT i, 'p' || i FROM generate_series(1, 20) AS g(i);
  INSERT INTO item SELECT i, i % 20 + 1, 'n' || i, i, '2020-01-01', 'c' || i FROM generate_series(1, 100) AS g(i);
`;

const STATEMENTS: readonly (readonly [string, ...Value[]])[] = [
  ['SELECT * FROM item WHERE id = $1', 7],
  ['SELECT price, id, id AS again FROM item WHERE id = $1', 7],
  ['SELECT * FROM item WHERE id = $1', 7000],
  ['SELECT * FROM item WHERE id = $1', null],
  ['SELECT * FROM item WHERE id = 8 AND price > $1', 3],
  ['INSERT INTO item VALUES ($1, $2, $3, $4, $5, $6)', 101, 3, 'new', '12.345', '2024-02-29 12:00+02', null],
  ['INSERT INTO item (id, name) VALUES ($1, $2)', 102, 'defaults'],
  ['INSERT INTO item (id, name) VALUES ($1, upper($2))', 103, 'fn'],
  ['INSERT INTO item (id, name) VALUES ($1, $2)', 103, 'again'],
  ['INSERT INTO item (id, name) VALUES ($1, $2)', 104, null],
  ['INSERT INTO item (id, name) VALUES ($1, $2)', null, 'x'],
  ['INSERT INTO item (id, name) VALUES ($1, $2)', 104, 'longer than ten'],
  ['INSERT INTO item (id, name, code) VALUES ($1, $2, $3)', 104, 'x', 'c1'],
  ['INSERT INTO item (id, name, parent) VALUES ($1, $2, $3)', 104, 'x', 999],
  ['INSERT INTO pair VALUES ($1, $2, $3)', 1, 'x', 9007199254740993n],
  ['INSERT INTO pair VALUES ($1, $2, $3)', 1, 'x', 1],
  ['UPDATE pair SET v = v + $3 WHERE a = $1 AND b = $2', 1, 'x', 1],
  ['SELECT v FROM pair WHERE a = $1 AND b = $2', 1, 'x'],
  ['INSERT INTO loose (a) VALUES ($1)', 5],
  ['INSERT INTO loose VALUES ($1, DEFAULT)', 6],
  ['UPDATE item SET price = price * 2, name = $2 WHERE id = $1', 7, 'seven'],
  ['UPDATE item SET price = price / 0 WHERE id = $1', 7],
  ['UPDATE item SET name = NULL WHERE id = $1', 7],
  ['UPDATE item SET code = $2 WHERE id = $1', 7, 'c8'],
  ['UPDATE item SET parent = $2 WHERE id = $1', 7, 999],
  ['UPDATE item SET id = $2 WHERE id = $1', 7, 777],
  ['UPDATE item SET price = 3 WHERE id = $1', 5000],
  ['UPDATE item SET price = price WHERE id = $1', 9],
  ['DELETE FROM item WHERE id = $1', 10],
  ['DELETE FROM item WHERE id = $1', 10],
  ['DELETE FROM parent WHERE id = $1', 4],
  ['SELECT * FROM parent WHERE id = $1', 4],
];

async function outcome(db: Db, [sql, ...parameters]: readonly [string, ...Value[]]): Promise<unknown> {
  try {
    const result = await db.session.execute(sql, parameters);
    return [
      result.command,
      result.affectedRows,
      await db.rows(sql.startsWith('SELECT') ? sql : 'SELECT 1', sql.startsWith('SELECT') ? parameters : []),
    ];
  } catch (error) {
    const { code, message, detail, constraint } = error as Record<string, unknown>;
    return { code, message, detail, constraint };
  }
}

async function state(db: Db): Promise<unknown> {
  const tables = ['parent', 'item', 'pair', 'loose'];
  return Promise.all(tables.map((name) => db.rows(`SELECT *, _seq_from FROM ${name} ORDER BY 1, 2`)));
}

describe.each(['each alone', 'in one transaction'])('%s', (mode) => {
  test('short paths give what operators give', async () => {
    const short = await openDb();
    const long = await openDb();
    for (const db of [short, long]) await db.run(SCHEMA);
    await long.run('SET drift.optimizer = off');
    // Twice, so that the second round runs from the plan cache.
    for (let round = 0; round < 2; round++) {
      for (const db of [short, long]) if (mode === 'in one transaction') await db.run('BEGIN');
      for (const statement of STATEMENTS) {
        const results = [];
        for (const db of [short, long]) {
          if (mode === 'in one transaction') await db.run('SAVEPOINT s');
          results.push(await outcome(db, statement));
          if (mode === 'in one transaction' && !Array.isArray(results.at(-1))) await db.run('ROLLBACK TO s');
        }
        expect(
          results[0],
          JSON.stringify(statement, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
        ).toEqual(results[1]);
      }
      for (const db of [short, long]) if (mode === 'in one transaction') await db.run('COMMIT');
      expect(await state(short)).toEqual(await state(long));
    }
  });
});

test('a row that was read stays as it was when it is updated afterwards', async () => {
  const db = await openDb();
  await db.run(SCHEMA);
  const read = 'SELECT name FROM item WHERE id = $1';
  await db.session.execute(read, [7]);
  const before = await db.session.execute(read, [7]);
  await db.session.execute('UPDATE item SET name = $1 WHERE id = 7', ['changed']);
  expect((before.columns[0] as unknown as { data: unknown[] }).data[0]).toBe('n7');
  expect(await db.rows(read, [7])).toEqual([['changed']]);
});
