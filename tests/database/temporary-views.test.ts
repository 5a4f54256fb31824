/** What stands on temporary tables, and what may not leave their schema. Expected values are PostgreSQL 15's. */
import { beforeEach, expect, test } from 'vitest';
import { type Db, openDb, textRows } from './helper.ts';

let db: Db;
beforeEach(async () => {
  db = await openDb();
  await db.run('CREATE TABLE kept (i int); CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (1)');
});

async function noticesOf(sql: string): Promise<(string | undefined)[]> {
  const { notices } = await db.session.execute(sql);
  return (notices ?? []).map(({ message }) => message);
}

test.each([
  'SELECT * FROM t',
  'SELECT 1 AS x WHERE EXISTS (SELECT 1 FROM t)',
  'WITH q AS (SELECT * FROM t) SELECT 1 AS x',
  'SELECT i FROM kept UNION SELECT i FROM pg_temp.t',
])('a view over a temporary table is temporary: %s', async (query) => {
  expect(await noticesOf(`CREATE VIEW v AS ${query}`)).toEqual(['view "v" will be a temporary view']);
  expect(await noticesOf('CREATE VIEW over AS SELECT * FROM v')).toEqual(['view "over" will be a temporary view']);
  const other = db.engine.session();
  await expect(other.execute('SELECT * FROM over')).rejects.toMatchObject({ code: '42P01' });
  expect(await db.rows("SELECT relpersistence FROM pg_class WHERE relname IN ('v', 'over')")).toEqual([['t'], ['t']]);
  expect(await db.code(`CREATE VIEW public.w AS ${query}`)).toBe('42P16');
  expect(await db.code(`CREATE MATERIALIZED VIEW w AS ${query}`)).toBe('0A000');
  await db.session.close();
  await other.execute('CREATE VIEW v AS SELECT 2 AS two');
  expect(textRows(await other.execute('SELECT * FROM v', [], { text: true }))).toEqual([['2']]);
});

test('other views stay, whatever names they use inside', async () => {
  expect(await noticesOf('CREATE VIEW v AS WITH t AS (SELECT * FROM kept) SELECT i AS t FROM t')).toEqual([]);
  await db.session.close();
  const other = db.engine.session();
  expect((await other.execute('SELECT * FROM v')).rowCount).toBe(0);
});

test('a temporary name hides a lasting one: the view keeps to it, and its end leaves others alone', async () => {
  await db.run(
    'CREATE VIEW lasting AS SELECT i AS t FROM kept; CREATE TEMP TABLE kept (i int); INSERT INTO kept VALUES (7)',
  );
  expect(await noticesOf('CREATE VIEW v AS SELECT kept.* FROM kept')).toEqual(['view "v" will be a temporary view']);
  await db.run('INSERT INTO public.kept VALUES (1)');
  expect(await db.rows('SELECT v.i, t FROM v, lasting')).toEqual([['7', '1']]);
  expect(await db.code('DROP TABLE kept')).toBe('2BP01');
  await db.session.close();
  const other = db.engine.session();
  expect(textRows(await other.execute('SELECT * FROM lasting', [], { text: true }))).toEqual([['1']]);
});

test('only what reads a table goes with it, not what has its name somewhere', async () => {
  await db.run(`CREATE TABLE a (b int); CREATE SCHEMA s; CREATE TABLE s.a (b int);
    CREATE VIEW one AS SELECT b AS a FROM kept, (SELECT 1 AS b) q; CREATE VIEW two AS SELECT * FROM s.a;
    CREATE VIEW three AS SELECT ROW(1)::a AS r; CREATE MATERIALIZED VIEW four AS SELECT 1 AS a`);
  expect(await db.code('DROP TABLE a')).toBe('2BP01');
  await db.run('DROP TABLE a CASCADE');
  expect(
    await db.rows("SELECT relname FROM pg_class WHERE relname IN ('one', 'two', 'three', 'four') ORDER BY 1"),
  ).toEqual([['four'], ['one'], ['two']]);
});

test('nothing moves into or out of the temporary schema', async () => {
  expect(await db.code('ALTER TABLE t SET SCHEMA public')).toBe('0A000');
  expect(await db.code('ALTER TABLE kept SET SCHEMA pg_temp')).toBe('0A000');
});

test('rows that refer to others cannot outlive them', async () => {
  await db.run('CREATE TEMP TABLE p (i int PRIMARY KEY) ON COMMIT DELETE ROWS');
  expect(await db.code('CREATE TEMP TABLE c (i int REFERENCES p)')).toBe('0A000');
  await db.run('CREATE TEMP TABLE c (i int REFERENCES p) ON COMMIT DELETE ROWS');
  await db.run('BEGIN; INSERT INTO p VALUES (1); INSERT INTO c VALUES (1); COMMIT');
  expect(await db.rows('SELECT * FROM p, c')).toEqual([]);
});
