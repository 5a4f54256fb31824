/** Views: their columns are those of the day they were made; renames reach them; replacing keeps their shape. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test('a star in a view means the columns of today', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE a (id int, x text); CREATE TABLE b (id int, y text); INSERT INTO a VALUES (1, 'x'); INSERT INTO b VALUES (1, 'y');
    CREATE VIEW one AS SELECT * FROM a; CREATE VIEW ab (i, x, j, y) AS SELECT * FROM a JOIN b ON a.id = b.id;
    CREATE VIEW few AS SELECT b.*, a.x FROM a, b; CREATE VIEW either AS SELECT * FROM a UNION ALL SELECT * FROM b;
    CREATE VIEW nested AS SELECT * FROM (SELECT * FROM a) s; ALTER TABLE a ADD COLUMN z int DEFAULT 9`);
  expect(await db.rows('SELECT * FROM one')).toEqual([['1', 'x']]);
  expect(await db.rows('SELECT * FROM ab')).toEqual([['1', 'x', '1', 'y']]);
  expect(await db.rows('SELECT * FROM few')).toEqual([['1', 'y', 'x']]);
  expect(await db.rows('SELECT * FROM either ORDER BY 2')).toEqual([
    ['1', 'x'],
    ['1', 'y'],
  ]);
  expect(await db.rows('SELECT * FROM nested')).toEqual([['1', 'x']]);
});

test('renamed tables and columns are renamed in views, and nothing else is', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE v (id int PRIMARY KEY, v text, name text); INSERT INTO v VALUES (1, 'x', 'Ada');
    CREATE VIEW names AS SELECT v.name, v, 'v name' AS label, s.name AS inner_name
      FROM v JOIN (SELECT id, name FROM v WHERE name > '') s ON s.id = v.id WHERE v.id > 0`);
  const expected = [['Ada', 'x', 'v name', 'Ada']];
  expect(await db.rows('SELECT * FROM names')).toEqual(expected);
  await db.run('ALTER TABLE v RENAME TO people');
  expect(await db.rows('SELECT * FROM names')).toEqual(expected);
  await db.run('ALTER TABLE people RENAME COLUMN name TO full_name');
  expect(await db.rows('SELECT name, v, label, inner_name FROM names')).toEqual(expected);
  await db.run(
    'CREATE TABLE other (id int, name text); CREATE VIEW two AS SELECT p.full_name FROM people p JOIN other o USING (id)',
  );
  expect(await db.code('ALTER TABLE people RENAME COLUMN id TO key')).toBe('0A000');
  expect(await db.rows('SELECT id FROM people')).toEqual([['1']]);
  await db.run(
    'CREATE MATERIALIZED VIEW m AS SELECT full_name FROM people; ALTER TABLE people RENAME TO persons; REFRESH MATERIALIZED VIEW m',
  );
  expect(await db.rows('SELECT * FROM m')).toEqual([['Ada']]);
  await db.run('ALTER VIEW names RENAME TO called');
  expect(await db.rows('SELECT count(*) FROM called')).toEqual([['1']]);
  expect(await db.code('ALTER VIEW persons RENAME TO x')).toBe('42809');
});

test('ALTER SCHEMA RENAME takes everything along', async () => {
  const db = await openDb();
  await db.run(`CREATE SCHEMA a; CREATE TABLE a.t (id serial PRIMARY KEY, v text); INSERT INTO a.t (v) VALUES ('x');
    ALTER SCHEMA a RENAME TO b; INSERT INTO b.t (v) VALUES ('y')`);
  expect(await db.rows('SELECT * FROM b.t ORDER BY id')).toEqual([
    ['1', 'x'],
    ['2', 'y'],
  ]);
  expect(await db.code('SELECT * FROM a.t')).toBe('42P01');
  expect(await db.rows('SELECT * FROM a.t@SEQ:3')).toEqual([['1', 'x']]);
  expect(await db.code('ALTER SCHEMA nowhere RENAME TO c')).toBe('3F000');
  expect(await db.code('ALTER SCHEMA b RENAME TO public')).toBe('42P06');
  await db.run('CREATE TABLE t (a int); ALTER SCHEMA public RENAME TO open');
  expect(await db.rows('SELECT count(*) FROM open.t')).toEqual([['0']]);
  expect(await db.code('SELECT * FROM t')).toBe('42P01');
});

test('CREATE OR REPLACE VIEW keeps the columns there are', async () => {
  const db = await openDb();
  await db.run(
    'CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW v AS SELECT a, b FROM t',
  );
  expect(await db.code('CREATE OR REPLACE VIEW v AS SELECT a FROM t')).toBe('42P16');
  expect(await db.code('CREATE OR REPLACE VIEW v AS SELECT a AS x, b FROM t')).toBe('42P16');
  expect(await db.code('CREATE OR REPLACE VIEW v AS SELECT b AS a, b FROM t')).toBe('42P16');
  expect(await db.code('CREATE OR REPLACE VIEW t AS SELECT 1')).toBe('42809');
  expect(await db.code('CREATE VIEW v AS SELECT 1')).toBe('42P07');
  await db.run("CREATE VIEW w AS SELECT a, b FROM v; COMMENT ON COLUMN w.a IS 'from v'");
  expect(await db.code('CREATE OR REPLACE VIEW v AS SELECT a, b FROM w')).toBe('42P17');
  expect(await db.rows('SELECT * FROM w')).toEqual([]);
});

test('a text that cannot be read ends an open transaction too', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (a int); BEGIN; INSERT INTO t VALUES (1)');
  await expect(db.session.execute('SELEC 1')).rejects.toMatchObject({ code: '42601' });
  await expect(db.session.execute('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
  expect((await db.session.execute('COMMIT')).command).toBe('ROLLBACK');
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['0']]);
});

test('names of schemas and databases that are not there', async () => {
  const db = await openDb();
  await db.run('CREATE SEQUENCE s; ALTER SEQUENCE s RESTART WITH 9');
  expect(await db.rows("SELECT nextval('s')")).toEqual([['9']]);
  expect(await db.code('ALTER TABLE nowhere.t RENAME TO u')).toBe('3F000');
  expect(await db.code('DROP TABLE nowhere.t')).toBe('3F000');
  await db.run('DROP TABLE IF EXISTS nowhere.t');
  expect(await db.code('COMMENT ON TABLE a.b.c IS NULL')).toBe('0A000');
  expect(await db.code('CREATE SEQUENCE r INCREMENT 5 MAXVALUE 1000 INCREMENT 2')).toBe('42601');
  expect(await db.code('CREATE TABLE t (a int); CREATE INDEX ON t USING nothing (a)')).toBe('42704');
});

test('what does not exist, and what does not apply', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a FROM t; ANALYZE t; VACUUM; ANALYZE');
  for (const [sql, code] of [
    ['ANALYZE nowhere', '42P01'],
    ['CREATE TABLE u (a text COLLATE nothing)', '42704'],
    ['CREATE TABLE u (a int COLLATE "C")', '42804'],
    ['ALTER TABLE t ALTER b TYPE varchar COLLATE nothing', '42704'],
    ['CREATE INDEX ON t (b COLLATE nothing)', '42704'],
    ['ALTER VIEW v ADD COLUMN c int', '42809'],
    ['CREATE VIEW w AS WITH i AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM i', '0A000'],
    ["COPY t TO '/tmp/file'", '42501'],
    ["COPY t FROM PROGRAM 'ls'", '42501'],
    ['CREATE TABLE u (j json PRIMARY KEY)', '42704'],
    ['CREATE TABLE u (a serial DEFAULT 7)', '42601'],
    ['DROP FUNCTION f', '42883'],
    ['DROP DATABASE d', '3D000'],
    ['DROP ROLE r', '42704'],
  ] as const) {
    expect([sql, await db.code(sql)]).toEqual([sql, code]);
  }
  await db.run('DROP FUNCTION IF EXISTS f; DROP ROLE IF EXISTS r');
});
