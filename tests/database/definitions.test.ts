/** LIKE, NOT VALID, SET NULL (columns), sequences as tables, CREATE TABLE AS EXECUTE: as PostgreSQL 15 has them. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test('CREATE TABLE LIKE takes along what is asked for', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE p (id int PRIMARY KEY, a int UNIQUE, b text NOT NULL DEFAULT 'x', CONSTRAINT pos CHECK (a > 0));
    CREATE INDEX ON p (lower(b) DESC); CREATE UNIQUE INDEX ON p (b) WHERE a > 5;
    CREATE TABLE l (LIKE p INCLUDING ALL, extra int); CREATE TABLE d (LIKE p INCLUDING DEFAULTS); CREATE TABLE n (LIKE p)`);
  expect(await db.rows('INSERT INTO l (id, a, extra) VALUES (1, 9, 2) RETURNING *')).toEqual([['1', '9', 'x', '2']]);
  expect(await db.code('INSERT INTO l (id, a) VALUES (2, 8)')).toBe('23505');
  expect(await db.code("INSERT INTO l (id, a, b) VALUES (1, 8, 'y')")).toBe('23505');
  expect(await db.code("INSERT INTO l (id, a, b) VALUES (3, 9, 'y')")).toBe('23505');
  expect(await db.code("INSERT INTO l (id, a, b) VALUES (3, 0, 'y')")).toBe('23514');
  expect(await db.rows('INSERT INTO d (id, a) VALUES (1, -1) RETURNING *')).toEqual([['1', '-1', 'x']]);
  expect(await db.code('INSERT INTO n (id) VALUES (1)')).toBe('23502');
  await db.run(`CREATE TABLE i (id int GENERATED ALWAYS AS IDENTITY (START 10) PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, t text);
    INSERT INTO i (t) VALUES ('x'); CREATE TABLE j (LIKE i INCLUDING IDENTITY INCLUDING GENERATED EXCLUDING INDEXES); CREATE TABLE k (LIKE i)`);
  expect(await db.rows("INSERT INTO j (t) VALUES ('a') RETURNING *")).toEqual([['10', '20', 'a']]);
  expect(await db.rows('INSERT INTO k (id, g) VALUES (1, 5) RETURNING *')).toEqual([['1', '5', null]]);
});

test('NOT VALID passes over rows that are there, VALIDATE does not', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int, p int); INSERT INTO c VALUES (5, 1);
    ALTER TABLE c ADD CONSTRAINT big CHECK (id > 10) NOT VALID, ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES p NOT VALID`);
  expect(await db.code('INSERT INTO c VALUES (6, NULL)')).toBe('23514');
  expect(await db.code('INSERT INTO c VALUES (16, 7)')).toBe('23503');
  expect(await db.code('ALTER TABLE c VALIDATE CONSTRAINT big')).toBe('23514');
  expect(await db.code('ALTER TABLE c VALIDATE CONSTRAINT fk')).toBe('23503');
  expect(await db.code('ALTER TABLE c VALIDATE CONSTRAINT nope')).toBe('42704');
  await db.run(`UPDATE c SET id = 50; INSERT INTO p VALUES (1);
    ALTER TABLE c VALIDATE CONSTRAINT big, VALIDATE CONSTRAINT fk`);
});

test('ON DELETE SET NULL and SET DEFAULT of some columns', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE m (x int, y int, PRIMARY KEY (x, y)); INSERT INTO m VALUES (1, 1), (1, 2);
    CREATE TABLE s (x int DEFAULT 7, y int, FOREIGN KEY (x, y) REFERENCES m ON DELETE SET NULL (y));
    INSERT INTO s VALUES (1, 2)`);
  await db.run('DELETE FROM m WHERE y = 2');
  expect(await db.rows('SELECT * FROM s')).toEqual([['1', null]]);
  await db.run(`CREATE TABLE f (x int, y int, FOREIGN KEY (x, y) REFERENCES m MATCH FULL ON DELETE SET NULL (y));
    INSERT INTO f VALUES (1, 1)`);
  expect(await db.code('DELETE FROM m')).toBe('23503');
  expect(
    await db.code('CREATE TABLE g (x int, z int, y int, FOREIGN KEY (x, y) REFERENCES m ON DELETE SET NULL (z))'),
  ).toBe('42P10');
});

test('sequences: read as tables, types, owners', async () => {
  const db = await openDb();
  await db.run('CREATE SEQUENCE s INCREMENT 2 MAXVALUE 5; CREATE SEQUENCE t AS smallint START 32767');
  expect(await db.rows('SELECT last_value, is_called FROM s')).toEqual([['1', 'f']]);
  expect(await db.rows("SELECT nextval('s'), nextval('s')")).toEqual([['1', '3']]);
  expect(await db.rows('SELECT last_value, is_called FROM public.s')).toEqual([['3', 't']]);
  expect(await db.rows("SELECT nextval('t')")).toEqual([['32767']]);
  expect(await db.code("SELECT nextval('t')")).toBe('2200H');
  await db.run('CREATE TABLE o (a int); ALTER SEQUENCE s OWNED BY o.a; DROP TABLE o');
  expect(await db.code("SELECT nextval('s')")).toBe('42P01');
  expect(await db.code('ALTER SEQUENCE t OWNED BY nope.a')).toBe('42P01');
});

test('CREATE TABLE AS EXECUTE and REFRESH CONCURRENTLY', async () => {
  const db = await openDb();
  await db.run(
    "PREPARE q(int, text) AS SELECT $1 AS v, generate_series(1, $1) AS g, $2 AS t; CREATE TABLE x AS EXECUTE q(2, $$it's$$)",
  );
  expect(await db.rows('SELECT * FROM x ORDER BY g')).toEqual([
    ['2', '1', "it's"],
    ['2', '2', "it's"],
  ]);
  expect(await db.code('CREATE TABLE y AS EXECUTE q(2)')).toBe('42601');
  expect(await db.code('CREATE TABLE y AS EXECUTE nope')).toBe('26000');
  await db.run('CREATE MATERIALIZED VIEW m AS SELECT g FROM x WITH NO DATA');
  expect(await db.code('SELECT * FROM m')).toBe('55000');
  expect(await db.code('REFRESH MATERIALIZED VIEW CONCURRENTLY m')).toBe('55000');
  await db.run('REFRESH MATERIALIZED VIEW m');
  expect(await db.code('REFRESH MATERIALIZED VIEW CONCURRENTLY m')).toBe('55000');
  await db.run('CREATE UNIQUE INDEX ON m (g); INSERT INTO x VALUES (9, 9); REFRESH MATERIALIZED VIEW CONCURRENTLY m');
  expect(await db.rows('SELECT count(*) FROM m')).toEqual([['3']]);
  expect(await db.code('REFRESH MATERIALIZED VIEW CONCURRENTLY m WITH NO DATA')).toBe('42601');
});
