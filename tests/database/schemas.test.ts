/** Schemas: made, dropped with what is in them, and made again; also the one that every database begins with. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

test('the schema public goes and comes back', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run('CREATE TABLE t (a int); INSERT INTO t VALUES (1); DROP SCHEMA public CASCADE');
  expect(await db.code('CREATE TABLE t (a int)')).toBe('3F000');
  await db.run('CREATE SCHEMA public; CREATE TABLE t (b text)');
  expect(await db.rows('SELECT * FROM t@SEQ:2')).toEqual([['1']]);
  await db.run('DROP SCHEMA public CASCADE');
  await db.engine.close();
  db = await openDb(storage);
  expect(await db.code('CREATE TABLE t (a int)')).toBe('3F000');
  expect(await db.rows('SELECT * FROM public.t@SEQ:2')).toEqual([['1']]);
  await db.run('CREATE SCHEMA public; CREATE TABLE t (b text)');
});

test('a default may ask a sequence that exists already', async () => {
  const db = await openDb();
  await db.run(`CREATE SEQUENCE s START 5; CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);
    ALTER TABLE t ADD COLUMN b int DEFAULT nextval('s'); INSERT INTO t (a) VALUES (3)`);
  expect(await db.rows('SELECT b FROM t ORDER BY a')).toEqual([['5'], ['6'], ['7']]);
});
