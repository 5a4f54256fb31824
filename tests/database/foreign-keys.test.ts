/** Foreign keys: actions along cycles and several paths; what must hold is asked when the statement has done everything. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test('two tables that refer to each other, ON UPDATE CASCADE', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE a (id text PRIMARY KEY); CREATE TABLE b (id text PRIMARY KEY REFERENCES a ON UPDATE CASCADE);
    INSERT INTO a VALUES ('old'); INSERT INTO b VALUES ('old');
    ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES b ON UPDATE CASCADE; UPDATE a SET id = 'new'`);
  expect(await db.rows('SELECT (SELECT id FROM a), (SELECT id FROM b)')).toEqual([['new', 'new']]);
  expect(await db.code('UPDATE a SET id = NULL')).toBe('23502');
  expect(await db.code('DELETE FROM a')).toBe('23503');
});

test('a row that stands in the way may go by another path (NO ACTION), but not where RESTRICT says no', async () => {
  const db = await openDb();
  const make = async (action: string): Promise<void> =>
    db.run(`CREATE TABLE top (id int PRIMARY KEY);
      CREATE TABLE middle (id int PRIMARY KEY, top int REFERENCES top ON DELETE CASCADE);
      CREATE TABLE leaf (top int REFERENCES top ON DELETE ${action}, middle int REFERENCES middle ON DELETE CASCADE);
      INSERT INTO top VALUES (1); INSERT INTO middle VALUES (10, 1); INSERT INTO leaf VALUES (1, 10)`);
  await make('NO ACTION');
  await db.run('DELETE FROM top');
  expect(await db.rows('SELECT count(*) FROM leaf')).toEqual([['0']]);
  await db.run('INSERT INTO top VALUES (1); INSERT INTO leaf VALUES (1, NULL)');
  expect(await db.code('DELETE FROM top')).toBe('23503');
  expect(await db.rows('SELECT count(*) FROM top')).toEqual([['1']]);
  await db.run('DROP TABLE leaf, middle, top');
});

test('a table that refers to itself', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t ON UPDATE CASCADE ON DELETE CASCADE);
    INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2), (4, 4); UPDATE t SET id = id + 10 WHERE id = 2`);
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', null],
    ['3', '12'],
    ['4', '4'],
    ['12', '1'],
  ]);
  await db.run('DELETE FROM t WHERE id = 1');
  expect(await db.rows('SELECT * FROM t')).toEqual([['4', '4']]);
});

test('rows that an action changes keep CHECK, NOT NULL and generated columns', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE p (id int PRIMARY KEY);
    CREATE TABLE c (p int REFERENCES p ON UPDATE CASCADE ON DELETE SET NULL CHECK (p < 100), twice int GENERATED ALWAYS AS (p * 2) STORED);
    CREATE TABLE d (p int NOT NULL REFERENCES p ON DELETE SET NULL);
    INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1); INSERT INTO d VALUES (2)`);
  expect(await db.code('UPDATE p SET id = 500 WHERE id = 1')).toBe('23514');
  await db.run('UPDATE p SET id = 50 WHERE id = 1');
  expect(await db.rows('SELECT * FROM c')).toEqual([['50', '100']]);
  await db.run('DELETE FROM p WHERE id = 50');
  expect(await db.rows('SELECT * FROM c')).toEqual([[null, null]]);
  expect(await db.code('DELETE FROM p WHERE id = 2')).toBe('23502');
});

test('ON CONFLICT DO UPDATE is checked as a whole: parents, unique values, children that follow', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1), (2);
    CREATE TABLE c (id int PRIMARY KEY, u int UNIQUE, p int REFERENCES p);
    CREATE TABLE g (c int REFERENCES c ON UPDATE CASCADE);
    INSERT INTO c VALUES (1, 10, 1), (2, 20, 1); INSERT INTO g VALUES (1), (2)`);
  const upsert = (set: string): string =>
    `INSERT INTO c VALUES (1, 0, 2), (2, 0, 2) ON CONFLICT (id) DO UPDATE SET ${set}`;
  expect(await db.code(upsert('p = excluded.id + 1'))).toBe('23503');
  expect(await db.code(upsert('u = 30'))).toBe('23505');
  await db.run(upsert('p = excluded.p, u = c.u + 1, id = c.id + 100'));
  expect(await db.rows('SELECT * FROM c ORDER BY id')).toEqual([
    ['101', '11', '2'],
    ['102', '21', '2'],
  ]);
  expect(await db.rows('SELECT c FROM g ORDER BY c')).toEqual([['101'], ['102']]);
});
