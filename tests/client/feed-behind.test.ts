/** A feed that fell behind retention ends with an error before it gives anything; one with a name keeps what it has not handled. */
import { expect, test } from 'vitest';
import { Database } from '../../src/client/database.ts';
import { LocalConnection } from '../../src/client/local.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { testHost } from '../database/helper.ts';

async function open(storage: MemoryStorage): Promise<Database> {
  return new Database(new LocalConnection(await openEngine({ storage, host: testHost(1) })));
}

/** The numbers of the changes until one of a commit comes. */
async function read(db: Database, where: { from: number; name?: string }, until: number): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of db.changes(where)) {
    seqs.push(seq);
    if (seq === until) break;
  }
  return seqs;
}

test('what retention took while nobody read is an error, never a gap', async () => {
  const storage = new MemoryStorage();
  let db = await open(storage);
  await db.exec('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)');
  for (let i = 0; i < 6; i++) await db.exec('UPDATE t SET v = v + 1');
  const copy = { name: 'copy', from: 1 };
  expect(await read(db, copy, 5)).toEqual([2, 3, 4, 5]);
  // The page is closed, and what it has not handled stays.
  await db.close();
  db = await open(storage);
  await db.exec('DELETE HISTORY FROM t BEFORE SEQ 8');
  expect(await read(db, copy, 8)).toEqual([5, 6, 7, 8]);
  await expect(read(db, { from: 3 }, 8)).rejects.toMatchObject({ code: '72000' });
  // A tag keeps the state that it names, not what came after it.
  await db.exec("CREATE TAG five AS OF SEQ 5; SELECT drift_drop_feed('copy'); DELETE HISTORY FROM t BEFORE SEQ 8");
  expect((await db.query('SELECT v FROM t FOR SYSTEM_TIME AS OF TAG five')).rows).toEqual([{ v: 3 }]);
  const given: number[] = [];
  await expect(
    (async () => {
      for await (const { seq } of db.changes({ from: 5 })) given.push(seq);
    })(),
  ).rejects.toMatchObject({ code: '72000' });
  expect(given).toEqual([]);
  await db.close();
});
