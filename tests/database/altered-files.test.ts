/**
 * Altered files: whatever byte of a database's files changes or is cut off, it is refused with the file and the place,
 * or it opens at a commit boundary of the log's end; it never shows a state that never was.
 */
import { expect, test } from 'vitest';
import type { EngineApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb, testHost, textRows } from './helper.ts';

type Files = ReadonlyMap<string, Uint8Array>;

interface Original {
  readonly files: Files;
  /** The newest commit in segments. */
  readonly checkpointed: number;
  /** What a reader sees AS OF each sequence number. */
  readonly states: readonly string[];
}

const QUERIES = (seq: number): string[] => [
  `SELECT id, name, v, note FROM item FOR SYSTEM_TIME AS OF SEQ ${seq} ORDER BY id`,
  `SELECT id FROM item FOR SYSTEM_TIME AS OF SEQ ${seq} WHERE name = 'item 7'`,
  `SELECT * FROM plain FOR SYSTEM_TIME AS OF SEQ ${seq} ORDER BY 1, 2`,
];

async function stateAt(rows: Db['rows'], seq: number): Promise<string> {
  if (seq < 3) return '';
  const parts: unknown[] = [];
  for (const query of QUERIES(seq)) parts.push(await rows(query));
  parts.push(await rows('SELECT seq, committed_at, message, tables FROM drift.transactions WHERE seq = $1', [seq]));
  return JSON.stringify(parts);
}

/**
 * Commits in segments, then commits in the log alone, the files as they are while the database is open; or `close`d,
 * with everything in segments.
 */
async function original(close = false): Promise<Original> {
  const storage = new MemoryStorage();
  const db = await openDb(storage, { maxLeafRows: 64, minClosedRows: 8 });
  await db.run(
    `CREATE TABLE item (id int PRIMARY KEY, name text, v double precision, note jsonb); CREATE INDEX ON item (name)`,
  );
  await db.run('CREATE TABLE plain (a bigint, b numeric)');
  await db.run("INSERT INTO item SELECT i, 'item ' || i, i / 3.0, '{\"n\": 1}' FROM generate_series(1, 150) i");
  for (let i = 1; i <= 12; i++)
    await db.run(`UPDATE item SET v = v + ${i}, name = name || '.' WHERE id % 12 = ${i % 12}`);
  await db.engine.checkpoint();
  const checkpointed = db.engine.status().lastSeq;
  await db.run('INSERT INTO plain VALUES (1, 1.5), (2, NULL); DELETE FROM item WHERE id < 10');
  await db.session.begin({ message: 'with a message' });
  await db.run("INSERT INTO item VALUES (1, 'back', NULL, NULL); UPDATE plain SET b = 7");
  await db.session.commit();
  for (let i = 0; i < 4; i++) await db.run(`INSERT INTO plain VALUES (${i}, ${i}.25)`);
  let files = copy(storage);
  const states: string[] = [];
  for (let seq = 0; seq <= db.engine.status().lastSeq; seq++) states.push(await stateAt(db.rows, seq));
  if (!close) return { files, checkpointed, states };
  await db.engine.close();
  files = copy(storage);
  return { files, checkpointed: states.length - 1, states };
}

function copy(storage: MemoryStorage): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of storage.list()) {
    const file = storage.open(name);
    files.set(name, file.read(0, file.size()) as Uint8Array);
  }
  return files;
}

function storageOf(files: Files, changed?: { name: string; bytes: Uint8Array }): MemoryStorage {
  const storage = new MemoryStorage();
  for (const [name, bytes] of files) void storage.open(name).write(0, name === changed?.name ? changed.bytes : bytes);
  return storage;
}

type Outcome = 'as it was' | 'shorter' | 'refused at opening' | 'refused in reading';

/** Opens altered files and reads everything; throws if anything is wrong with the answer. */
async function outcome(it: Original, name: string, bytes: Uint8Array): Promise<Outcome> {
  let engine: EngineApi;
  try {
    engine = await openEngine({
      storage: storageOf(it.files, { name, bytes }),
      host: testHost(9),
      maxLeafRows: 64,
      minClosedRows: 8,
    });
  } catch (error) {
    refused(error, name);
    return 'refused at opening';
  }
  const { lastSeq } = engine.status();
  const session = engine.session();
  const rows: Db['rows'] = async (sql, parameters = []) =>
    textRows(await session.execute(sql, parameters, { text: true }));
  expect(lastSeq).toBeGreaterThanOrEqual(it.checkpointed);
  if (lastSeq < it.states.length - 1) expect(name).toMatch(/^log-/);
  for (let seq = lastSeq; seq > 2; seq -= 5) {
    let state: string;
    try {
      state = await stateAt(rows, seq);
    } catch (error) {
      refused(error, name);
      return 'refused in reading';
    }
    expect(state).toBe(it.states[seq]);
  }
  return lastSeq === it.states.length - 1 ? 'as it was' : 'shorter';
}

/** The error says which file, and where. */
function refused(error: unknown, name: string): void {
  const { code, message } = error as { code?: string; message: string };
  expect([code, message]).toEqual([
    expect.stringMatching(/^(XX001|0A000)$/),
    expect.stringMatching(new RegExp(`${name}.*(offset|slot|version|body|missing)`, 's')),
  ]);
}

function count(outcomes: Map<string, number>, key: string): void {
  outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
}

/** How many bytes of a file can matter: a log is allocated ahead with zeros. */
function used(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return Math.min(bytes.length, end + 1024);
}

const POSITIONS = Number(process.env['DRIFT_POSITIONS'] || 14);

async function flipBits(it: Original): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  for (const [name, bytes] of it.files) {
    const end = used(bytes);
    const step = Math.max(1, end / POSITIONS);
    for (let at = 0; at < end; at += step) {
      const place = Math.floor(at);
      const altered = bytes.slice();
      altered[place] = (altered[place] as number) ^ (1 << (place % 8));
      try {
        count(outcomes, `${name.replace(/-.*/, '')} ${await outcome(it, name, altered)}`);
      } catch (error) {
        throw new Error(`bit ${place % 8} of byte ${place} of ${name}: ${(error as Error).message}`, { cause: error });
      }
    }
  }
  return outcomes;
}

test('a flipped bit anywhere, with commits in the log', async () => {
  const outcomes = await flipBits(await original());
  for (const file of ['MANIFEST', 'log', 'pack']) expect(outcomes.get(`${file} refused at opening`)).toBeGreaterThan(0);
}, 600_000);

test('a flipped bit anywhere, after closing: never the state before', async () => {
  const outcomes = await flipBits(await original(true));
  expect(outcomes.get('MANIFEST refused at opening')).toBeGreaterThan(0);
  // An opening reads little of the packs.
  const ofPacks = ['pack refused at opening', 'pack refused in reading'].map((key) => outcomes.get(key) ?? 0);
  expect(Math.max(...ofPacks)).toBeGreaterThan(0);
  expect(outcomes.get('log shorter')).toBeUndefined();
}, 600_000);

test('a file cut off anywhere', async () => {
  for (const closed of [false, true]) {
    const it = await original(closed);
    for (const [name, bytes] of it.files) {
      const end = used(bytes);
      const step = Math.max(64, Math.ceil(end / POSITIONS / 64) * 64);
      for (let length = 0; length < end; length += step) {
        try {
          await outcome(it, name, bytes.slice(0, length));
        } catch (error) {
          throw new Error(`${name} cut off at ${length}: ${(error as Error).message}`, { cause: error });
        }
      }
    }
  }
}, 600_000);

test('a file that is gone', async () => {
  for (const closed of [false, true]) {
    const it = await original(closed);
    for (const name of it.files.keys()) {
      const files = new Map(it.files);
      files.delete(name);
      let opened: unknown = null;
      try {
        opened = await openEngine({ storage: storageOf(files), host: testHost() });
      } catch (error) {
        refused(error, name);
      }
      // A log that the manifest does not name yet holds nothing that was acknowledged before it was.
      expect([name, opened]).toEqual([name, null]);
    }
  }
});

test('a bad frame before a good flushed one is corruption, also in the newest file', async () => {
  const it = await original();
  const [name, bytes] = [...it.files].find(([file]) => file.startsWith('log-')) as [string, Uint8Array];
  // The first frame of the file lies behind its header's sector.
  const altered = bytes.slice();
  altered[520] = (altered[520] as number) ^ 1;
  expect(await outcome(it, name, altered)).toBe('refused at opening');
  const second = bytes.slice();
  second[1024] = (second[1024] as number) ^ 1;
  expect(await outcome(it, name, second)).toBe('refused at opening');
});
