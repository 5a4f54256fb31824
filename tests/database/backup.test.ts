/** Backups: while writes go on, with and without history, increments, any moment, encrypted, damaged. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { collected, restoreSource, type RestoreOptions } from '../../src/client/backup.ts';
import { LocalConnection } from '../../src/client/local.ts';
import type { EngineOptions } from '../../src/database/api.ts';
import type { BackupInfo } from '../../src/database/backup/info.ts';
import { type BackupOptions, makeBackup } from '../../src/database/backup/make.ts';
import { END, PieceReader, PieceWriter } from '../../src/database/backup/pieces.ts';
import { verifyBackups } from '../../src/database/backup/restore.ts';
import { type OpenEngine, openEngine } from '../../src/database/engine.ts';
import { rekey } from '../../src/database/rekey.ts';
import { EncryptedStorage } from '../../src/storage/encryption/encrypted-storage.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { openDb, testHost, textRows } from './helper.ts';

const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
const SMALL: Partial<EngineOptions> = { maxLeafRows: 20, minClosedRows: 8, packSizeBytes: 8192 };
let seeds = 100;

function backup(engine: OpenEngine, options: BackupOptions = {}): Promise<Uint8Array> {
  return collected(() => new LocalConnection(engine).backup(options));
}

async function infoOf(...files: Uint8Array[]): Promise<BackupInfo> {
  return (await verifyBackups(restoreSource(files, {}))) as BackupInfo;
}

type Rows = (string | null)[][];

async function restored(
  files: Uint8Array | readonly Uint8Array[],
  options: RestoreOptions = {},
  storage: Storage = new MemoryStorage(),
): Promise<{ engine: OpenEngine; rows: (sql: string) => Promise<Rows> }> {
  const source = restoreSource(files, options);
  const engine = await openEngine({ storage, host: testHost(++seeds), restore: source, ...SMALL });
  const session = engine.session();
  return { engine, rows: async (sql) => textRows(await session.execute(sql, [], { text: true })) };
}

async function problems(rows: (sql: string) => Promise<Rows>): Promise<Rows> {
  return (await rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null);
}

/** Everything there is to see of a state, by scan, by index, and of its definitions. */
const LOOKS = [
  'SELECT * FROM t ORDER BY id',
  "SELECT id FROM t WHERE v >= 'v3' AND v < 'v6' ORDER BY v, id",
  "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
];

/** What each moment looks like; commits from 1 on are of the script below. */
async function looks(rows: (sql: string) => Promise<Rows>, seq?: number): Promise<string> {
  const at = (sql: string): string =>
    seq === undefined ? sql : sql.replace(/FROM t\b/, `FROM t FOR SYSTEM_TIME AS OF SEQ ${seq}`);
  const found: unknown[] = [];
  for (const sql of LOOKS.slice(0, 2))
    found.push(await rows(at(sql)).catch((error: unknown) => (error as { code: string }).code));
  return JSON.stringify(found);
}

/** A table whose leaves split by key and by time, columns and indexes that come and go, a table that is dropped. */
async function filled(storage?: MemoryStorage): Promise<Awaited<ReturnType<typeof openDb>>> {
  const db = await openDb(storage, SMALL);
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v text, n int)');
  await db.run("INSERT INTO t SELECT i, 'v' || i % 10, i FROM generate_series(1, 70) i");
  await db.run('CREATE INDEX t_v ON t (v)');
  for (let i = 0; i < 12; i++) {
    await db.run(`UPDATE t SET v = 'v' || ((n + ${i}) % 10) WHERE id % 5 = ${i % 5}`);
    if (i === 3) await db.run('CREATE TABLE gone (a int); INSERT INTO gone VALUES (1), (2)');
    if (i === 5) await db.engine.checkpoint();
    if (i === 6) await db.run("ALTER TABLE t ADD COLUMN extra text DEFAULT 'e'");
    if (i === 7) await db.run('DROP TABLE gone');
    if (i === 8) await db.run('DELETE FROM t WHERE id BETWEEN 10 AND 20');
    if (i === 9) await db.run('CREATE INDEX t_n ON t (n DESC, v)');
    if (i === 10) await db.run('DROP INDEX t_v');
    if (i === 4) await db.run("INSERT INTO t SELECT i, 'v4', i FROM generate_series(71, 120) i");
  }
  return db;
}

test('a backup holds everything: data, history, definitions, times, tags, sequences', async () => {
  const db = await filled();
  await db.run('CREATE TABLE s (id serial PRIMARY KEY, x int); INSERT INTO s (x) VALUES (1), (2); CREATE TAG here');
  const copy = await restored(await backup(db.engine));
  const { lastSeq } = db.engine.status();
  expect(copy.engine.status().lastSeq).toBe(lastSeq);
  for (const sql of [
    ...LOOKS,
    'SELECT *, _seq_from, _seq_to, _sys_from, _sys_to FROM t FOR SYSTEM_TIME ALL ORDER BY id, _seq_from',
    'SELECT * FROM drift.transactions ORDER BY seq',
    "SELECT count(*) FROM t FOR SYSTEM_TIME AS OF TAG 'here'",
  ])
    expect([sql, await copy.rows(sql)]).toEqual([sql, await db.rows(sql)]);
  for (let seq = 1; seq <= lastSeq; seq++)
    expect([seq, await looks(copy.rows, seq)]).toEqual([seq, await looks(db.rows, seq)]);
  expect(await copy.rows('INSERT INTO s (x) VALUES (3) RETURNING id')).toEqual([['3']]);
  expect(await problems(copy.rows)).toEqual([]);
  await copy.engine.close();
});

test('any sequence number in the backup can be restored, and the database goes on from there', async () => {
  const db = await filled();
  const file = await backup(db.engine);
  const { lastSeq } = db.engine.status();
  for (let seq = 1; seq <= lastSeq; seq += seq % 2 === 0 ? 1 : 2) {
    const storage = new MemoryStorage();
    const copy = await restored(file, { to: seq }, storage);
    expect(copy.engine.status().lastSeq).toBe(seq);
    for (let at = seq; at > 0; at -= 8)
      expect([seq, at, await looks(copy.rows, at)]).toEqual([seq, at, await looks(db.rows, at)]);
    expect([seq, await looks(copy.rows)]).toEqual([seq, await looks(db.rows, seq)]);
    expect([seq, await problems(copy.rows)]).toEqual([seq, []]);
    expect(await copy.rows('SELECT max(seq) FROM drift.transactions')).toEqual([[String(seq)]]);
    // What was defined later is free to be defined otherwise.
    await copy
      .rows('CREATE TABLE gone (b text)')
      .catch((error: unknown) => expect(error).toMatchObject({ code: '42P07' }));
    await copy
      .rows('ALTER TABLE t ADD COLUMN extra int DEFAULT 7')
      .catch((error: unknown) => expect(error).toMatchObject({ code: '42701' }));
    if (seq > 1)
      await copy.rows("INSERT INTO t (id, v, n) VALUES (1000, 'v3', 1), (11, 'x', 2) ON CONFLICT DO NOTHING");
    const now = await looks(copy.rows);
    await copy.engine.close();
    const again = await openDb(storage, SMALL);
    expect([seq, await looks(again.rows)]).toEqual([seq, now]);
    expect([seq, await problems(again.rows)]).toEqual([seq, []]);
  }
});

test('a time in the backup can be restored; one outside of it is refused and leaves nothing', async () => {
  const db = await filled();
  const times = await db.rows('SELECT seq, committed_at FROM drift.transactions ORDER BY seq');
  const file = await backup(db.engine);
  for (const [seq, time] of times.filter((_, i) => i % 6 === 2)) {
    const copy = await restored(file, {
      to: new Date(Math.ceil(Date.parse(String(time).replace(' ', 'T').replace(/\+00$/, 'Z')))),
    });
    expect(copy.engine.status().lastSeq).toBe(Number(seq));
  }
  for (const to of [new Date('2001-01-01'), new Date('2099-01-01'), 10_000, -1, 1.5]) {
    const storage = new MemoryStorage();
    await expect(restored(file, { to }, storage)).rejects.toMatchObject({
      code: to instanceof Date && to.getFullYear() === 2001 ? '3D000' : '22023',
    });
    expect(storage.list()).toEqual([]);
  }
});

test('without history: the newest state, and an error for each one before', async () => {
  const db = await filled();
  const file = await backup(db.engine, { history: false });
  expect(file.length).toBeLessThan((await backup(db.engine)).length * 0.8);
  const { lastSeq } = db.engine.status();
  const copy = await restored(file);
  expect(await looks(copy.rows)).toBe(await looks(db.rows));
  expect(await looks(copy.rows, lastSeq)).toBe(await looks(db.rows));
  for (const sql of [
    `SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ ${lastSeq - 1}`,
    'SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 0',
    `SELECT * FROM t FOR SYSTEM_TIME BETWEEN SEQ 2 AND SEQ ${lastSeq}`,
    "SELECT * FROM t FOR SYSTEM_TIME AS OF '2023-11-14 22:13:20.5+00'",
  ])
    await expect(copy.rows(sql), sql).rejects.toMatchObject({ code: expect.stringMatching(/^(72000|22023)$/) });
  await expect(copy.rows(`SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ ${lastSeq - 1}`)).rejects.toMatchObject({
    code: '72000',
  });
  await copy.rows("UPDATE t SET v = 'later' WHERE id = 1");
  expect(await copy.rows(`SELECT v FROM t FOR SYSTEM_TIME AS OF SEQ ${lastSeq} WHERE id = 1`)).toEqual(
    await db.rows('SELECT v FROM t WHERE id = 1'),
  );
  // Backed up in turn it still has no more than it has.
  const second = await restored(await backup(copy.engine));
  await expect(second.rows(`SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ ${lastSeq - 1}`)).rejects.toMatchObject({
    code: '72000',
  });
  expect(await second.rows('SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ ' + lastSeq)).toEqual(
    await db.rows('SELECT count(*) FROM t'),
  );
  await expect(restored(file, { to: lastSeq - 1 })).rejects.toMatchObject({ code: '72000' });
});

test('increments hold what came since, and lead to the same database', async () => {
  const db = await filled();
  await db.run('CREATE TABLE still AS SELECT i, md5(i::text) AS m FROM generate_series(1, 1000) i');
  const files = [await backup(db.engine)];
  const states = [db.engine.status().lastSeq];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 3; i++) await db.run(`UPDATE t SET v = 'r${round}' WHERE id % 40 = ${i + round}`);
    if (round === 1) await db.run('CREATE TABLE later (a int); INSERT INTO later VALUES (1)');
    if (round === 2) for (let i = 0; i < 6; i++) await db.engine.checkpoint();
    files.push(await backup(db.engine, { since: await infoOf(...files) }));
    states.push(db.engine.status().lastSeq);
  }
  expect((files[4] as Uint8Array).length).toBeLessThan((await backup(db.engine)).length / 2);
  for (let count = 1; count <= files.length; count++) {
    const copy = await restored(files.slice(0, count));
    const seq = states[count - 1] as number;
    expect(copy.engine.status().lastSeq).toBe(seq);
    for (let at = seq; at > 0; at -= 7)
      expect([count, at, await looks(copy.rows, at)]).toEqual([count, at, await looks(db.rows, at)]);
    expect(await problems(copy.rows)).toEqual([]);
  }
  const between = (states[2] as number) - 1;
  expect(await looks((await restored(files, { to: between })).rows)).toBe(await looks(db.rows, between));
  for (const wrong of [[files[1]], [files[0], files[2]], [files[0], files[0]], [files[0], files[2], files[1]]]) {
    const storage = new MemoryStorage();
    await expect(restored(wrong as Uint8Array[], {}, storage)).rejects.toMatchObject({ code: '22023' });
    expect(storage.list()).toEqual([]);
  }
  const other = await filled();
  const [first] = [await infoOf(files[0] as Uint8Array)];
  await expect(backup(other.engine, { since: first })).rejects.toMatchObject({ code: '22023' });
  await expect(backup(db.engine, { since: first, history: false })).rejects.toMatchObject({ code: '22023' });
  await expect(backup(db.engine, { since: {} as BackupInfo })).rejects.toMatchObject({ code: '22023' });
});

test('increments without history follow one without history', async () => {
  const db = await filled();
  const files = [await backup(db.engine, { history: false })];
  for (let round = 0; round < 3; round++) {
    await db.run(`UPDATE t SET v = 'r${round}' WHERE id % 30 = ${round}; DELETE FROM t WHERE id = ${30 + round}`);
    files.push(await backup(db.engine, { history: false, since: await infoOf(...files) }));
  }
  const copy = await restored(files);
  expect(await looks(copy.rows)).toBe(await looks(db.rows));
  expect(await problems(copy.rows)).toEqual([]);
});

test('writes, checkpoints and changes of keys go on while a backup is read slowly', async () => {
  const storage = new MemoryStorage();
  const host = testHost(++seeds);
  const sealed = new EncryptedStorage(storage, { key }, (target) => host.randomBytes(target));
  const engine = await openEngine({ storage: sealed, host, ...SMALL });
  const session = engine.session();
  const rows = async (sql: string): Promise<Rows> => textRows(await session.execute(sql, [], { text: true }));
  await session.script('CREATE TABLE t (id int PRIMARY KEY, v text, n int); CREATE INDEX t_v ON t (v)');
  await session.execute("INSERT INTO t SELECT i, 'v' || i % 10, i FROM generate_series(1, 300) i");
  const before = await looks(rows);
  const { lastSeq } = engine.status();
  const chunks: Uint8Array[] = [];
  let change: Promise<void> | undefined;
  let old: string[] = [];
  for await (const chunk of makeBackup(await engine.inside())) {
    chunks.push(chunk);
    await session.execute(`UPDATE t SET v = 'w${chunks.length}' WHERE id % 9 = ${chunks.length % 9}`);
    if (chunks.length % 3 === 0) await engine.checkpoint();
    if (chunks.length === 1) old = storage.list().filter((name) => name.startsWith('pack-'));
    if (chunks.length === 5) change = rekey(await engine.inside(), { dataKeys: true });
  }
  await change;
  expect(chunks.length).toBeGreaterThan(10);
  const copy = await restored(Buffer.concat(chunks));
  expect(copy.engine.status().lastSeq).toBe(lastSeq);
  expect(await looks(copy.rows)).toBe(before);
  await engine.close();
  for (const name of old) expect(storage.list()).not.toContain(name);
});

test('encrypted: opens with its own secret only, into a database with another', async () => {
  const db = await filled();
  for (const cipher of ['aes-256-gcm', 'chacha20-poly1305'] as const) {
    const file = await backup(db.engine, { encryption: { key, cipher } });
    expect(Buffer.from(file).includes('extra')).toBe(false);
    expect((await verifyBackups(restoreSource(file, { backupEncryption: { key } })))?.seq).toBe(
      db.engine.status().lastSeq,
    );
    const place = new MemoryStorage();
    const host = testHost(++seeds);
    const sealed = new EncryptedStorage(place, { passphrase: 'new' }, (target) => host.randomBytes(target));
    const copy = await restored(file, { backupEncryption: { key } }, sealed);
    expect(await looks(copy.rows)).toBe(await looks(db.rows));
    await copy.engine.close();
    for (const name of place.list()) {
      const bytes = place.open(name);
      expect(Buffer.from(bytes.read(0, bytes.size()) as Uint8Array).includes('extra')).toBe(false);
    }
    const other = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    for (const backupEncryption of [undefined, { passphrase: 'new' }, { key: other }])
      await expect(restored(file, { backupEncryption })).rejects.toMatchObject({ code: '28P01' });
  }
  expect(Buffer.from(await backup(db.engine)).includes('extra')).toBe(true);
  const withWords = await backup(db.engine, { encryption: { passphrase: 'two words' } });
  expect(
    (await restored(withWords, { backupEncryption: { passphrase: 'two words' } })).engine.status().lastSeq,
  ).toBeGreaterThan(5);
});

test('an encrypted backup that is altered, cut or put together anew is refused with its place', async () => {
  const db = await openDb();
  await db.run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')");
  const file = await backup(db.engine, { encryption: { key } });
  const options = { backupEncryption: { key } };
  for (let at = 0; at < file.length; at += at < 200 ? 1 : 37) {
    const altered = file.slice();
    altered[at] = (altered[at] as number) ^ 4;
    await expect(restored(altered, options), String(at)).rejects.toMatchObject({
      code: expect.stringMatching(/^(XX001|0A000|28P01)$/),
    });
    const storage = new MemoryStorage();
    await expect(restored(file.slice(0, at), options, storage), String(at)).rejects.toMatchObject({
      code: 'XX001',
      message: expect.stringMatching(/offset \d+/),
    });
    expect(storage.list()).toEqual([]);
  }
});

test('a backup that is given up lets its packs go', async () => {
  const db = await filled();
  const reading = makeBackup(await db.engine.inside());
  await reading.next();
  await reading.next();
  expect((await db.engine.inside()).core.store.isPinned).toBe(true);
  await reading.return();
  expect((await db.engine.inside()).core.store.isPinned).toBe(false);
});

/** The contents of a backup's pieces. */
async function contentsOf(file: Uint8Array): Promise<Uint8Array[]> {
  const reader = new PieceReader(restoreSource(file, {}).backups[0] as AsyncIterable<Uint8Array>);
  await reader.version();
  await reader.begin(undefined);
  const contents: Uint8Array[] = [];
  do {
    const piece = await reader.next();
    contents.push(piece.raw(piece.remaining).slice());
  } while (contents.at(-1)?.[0] !== END);
  return contents;
}

test('a backup whose contents lie, under checksums that hold, is refused or opens; never anything else', async () => {
  const db = await filled();
  const contents = await contentsOf(await backup(db.engine));
  const random = new Random(4);
  const outcomes = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const at = i % 3 === 0 ? contents.length - 2 : random.uint32() % contents.length;
    const mutated = contents.map((content) => content.slice());
    const content = mutated[at] as Uint8Array;
    for (let n = random.uint32() % 3; n >= 0; n--)
      content[random.uint32() % content.length] = i % 2 === 0 ? 255 : random.uint32() & 255;
    const writer = new PieceWriter();
    const bytes = [await writer.begin(undefined, () => undefined)];
    for (const piece of mutated) bytes.push(await writer.piece(piece));
    let outcome = 'opened';
    try {
      const copy = await restored(Buffer.concat(bytes), i % 5 === 0 ? { to: 5 } : {});
      await copy.rows('CHECK DATABASE');
      await copy.engine.close();
    } catch (error) {
      outcome = (error as { code?: string }).code ?? String(error);
    }
    expect([i, at, outcome]).toEqual([
      i,
      at,
      expect.stringMatching(/^(opened|XX001|0A000|22\w{3}|72000|53200|54000|58030)$/),
    ]);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  expect(outcomes.get('XX001')).toBeGreaterThan(50);
});
