/**
 * Directories of databases in every format that was released open with all of their history (tests/golden-files): files
 * as a process left them that died, so that manifest, packs with sealed tiles, and a log to be replayed are all there.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { EngineOptions } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { EncryptedStorage } from '../../src/storage/encryption/encrypted-storage.ts';
import type { EncryptionOptions } from '../../src/storage/encryption/secret.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { testHost, textRows } from './helper.ts';

const FOLDER = fileURLToPath(new URL('../golden-files/', import.meta.url));
/** What the newest release writes. */
const NEWEST = 'directory-3';
const TINY: Partial<EngineOptions> = {
  maxLeafRows: 16,
  minClosedRows: 8,
  inlineTiles: 4,
  logStepBytes: 2048,
  checkpointLogBytes: 1 << 30,
};
const ROWS = 40;
const ROUNDS = 12;
/** Tables that come and go after them, from directory version 3 on. */
const DROPPED = 6;
const key = await crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), 'AES-GCM', false, ['encrypt', 'decrypt']);

const KINDS: Readonly<Record<string, EncryptionOptions | null>> = {
  '': null,
  '-encrypted': { passphrase: 'golden' },
  '-chacha': { key, cipher: 'chacha20-poly1305' },
};

interface Opened {
  readonly memory: MemoryStorage;
  readonly engine: Awaited<ReturnType<typeof openEngine>>;
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<(string | null)[][]>;
}

async function opened(memory: MemoryStorage, encryption: EncryptionOptions | null, seed: number): Promise<Opened> {
  const host = testHost(seed);
  const storage = encryption === null ? memory : new EncryptedStorage(memory, encryption, host.randomBytes);
  const engine = await openEngine({ storage, host, ...TINY });
  const session = engine.session();
  return {
    memory,
    engine,
    run: async (sql) => void (await session.script(sql)),
    rows: async (sql) => textRows(await session.execute(sql, [], { text: true })),
  };
}

/** Commit 3 fills the table, each of the next rounds changes a third of it; checkpoints come between, not after the last. */
async function fill(db: Opened): Promise<void> {
  await db.run('CREATE TABLE plant (id int PRIMARY KEY, round int, name text)');
  await db.run('CREATE INDEX plant_round ON plant (round)');
  await db.run(`INSERT INTO plant SELECT i, 0, 'plant ' || i FROM generate_series(1, ${ROWS}) i`);
  for (let round = 1; round <= ROUNDS; round++) {
    await db.run(`UPDATE plant SET round = ${round} WHERE id % 3 = ${round % 3}`);
    if (round % 4 === 0 && round < ROUNDS) await db.engine.checkpoint();
  }
  for (let i = 0; i < DROPPED; i++)
    await db.run(`CREATE TABLE wilted${i} (id int PRIMARY KEY); INSERT INTO wilted${i} SELECT generate_series(0, ${i});
      DROP TABLE wilted${i}`);
  await db.engine.checkpoint();
  await db.run('CREATE TABLE seedling (id int)');
}

/** Rows with their round, at the sequence number that a round ended with. */
function expected(round: number): string[][] {
  return Array.from({ length: ROWS }, (_, i) => {
    const id = i + 1;
    let last = 0;
    for (let r = 1; r <= round; r++) if (id % 3 === r % 3) last = r;
    return [String(id), String(last), `plant ${id}`];
  });
}

test.runIf(process.env['WRITE_GOLDEN'] !== undefined)('writes the directories that are missing', async () => {
  for (const [kind, encryption] of Object.entries(KINDS)) {
    const folder = `${FOLDER}${NEWEST}${kind}`;
    if (existsSync(folder)) continue;
    const db = await opened(new MemoryStorage(), encryption, 1);
    await fill(db);
    mkdirSync(folder);
    for (const name of db.memory.list()) {
      const file = db.memory.open(name);
      writeFileSync(`${folder}/${name}`, file.read(0, file.size()) as Uint8Array);
    }
    await db.engine.close();
  }
});

test.each([
  'directory-1',
  'directory-1-encrypted',
  'directory-1-chacha',
  'directory-2',
  'directory-2-encrypted',
  'directory-2-chacha',
  'directory-3',
  'directory-3-encrypted',
  'directory-3-chacha',
])('%s', async (name) => {
  const memory = new MemoryStorage();
  for (const file of readdirSync(FOLDER + name))
    void memory.open(file).write(0, readFileSync(`${FOLDER}${name}/${file}`));
  const encryption = KINDS[name.replace(/^directory-\d+/, '')] ?? null;
  for (const seed of [2, 3]) {
    const db = await opened(memory, encryption, seed);
    for (let round = ROUNDS; round >= 0; round--) {
      const moment = `FOR SYSTEM_TIME AS OF SEQ ${3 + round}`;
      expect(await db.rows(`SELECT * FROM plant ${moment} ORDER BY id`)).toEqual(expected(round));
      const byIndex = `SELECT id FROM plant ${moment} WHERE round = ${round} ORDER BY id`;
      expect(await db.rows(byIndex)).toEqual(
        expected(round)
          .filter((row) => row[1] === String(round))
          .map(([id]) => [id]),
      );
    }
    for (let i = 0; i < (name.startsWith(NEWEST) ? DROPPED : 0); i++) {
      const moment = `FOR SYSTEM_TIME AS OF SEQ ${3 + ROUNDS + 3 * i + 2}`;
      expect(await db.rows(`SELECT count(*), max(id) FROM wilted${i} ${moment}`)).toEqual([[String(i + 1), String(i)]]);
    }
    expect(await db.rows('SELECT count(*) FROM plant FOR SYSTEM_TIME ALL WHERE id = 9')).toEqual([
      [seed === 2 ? '5' : '6'],
    ]);
    // Damage is a problem; a format of before is none.
    expect((await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
    if (seed === 3) {
      expect(await db.rows('SELECT round FROM plant WHERE id = 1')).toEqual([['99']]);
      continue;
    }
    // What this release writes beside it, it reads again.
    await db.run('BEGIN; UPDATE plant SET round = 99; ROLLBACK');
    await db.run('UPDATE plant SET round = 99');
    await db.engine.close();
  }
});

test('every directory is opened by a test', () => {
  const tested = readFileSync(fileURLToPath(import.meta.url), 'utf8');
  for (const name of readdirSync(FOLDER)) if (name.startsWith('directory-')) expect(tested).toContain(`'${name}'`);
});
