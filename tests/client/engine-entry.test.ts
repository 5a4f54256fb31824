/** driftdb-web/engine: a database on a storage of one's own, with a host of one's own. */
import { expect, test } from 'vitest';
import { MemoryStorage, open } from '../../src/entry/engine.ts';
import { testHost } from '../database/helper.ts';

test('opens what the storage holds', async () => {
  const storage = new MemoryStorage();
  const first = await open(storage, { host: testHost() });
  await first.exec('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
  await expect(open(storage)).rejects.toMatchObject({ code: '55006' });
  await first.close();
  const second = await open(storage);
  expect((await second.query('SELECT * FROM t')).rows).toEqual([{ id: 1 }]);
  await second.close();
});
