/** Openings that end without a close, as browsers end them, must not make the next ones dearer. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

test.each([
  ['that only read', 'SELECT count(*) FROM t'],
  ['that write', 'INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t'],
])('openings %s leave few log files', async (_, statement) => {
  let storage = new MemoryStorage();
  const first = await openDb(storage);
  await first.run('CREATE TABLE t (id int PRIMARY KEY)');
  for (let opening = 0; opening < 20; opening++) {
    storage = await afterKill(storage);
    const db = await openDb(storage);
    await db.run(statement);
    // The checkpoint that is due runs in the background.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect((await storage.list()).filter((name) => name.startsWith('log-')).length).toBeLessThanOrEqual(6);
});

/** The files as they are, in a storage that nobody owns. */
async function afterKill(storage: MemoryStorage): Promise<MemoryStorage> {
  const copy = new MemoryStorage();
  await copy.acquire();
  for (const name of await storage.list()) {
    const [from, to] = [await storage.open(name), await copy.open(name)];
    await to.write(0, await from.read(0, from.size()));
  }
  await copy.close();
  return copy;
}
