/** Temporary files go with their statements, whatever ends these; what a crash leaves goes at the next opening. */
import { expect, test } from 'vitest';
import { Cancellation } from '../../src/base/cancel.ts';
import { EncryptedStorage } from '../../src/storage/encryption/encrypted-storage.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Storage, StorageFile } from '../../src/storage/storage.ts';
import { openEngine } from '../../src/database/engine.ts';
import { copyOf, type Db, openDb, testHost } from './helper.ts';

const BIG = 'SELECT a FROM generate_series(1, 60000) a ORDER BY md5(a::text)';
const LITTLE = { queryMemoryBytes: 1 << 20 };

const temporary = (storage: MemoryStorage): string[] =>
  [...storage.list()].filter((name) => name.startsWith('temporary-'));

const turn = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs until the statement has a temporary file. */
async function untilSpilled(storage: MemoryStorage): Promise<void> {
  for (let i = 0; temporary(storage).length === 0; i++) {
    expect(i).toBeLessThan(2000);
    await turn(1);
  }
}

async function opened(): Promise<Db> {
  return openDb(undefined, LITTLE);
}

test('they are gone after success and after an error', async () => {
  const db = await opened();
  expect((await db.rows(`SELECT count(*) FROM (${BIG} OFFSET 0) x`))[0]).toEqual(['60000']);
  expect(temporary(db.storage)).toEqual([]);
  expect(await db.code(`SELECT 1 / (a - 41) FROM (${BIG} OFFSET 10) x`)).toBe('22012');
  expect(temporary(db.storage)).toEqual([]);
  await db.engine.close();
});

test('they are gone after a cancel, which is heard while rows are sorted, written and merged', async () => {
  const db = await opened();
  for (const after of [0, 20, 60]) {
    const cancellation = new Cancellation();
    const running = db.session.execute(`SELECT sum(a) FROM (${BIG} OFFSET 1) x`, [], { cancellation });
    running.catch(() => undefined);
    await untilSpilled(db.storage);
    await turn(after);
    cancellation.cancel();
    await running.then(
      () => undefined,
      (error: unknown) => expect(error).toMatchObject({ code: '57014' }),
    );
    expect(temporary(db.storage)).toEqual([]);
  }
  await db.engine.close();
});

test('closing a session or a cursor in the middle removes them', async () => {
  const db = await opened();
  await db.run(`BEGIN; DECLARE c CURSOR FOR ${BIG} OFFSET 3`);
  await db.run('COMMIT');
  expect(temporary(db.storage)).toEqual([]);
  await db.session.begin();
  expect(await db.session.copy({ sql: `COPY (${BIG}) TO STDOUT` })).toMatch(/^\d+\n/);
  expect(temporary(db.storage)).toHaveLength(1);
  await db.session.close();
  await db.engine.close();
  expect(temporary(db.storage)).toEqual([]);
});

test('an opening removes what a crash has left', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, LITTLE);
  await db.run('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
  const running = db.session.execute(`SELECT sum(a) FROM (${BIG} OFFSET 1) x`);
  running.catch(() => undefined);
  await untilSpilled(storage);
  // The bytes as a process that was killed leaves them.
  const left = copyOf(storage);
  await running;
  await db.engine.close();
  expect(temporary(left)).toHaveLength(1);
  const again = await openDb(left, LITTLE);
  expect(temporary(left)).toEqual([]);
  expect(await again.rows('SELECT * FROM t')).toEqual([['1']]);
  expect(await again.rows('SELECT problem FROM (SELECT 1) x, LATERAL (SELECT NULL AS problem) y')).toEqual([[null]]);
  await again.engine.close();
});

test('in an encrypted database they hold nothing that can be read', async () => {
  const inner = new MemoryStorage();
  const seen: Uint8Array[] = [];
  const watched: Storage = {
    medium: 'memory',
    acquire: () => inner.acquire(),
    list: () => inner.list(),
    remove: (name) => inner.remove(name),
    close: () => inner.close(),
    open(name): StorageFile {
      const file = inner.open(name);
      if (!name.startsWith('temporary-')) return file;
      return {
        name,
        size: () => file.size(),
        read: (offset, length) => file.read(offset, length),
        write(offset, bytes) {
          seen.push(bytes.slice());
          return file.write(offset, bytes);
        },
        truncate: (size) => file.truncate(size),
        flush: () => file.flush(),
        close: () => file.close(),
      };
    },
  };
  const host = testHost();
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const storage = new EncryptedStorage(watched, { key }, host.randomBytes);
  const engine = await openEngine({ storage, host, ...LITTLE });
  const session = engine.session();
  const { rowCount } = await session.execute(
    "SELECT a FROM (SELECT a, 'a secret that must not show' || a AS s FROM generate_series(1, 20000) a) x ORDER BY s DESC",
  );
  expect(rowCount).toBe(20000);
  expect(seen.length).toBeGreaterThan(3);
  const text = seen.map((bytes) => Buffer.from(bytes).toString('latin1')).join('');
  expect(text).not.toContain('secret');
  await engine.close();
});
