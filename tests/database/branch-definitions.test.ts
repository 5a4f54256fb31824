/** What MERGE BRANCH does with definitions. */
import { expect, test } from 'vitest';
import { reopened } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';

async function shop(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TABLE item (id int PRIMARY KEY, name text, n int); CREATE TABLE note (id int PRIMARY KEY, t text);
    INSERT INTO item VALUES (1, 'tea', 1), (2, 'cup', 2), (3, 'pot', 3); CREATE VIEW names AS SELECT name FROM item;
    CREATE BRANCH b; USE BRANCH b`);
  return db;
}

async function merge(db: Db, sql: string): Promise<string[]> {
  return ((await db.session.execute(sql)).notices ?? []).map(({ message }) => message);
}

test('tables, columns, indexes, views, functions and constraints of a branch are merged with its rows', async () => {
  const db = await shop();
  await db.run(`CREATE TYPE size AS ENUM ('small', 'big');
    ALTER TABLE item ADD COLUMN size size DEFAULT 'small', ADD COLUMN twice int GENERATED ALWAYS AS (n * 2) STORED;
    ALTER TABLE item ALTER COLUMN size SET DEFAULT 'big'; UPDATE item SET size = 'big' WHERE id = 2;
    CREATE UNIQUE INDEX one_name ON item (lower(name)); CREATE INDEX ON item (n DESC) WHERE n > 0;
    ALTER TABLE item ADD CHECK (n < 100);
    CREATE TABLE part (id serial PRIMARY KEY, item int REFERENCES item ON DELETE CASCADE, s size, UNIQUE (item, s));
    INSERT INTO part (item, s) VALUES (1, 'big'), (2, 'small');
    CREATE TABLE log (line text); INSERT INTO log VALUES ('x');
    CREATE FUNCTION double(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2';
    CREATE VIEW parts AS SELECT i.name, double(p.id) AS d FROM part p JOIN item i ON i.id = p.item;
    ALTER TABLE note ADD COLUMN part int REFERENCES part;
    USE BRANCH main; ALTER TABLE item ADD COLUMN other int DEFAULT 7; INSERT INTO item VALUES (4, 'jug', 4)`);
  expect(await merge(db, 'MERGE BRANCH b')).toEqual([]);
  const check = async (of: Db): Promise<void> => {
    expect(await of.rows('SELECT id, name, n, other, size, twice FROM item ORDER BY id')).toEqual([
      ['1', 'tea', '1', '7', 'small', '2'],
      ['2', 'cup', '2', '7', 'big', '4'],
      ['3', 'pot', '3', '7', 'small', '6'],
      ['4', 'jug', '4', '7', 'small', '8'],
    ]);
    expect(await of.rows('SELECT * FROM parts ORDER BY d')).toEqual([
      ['tea', '2'],
      ['cup', '4'],
    ]);
    expect(await of.code("INSERT INTO item (id, name, n) VALUES (5, 'TEA', 1)")).toBe('23505');
    expect(await of.code("INSERT INTO item (id, name, n) VALUES (5, 'x', 100)")).toBe('23514');
    expect(await of.code('INSERT INTO part (item) VALUES (99)')).toBe('23503');
    expect(await of.code('INSERT INTO note VALUES (1, NULL, 99)')).toBe('23503');
    expect(await of.rows('SELECT * FROM log')).toEqual([['x']]);
    expect(await of.rows(`SELECT indexname FROM pg_indexes WHERE tablename IN ('item', 'part') ORDER BY 1`)).toEqual([
      ['item_n_idx'],
      ['item_pkey'],
      ['one_name'],
      ['part_item_s_key'],
      ['part_pkey'],
    ]);
    expect((await of.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
  };
  await check(db);
  const again = await reopened(db);
  await check(again);
  // New numbers go on behind those of the branch (the insertion that failed took one).
  await again.run("INSERT INTO part (item, s) VALUES (3, 'big')");
  expect(await again.rows('SELECT max(id) FROM part')).toEqual([['4']]);
  // The next merge finds the same tables and columns, in both directions.
  await again.run(`USE BRANCH b; UPDATE part SET s = 'small' WHERE id = 1; UPDATE item SET size = 'small' WHERE id = 2;
    USE BRANCH main; UPDATE part SET item = 3 WHERE id = 2`);
  expect(await merge(again, 'MERGE BRANCH b')).toEqual([]);
  expect(await again.rows('SELECT * FROM part ORDER BY id')).toEqual([
    ['1', '1', 'small'],
    ['2', '3', 'small'],
    ['4', '3', 'big'],
  ]);
  expect(await again.rows('SELECT size FROM item WHERE id = 2')).toEqual([['small']]);
  await again.run('USE BRANCH b');
  expect(await merge(again, 'MERGE BRANCH main')).toEqual([]);
  expect(await again.rows('SELECT * FROM part ORDER BY id')).toHaveLength(3);
  expect(await again.rows('SELECT id, other, size FROM item WHERE id IN (2, 4) ORDER BY id')).toEqual([
    ['2', '7', 'small'],
    ['4', '7', 'small'],
  ]);
  expect(await again.rows('SELECT count(*) FROM drift.conflicts').catch(() => [['0']])).toEqual([['0']]);
});

test('columns of one number that two lines have added are not taken for each other', async () => {
  const db = await shop();
  await db.run(`ALTER TABLE item ADD COLUMN a text; UPDATE item SET a = 'mine' WHERE id = 1;
    USE BRANCH main; ALTER TABLE item ADD COLUMN b text; UPDATE item SET b = 'yours' WHERE id = 1`);
  expect(await merge(db, 'MERGE BRANCH b')).toEqual([]);
  expect(await db.rows('SELECT a, b FROM item WHERE id = 1')).toEqual([['mine', 'yours']]);
});

test('what a merge does not take is told, one by one', async () => {
  const db = await shop();
  await db.run(`DROP TABLE note; ALTER TABLE item DROP COLUMN n; ALTER TABLE item RENAME COLUMN name TO title;
    CREATE OR REPLACE VIEW names AS SELECT title AS name FROM item WHERE id > 1; CREATE TABLE clash (id int PRIMARY KEY);
    USE BRANCH main; CREATE OR REPLACE VIEW names AS SELECT name FROM item WHERE id > 2; CREATE TABLE clash (x int)`);
  expect((await merge(db, 'MERGE BRANCH b')).sort()).toEqual([
    'not merged: table clash: the target has another "clash"',
    'not merged: table note was dropped',
    'not merged: the change of column name of table item',
    'not merged: the removal of column n of table item',
    'not merged: view names was changed on both sides',
  ]);
  expect(await db.rows('SELECT * FROM names')).toEqual([['pot']]);
  await db.run('CREATE BRANCH c; USE BRANCH c; CREATE OR REPLACE VIEW names AS SELECT name FROM item WHERE id = 1');
  expect(await merge(db, 'MERGE BRANCH c INTO main')).toEqual([]);
  await db.run('USE BRANCH main');
  expect(await db.rows('SELECT * FROM names')).toEqual([['tea']]);
});

test('a merge that the rows of the target do not allow leaves nothing behind', async () => {
  const db = await shop();
  await db.run(`ALTER TABLE item ADD UNIQUE (n); CREATE TABLE fresh (id int); USE BRANCH main; UPDATE item SET n = 1`);
  expect(await db.code('MERGE BRANCH b')).toBe('23505');
  expect(await db.code('SELECT * FROM fresh')).toBe('42P01');
  expect(await db.code("SELECT 'item_n_key'::regclass")).toBe('42P01');
  await db.run('BEGIN; UPDATE item SET n = id; MERGE BRANCH b; ROLLBACK');
  expect(await db.code('SELECT * FROM fresh')).toBe('42P01');
});
