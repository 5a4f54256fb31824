/** IndexedDB's failures, with a double of it: a full quota, windows that store nothing; and how durable each write is asked to be. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { IndexedDbStorage } from '../../src/storage/indexed-db.ts';
import { type Db, openDb } from '../database/helper.ts';
import type { MemoryStorage } from '../../src/storage/memory.ts';
import { IdbDouble } from './indexed-db-double.ts';

const BLOCK = 16 * 1024;
let idb: IdbDouble;

beforeEach(() => {
  idb = new IdbDouble();
  for (const [name, value] of Object.entries(idb.globals())) vi.stubGlobal(name, value);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function acquired(): Promise<IndexedDbStorage> {
  const storage = new IndexedDbStorage('t', idb.open);
  await storage.acquire();
  return storage;
}

/** Of the helper's databases only the storage is another. */
async function database(): Promise<Db> {
  const options = { logStepBytes: 4096, checkpointIntervalMs: 0 };
  return openDb(new IndexedDbStorage('t', idb.open) as object as MemoryStorage, options);
}

test('a flush is strict, what is put before it to free memory is relaxed', async () => {
  const storage = await acquired();
  const file = await storage.open('a');
  for (let i = 0; i <= 1024; i++) await file.write(i * BLOCK, new Uint8Array(BLOCK).fill(i));
  expect(idb.hints).toEqual([]);
  await file.write(0, Uint8Array.of(1));
  expect(idb.hints).toEqual(['relaxed']);
  await file.flush();
  await file.flush();
  expect(idb.hints).toEqual(['relaxed', 'strict']);
  for (let i = 0; i <= 1024; i++) await file.write(i * BLOCK, new Uint8Array(BLOCK).fill(i));
  await file.write(0, Uint8Array.of(2));
  await storage.close();
});

test('a full quota at a put or at the end of a transaction is 53100; nothing is lost, and a later flush stores it', async () => {
  const storage = await acquired();
  const file = await storage.open('a');
  await file.write(0, new Uint8Array(3 * BLOCK).fill(7));
  for (const limit of ['put', 'end']) {
    if (limit === 'put') idb.quota = BLOCK;
    else idb.failingEnds = 1;
    await expect((async () => file.flush())()).rejects.toMatchObject({
      code: '53100',
      message: expect.stringContaining('cannot write a') as string,
    });
    expect(idb.blocks.size).toBe(0);
    expect(await file.read(2 * BLOCK, 4)).toEqual(new Uint8Array(4).fill(7));
    idb.quota = Infinity;
  }
  await file.flush();
  expect(idb.blocks.size).toBe(3);
  await storage.close();
  const again = await (await acquired()).open('a');
  expect(await again.read(BLOCK, 2)).toEqual(Uint8Array.of(7, 7));
});

test('a full quota is met before a commit: it leaves nothing, reads go on, and with room again so do commits', async () => {
  const db = await database();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, filler text)');
  const insert = (id: number): Promise<unknown> =>
    db.rows("INSERT INTO t VALUES ($1, repeat('x', 100000))", [id]).catch((error: { code: string }) => error.code);
  for (let id = 1; id <= 3; id++) expect(await insert(id)).toEqual([]);
  idb.quota = idb.usage + 100_000;
  expect([await insert(4), await insert(5)]).toEqual(['53100', '53100']);
  expect(await db.rows('SELECT count(*), sum(length(filler)) FROM t')).toEqual([['3', '300000']]);
  idb.quota = Infinity;
  expect(await insert(6)).toEqual([]);
  await db.engine.close();
  const again = await database();
  expect(await again.rows('SELECT id FROM t ORDER BY id')).toEqual([['1'], ['2'], ['3'], ['6']]);
  expect((await again.rows('CHECK DATABASE')).filter((row) => row[4] !== null)).toEqual([]);
  await again.engine.close();
});

test.each(['kept', 'lost'])(
  'where the browser has promised too much a commit leaves nothing, and the next one goes; what was in memory is %s',
  async (memory) => {
    const db = await database();
    const sessions = [db.session, db.engine.session(), db.engine.session()];
    await db.run("CREATE TABLE t (id serial PRIMARY KEY, v text UNIQUE); INSERT INTO t (v) VALUES ('one')");
    idb.failingEnds = 2;
    const big = 'INSERT INTO t (v) SELECT i::text FROM generate_series(1, 3000) i';
    expect([await db.code("INSERT INTO t (v) VALUES ('two')"), await db.code(big)]).toEqual(['53100', '53100']);
    expect(await db.rows('SELECT id, v FROM t')).toEqual([['1', 'one']]);
    expect(await db.rows('SELECT max(seq) FROM drift.transactions')).toEqual([['2']]);
    // One of those beside each other may fail: it takes no other with it.
    idb.failingEnds = 1;
    const ended = await Promise.allSettled(
      sessions.map((session, i) => session.execute(`INSERT INTO t (v) VALUES ('beside ${i}')`)),
    );
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await db.run("CREATE TABLE u (a int); INSERT INTO t (v) VALUES ('two')");
    await db.run(big);
    const all = 'SELECT count(*), count(DISTINCT id), max(id) = 1 + 1 + 3000 + 3 + 1 + 3000 FROM t';
    expect(await db.rows(all)).toEqual([['3004', '3004', 't']]);
    expect(await db.rows('SELECT max(seq) FROM drift.transactions')).toEqual([['7']]);
    if (memory === 'kept') await db.engine.close();
    const again = await database();
    expect(await again.rows(all)).toEqual([['3004', '3004', 't']]);
    expect((await again.rows('CHECK DATABASE')).filter((row) => row[4] !== null)).toEqual([]);
    await again.run("INSERT INTO t (v) VALUES ('three')");
    expect(await again.rows("SELECT id FROM t WHERE v = 'three'")).toEqual([['6007']]);
    await again.engine.close();
  },
);

test('relaxed commits stay, and are stored when there is room', async () => {
  const db = await openDb(new IndexedDbStorage('t', idb.open) as object as MemoryStorage, {
    durability: 'relaxed',
    flushIntervalMs: 5,
  });
  await db.run('CREATE TABLE t (id int PRIMARY KEY)');
  await vi.waitUntil(() => idb.hints.at(-1) === 'strict');
  const stored = idb.hints.length;
  idb.failingEnds = 4;
  for (let id = 1; id <= 3; id++) await db.run(`INSERT INTO t VALUES (${id})`);
  await vi.waitUntil(() => idb.failingEnds === 0);
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['3']]);
  await vi.waitUntil(() => idb.hints.length > stored);
  // Its page is gone, without a word.
  const again = await database();
  expect(await again.rows('SELECT count(*) FROM t')).toEqual([['3']]);
  await again.engine.close();
});

test('windows that may not store anything are told clearly', async () => {
  for (const name of ['InvalidStateError', 'SecurityError', 'NotAllowedError']) {
    idb.refusal = new DOMException(
      'A mutation operation was attempted on a database that did not allow mutations.',
      name,
    );
    await expect(acquired()).rejects.toMatchObject({
      code: '0A000',
      message: expect.stringContaining('does not let this window store anything') as string,
      hint: expect.stringContaining('Private windows') as string,
    });
  }
  idb.refusal = new DOMException('', 'QuotaExceededError');
  await expect(acquired()).rejects.toMatchObject({ code: '53100' });
  idb.refusal = new DOMException('Internal error', 'UnknownError');
  await expect(acquired()).rejects.toMatchObject({ code: '58030' });
  idb.refusal = new DOMException('', 'VersionError');
  await expect(acquired()).rejects.toMatchObject({ code: '0A000' });
});
