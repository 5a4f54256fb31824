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
  expect(idb.hints).toEqual(['relaxed']);
  await file.write(0, Uint8Array.of(1));
  await file.flush();
  await file.flush();
  expect(idb.hints).toEqual(['relaxed', 'strict']);
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

test('where the browser has promised too much: 53100 until it is opened again, reads go on, nothing acknowledged is lost', async () => {
  const db = await database();
  await db.run('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
  idb.failingEnds = 1;
  expect(await db.code('INSERT INTO t VALUES (2)')).toBe('53100');
  expect(await db.code('INSERT INTO t VALUES (3)')).toBe('53100');
  expect(await db.rows('SELECT id FROM t')).toEqual([['1']]);
  await db.engine.close().catch(() => undefined);
  const again = await database();
  expect(await again.rows('SELECT id FROM t')).toEqual([['1']]);
  await again.run('INSERT INTO t VALUES (4)');
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
