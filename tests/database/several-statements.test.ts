/** Texts of several statements, BEGIN, chains and modes in savepoints. Expected values are PostgreSQL 15's. */
import { beforeEach, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeEach(async () => {
  db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY)');
});

/** Runs a text as one message; the error's code and message, or notices and last rows. */
async function say(text: string): Promise<string> {
  const result = await db.session.execute(text, [], { text: true }).then(
    ({ command, notices }) => [command, ...(notices ?? []).map((notice) => `[${notice.message}]`)].join(' '),
    (error: { readonly code: string; readonly message: string }) => `${error.code} ${error.message}`,
  );
  return db.session.inTransaction ? `${result} …` : result;
}

async function ids(): Promise<string> {
  return (await db.rows('SELECT id FROM t ORDER BY id')).join();
}

const NONE = '[there is no transaction in progress]';

test('a text is one transaction, which BEGIN takes over and COMMIT and ROLLBACK part', async () => {
  expect(await say('INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)')).toBe('INSERT …');
  await db.run('ROLLBACK');
  expect(await say('INSERT INTO t VALUES (3); COMMIT; INSERT INTO t VALUES (4); SELECT 1/0')).toBe(
    '22012 division by zero',
  );
  expect(await say('INSERT INTO t VALUES (5); ROLLBACK; INSERT INTO t VALUES (6)')).toBe(`INSERT ${NONE}`);
  expect(await say('BEGIN; INSERT INTO t VALUES (7); COMMIT; INSERT INTO t VALUES (8); ROLLBACK; SELECT 1')).toBe(
    `SELECT ${NONE}`,
  );
  expect(await say('BEGIN; INSERT INTO t VALUES (9); COMMIT AND CHAIN; INSERT INTO t VALUES (10)')).toBe('INSERT …');
  await db.run('ROLLBACK');
  expect(await ids()).toBe('3,6,7,9');
});

test.each([
  ['INSERT INTO t VALUES (1); SAVEPOINT s', '25P01 SAVEPOINT can only be used in transaction blocks'],
  ['SELECT 1; RELEASE s', '25P01 RELEASE SAVEPOINT can only be used in transaction blocks'],
  ['SELECT 1; ROLLBACK TO s', '25P01 ROLLBACK TO SAVEPOINT can only be used in transaction blocks'],
  ['SELECT 1; COMMIT AND CHAIN', '25P01 COMMIT AND CHAIN can only be used in transaction blocks'],
  [
    'SELECT 1; BEGIN ISOLATION LEVEL SERIALIZABLE',
    '25001 SET TRANSACTION ISOLATION LEVEL must be called before any query',
  ],
  ["SELECT 1; PREPARE TRANSACTION 'x'", '55000 prepared transactions are disabled'],
  ["SELECT 1; COMMIT PREPARED 'x'", '25001 COMMIT PREPARED cannot run inside a transaction block'],
  ["ROLLBACK PREPARED 'x'", '42704 prepared transaction with identifier "x" does not exist'],
  ["PREPARE TRANSACTION 'x'", `ROLLBACK ${NONE}`],
  ['LOCK TABLE t; DECLARE c CURSOR FOR TABLE t; FETCH c', 'FETCH'],
  [
    "SET TRANSACTION SNAPSHOT 'x'",
    '0A000 a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ',
  ],
])('%s', async (text, answer) => {
  expect(await say(text)).toBe(answer);
  expect(await ids()).toBe('');
});

test('PREPARE TRANSACTION ends the transaction, whatever becomes of it', async () => {
  await db.run('BEGIN; INSERT INTO t VALUES (1)');
  expect(await say("PREPARE TRANSACTION 'x'")).toBe('55000 prepared transactions are disabled');
  expect(await db.code('BEGIN; SELECT 1/0')).toBe('22012');
  expect(await say("PREPARE TRANSACTION 'x'")).toBe('ROLLBACK');
  expect(await ids()).toBe('');
});

test('a second BEGIN warns, and sets its modes', async () => {
  expect(await say('START TRANSACTION')).toBe('START TRANSACTION …');
  expect(await say('BEGIN READ ONLY')).toBe('BEGIN [there is already a transaction in progress] …');
  expect(await db.rows("SELECT current_setting('transaction_read_only')")).toEqual([['on']]);
});

test('a chain after a failure begins as the failed transaction did', async () => {
  await db.run('BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; COMMIT AND CHAIN');
  expect(await db.code('SELECT 1/0')).toBe('22012');
  await db.run('ROLLBACK AND CHAIN');
  expect(await db.rows('SHOW transaction_isolation')).toEqual([['serializable']]);
  expect(await db.code('INSERT INTO t VALUES (1)')).toBe('25006');
  await db.run('COMMIT AND CHAIN');
  expect(await db.rows('SHOW transaction_read_only')).toEqual([['on']]);
  await db.run('ROLLBACK');
  // The failure of a savepoint leaves the modes from before it.
  expect(await db.code('BEGIN READ ONLY; SAVEPOINT s; SELECT 1/0')).toBe('22012');
  await db.run('COMMIT AND CHAIN');
  expect(await db.rows('SHOW transaction_read_only')).toEqual([['on']]);
});

test('a subtransaction takes its READ ONLY with it, and its SET CONSTRAINTS where it is undone', async () => {
  await db.run('BEGIN; SAVEPOINT a; SET TRANSACTION READ ONLY; RELEASE a; INSERT INTO t VALUES (1)');
  await db.run('SAVEPOINT a; SET TRANSACTION READ ONLY; ROLLBACK TO a; INSERT INTO t VALUES (2); COMMIT');
  await db.run('CREATE TABLE d (u int CONSTRAINT du UNIQUE DEFERRABLE); INSERT INTO d VALUES (1)');
  expect(
    await db.code('BEGIN; SAVEPOINT a; SET CONSTRAINTS du DEFERRED; ROLLBACK TO a; INSERT INTO d VALUES (1)'),
  ).toBe('23505');
  await db.run('ROLLBACK; BEGIN; SAVEPOINT a; SET CONSTRAINTS du DEFERRED; RELEASE a; INSERT INTO d VALUES (1)');
  expect(await db.code('COMMIT')).toBe('23505');
});

test('procedures set the modes of the transactions they begin, and chain them', async () => {
  await db.run(`CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
    COMMIT; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; RAISE NOTICE '%', current_setting('transaction_isolation');
    COMMIT AND CHAIN; RAISE NOTICE '%', current_setting('transaction_isolation');
    ROLLBACK; RAISE NOTICE '%', current_setting('transaction_isolation'); END $$`);
  expect(await say('CALL p()')).toBe('CALL [serializable] [serializable] [read committed]');
  await db.run(
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; END'",
  );
  expect(await say('SELECT f()')).toMatch(/^25001/);
});
