/** Constraints that wait for the commit, and what only one session sees. */
import { expect, test } from 'vitest';
import { type Db, openDb, textRows } from './helper.ts';

async function fixture(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TABLE p (id int PRIMARY KEY, u int UNIQUE DEFERRABLE);
    CREATE TABLE d (id int PRIMARY KEY, up int CONSTRAINT fk REFERENCES d DEFERRABLE INITIALLY DEFERRED, p int REFERENCES p DEFERRABLE)`);
  return db;
}

test('deferred foreign keys are checked at the commit', async () => {
  const db = await fixture();
  await db.run('BEGIN; INSERT INTO d VALUES (1, 2); INSERT INTO d VALUES (2, 1); COMMIT');
  await db.run('BEGIN; DELETE FROM d WHERE id = 1; INSERT INTO d VALUES (1, NULL); COMMIT');
  await db.run('BEGIN; INSERT INTO d VALUES (3, 99)');
  expect(await db.code('COMMIT')).toBe('23503');
  await db.run('BEGIN; DELETE FROM d WHERE id = 1');
  expect(await db.code('COMMIT')).toBe('23503');
  // A statement of its own commits at its end.
  expect(await db.code('INSERT INTO d VALUES (3, 99)')).toBe('23503');
  expect(await db.rows('SELECT id, up FROM d ORDER BY id')).toEqual([
    ['1', null],
    ['2', '1'],
  ]);
});

test('SET CONSTRAINTS puts checks off and asks for them', async () => {
  const db = await fixture();
  await db.run('BEGIN; INSERT INTO d VALUES (3, 99)');
  expect(await db.code('SET CONSTRAINTS ALL IMMEDIATE')).toBe('23503');
  await db.run('ROLLBACK; BEGIN');
  expect(await db.code('INSERT INTO d VALUES (1, NULL, 7)')).toBe('23503');
  await db.run('ROLLBACK; BEGIN; SET CONSTRAINTS d_p_fkey DEFERRED; INSERT INTO d VALUES (1, NULL, 7)');
  await db.run('SET CONSTRAINTS fk IMMEDIATE; INSERT INTO p VALUES (7, 1); COMMIT');
  expect(await db.code('SET CONSTRAINTS nope DEFERRED')).toBe('42704');
  expect(await db.code('SET CONSTRAINTS p_pkey DEFERRED')).toBe('42809');
  await db.run('BEGIN; SET CONSTRAINTS ALL DEFERRED; UPDATE p SET id = 8');
  expect(await db.code('COMMIT')).toBe('23503');
});

test('deferred unique constraints', async () => {
  const db = await fixture();
  await db.run('INSERT INTO p VALUES (1, 1), (2, 2)');
  expect(await db.code('INSERT INTO p VALUES (3, 1)')).toBe('23505');
  await db.run(
    'BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO p VALUES (3, 1); UPDATE p SET u = 9 WHERE id = 1; COMMIT',
  );
  await db.run('BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO p VALUES (4, 2)');
  expect(await db.code('COMMIT')).toBe('23505');
  expect(await db.rows('SELECT * FROM p ORDER BY id')).toEqual([
    ['1', '9'],
    ['2', '2'],
    ['3', '1'],
  ]);
  expect(await db.code('CREATE TABLE x (a int REFERENCES p (u))')).toBe('55000');
});

test('ALTER CONSTRAINT, and the constraint after opening again', async () => {
  const db = await fixture();
  await db.run('ALTER TABLE d ALTER CONSTRAINT fk NOT DEFERRABLE');
  await db.run('BEGIN');
  expect(await db.code('INSERT INTO d VALUES (1, 2)')).toBe('23503');
  await db.run('ROLLBACK; ALTER TABLE d ALTER CONSTRAINT fk DEFERRABLE INITIALLY DEFERRED');
  expect(await db.code('ALTER TABLE d ALTER CONSTRAINT d_pkey DEFERRABLE')).toBe('42809');
  await db.engine.close();
  const again = await openDb(db.storage);
  await again.run('BEGIN; INSERT INTO d VALUES (1, 2); INSERT INTO d VALUES (2, NULL); COMMIT');
});

test('temporary tables are their session’s', async () => {
  const db = await openDb();
  const other = db.engine.session();
  await db.run('CREATE TEMP TABLE mine (id int); INSERT INTO mine VALUES (1)');
  const names = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_name = 'mine'";
  const [[schema] = []] = await db.rows(names);
  expect(schema).toMatch(/^pg_temp_\d+$/);
  expect(await db.rows(`SELECT id FROM ${schema ?? ''}.mine`)).toEqual([['1']]);
  expect(textRows(await other.execute(names, [], { text: true }))).toEqual([]);
  await expect(other.execute('SELECT * FROM mine')).rejects.toMatchObject({ code: '42P01' });
  await expect(other.execute(`SELECT * FROM ${schema ?? ''}.mine`)).rejects.toMatchObject({ code: '42P01' });
  await expect(other.execute(`DROP TABLE ${schema ?? ''}.mine`)).rejects.toMatchObject({ code: '42P01' });
  expect(await db.rows('SELECT id FROM pg_temp.mine')).toEqual([['1']]);
});

test('CHECKPOINT makes a checkpoint', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int); INSERT INTO t VALUES (1)');
  const { checkpoints } = db.engine.status();
  await db.run('CHECKPOINT');
  expect(db.engine.status().checkpoints).toBe(checkpoints + 1);
});
