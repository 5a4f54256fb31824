/** Definitions of two sessions at once: one of them wins, the other comes again; nothing is there twice or half. */
import { expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

async function two(): Promise<{ db: Db; other: (sql: string) => Promise<unknown> }> {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, $$a$$), (2, $$b$$)');
  const session = db.engine.session();
  return { db, other: (sql) => session.script(sql) };
}

test('the same name twice', async () => {
  for (const [first, second] of [
    ['CREATE TABLE x (a int)', 'CREATE TABLE x (b text)'],
    ['CREATE TABLE x (a int)', 'CREATE VIEW x AS SELECT 1 AS one'],
    ['CREATE SCHEMA s', 'CREATE SCHEMA s'],
    ['CREATE INDEX i ON t (v)', 'CREATE TABLE i (a int)'],
    ['CREATE TAG g', 'CREATE TAG g'],
    ['CREATE SEQUENCE x', 'ALTER TABLE t RENAME TO x'],
  ] as const) {
    const { db, other } = await two();
    await db.run(`BEGIN; ${first}`);
    // It waits for the first, and then finds the name taken.
    const later = codeOf(other(second));
    expect([first, second, await codeOf(db.session.commit())]).toEqual([first, second, 'done']);
    expect(await later).toMatch(/^(42P07|42P06|42710)$/);
  }
});

test('a change of a table and a change of its rows', async () => {
  for (const [ddl, dml] of [
    ['ALTER TABLE t ADD COLUMN n int DEFAULT 5', "INSERT INTO t VALUES (3, 'c')"],
    ['ALTER TABLE t DROP COLUMN v', "UPDATE t SET v = 'x'"],
    ['ALTER TABLE t ALTER v TYPE varchar(10)', "UPDATE t SET v = 'x' WHERE id = 1"],
    ['ALTER TABLE t ALTER v TYPE int USING 7', "INSERT INTO t VALUES (3, 'c')"],
    ['ALTER TABLE t ALTER id TYPE bigint', "INSERT INTO t VALUES (3, 'c')"],
    ['CREATE UNIQUE INDEX ON t (v)', "INSERT INTO t VALUES (3, 'a')"],
    ['CREATE INDEX ON t (lower(v))', "INSERT INTO t VALUES (3, 'a')"],
    ['ALTER TABLE t ADD CHECK (id <> 3)', "INSERT INTO t VALUES (3, 'c')"],
    ['DROP TABLE t', "INSERT INTO t VALUES (3, 'c')"],
    ['TRUNCATE t', "UPDATE t SET v = 'x' WHERE id = 2"],
  ] as const) {
    for (const [first, second] of [
      [ddl, dml],
      [dml, ddl],
    ] as const) {
      const { db, other } = await two();
      await db.run(`BEGIN; ${first}`);
      // It waits for the first, and then finds the table as that has left it.
      const later = codeOf(other(second));
      const code = await codeOf(db.session.commit());
      expect([first, second, code, await later]).toEqual([
        first,
        second,
        'done',
        expect.stringMatching(/^(done|22P02|23505|23514|42P01|42703|42601)$/),
      ]);
      await consistent(db, `${first} then ${second}`);
    }
  }
});

/** What a full scan gives, the key and the indexes give too, and constraints hold. */
async function consistent(db: Db, what: string): Promise<void> {
  const tables = await db.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'");
  if (tables.length === 0) return;
  const rows = await db.rows('SELECT * FROM t ORDER BY id');
  for (const row of rows)
    expect([what, await db.rows('SELECT * FROM t WHERE id = $1', [row[0] ?? null])]).toEqual([what, [row]]);
  const values = await db.rows('SELECT id FROM t WHERE id > 0 ORDER BY id DESC');
  expect([what, values.length]).toEqual([what, rows.length]);
  await db.run('UPDATE t SET id = id + 10; DELETE FROM t WHERE id > 10; INSERT INTO t (id) VALUES (1)');
  expect([what, await db.rows('SELECT count(*) FROM t')]).toEqual([what, [['1']]]);
}

test('what one drops, another makes part of something', async () => {
  for (const [first, second] of [
    ['DROP TABLE t', 'CREATE TABLE c (t int REFERENCES t)'],
    ['CREATE TABLE c (t int REFERENCES t)', 'DROP TABLE t'],
    ['DROP SCHEMA public CASCADE', 'CREATE TABLE c (a int)'],
    ['CREATE TABLE c (a int)', 'DROP SCHEMA public CASCADE'],
    ['CREATE TABLE c (t int REFERENCES t DEFAULT 1); INSERT INTO c VALUES (1)', 'DELETE FROM t'],
  ] as const) {
    const { db, other } = await two();
    await db.run(`BEGIN; ${first}`);
    const later = codeOf(other(second));
    const codes = [await codeOf(db.session.commit()), await later];
    expect([first, second, codes]).toEqual([
      first,
      second,
      expect.toSatisfy(([a, b]: string[]) => (a === 'done') !== (b === 'done')),
    ]);
  }
});

/** SQLSTATE that a call ends with, or "done". */
function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => (error as { code: string }).code,
  );
}
