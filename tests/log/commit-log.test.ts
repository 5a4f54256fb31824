/** The commit log by itself: runs, torn ends, damage, rotation under load. */
import { expect, test } from 'vitest';
import { run, type Task } from '../../src/base/task.ts';
import { CommitLog } from '../../src/log/commit-log.ts';
import { FRAME_INSERT, LOG_HEADER_BYTES, SECTOR_BYTES } from '../../src/log/constants.ts';
import type { LoggedCommit } from '../../src/log/frame.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { testHost } from '../database/helper.ts';
import { SlowStorage } from '../storage/slow-storage.ts';

function commitOf(seq: number, bytes = 10): LoggedCommit {
  const payload = new Uint8Array(bytes).fill(seq & 255);
  const frames = [{ type: FRAME_INSERT, payload }];
  return { seq, timestamp: seq * 1000, author: null, message: null, metadata: null, clientId: null, frames };
}

async function openLog(storage: Storage, seen: number[] = []): Promise<CommitLog> {
  const log = new CommitLog(storage, testHost(seen.length + 7), {
    durability: 'full',
    flushIntervalMs: 10,
    stepBytes: 4096,
    firstLog: 1,
    epoch: 1,
  });
  await run(
    log.replay(0, function* (commit): Task<void> {
      seen.push(commit.seq);
    }),
  );
  return log;
}

async function write(log: CommitLog, from: number, to: number): Promise<void> {
  for (let seq = from; seq <= to; seq++) {
    log.append(commitOf(seq));
    await run(log.sync('full'));
  }
}

async function bytesOf(storage: Storage, name: string): Promise<Uint8Array> {
  const file = await storage.open(name);
  return file.read(0, file.size());
}

test('commits come back in order, over several openings', async () => {
  const storage = new MemoryStorage();
  await write(await openLog(storage), 1, 3);
  await write(await openLog(storage), 4, 5);
  const seen: number[] = [];
  await openLog(storage, seen);
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

test('each flushed commit begins a sector of its own', async () => {
  const storage = new MemoryStorage();
  await write(await openLog(storage), 1, 2);
  const bytes = await bytesOf(storage, 'log-1');
  for (const at of [LOG_HEADER_BYTES, LOG_HEADER_BYTES + SECTOR_BYTES]) expect(bytes[at]).not.toBe(0);
});

test('a damaged frame before a good run is reported, wherever the byte is', async () => {
  const storage = new MemoryStorage();
  await write(await openLog(storage), 1, 3);
  const good = await bytesOf(storage, 'log-1');
  const file = await storage.open('log-1');
  for (let at = LOG_HEADER_BYTES; at < LOG_HEADER_BYTES + 40; at++) {
    await file.write(at, new Uint8Array([(good[at] as number) ^ 0x10]));
    await expect(openLog(storage)).rejects.toMatchObject({
      code: 'XX001',
      message: expect.stringMatching(/^log-1 is damaged at offset 5\d\d:/) as string,
    });
    await file.write(at, good.subarray(at, at + 1));
  }
});

test('a damaged last run is the torn end of the log and is cut', async () => {
  const storage = new MemoryStorage();
  await write(await openLog(storage), 1, 3);
  const file = await storage.open('log-1');
  await file.write(LOG_HEADER_BYTES + 2 * SECTOR_BYTES + 12, new Uint8Array([255, 255]));
  const seen: number[] = [];
  await openLog(storage, seen);
  expect(seen).toEqual([1, 2]);
  expect(file.size()).toBeLessThan(LOG_HEADER_BYTES + 2 * SECTOR_BYTES);
});

test('damage at the end of a file is reported when a later file goes on', async () => {
  const storage = new MemoryStorage();
  const log = await openLog(storage);
  await write(log, 1, 2);
  await run(log.rotate());
  await write(log, 3, 3);
  await (await storage.open('log-1')).write(LOG_HEADER_BYTES + SECTOR_BYTES + 12, new Uint8Array([255]));
  await expect(openLog(storage)).rejects.toMatchObject({ code: 'XX001' });
});

test('a commit that cannot be encoded leaves nothing in the log', async () => {
  const storage = new MemoryStorage();
  const log = await openLog(storage);
  log.append(commitOf(1));
  expect(() => log.append({ ...commitOf(2), author: '\ud800' })).toThrow(/lone surrogate/);
  log.append(commitOf(2));
  await run(log.sync('full'));
  const seen: number[] = [];
  await openLog(storage, seen);
  expect(seen).toEqual([1, 2]);
});

test('commits that come while a file is rotated or flushed are all there, in order', async () => {
  const storage = new SlowStorage();
  const log = await openLog(storage);
  const writers: Promise<unknown>[] = [];
  for (let seq = 1; seq <= 200; seq++) {
    log.append(commitOf(seq, seq * 5));
    writers.push(Promise.resolve(run(log.sync(seq % 3 === 0 ? 'relaxed' : 'full'))));
    if (seq % 40 === 0) writers.push(Promise.resolve(run(log.rotate())));
    if (seq % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (seq % 40 === 20) await Promise.all(writers);
  }
  await Promise.all(writers);
  await run(log.close());
  const seen: number[] = [];
  await openLog(storage, seen);
  expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
});

test('no write touches a sector that was flushed, whatever the sizes of commits and the growth of the file', async () => {
  const storage = new MemoryStorage();
  const touched: number[] = [];
  const open = storage.open.bind(storage);
  const flushed = new Map<string, number>();
  storage.open = (name) => {
    const file = open(name);
    return new Proxy(file, {
      get(target, property) {
        if (property === 'write')
          return (offset: number, bytes: Uint8Array): void => {
            if (bytes.length > 0 && offset < (flushed.get(name) ?? 0)) touched.push(offset);
            void target.write(offset, bytes);
            if (bytes.some((byte) => byte !== 0)) written.set(name, offset + bytes.length);
          };
        if (property === 'flush')
          return (): void => {
            flushed.set(name, Math.ceil((written.get(name) ?? 0) / SECTOR_BYTES) * SECTOR_BYTES);
          };
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
  const written = new Map<string, number>();
  const log = await openLog(storage);
  for (let seq = 1; seq <= 1000; seq++) {
    log.append(commitOf(seq, (seq * seq * 31) % 1300));
    await run(log.sync('full'));
  }
  expect(touched).toEqual([]);
});
