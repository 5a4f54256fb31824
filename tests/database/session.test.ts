/** Sessions: prepared statements, settings, transaction modes, and what a failed transaction takes. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

test('PREPARE, EXECUTE, DEALLOCATE', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v text, at timestamptz)');
  await db.run('PREPARE add (int, text) AS INSERT INTO t VALUES ($1, $2, now()) RETURNING id');
  expect(await db.rows("EXECUTE add (1, 'one')")).toEqual([['1']]);
  expect(await db.rows("EXECUTE add (1 + 1, 'tw' || 'o')")).toEqual([['2']]);
  await db.run('PREPARE get AS SELECT v FROM t WHERE id = $1');
  expect(await db.rows("EXECUTE get ('2')")).toEqual([['two']]);
  expect(await db.code('EXECUTE get')).toBe('42601');
  expect(await db.code('EXECUTE get (1, 2)')).toBe('42601');
  expect(await db.code("EXECUTE get ('x')")).toBe('22P02');
  expect(await db.code('PREPARE get AS SELECT 1')).toBe('42P05');
  expect(await db.code('PREPARE wrong AS SELECT * FROM nowhere')).toBe('42P01');
  expect(await db.code('EXECUTE wrong')).toBe('26000');
  // Another catalog, another plan.
  await db.run("ALTER TABLE t RENAME TO old; CREATE TABLE t (id int, v text); INSERT INTO t VALUES (2, 'new')");
  expect(await db.rows('EXECUTE get (2)')).toEqual([['new']]);
  await db.run('DEALLOCATE get');
  expect(await db.code('EXECUTE get (2)')).toBe('26000');
  expect(await db.code('DEALLOCATE get')).toBe('26000');
  await db.run('DEALLOCATE ALL; DISCARD ALL');
  expect(await db.code("EXECUTE add (1, 'x')")).toBe('26000');
});

test('SET, SHOW, RESET: values are checked, local ones end, a rollback takes the others back', async () => {
  const db = await openDb();
  const get = async (name: string): Promise<unknown> => (await db.rows(`SHOW ${name}`))[0]?.[0];
  await db.run("SET application_name = 'one'; SET work_mem TO '8MB'; SET enable_seqscan = false");
  expect([await get('application_name'), await get('work_mem'), await get('enable_seqscan')]).toEqual([
    'one',
    '8MB',
    'off',
  ]);
  await db.run("BEGIN; SET application_name = 'two'; SET LOCAL work_mem = '1MB'");
  expect([await get('application_name'), await get('work_mem')]).toEqual(['two', '1MB']);
  await db.run('ROLLBACK');
  expect([await get('application_name'), await get('work_mem')]).toEqual(['one', '8MB']);
  await db.run("BEGIN; SET application_name = 'two'; SET LOCAL work_mem = '1MB'; COMMIT");
  expect([await get('application_name'), await get('work_mem')]).toEqual(['two', '8MB']);
  await db.run('RESET work_mem');
  expect(await get('work_mem')).toBe('4MB');
  await db.run('RESET ALL');
  expect(await get('application_name')).toBe('');
  expect(await db.code('SET enable_seqscan = maybe')).toBe('22023');
  expect(await db.code("SET intervalstyle = 'german'")).toBe('22023');
  expect(await db.code('SET server_version = 9')).toBe('55P02');
  expect(await db.code("SET timezone = 'Mars/Olympus'")).toBe('22023');
  await db.run("SET my.own = 'x'");
  expect(await get('my.own')).toBe('x');
  expect((await db.session.execute('SHOW timezone')).fields[0]?.name).toBe('TimeZone');
  expect((await db.rows('SHOW ALL')).length).toBeGreaterThan(30);
});

test('READ ONLY transactions, by statement and by default', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (a int)');
  await db.run('BEGIN READ ONLY');
  expect(await db.rows('SHOW transaction_read_only')).toEqual([['on']]);
  expect(await db.code('INSERT INTO t VALUES (1)')).toBe('25006');
  await db.run('ROLLBACK; BEGIN; SET TRANSACTION READ ONLY');
  expect(await db.code('CREATE TABLE u (a int)')).toBe('25006');
  await db.run('ROLLBACK; SET default_transaction_read_only = on');
  expect(await db.code('INSERT INTO t VALUES (1)')).toBe('25006');
  await db.run('BEGIN READ WRITE; INSERT INTO t VALUES (1); COMMIT; RESET default_transaction_read_only');
  await db.run('INSERT INTO t VALUES (2)');
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['2']]);
});

test('sequences stay as they are in READ ONLY transactions, but temporary ones', async () => {
  const db = await openDb();
  await db.run("CREATE SEQUENCE s; CREATE TEMP SEQUENCE own; SELECT nextval('s'); BEGIN READ ONLY");
  expect(await db.rows("SELECT currval('s'), lastval(), nextval('own')")).toEqual([['1', '1', '1']]);
  await expect(db.session.script("SELECT nextval('s')")).rejects.toMatchObject({
    code: '25006',
    message: 'cannot execute nextval() in a read-only transaction',
  });
  await db.run('ROLLBACK; SET default_transaction_read_only = on');
  expect(await db.code("SELECT setval('s', 40)")).toBe('25006');
  await db.run('RESET default_transaction_read_only');
  expect(await db.rows("SELECT nextval('s')")).toEqual([['2']]);
});

test('COMMIT AND CHAIN; what a failed transaction refuses', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (a int); BEGIN; INSERT INTO t VALUES (1); COMMIT AND CHAIN; INSERT INTO t VALUES (2)');
  expect(db.session.inTransaction).toBe(true);
  await db.run('ROLLBACK AND CHAIN; INSERT INTO t VALUES (3); COMMIT');
  expect(await db.rows('SELECT a FROM t ORDER BY a')).toEqual([['1'], ['3']]);
  expect(await db.code('COMMIT AND CHAIN')).toBe('25P01');
  await db.run('BEGIN');
  expect(await db.code('SELECT 1 / 0')).toBe('22012');
  for (const sql of [
    'SHOW timezone',
    'SET timezone = UTC',
    'BEGIN',
    'SAVEPOINT a',
    'LOCK TABLE t',
    'PREPARE p AS SELECT 1',
  ])
    expect([sql, await db.code(sql)]).toEqual([sql, '25P02']);
  await db.run('ROLLBACK');
  expect(await db.code('BEGIN; DISCARD ALL')).toBe('25001');
  await db.run('ROLLBACK; BEGIN; LOCK TABLE t IN SHARE MODE; COMMIT');
  expect(await db.code('LOCK TABLE t')).toBe('25P01');
  expect(await db.code('BEGIN; LOCK TABLE nowhere')).toBe('42P01');
  await db.run('ROLLBACK');
});

test('notices: what IF (NOT) EXISTS passed over, what CASCADE took, what BEGIN and COMMIT found', async () => {
  const db = await openDb();
  await db.run(
    'CREATE TABLE t (a int PRIMARY KEY); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE c (a int REFERENCES t)',
  );
  const notices = async (sql: string): Promise<string[]> =>
    ((await db.session.execute(sql)).notices ?? []).map(
      ({ severity, code, message }) => `${severity} ${code}: ${message}`,
    );
  expect(await notices('CREATE TABLE IF NOT EXISTS t (b text)')).toEqual([
    'NOTICE 42P07: relation "t" already exists, skipping',
  ]);
  expect(await notices('DROP TABLE IF EXISTS x, y')).toEqual([
    'NOTICE 00000: table "x" does not exist, skipping',
    'NOTICE 00000: table "y" does not exist, skipping',
  ]);
  expect(await notices('ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, DROP COLUMN IF EXISTS z')).toEqual([
    'NOTICE 42701: column "a" of relation "t" already exists, skipping',
    'NOTICE 00000: column "z" of relation "t" does not exist, skipping',
  ]);
  expect(await notices('CREATE SCHEMA IF NOT EXISTS public')).toEqual([
    'NOTICE 42P06: schema "public" already exists, skipping',
  ]);
  expect(await notices('TRUNCATE t CASCADE')).toEqual(['NOTICE 00000: truncate cascades to table "c"']);
  expect(await notices('DROP TABLE t CASCADE')).toEqual([
    'NOTICE 00000: drop cascades to view v',
    'NOTICE 00000: drop cascades to constraint c_a_fkey on table c',
  ]);
  expect(await notices('COMMIT')).toEqual(['WARNING 25P01: there is no transaction in progress']);
  expect(await notices('BEGIN')).toEqual([]);
  expect(await notices('BEGIN')).toEqual(['WARNING 25001: there is already a transaction in progress']);
  await db.run('ROLLBACK');
});

test('a setting of one’s own keeps its name, without a value, when it is forgotten', async () => {
  const db = await openDb();
  const value = async (): Promise<unknown> => (await db.rows("SELECT current_setting('my.x', true)"))[0]?.[0];
  expect(await value()).toBe(null);
  await db.run("BEGIN; SELECT set_config('my.x', '3', true); COMMIT");
  expect(await value()).toBe('');
  await db.run("SET my.x = '4'; DISCARD ALL");
  expect(await value()).toBe('');
  await db.run("BEGIN; SET my.y = '5'; ROLLBACK");
  expect(await db.rows('SHOW my.y')).toEqual([['']]);
});
