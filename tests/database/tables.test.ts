/** Tables made of queries, materialized views, temporary tables, TRUNCATE, and DROP with what depends on it. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

test('CREATE TABLE AS, SELECT INTO', async () => {
  const db = await openDb();
  await db.run("CREATE TABLE t AS SELECT i AS id, 'n' || i AS name FROM generate_series(1, 3) i");
  expect((await db.session.execute('CREATE TABLE u (a, b) AS SELECT * FROM t WHERE id > 1')).affectedRows).toBe(2);
  expect(await db.rows('SELECT a, b FROM u ORDER BY a')).toEqual([
    ['2', 'n2'],
    ['3', 'n3'],
  ]);
  await db.run('CREATE TABLE e AS TABLE t WITH NO DATA; SELECT id * 2 AS twice INTO v FROM t WHERE id < 3');
  expect(await db.rows('SELECT count(*) FROM e')).toEqual([['0']]);
  expect(await db.rows('SELECT twice FROM v ORDER BY 1')).toEqual([['2'], ['4']]);
  expect(await db.code('CREATE TABLE t AS SELECT 1')).toBe('42P07');
  await db.run('CREATE TABLE IF NOT EXISTS t AS SELECT 1');
  expect(await db.code('CREATE TABLE x AS SELECT 1 AS a, 2 AS a')).toBe('42701');
  expect(await db.code('CREATE TABLE x (a, b, c) AS SELECT 1, 2')).toBe('42601');
  expect(await db.code('CREATE TABLE x AS SELECT 1 / 0')).toBe('22012');
  expect(await db.code('SELECT * FROM x')).toBe('42P01');
});

test('materialized views change by REFRESH alone', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run(`CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);
    CREATE MATERIALIZED VIEW m AS SELECT sum(a) AS s FROM t; INSERT INTO t VALUES (3)`);
  expect(await db.rows('SELECT * FROM m')).toEqual([['3']]);
  expect(await db.code('INSERT INTO m VALUES (1)')).toBe('42809');
  expect(await db.code('DROP TABLE m')).toBe('42809');
  expect(await db.code('DROP TABLE t')).toBe('2BP01');
  await db.run('REFRESH MATERIALIZED VIEW m; CREATE UNIQUE INDEX ON m (s)');
  expect(await db.rows('SELECT * FROM m')).toEqual([['6']]);
  expect(await db.rows('SELECT * FROM m@SEQ:4')).toEqual([['3']]);
  await db.run('CREATE MATERIALIZED VIEW n AS SELECT 1 AS one WITH NO DATA');
  expect(await db.code('SELECT * FROM n')).toBe('55000');
  await db.engine.close();
  db = await openDb(storage);
  await db.run('REFRESH MATERIALIZED VIEW n; DELETE FROM t; REFRESH MATERIALIZED VIEW m');
  expect(await db.rows('SELECT * FROM n, m')).toEqual([['1', null]]);
  await db.run('DROP MATERIALIZED VIEW m; DROP MATERIALIZED VIEW IF EXISTS m; DROP TABLE t');
  expect(await db.code('REFRESH MATERIALIZED VIEW m')).toBe('42P01');
});

test('temporary tables: of one session, before others, gone at its end', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run(`CREATE TABLE t (a text); INSERT INTO t VALUES ('lasting'); CREATE TEMP TABLE t (a text, id serial);
    INSERT INTO t (a) VALUES ('passing'); CREATE INDEX ON t (a)`);
  expect(await db.rows('SELECT * FROM t')).toEqual([['passing', '1']]);
  expect(await db.rows('SELECT * FROM public.t')).toEqual([['lasting']]);
  expect(await db.rows('SELECT a FROM pg_temp.t')).toEqual([['passing']]);
  const other = db.engine.session();
  const seen = await other.execute('SELECT a FROM t', [], { text: true });
  expect(seen.columns[0]?.length).toBe(1);
  await expect(other.execute('SELECT id FROM t')).rejects.toMatchObject({ code: '42703' });
  await other.execute('CREATE TEMP TABLE t AS SELECT 7 AS seven');
  expect(await db.rows('SELECT a FROM t')).toEqual([['passing']]);
  await other.close();
  await db.run('BEGIN; CREATE TEMP TABLE u (a int) ON COMMIT DROP; INSERT INTO u VALUES (1)');
  expect(await db.rows('SELECT * FROM u')).toEqual([['1']]);
  await db.run('COMMIT');
  expect(await db.code('SELECT * FROM u')).toBe('42P01');
  await db.run('CREATE TEMP TABLE d (a int) ON COMMIT DELETE ROWS; BEGIN; INSERT INTO d VALUES (1)');
  expect(await db.rows('SELECT * FROM d')).toEqual([['1']]);
  await db.run('COMMIT');
  expect(await db.rows('SELECT * FROM d')).toEqual([]);
  expect(await db.code('CREATE TEMP TABLE public.x (a int)')).toBe('42P16');
  await db.run('DROP TABLE t');
  expect(await db.rows('SELECT * FROM t')).toEqual([['lasting']]);
  await db.run('CREATE TEMP VIEW v AS SELECT 1 AS one; CREATE TEMP TABLE t (b int)');
  expect(await db.rows('SELECT * FROM v')).toEqual([['1']]);
  await db.engine.close();
  db = await openDb(storage);
  expect(await db.rows('SELECT * FROM t')).toEqual([['lasting']]);
  expect(await db.rows("SELECT count(*) FROM information_schema.tables WHERE table_schema LIKE 'pg_temp%'")).toEqual([
    ['0'],
  ]);
});

test('what a crash leaves of temporary tables goes at opening', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run('CREATE TABLE t (a int); CREATE TEMP TABLE u (a int); INSERT INTO u VALUES (1)');
  const copy = new MemoryStorage();
  for (const name of storage.list()) {
    const file = storage.open(name);
    void copy.open(name).write(0, file.read(0, file.size()) as Uint8Array);
  }
  const again = await openDb(copy);
  expect(await again.code('SELECT * FROM u')).toBe('42P01');
  expect(
    await again.rows(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' OR table_schema LIKE 'pg_temp%'",
    ),
  ).toEqual([['t']]);
});

test('TRUNCATE: several tables, references, identities; the past stays', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text); CREATE TABLE c (p int REFERENCES p);
    CREATE TABLE g (id serial PRIMARY KEY, c int); INSERT INTO p (v) VALUES ('a'), ('b'); INSERT INTO c VALUES (1), (2)`);
  expect(await db.code('TRUNCATE p')).toBe('0A000');
  await db.run('TRUNCATE p, c');
  expect(await db.rows('SELECT (SELECT count(*) FROM p), (SELECT count(*) FROM c)')).toEqual([['0', '0']]);
  expect(await db.rows('SELECT count(*) FROM p@SEQ:4')).toEqual([['2']]);
  await db.run("INSERT INTO p (v) VALUES ('c'); INSERT INTO c VALUES (3); TRUNCATE p RESTART IDENTITY CASCADE");
  await db.run("INSERT INTO p (v) VALUES ('d')");
  expect(await db.rows('SELECT * FROM p')).toEqual([['1', 'd']]);
  await db.run('BEGIN; TRUNCATE p CASCADE; ROLLBACK');
  expect(await db.rows('SELECT count(*) FROM p')).toEqual([['1']]);
  expect(await db.code('TRUNCATE nowhere')).toBe('42P01');
});

test('DROP takes what is named together, CASCADE what depends on it', async () => {
  const db = await openDb();
  const make = async (): Promise<void> =>
    db.run(`CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a);
      ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (id) REFERENCES b; CREATE VIEW v AS SELECT * FROM a; CREATE VIEW w AS SELECT * FROM v`);
  await make();
  expect(await db.code('DROP TABLE a')).toBe('2BP01');
  expect(await db.code('DROP VIEW v')).toBe('2BP01');
  expect(await db.code('DROP TABLE a, b')).toBe('2BP01');
  await db.run('DROP VIEW v, w; DROP TABLE a, b');
  await make();
  await db.run('DROP TABLE a CASCADE');
  expect(await db.code('SELECT * FROM w')).toBe('42P01');
  await db.run('INSERT INTO b VALUES (77)');
  await db.run("CREATE SEQUENCE s; CREATE TABLE d (a int DEFAULT nextval('s'), b int)");
  expect(await db.code('DROP SEQUENCE s')).toBe('2BP01');
  await db.run('DROP SEQUENCE s CASCADE; INSERT INTO d (b) VALUES (1)');
  expect(await db.rows('SELECT * FROM d')).toEqual([[null, '1']]);
});
