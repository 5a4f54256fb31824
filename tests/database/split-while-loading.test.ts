/** Leaves that are split while others load them: the medium answers when the test says so, in any order. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { StorageFile } from '../../src/storage/storage.ts';
import { testHost, textRows } from './helper.ts';

const SMALL = { maxLeafRows: 16, minClosedRows: 8, bulkRows: 4, packSizeBytes: 8192, cacheBudgetBytes: 20_000 };

class GatedStorage extends MemoryStorage {
  /** Reads that wait; null where none has to. */
  waiting: (() => void)[] | null = null;

  override open(name: string): StorageFile {
    const file = super.open(name);
    const read = (offset: number, length: number): Promise<Uint8Array> | Uint8Array => {
      const bytes = file.read(offset, length) as Uint8Array;
      return this.waiting === null ? bytes : new Promise((resolve) => this.waiting?.push(() => resolve(bytes)));
    };
    return new Proxy(file, {
      get: (target, key) => {
        if (key === 'read') return read;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }
}

/** The leaves that there are in the end: half of them at the beginning. */
async function run(seed: number): Promise<number> {
  const storage = new GatedStorage();
  const open = (): ReturnType<typeof openEngine> => openEngine({ storage, host: testHost(seed), ...SMALL });
  let engine = await open();
  await engine.session().script(`CREATE TABLE t (id int PRIMARY KEY, v int); CREATE INDEX ON t (v);
    INSERT INTO t SELECT i * 10, 0 FROM generate_series(1, 60) i; UPDATE t SET v = 1 WHERE id <= 300`);
  await engine.close();
  engine = await open();
  const random = new Random(seed);
  storage.waiting = [];
  const ask = async (sql: string): Promise<(string | null)[][]> =>
    textRows(await engine.session().execute(sql, [], { text: true }));
  const sums = 'SELECT count(*), sum(v), sum(id) FROM t';
  const [now, then] = [[['60', '30', '18300']], [['60', '0', '18300']]];
  const all = [
    ask('INSERT INTO t SELECT i * 10 + 5, 2 FROM generate_series(1, 60) i'),
    ask(sums).then((rows) =>
      expect([now, [['120', '150', '36900']], [['120', '151', '36900']], [['60', '31', '18300']]]).toContainEqual(rows),
    ),
    ask(`${sums} FOR SYSTEM_TIME AS OF SEQ 3`).then((rows) => expect(rows).toEqual(then)),
    ask('UPDATE t SET v = v + 1 WHERE id = 310'),
    ask('SELECT v FROM t WHERE id = 320').then((rows) => expect(rows).toEqual([['0']])),
    engine.checkpoint(),
  ];
  let ended = false;
  const done = Promise.allSettled(all).then((results) => {
    ended = true;
    return results;
  });
  while (!ended) {
    const [answered] = storage.waiting.splice(random.uint32() % Math.max(storage.waiting.length, 1), 1);
    answered?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const result of await done) if (result.status === 'rejected') throw result.reason;
  for (const answered of storage.waiting) answered();
  storage.waiting = null;
  for (let opening = 0; opening < 2; opening++) {
    expect(await ask(sums)).toEqual([['120', '151', '36900']]);
    expect(await ask(`${sums} FOR SYSTEM_TIME AS OF SEQ 4`)).toEqual(now);
    expect(await ask('SELECT count(*) FROM t WHERE v = 2')).toEqual([['60']]);
    expect((await ask('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
    if (opening === 0) {
      await engine.close();
      engine = await open();
    }
  }
  const { core } = await engine.inside();
  const tables = [...core.manager.catalog.objects()].filter(({ name }) => name === 't');
  const leaves = core.store.table((tables[0] as { readonly id: number }).id).leafRanges(false).length;
  await engine.close();
  return leaves;
}

test('a leaf that is split while others load it', async () => {
  for (let seed = 1; seed <= 6; seed++)
    expect(
      await run(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }),
    ).toBeGreaterThanOrEqual(8);
});
