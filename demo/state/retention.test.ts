/** What is kept, on the engine: counted, protected by a tag, set, and deleted with what that frees. */
import { afterAll, expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import type { Database } from '../database.ts';
import { deleteHistory, goingBefore, readKept, setRetention } from './retention.ts';

const database: Database = await open('memory://');
const signal = new AbortController().signal;
afterAll(() => database.close());

test('a tag protects what it names, the rest is deleted and frees space', async () => {
  await database.query('CREATE TABLE "My stock" (id int PRIMARY KEY, n int)');
  await database.query('INSERT INTO "My stock" SELECT i, i FROM generate_series(1, 3000) i');
  for (let round = 0; round < 4; round++) await database.query('UPDATE "My stock" SET n = n + 1');
  await database.query('CREATE TAG start AS OF SEQ 4');
  const [kept] = await readKept(database, signal);
  expect(kept).toMatchObject({
    table: 'My stock',
    retention: 'forever',
    from: 0,
    before: [],
    needs: [{ seq: 4, isOpen: false, reason: 'tag "start"' }],
  });
  expect(kept?.oldVersions).toBe(12_000);
  if (kept === undefined) throw new Error('nothing is kept');
  expect(await goingBefore(database, kept, 6)).toBe(9000);
  const first = await deleteHistory(database, kept, 6);
  expect(first).toMatchObject({
    gone: 9000,
    notice: 'history of "My stock" is kept at commit 4 (tag "start" needs it)',
  });
  expect(await readKept(database, signal)).toMatchObject([{ from: 6, before: [[4, 4]], oldVersions: 3000 }]);
  expect(first.freed).toBeGreaterThan(1000);
  await database.query('DROP TAG start');
  expect(await deleteHistory(database, kept, 6)).toMatchObject({ gone: 3000, notice: '' });
  expect(await readKept(database, signal)).toMatchObject([{ from: 6, before: [], oldVersions: 0, needs: [] }]);
});

test('a setting is a commit of its own that says so', async () => {
  const [kept] = await readKept(database, signal);
  if (kept === undefined) throw new Error('nothing is kept');
  await setRetention(database, kept, '90 days');
  expect(await readKept(database, signal)).toMatchObject([{ retention: '90 days' }]);
  const { rows } = await database.query('SELECT author, message FROM drift.transactions ORDER BY seq DESC LIMIT 1');
  expect(rows).toEqual([{ author: 'you', message: 'Keep the history of My stock: 90 days' }]);
  await expect(setRetention(database, kept, "o'clock")).rejects.toMatchObject({ code: '22007' });
});
