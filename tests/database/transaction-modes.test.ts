/** What transactions refuse by their modes and how they say it, as PostgreSQL 15 does. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
  await db.run(`CREATE TABLE p (id int PRIMARY KEY); CREATE SEQUENCE sq; INSERT INTO p VALUES (1), (2);
    CREATE TABLE c (id int PRIMARY KEY, p int CONSTRAINT fk REFERENCES p DEFERRABLE); INSERT INTO c VALUES (1, 1);
    CREATE TEMP TABLE mine (i int)`);
});
afterAll(async () => db.engine.close());

/** Code and message of what a script ends with. */
async function failure(sql: string): Promise<string> {
  const { code, message } = await db.session.script(sql).then(
    () => ({ code: '00000', message: '' }),
    (error: { readonly code: string; readonly message: string }) => error,
  );
  await db.session.script('ROLLBACK');
  return `${code}: ${message}`;
}

test.each([
  ['INSERT INTO p VALUES (3)', 'INSERT'],
  ['UPDATE p SET id = id', 'UPDATE'],
  ['DELETE FROM p', 'DELETE'],
  ['MERGE INTO p USING (VALUES (1)) v(i) ON i = id WHEN MATCHED THEN DELETE', 'MERGE'],
  ['WITH x AS (DELETE FROM p RETURNING id) SELECT * FROM x', 'DELETE'],
  ['CREATE TABLE x (i int)', 'CREATE TABLE'],
  ['DROP TABLE p', 'DROP TABLE'],
  ["CREATE TYPE mood AS ENUM ('sad')", 'CREATE TYPE'],
  ['ALTER TABLE p ADD COLUMN x int', 'ALTER TABLE'],
  ['CREATE INDEX ON p (id)', 'CREATE INDEX'],
  ['TRUNCATE p', 'TRUNCATE TABLE'],
])('25006 names the command: %s', async (sql, tag) => {
  expect(await failure(`BEGIN READ ONLY; ${sql}`)).toBe(`25006: cannot execute ${tag} in a read-only transaction`);
});

test('temporary tables are written in read-only transactions', async () => {
  await db.run('BEGIN READ ONLY; INSERT INTO mine SELECT id FROM p; UPDATE mine SET i = i + 10; COMMIT');
  expect(await db.rows('SELECT i FROM mine ORDER BY i')).toEqual([['11'], ['12']]);
  await db.run('BEGIN READ ONLY; DELETE FROM mine WHERE i = 11; ROLLBACK');
  await db.run('BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; DELETE FROM mine WHERE i = 12; COMMIT');
  expect(await db.rows('SELECT i FROM mine')).toEqual([['11']]);
  expect(await failure('BEGIN READ ONLY; INSERT INTO mine VALUES (1); INSERT INTO p VALUES (9)')).toMatch(/^25006/);
  expect(await db.rows('SELECT i FROM mine')).toEqual([['11']]);
});

test('a transaction does not leave its mode in a subtransaction, nor late', async () => {
  expect(await failure('BEGIN READ ONLY; SAVEPOINT a; SET TRANSACTION READ WRITE')).toBe(
    '25001: cannot set transaction read-write mode inside a read-only transaction',
  );
  expect(await failure('BEGIN READ ONLY; SELECT 1 FROM p; SET TRANSACTION READ WRITE')).toBe(
    '25001: transaction read-write mode must be set before any query',
  );
  await db.run("BEGIN; SET transaction_isolation = 'serializable'; SET transaction_read_only = on");
  expect(await db.rows('SHOW transaction_isolation')).toEqual([['serializable']]);
  expect(await db.rows('SHOW transaction_read_only')).toEqual([['on']]);
  await db.run('ROLLBACK');
  expect(await failure("BEGIN; SELECT 1 FROM p; SET transaction_isolation = 'serializable'")).toBe(
    '25001: SET TRANSACTION ISOLATION LEVEL must be called before any query',
  );
  expect(await failure('BEGIN; VACUUM p')).toBe('25001: VACUUM cannot run inside a transaction block');
  expect(await failure('BEGIN; LOCK TABLE sq')).toBe('42809: cannot lock relation "sq"');
  const { notices } = await db.session.execute('SET CONSTRAINTS fk DEFERRED');
  expect(notices).toMatchObject([
    { severity: 'WARNING', code: '25P01', message: 'SET CONSTRAINTS can only be used in transaction blocks' },
  ]);
});

test('rows that an outer join may leave out are not locked', async () => {
  const refused = (strength: string): string =>
    `0A000: ${strength} cannot be applied to the nullable side of an outer join`;
  const join = 'SELECT p.id FROM p LEFT JOIN c ON c.p = p.id';
  expect(await failure(`${join} FOR UPDATE`)).toBe(refused('FOR UPDATE'));
  expect(await failure(`${join} FOR SHARE OF c`)).toBe(refused('FOR SHARE'));
  expect(await failure('SELECT 1 FROM c RIGHT JOIN p ON c.p = p.id FOR UPDATE')).toBe(refused('FOR UPDATE'));
  expect(await failure('SELECT 1 FROM c FULL JOIN p ON c.p = p.id FOR UPDATE OF p')).toBe(refused('FOR UPDATE'));
  expect(await db.rows(`${join} ORDER BY 1 FOR UPDATE OF p`)).toEqual([['1'], ['2']]);
  expect(await db.rows('SELECT p.id FROM p JOIN c ON c.p = p.id FOR UPDATE')).toEqual([['1']]);
});

test('a prepared statement does not change what it gives', async () => {
  await db.run('CREATE TABLE wide (a int); INSERT INTO wide VALUES (1); PREPARE q AS SELECT * FROM wide; EXECUTE q');
  await db.run('ALTER TABLE wide ADD COLUMN b int DEFAULT 2');
  expect(await failure('EXECUTE q')).toBe('0A000: cached plan must not change result type');
  await db.run('ALTER TABLE wide DROP COLUMN b');
  expect(await db.rows('EXECUTE q')).toEqual([['1']]);
  await db.run('CREATE INDEX ON wide (a)');
  expect(await db.rows('EXECUTE q')).toEqual([['1']]);
});

test('a chain goes on with the modes of a transaction that ended well, not with those of one that failed', async () => {
  const levelAfter = async (sql: string): Promise<unknown> => {
    await db.session.script(sql).catch(() => undefined);
    await db.session.script(sql.includes('1/0') ? 'COMMIT AND CHAIN' : 'ROLLBACK AND CHAIN');
    const shown = [await db.rows('SHOW transaction_isolation'), await db.rows('SHOW transaction_read_only')];
    await db.session.script('ROLLBACK');
    return shown.flat(2);
  };
  expect(await levelAfter('BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SELECT 1')).toEqual(['serializable', 'on']);
  expect(await levelAfter('BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SELECT 1/0')).toEqual([
    'read committed',
    'off',
  ]);
});

test.each([
  ['CREATE TABLE x (i int) ON COMMIT DROP', 'ON COMMIT can only be used on temporary tables'],
  ['CREATE TABLE x ON COMMIT DELETE ROWS AS SELECT 1', 'ON COMMIT can only be used on temporary tables'],
  ['CREATE TABLE x (i int REFERENCES kept)', 'constraints on permanent tables may reference only permanent tables'],
  [
    'ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES kept',
    'constraints on permanent tables may reference only permanent tables',
  ],
  ['CREATE TEMP TABLE x (i int REFERENCES p)', 'constraints on temporary tables may reference only temporary tables'],
  [
    'ALTER TABLE kept ADD FOREIGN KEY (i) REFERENCES p',
    'constraints on temporary tables may reference only temporary tables',
  ],
])('42P16 keeps what is temporary apart: %s', async (sql, message) => {
  await db.run('CREATE TEMP TABLE IF NOT EXISTS kept (i int PRIMARY KEY)');
  expect(await failure(sql)).toBe(`42P16: ${message}`);
});

test('foreign keys between temporary tables hold', async () => {
  await db.run('CREATE TEMP TABLE over (i int PRIMARY KEY); CREATE TEMP TABLE under (i int REFERENCES over)');
  expect(await failure('INSERT INTO under VALUES (1)')).toMatch('23503');
});
