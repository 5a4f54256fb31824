/** Concurrent commits share one flush of the log; each is acknowledged after it, never before. */
import { expect, test } from 'vitest';
import type { StorageFile } from '../../src/storage/storage.ts';
import { SlowStorage } from '../storage/slow-storage.ts';
import { openDb } from './helper.ts';

class CountingStorage extends SlowStorage {
  flushes = 0;

  override open(name: string): StorageFile {
    const file = super.open(name);
    const flush = (): Promise<void> => {
      if (name.startsWith('log-')) this.flushes++;
      return file.flush() as Promise<void>;
    };
    return { ...file, flush };
  }
}

test('sixty concurrent commits take a few flushes, and none is lost', async () => {
  const storage = new CountingStorage();
  const db = await openDb(storage);
  await db.run('CREATE TABLE t (id int PRIMARY KEY)');
  const sessions = Array.from({ length: 60 }, () => db.engine.session());
  await Promise.all(sessions.map((session) => session.execute('SELECT 1')));
  storage.flushes = 0;
  await Promise.all(sessions.map((session, id) => session.execute('INSERT INTO t VALUES ($1)', [id])));
  expect(storage.flushes).toBeGreaterThan(0);
  expect(storage.flushes).toBeLessThan(20);
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['60']]);
  await db.engine.close();
  const again = await openDb(storage);
  expect(await again.rows('SELECT count(*) FROM t')).toEqual([['60']]);
});

test('one commit after another takes one flush each', async () => {
  const storage = new CountingStorage();
  const db = await openDb(storage);
  await db.run('CREATE TABLE t (id int PRIMARY KEY)');
  storage.flushes = 0;
  for (let id = 0; id < 10; id++) await db.run(`INSERT INTO t VALUES (${id})`);
  expect(storage.flushes).toBe(10);
});
