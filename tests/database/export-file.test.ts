/** A whole database as one file, out and in again; altered and truncated files; storages that are not empty. */
import { expect, test } from 'vitest';
import { LocalConnection } from '../../src/client/local.ts';
import { collected, restoreSource } from '../../src/client/backup.ts';
import type { OpenEngine } from '../../src/database/engine.ts';
import { restoreInto } from '../../src/database/backup/restore.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { StorageFile } from '../../src/storage/storage.ts';
import { copyOf, openDb, testHost, textRows } from './helper.ts';

function exportFile(engine: OpenEngine): Promise<Uint8Array> {
  return collected(() => new LocalConnection(engine).backup({}));
}

function importFile(storage: MemoryStorage, file: Uint8Array): Promise<void> {
  return restoreInto(storage, testHost(), restoreSource(file, {}));
}

const HISTORY = 'SELECT id, v, _seq_from, _seq_to, _sys_from FROM t FOR SYSTEM_TIME ALL ORDER BY id, _seq_from';
const COMMITS = 'SELECT * FROM drift.transactions ORDER BY seq';

async function exported(): Promise<{ file: Uint8Array; history: unknown; commits: unknown }> {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id serial PRIMARY KEY, v text UNIQUE); INSERT INTO t (v) VALUES ('a'), ('b'), ('c');
    UPDATE t SET v = 'B' WHERE id = 2; CREATE TAG first; DELETE FROM t WHERE id = 3`);
  const file = await exportFile(db.engine);
  return { file, history: await db.rows(HISTORY), commits: await db.rows(COMMITS) };
}

async function refusal(file: Uint8Array, storage = new MemoryStorage()): Promise<string> {
  try {
    await openEngine({ storage, host: testHost(), restore: restoreSource(file, {}) });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${code}: ${message}`;
  }
  return 'opened';
}

test('out and in again: data, history, tags, sequences', async () => {
  const { file, history, commits } = await exported();
  const storage = new MemoryStorage();
  const engine = await openEngine({ storage, host: testHost(7), restore: restoreSource(file, {}) });
  const session = engine.session();
  const rows = async (sql: string): Promise<unknown> => textRows(await session.execute(sql, [], { text: true }));
  expect(await rows(HISTORY)).toEqual(history);
  expect(await rows(COMMITS)).toEqual(commits);
  expect(await rows("SELECT v FROM t FOR SYSTEM_TIME AS OF TAG 'first' ORDER BY id")).toEqual([['a'], ['B'], ['c']]);
  await session.script("INSERT INTO t (v) VALUES ('d')");
  expect(await rows('SELECT max(id) FROM t')).toEqual([['4']]);
  await expect(session.execute("INSERT INTO t (v) VALUES ('d')")).rejects.toMatchObject({ code: '23505' });
  await engine.close();
  // The imported database is one like any other, and exports itself again.
  const again = await openDb(storage);
  expect(await again.rows('SELECT count(*) FROM t')).toEqual([['3']]);
  const second = await exportFile(again.engine);
  expect(await refusal(second)).toBe('opened');
});

test('commits go on during an export; what was acknowledged before it is in it', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY)');
  for (let id = 0; id < 20; id++) await db.run(`INSERT INTO t VALUES (${id})`);
  const other = db.engine.session();
  const writes = Array.from({ length: 20 }, (_, i) => other.execute(`INSERT INTO t VALUES (${100 + i})`));
  const [file] = await Promise.all([exportFile(db.engine), ...writes]);
  const engine = await openEngine({ storage: new MemoryStorage(), host: testHost(), restore: restoreSource(file, {}) });
  const result = await engine.session().execute('SELECT id FROM t ORDER BY id', [], { text: true });
  const ids = textRows(result).map(([id]) => Number(id));
  expect(ids.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, id) => id));
  // A commit boundary: what came in during the export is there up to some commit, without gaps.
  expect(ids.slice(20)).toEqual(Array.from({ length: ids.length - 20 }, (_, i) => 100 + i));
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['40']]);
});

test('every altered byte and every truncation is refused, with its place; nothing is left behind', async () => {
  const { file } = await exported();
  expect(file.length).toBeGreaterThan(1000);
  const step = Math.max(1, Math.floor(file.length / 700));
  const places = [...Array(200).keys()];
  for (let at = 200; at < file.length; at += step) places.push(at);
  for (const at of places) {
    const altered = file.slice();
    altered[at] = (altered[at] as number) ^ (1 << (at % 8));
    const storage = new MemoryStorage();
    expect([at, await refusal(altered, storage)]).toEqual([
      at,
      expect.stringMatching(/^(XX001|0A000): .*(offset|version)/),
    ]);
    expect(await storage.list()).toEqual([]);
  }
  for (let length = 0; length < file.length; length += length < 200 ? 1 : step)
    expect([length, await refusal(file.slice(0, length))]).toEqual([
      length,
      expect.stringMatching(/^XX001: .* offset/),
    ]);
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  expect(await refusal(longer)).toMatch(/^XX001: .* 1 bytes behind the end/);
});

test('a storage that holds a database is left alone', async () => {
  const { file } = await exported();
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run('CREATE TABLE mine (a int)');
  await db.engine.close();
  expect(await refusal(file, storage)).toMatch(/^55000: /);
  expect(await (await openDb(storage)).rows('SELECT * FROM mine')).toEqual([]);
});

/** A storage whose k-th write and all later operations on files fail, as if the process had ended there. */
class EndingStorage extends MemoryStorage {
  left: number;
  constructor(left: number) {
    super();
    this.left = left;
  }
  override open(name: string): StorageFile {
    const file = super.open(name);
    const step = (): void => {
      if (--this.left < 0) throw new Error('the process has ended');
    };
    return new Proxy(file, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...values: unknown[]): unknown => {
          if (key === 'write' || key === 'flush') step();
          return Reflect.apply(value, target, values) as unknown;
        };
      },
    });
  }
  override remove(name: string): void {
    if (this.left < 0) throw new Error('the process has ended');
    super.remove(name);
  }
}

test('an import that ends at any step is refused or whole, and can be repeated', async () => {
  const { file, history } = await exported();
  for (let steps = 0; ; steps++) {
    const storage = new EndingStorage(steps);
    let whole = true;
    try {
      await importFile(storage, file);
    } catch {
      whole = false;
    }
    storage.left = Infinity;
    const opened = await openDb(copyOf(storage)).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'XX001' });
      return null;
    });
    if (opened !== null && (await opened.rows(`SELECT count(*) FROM drift.transactions`))[0]?.[0] !== '0') {
      expect(await opened.rows(HISTORY)).toEqual(history);
      if (!whole) continue;
    }
    if (!whole) await importFile(storage, file);
    const db = await openDb(storage);
    expect(await db.rows(HISTORY)).toEqual(history);
    if (whole) break;
    expect(steps).toBeLessThan(50);
  }
});
