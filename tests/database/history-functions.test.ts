/** History as tables: table_changes, table_diff, row_history, blame, database_diff. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import type { TransactionOptions } from '../../src/database/api.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

/** Commits: 1 definition, 2 insert, 3 update, 4 delete, 5 a column renamed, 6 update and insert, 7 the deleted row again. */
async function products(): Promise<Db> {
  const db = await openDb();
  const commits = [
    'CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2), info json)',
    "INSERT INTO product VALUES (1, 'Tea', 4.00), (2, 'Coffee', 6.50), (3, 'Cocoa', 5.00)",
    'UPDATE product SET price = 7.20 WHERE id = 2',
    'DELETE FROM product WHERE id = 3',
    'ALTER TABLE product RENAME COLUMN price TO cost',
    "UPDATE product SET cost = 4.40 WHERE id = 1; INSERT INTO product VALUES (4, 'Mate', 5.20)",
    "INSERT INTO product VALUES (3, 'Cocoa', 5.50)",
  ];
  for (const sql of commits) await db.run(`BEGIN; ${sql}; COMMIT`);
  return db;
}

async function commit(db: Db, options: TransactionOptions, sql: string): Promise<void> {
  await db.session.begin(options);
  await db.session.script(sql);
  await db.session.commit();
}

test('table_changes: every change with both images, under the names of the end', async () => {
  const db = await products();
  const columns = 'seq, operation, before_id, before_cost, after_id, after_cost';
  expect(await db.rows(`SELECT ${columns} FROM table_changes('product', 2) ORDER BY seq, after_id`)).toEqual([
    ['3', 'update', '2', '6.50', '2', '7.20'],
    ['4', 'delete', '3', '5.00', null, null],
    ['6', 'update', '1', '4.00', '1', '4.40'],
    ['6', 'insert', null, null, '4', '5.20'],
    ['7', 'insert', null, null, '3', '5.50'],
  ]);
  expect(await db.rows(`SELECT count(*) FROM table_changes('product', 2, 2)`)).toEqual([['0']]);
  expect(await db.rows(`SELECT seq, before_price FROM table_changes('product', 2, 3)`)).toEqual([['3', '6.50']]);
  expect(await db.rows(`SELECT seq FROM table_changes('product', $1, $2)`, [3, 4])).toEqual([['4']]);
  const [third] = await db.rows('SELECT committed_at FROM drift.transactions WHERE seq = 3');
  expect(await db.rows(`SELECT seq FROM table_changes('product', '${third?.[0]}', 4)`)).toEqual([['4']]);
  await db.run("CREATE TAG spring AS OF SEQ 6; UPDATE product SET name = 'x' WHERE id = 1");
  expect(await db.rows(`SELECT operation FROM table_changes('product', 'spring') ORDER BY seq`)).toEqual([
    ['insert'],
    ['update'],
  ]);
});

test('table_changes and blame say who, when and why', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int)');
  await commit(db, { author: 'ada', message: 'first' }, 'INSERT INTO t VALUES (1, 1), (2, 2)');
  await commit(db, { author: 'bob' }, 'UPDATE t SET v = 3 WHERE id = 2');
  expect(await db.rows("SELECT author, message, after_v FROM table_changes('t', 1) ORDER BY seq, after_v")).toEqual([
    ['ada', 'first', '1'],
    ['ada', 'first', '2'],
    ['bob', null, '3'],
  ]);
  expect(await db.rows("SELECT id, seq, author FROM blame('t') ORDER BY id")).toEqual([
    ['1', '2', 'ada'],
    ['2', '3', 'bob'],
  ]);
  expect(await db.rows("SELECT id, v, author FROM blame('t', 2) ORDER BY id")).toEqual([
    ['1', '1', 'ada'],
    ['2', '2', 'ada'],
  ]);
});

test('table_diff: the net difference, columns as they were at both ends', async () => {
  const db = await products();
  const { fields } = await db.session.execute("SELECT * FROM table_diff('product', 2, 6)", []);
  expect(fields.map(({ name }) => name)).toEqual([
    'diff_type',
    ...['from_id', 'from_name', 'from_price', 'from_info'],
    ...['to_id', 'to_name', 'to_cost', 'to_info'],
  ]);
  const columns = 'diff_type, coalesce(from_id, to_id), from_price, to_cost';
  expect(await db.rows(`SELECT ${columns} FROM table_diff('product', 2, 6) ORDER BY 2`)).toEqual([
    ['modified', '1', '4.00', '4.40'],
    ['modified', '2', '6.50', '7.20'],
    ['removed', '3', '5.00', null],
    ['added', '4', null, '5.20'],
  ]);
  // What went and came back as it was is no difference.
  await db.run('UPDATE product SET cost = 1 WHERE id = 4; UPDATE product SET cost = 5.20 WHERE id = 4');
  expect(await db.rows("SELECT * FROM table_diff('product', 7)")).toEqual([]);
  expect(await db.rows("SELECT diff_type, to_id FROM table_diff('product', 0, 2) ORDER BY 2")).toEqual([
    ['added', '1'],
    ['added', '2'],
    ['added', '3'],
  ]);
  await db.run('DROP TABLE product');
  expect(await db.rows("SELECT DISTINCT diff_type FROM table_diff('product', 7)")).toEqual([['removed']]);
});

test('a table without a primary key is compared by its hidden row ids', async () => {
  const db = await openDb();
  await db.run(
    "CREATE TABLE log (m text); INSERT INTO log VALUES ('a'), ('a'), ('b'); UPDATE log SET m = 'c' WHERE m = 'b'",
  );
  expect(await db.rows("SELECT * FROM table_diff('log', 2)")).toEqual([['modified', 'b', 'c']]);
  expect(await db.rows("SELECT operation, before_m, after_m FROM table_changes('log', 2)")).toEqual([
    ['update', 'b', 'c'],
  ]);
});

test('a table may have columns that are called as those of the history', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE event (seq int PRIMARY KEY, operation text, author text, diff_type text, next int)');
  await db.run("INSERT INTO event VALUES (7, 'open', 'eve', 'x', 1)");
  await db.run("UPDATE event SET author = 'fay'");
  await db.run('DELETE FROM event');
  const names = 'AS h (at, t, a, m, j, op, seq, operation, author)';
  expect(await db.rows(`SELECT at, op, seq, operation, author FROM row_history('event', 7) ${names}`)).toEqual([
    ['2', 'insert', '7', 'open', 'eve'],
    ['3', 'update', '7', 'open', 'fay'],
    ['4', 'delete', '7', 'open', 'fay'],
  ]);
  expect(await db.rows("SELECT seq, operation, before_seq, after_author FROM table_changes('event', 2)")).toEqual([
    ['3', 'update', '7', 'fay'],
    ['4', 'delete', '7', null],
  ]);
  expect(await db.rows("SELECT diff_type, to_diff_type, to_next FROM table_diff('event', 1, 3)")).toEqual([
    ['added', 'x', '1'],
  ]);
  expect(
    await db.rows("SELECT at, seq, author FROM blame('event', 3) AS b (at, t, a, m, j, seq, operation, author)"),
  ).toEqual([['3', '7', 'fay']]);
});

test('row_history: each version of one row and its deletions', async () => {
  const db = await products();
  expect(await db.rows("SELECT seq, operation, cost FROM row_history('product', 3)")).toEqual([
    ['2', 'insert', '5.00'],
    ['4', 'delete', '5.00'],
    ['7', 'insert', '5.50'],
  ]);
  expect(
    await db.rows("SELECT p.id, h.seq FROM product p, row_history('product', p.id) h WHERE p.id < 3 ORDER BY 1, 2"),
  ).toEqual([
    ['1', '2'],
    ['1', '6'],
    ['2', '2'],
    ['2', '3'],
  ]);
  const plan = await db.rows("EXPLAIN SELECT * FROM row_history('product', 3)");
  expect(plan.filter(([line]) => line?.includes('Index Cond: (id = 3)'))).toHaveLength(2);
});

test('database_diff: tables whose rows or definition differ', async () => {
  const db = await products();
  await db.run("CREATE TABLE log (m text); INSERT INTO log VALUES ('a')");
  const columns = 'table_name, rows_added, rows_removed, rows_modified, schema_change';
  expect(await db.rows(`SELECT ${columns} FROM database_diff(2) ORDER BY 1`)).toEqual([
    ['log', '1', '0', '0', 'table created'],
    ['product', '1', '0', '3', 'column price renamed to cost'],
  ]);
  expect(await db.rows('SELECT * FROM database_diff(9)')).toEqual([]);
});

test('errors: a moment in the future, the wrong way round, before anything; a table that is not there', async () => {
  const db = await products();
  const code = (call: string): Promise<string> => db.code(`SELECT * FROM ${call}`);
  expect(await code("table_changes('product', 99)")).toBe('22023');
  expect(await code("table_diff('product', 5, 2)")).toBe('22023');
  expect(await code("table_diff('product', '1990-01-01')")).toBe('3D000');
  expect(await code("table_diff('nothing', 1)")).toBe('42P01');
  expect(await code("row_history('product')")).toBe('42883');
  expect(await code('table_diff(name, 1)')).toBe('42601');
});

test.each([1, 2, 3])('state(a) + diff(a, b) = state(b), and the changes between lead there; seed %i', async (seed) => {
  const db = await openDb(new MemoryStorage(), { maxLeafRows: 16 });
  const random = new Random(seed);
  const below = (n: number): number => Math.floor(random.next() * n);
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int)');
  const states: Map<number, number>[] = [new Map(), new Map()];
  for (let seq = 2; seq <= 60; seq++) {
    // Commit `seq` always inserts a row, for one that changes nothing gets no number.
    const state = new Map(states[seq - 1]).set(1000 + seq, 0);
    const ids = Array.from({ length: 1 + below(4) }, () => below(60));
    await db.run(
      `BEGIN; INSERT INTO t VALUES (${1000 + seq}, 0); ${[...new Set(ids)]
        .map((id) => {
          const v = below(5);
          if (!state.has(id)) {
            state.set(id, v);
            return `INSERT INTO t VALUES (${id}, ${v})`;
          }
          if (below(3) === 0) {
            state.delete(id);
            return `DELETE FROM t WHERE id = ${id}`;
          }
          state.set(id, v);
          return `UPDATE t SET v = ${v} WHERE id = ${id}`;
        })
        .join('; ')}; COMMIT`,
    );
    states.push(state);
    if (seq % 20 === 0) await db.run('CHECKPOINT');
  }
  for (let i = 0; i < 20; i++) {
    const [a, b] = [1 + below(60), 1 + below(60)].toSorted((x, y) => x - y) as [number, number];
    const [before, after] = [states[a] as Map<number, number>, states[b] as Map<number, number>];
    const expected = [...new Set([...before.keys(), ...after.keys()])]
      .filter((id) => before.get(id) !== after.get(id))
      .toSorted((x, y) => x - y)
      .map((id) => [id, before.get(id), after.get(id)].map((value) => (value === undefined ? null : String(value))));
    const diff = await db.rows(
      `SELECT coalesce(from_id, to_id), from_v, to_v FROM table_diff('t', ${a}, ${b}) ORDER BY 1`,
    );
    expect(diff).toEqual(expected);
    const replayed = new Map(before);
    for (const [operation, id, v] of await db.rows(
      `SELECT operation, coalesce(after_id, before_id), after_v FROM table_changes('t', ${a}, ${b}) ORDER BY seq`,
    )) {
      if (operation === 'delete') replayed.delete(Number(id));
      else replayed.set(Number(id), Number(v));
    }
    expect([...replayed].toSorted(([x], [y]) => x - y)).toEqual([...after].toSorted(([x], [y]) => x - y));
  }
});
