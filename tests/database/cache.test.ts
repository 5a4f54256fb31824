/** What is read of the medium: by look-ups beside scans larger than the cache, and by openings however long the history. */
import { describe, expect, test } from 'vitest';
import type { MaybePromise } from '../../src/base/task.ts';
import type { EngineApi, EngineOptions } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Storage, StorageFile } from '../../src/storage/storage.ts';
import { testHost, textRows } from './helper.ts';

interface Reads {
  calls: number;
  bytes: number;
}

/** Passes everything on and counts what is read of packs and the manifest. */
function counting(storage: Storage, reads: Reads): Storage {
  const wrapped = (file: StorageFile): StorageFile => ({
    name: file.name,
    size: () => file.size(),
    read(offset, length) {
      if (!file.name.startsWith('log-')) {
        reads.calls++;
        reads.bytes += length;
      }
      return file.read(offset, length);
    },
    write: (offset, bytes) => file.write(offset, bytes),
    truncate: (size) => file.truncate(size),
    flush: () => file.flush(),
    close: () => file.close(),
  });
  return {
    medium: storage.medium,
    acquire: () => storage.acquire(),
    list: () => storage.list(),
    open(name): MaybePromise<StorageFile> {
      const file = storage.open(name);
      return file instanceof Promise ? file.then(wrapped) : wrapped(file);
    },
    remove: (name) => storage.remove(name),
    close: () => storage.close(),
  };
}

async function open(
  storage: MemoryStorage,
  options: Partial<EngineOptions> = {},
): Promise<{ engine: EngineApi; reads: Reads; query(sql: string): Promise<(string | null)[][]> }> {
  const reads = { calls: 0, bytes: 0 };
  const engine = await openEngine({ storage: counting(storage, reads), host: testHost(), ...options });
  const session = engine.session();
  return { engine, reads, query: async (sql) => textRows(await session.execute(sql, [], { text: true })) };
}

describe('the cache', () => {
  test('look-ups read nothing after scans over a table four times as big as the memory', async () => {
    const storage = new MemoryStorage();
    const options = { maxLeafRows: 512, cacheBudgetBytes: 250_000 };
    const made = await open(storage, options);
    await made.query('CREATE TABLE t (id int PRIMARY KEY, v int, name text)');
    await made.query("INSERT INTO t SELECT i, i * 7, 'name ' || i FROM generate_series(1, 40000) i");
    await made.engine.close();
    const db = await open(storage, options);
    const lookUps = async (): Promise<void> => {
      for (const id of [10, 9000, 20_000, 39_000]) {
        expect(await db.query(`SELECT v FROM t WHERE id = ${id}`)).toEqual([[String(id * 7)]]);
      }
    };
    for (let round = 0; round < 4; round++) await lookUps();
    for (let round = 0; round < 3; round++)
      expect(await db.query('SELECT sum(v) FROM t')).toEqual([[String(7 * 20_000 * 40_001)]]);
    expect(db.reads.bytes).toBeGreaterThan(options.cacheBudgetBytes / 2);
    expect(db.engine.status().cacheBytes).toBeLessThanOrEqual(options.cacheBudgetBytes);
    db.reads.calls = 0;
    await lookUps();
    expect(db.reads.calls).toBe(0);
    await db.engine.close();
  });
});

test('a table of which nothing was in memory when a statement was planned is looked at again when something is', async () => {
  const storage = new MemoryStorage();
  const made = await open(storage);
  await made.query('CREATE TABLE t (id int PRIMARY KEY, part text)');
  await made.query("INSERT INTO t SELECT i, CASE WHEN i % 3 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 6000) i");
  await made.engine.close();
  const db = await open(storage);
  const expected = async (): Promise<number> => {
    const plan = (await db.query("EXPLAIN SELECT id FROM t WHERE part = 'a'")).join('\n');
    return Number(/rows=(\d+)/.exec(plan)?.[1]);
  };
  expect(await expected()).toBeLessThan(100);
  expect(await db.query("SELECT count(*) FROM t WHERE part = 'a'")).toEqual([['2000']]);
  expect(await expected()).toBeGreaterThan(1500);
  await db.engine.close();
});

test('a value that is nowhere is looked for in filters, not in rows', async () => {
  const storage = new MemoryStorage();
  const options = { maxLeafRows: 2048 };
  const made = await open(storage, options);
  await made.query('CREATE TABLE t (id int PRIMARY KEY, token text)');
  await made.query('INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 12000) i');
  const [[token]] = (await made.query('SELECT token FROM t WHERE id = 7777')) as [[string]];
  await made.engine.close();
  const db = await open(storage, options);
  await db.query('SELECT 1');
  db.reads.bytes = 0;
  expect(await db.query(`SELECT id FROM t WHERE token = 'a${token.slice(1)}0'`)).toEqual([]);
  const tables = db.reads.bytes;
  db.reads.bytes = 0;
  expect(await db.query(`SELECT id FROM t WHERE token = '${token}'`)).toEqual([['7777']]);
  const one = db.reads.bytes;
  expect(await db.query('SELECT count(DISTINCT token) FROM t')).toEqual([['12000']]);
  const all = db.reads.bytes;
  expect(tables).toBeLessThan(all / 4);
  expect(one).toBeLessThan(all / 2);
  await db.engine.close();
});

describe('opening', () => {
  async function filled(rows: number, versions: number): Promise<MemoryStorage> {
    const storage = new MemoryStorage();
    const db = await open(storage, { maxLeafRows: 1000, minClosedRows: 500 });
    await db.query('CREATE TABLE t (id int PRIMARY KEY, v int)');
    await db.query(`INSERT INTO t SELECT i, i * 7919 % 100003 FROM generate_series(1, ${rows}) i`);
    for (let version = 1; version < versions; version++) await db.query('UPDATE t SET v = (v * 31 + 7) % 100003');
    await db.engine.close();
    return storage;
  }

  test('reads the same with twenty versions a row as with one, but for the directory', async () => {
    const cost = async (versions: number): Promise<Reads & { cacheBytes: number }> => {
      const db = await open(await filled(8000, versions), { maxLeafRows: 1000, minClosedRows: 500 });
      expect((await db.query('SELECT v FROM t WHERE id = 4321')).length).toBe(1);
      const { cacheBytes } = db.engine.status();
      await db.engine.close();
      return { ...db.reads, cacheBytes };
    };
    const [one, twenty] = [await cost(1), await cost(20)];
    expect(twenty.calls).toBeLessThanOrEqual(one.calls + 4);
    // A leaf holds up to as many closed versions as live ones; the directory names the tiles.
    expect(twenty.bytes).toBeLessThan(2.5 * one.bytes);
    expect(twenty.cacheBytes).toBeLessThan(3 * one.cacheBytes);
  });
});
