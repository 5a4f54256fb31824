/** Opening a database and reading a row by key costs the same whatever its history: bytes read, things decoded. */
import { expect, test } from 'vitest';
import type { StorageFile } from '../../src/storage/storage.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

const SMALL = { maxLeafRows: 512, minClosedRows: 128, checkpointIntervalMs: 0, logStepBytes: 4096 };
const ROWS = 2048;

/** Counts the bytes that are asked for. */
class CountingStorage extends MemoryStorage {
  readBytes = 0;

  override open(name: string): StorageFile {
    const file = super.open(name);
    return {
      ...bound(file),
      read: (offset, length) => {
        this.readBytes += Math.min(length, Math.max(0, file.size() - offset));
        return file.read(offset, length);
      },
    };
  }
}

function bound(file: StorageFile): StorageFile {
  return {
    name: file.name,
    size: () => file.size(),
    read: (offset, length) => file.read(offset, length),
    write: (offset, bytes) => file.write(offset, bytes),
    truncate: (size) => file.truncate(size),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}

interface Cost {
  readonly opening: number;
  readonly read: number;
  readonly past: number;
  readonly tiles: number;
}

async function costAfter(updates: number): Promise<Cost> {
  const storage = new CountingStorage();
  const filled = await openDb(storage, SMALL);
  await filled.run(
    `CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, ${ROWS}) i`,
  );
  for (let i = 1; i <= updates; i++) await filled.run(`UPDATE t SET v = ${i}`);
  await filled.engine.close();
  storage.readBytes = 0;
  const db = await openDb(storage, SMALL);
  const opening = storage.readBytes;
  expect(await db.rows('SELECT v FROM t WHERE id = 700')).toEqual([[String(updates)]]);
  const read = storage.readBytes - opening;
  const old = Math.floor(updates / 2);
  expect(await db.rows(`SELECT v FROM t FOR SYSTEM_TIME AS OF SEQ ${2 + old} WHERE id = 700`)).toEqual([[String(old)]]);
  const past = storage.readBytes - opening - read;
  const [[tiles]] = (await db.rows('SELECT count(DISTINCT _seq_from) FROM t FOR SYSTEM_TIME ALL')) as [[string]];
  await db.engine.close();
  return { opening, read, past, tiles: Number(tiles) };
}

test('a history of ten times the length adds nothing to opening and to the first read by key', async () => {
  const [short, long] = [await costAfter(12), await costAfter(120)];
  expect(long.tiles).toBe(121);
  // drift.transactions is a table as well, and every commit adds a row to it, but no opening reads them.
  expect(long.opening).toBeLessThan(short.opening * 1.1 + 256);
  expect(long.read).toBeLessThan(short.read * 1.5 + 1024);
  // The past is not free, it is only not paid for by who does not ask.
  expect(long.past).toBeGreaterThan(short.past);
});

test('a first read by key decodes the columns that it is asked for, and no others', async () => {
  const storage = new MemoryStorage();
  const filled = await openDb(storage, SMALL);
  await filled.run(`CREATE TABLE t (id int PRIMARY KEY, a text, b bytea);
    INSERT INTO t SELECT i, 'a' || i, decode(md5(i::text) || 'c0ffee', 'hex') FROM generate_series(1, 300) i`);
  await filled.engine.close();
  const name = (await storage.list()).find((each) => each.startsWith('pack-')) as string;
  const file = storage.open(name);
  const bytes = file.read(0, file.size()) as Uint8Array;
  const at = bytes.findIndex((_, i) => bytes[i] === 0xc0 && bytes[i + 1] === 0xff && bytes[i + 2] === 0xee);
  expect(at).toBeGreaterThan(0);
  void file.write(at, Uint8Array.of(0xc1));

  const db = await openDb(storage, SMALL);
  for (const where of ['id = 7', 'id IN (8, 9)'])
    expect(await db.rows(`SELECT a FROM t WHERE ${where}`)).not.toEqual([]);
  expect(await db.rows('SELECT t.a FROM generate_series(1, 2) i JOIN t ON t.id = i')).toEqual([['a1'], ['a2']]);
  for (const query of ['SELECT b FROM t WHERE id = 7', 'SELECT * FROM t WHERE id = 10', 'UPDATE t SET a = a'])
    await expect(db.run(query)).rejects.toMatchObject({ code: 'XX001' });
  // What a failed read has left undecoded is still that.
  expect(await db.rows('SELECT a FROM t WHERE id = 7')).toEqual([['a7']]);
  await expect(db.engine.close()).resolves.toBeUndefined();
});
