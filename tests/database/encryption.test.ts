/** Encryption at rest: nothing readable, nothing exchangeable, no other key. */
import { expect, test } from 'vitest';
import type { EngineOptions } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { rekey } from '../../src/database/rekey.ts';
import { EncryptedStorage } from '../../src/storage/encryption/encrypted-storage.ts';
import type { EncryptionOptions } from '../../src/storage/encryption/secret.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb, testHost, textRows } from './helper.ts';

const CIPHERS = ['aes-256-gcm', 'chacha20-poly1305'] as const;
const [first, second] = [await newKey(), await newKey()];

function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** Seeds differ: two openings never draw the same nonces. */
let openings = 0;

function encrypted(storage: MemoryStorage, encryption: EncryptionOptions): EncryptedStorage {
  return new EncryptedStorage(storage, encryption, testHost(++openings).randomBytes);
}

async function open(
  storage: MemoryStorage,
  encryption: EncryptionOptions = { key: first },
  options: Partial<EngineOptions> = {},
) {
  const engine = await openEngine({ storage: encrypted(storage, encryption), host: testHost(), ...options });
  const session = engine.session();
  return {
    engine,
    run: (sql: string) => session.script(sql),
    rows: async (sql: string) => textRows(await session.execute(sql, [], { text: true })),
  };
}

function filesOf(storage: MemoryStorage): Map<string, Uint8Array> {
  return new Map(
    storage.list().map((name) => {
      const file = storage.open(name);
      return [name, file.read(0, file.size()) as Uint8Array];
    }),
  );
}

function storageWith(files: ReadonlyMap<string, Uint8Array>): MemoryStorage {
  const storage = new MemoryStorage();
  for (const [name, bytes] of files) void storage.open(name).write(0, bytes);
  return storage;
}

async function refusal(storage: MemoryStorage, encryption?: EncryptionOptions): Promise<string> {
  try {
    const db = await open(storage, encryption);
    await db.rows('SELECT * FROM guests FOR SYSTEM_TIME ALL');
    await db.rows("SELECT * FROM guests WHERE surname = 'Zweigelt'");
    await db.engine.close();
  } catch (error) {
    storage.close();
    const { code, message } = error as { code?: string; message: string };
    return `${code}: ${message}`;
  }
  return 'opened';
}

const SCRIPT = `CREATE TABLE guests (id int PRIMARY KEY, surname text, note text DEFAULT 'Vorgabewert');
  CREATE INDEX by_surname ON guests (surname);
  INSERT INTO guests VALUES (1, 'Zweigelt', 'Allergie'), (2, 'Blaufraenkisch', repeat('Lorem', 40));
  UPDATE guests SET note = 'Geheimnis' WHERE id = 1`;
const WORDS = [
  'guests',
  'surname',
  'Vorgabewert',
  'by_surname',
  'Zweigelt',
  'Allergie',
  'Blaufraenkisch',
  'LoremLorem',
];
WORDS.push('Geheimnis', 'Absender', 'Betreff', 'CREATE', 'public');

async function filled(cipher: (typeof CIPHERS)[number] = 'aes-256-gcm'): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const db = await open(storage, { key: first, cipher });
  await db.run(SCRIPT);
  await db.engine.checkpoint();
  const session = db.engine.session();
  await session.begin({ author: 'Absender', message: 'Betreff' });
  await session.execute("INSERT INTO guests VALUES (3, 'Lagrein', 'Geheimnis')");
  await session.commit();
  await session.close();
  // As a process leaves it that ends here: segments, and a log behind them.
  return storageWith(filesOf(storage));
}

/** Names, in UTF-8 and UTF-16, that stand anywhere in the files. */
function readable(storage: MemoryStorage): string[] {
  const found: string[] = [];
  for (const [name, bytes] of filesOf(storage)) {
    for (const coding of ['latin1', 'utf16le'] as const) {
      for (const shift of [0, 1]) {
        const text = Buffer.from(bytes.subarray(shift)).toString(coding);
        for (const word of WORDS) if (text.includes(word)) found.push(`${word} in ${name}`);
      }
    }
  }
  return found;
}

test('the search for readable words finds them where there is no encryption', async () => {
  const db = await openDb();
  await db.run(SCRIPT);
  expect(readable(storageWith(filesOf(db.storage)))).toContain('Zweigelt in log-1');
  await db.engine.checkpoint();
  expect(readable(db.storage).length).toBeGreaterThan(5);
});

test.each(CIPHERS)('%s: nothing is readable in any file; data and history come back', async (cipher) => {
  const storage = await filled(cipher);
  expect(storage.list().toSorted()).toEqual(['KEYS', 'MANIFEST', 'log-2', 'pack-1']);
  expect(readable(storage)).toEqual([]);
  const db = await open(storage);
  expect(await db.rows('SELECT id, note FROM guests ORDER BY id')).toEqual([
    ['1', 'Geheimnis'],
    ['2', 'Lorem'.repeat(40)],
    ['3', 'Geheimnis'],
  ]);
  expect(await db.rows('SELECT note FROM guests FOR SYSTEM_TIME AS OF SEQ 3 WHERE id = 1')).toEqual([['Allergie']]);
  expect(await db.rows("SELECT message FROM drift.transactions WHERE author = 'Absender'")).toEqual([['Betreff']]);
  await db.engine.close();
  expect(readable(storage)).toEqual([]);
});

test('big values, many pieces and big transactions come back', async () => {
  const storage = new MemoryStorage();
  const db = await open(storage, { key: first }, { maxLeafRows: 4000 });
  await db.run(`CREATE TABLE big (id int PRIMARY KEY, v text);
    INSERT INTO big SELECT i, md5(i::text) || repeat('x', i % 90) FROM generate_series(1, 30000) i`);
  const sums = 'SELECT count(*), sum(length(v)), min(v), max(v) FROM big';
  const expected = await db.rows(sums);
  const killed = storageWith(filesOf(storage));
  await db.engine.close();
  for (const place of [killed, storage]) {
    const again = await open(place);
    expect(await again.rows(sums)).toEqual(expected);
    expect(await again.rows('SELECT id FROM big WHERE id = 17')).toEqual([['17']]);
    await again.engine.close();
  }
});

test('a wrong passphrase, a wrong key or none is 28P01, and nothing changes', async () => {
  const storage = new MemoryStorage();
  const db = await open(storage, { passphrase: 'Grüße' });
  await db.run(SCRIPT);
  await db.engine.close();
  const before = filesOf(storage);
  expect(await refusal(storage, { passphrase: 'Grüsse' })).toMatch(/^28P01: .*passphrase/);
  expect(await refusal(storage, { key: first })).toMatch(/^28P01: .*passphrase, not with a key/);
  await expect(openDb(storage)).rejects.toMatchObject({ code: '28P01' });
  storage.close();
  expect(filesOf(storage)).toEqual(before);
  // The same text in decomposed form is the same passphrase.
  expect(await refusal(storage, { passphrase: 'Gru\u0308ße' })).toBe('opened');
  const keyed = await filled();
  expect(await refusal(keyed, { key: second })).toMatch(/^28P01/);
  expect(await refusal(keyed, { passphrase: 'x' })).toMatch(/^28P01: .*key, not with a passphrase/);
  expect(await refusal(keyed)).toBe('opened');
});

test('options that are no key are refused, as is a database that is not encrypted', async () => {
  const narrow = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt', 'decrypt']);
  const other = await crypto.subtle.generateKey({ name: 'AES-CBC', length: 256 }, false, ['encrypt', 'decrypt']);
  for (const options of [{}, { passphrase: '' }, { passphrase: 'a', key: first }, { key: narrow }, { key: other }])
    expect(await refusal(new MemoryStorage(), options)).toMatch(/^22023/);
  const plain = await openDb();
  await plain.run(SCRIPT);
  await plain.engine.close();
  const before = filesOf(plain.storage);
  expect(await refusal(plain.storage)).toMatch(/^55000: .*not encrypted/);
  expect(filesOf(plain.storage)).toEqual(before);
  await expect(rekey(await (await openDb()).engine.inside(), { key: second })).rejects.toMatchObject({ code: '55000' });
});

test('a database whose making was cut off is made anew', async () => {
  const torn = new MemoryStorage();
  void torn.open('KEYS').write(0, new Uint8Array(100).fill(7));
  expect((await open(torn)).engine.status().lastSeq).toBe(0);
  const keys = filesOf(await filled());
  keys.set('KEYS', new Uint8Array(8192));
  expect(await refusal(storageWith(keys))).toMatch(/^XX001: KEYS is/);
  keys.delete('KEYS');
  expect(await refusal(storageWith(keys))).not.toBe('opened');
});

test('altered bytes are refused, or cut off where they end the log; never another answer', async () => {
  const files = filesOf(await filled());
  const want = await (await open(storageWith(files))).rows('SELECT * FROM guests ORDER BY id');
  const outcomes = new Map<string, number>();
  for (const [name, bytes] of files) {
    const step = Math.max(1, Math.floor(bytes.length / 60));
    for (let at = name === 'KEYS' ? 0 : 3; at < bytes.length; at += step) {
      const altered = bytes.slice();
      altered[at] = (altered[at] as number) ^ (1 << (at % 8));
      const storage = storageWith(new Map(files).set(name, altered));
      const outcome = await refusal(storage);
      outcomes.set(outcome.slice(0, 6), (outcomes.get(outcome.slice(0, 6)) ?? 0) + 1);
      expect([name, at, outcome]).toEqual([name, at, expect.stringMatching(/^(opened|XX001: |28P01: |0A000: )/)]);
      if (outcome !== 'opened') continue;
      const rows = await (await open(storage)).rows('SELECT * FROM guests ORDER BY id');
      // What was altered is the end of the log, or nothing that counts.
      expect([want, want.slice(0, 2)]).toContainEqual(rows);
    }
  }
  expect(outcomes.get('XX001:')).toBeGreaterThan(20);
});

test('segments, logs and manifests are bound to their place, their generation and their database', async () => {
  const storage = new MemoryStorage();
  const db = await open(storage);
  await db.run(SCRIPT);
  await db.engine.checkpoint();
  const before = filesOf(storage);
  await db.run("UPDATE guests SET note = 'anders'");
  await db.engine.close();
  const after = filesOf(storage);
  const other = filesOf(await filled());
  const swap = (name: string, bytes: Uint8Array | undefined): Promise<string> =>
    refusal(storageWith(new Map(after).set(name, bytes as Uint8Array)));
  // An older manifest names packs or logs that are no more, or not in that state.
  expect(await swap('MANIFEST', before.get('MANIFEST'))).toMatch(/^XX001/);
  expect(await swap('MANIFEST', other.get('MANIFEST'))).toMatch(/^XX001/);
  expect(await swap('pack-1', other.get('pack-1'))).toMatch(/^XX001/);
  expect(await swap('KEYS', other.get('KEYS'))).toMatch(/^XX001/);
  const log = [...after.keys()].find((name) => name.startsWith('log-')) as string;
  const older = [...before.keys()].find((name) => name.startsWith('log-')) as string;
  expect(log).not.toBe(older);
});

test('pieces that change places within a pack are refused', async () => {
  const storage = new MemoryStorage();
  const db = await open(storage);
  await db.run('CREATE TABLE guests (id int PRIMARY KEY, surname text, note text)');
  await db.run("INSERT INTO guests SELECT i, md5(i::text), 'Zweigelt' || i FROM generate_series(1, 9000) i");
  await db.engine.close();
  const pack = [...filesOf(storage).keys()].find((name) => name.startsWith('pack-')) as string;
  const bytes = filesOf(storage).get(pack) as Uint8Array;
  // The biggest segment begins at a sector; its pieces are 65,572 bytes each.
  const piece = 65536 + 36;
  let refused = 0;
  for (let at = 0; at + 2 * piece <= bytes.length; at += 512) {
    const swapped = bytes.slice();
    swapped.set(bytes.subarray(at, at + piece), at + piece);
    swapped.set(bytes.subarray(at + piece, at + 2 * piece), at);
    if ((await refusal(storageWith(filesOf(storage).set(pack, swapped)))).startsWith('XX001')) refused++;
    if (refused > 3) break;
  }
  expect(refused).toBeGreaterThan(3);
});

test('the outer key changes at once; the one before opens nothing', async () => {
  const storage = await filled();
  const db = await open(storage);
  const packs = filesOf(storage).get('pack-1');
  await rekey(await db.engine.inside(), { key: second });
  expect(filesOf(storage).get('pack-1')).toEqual(packs);
  await db.run("INSERT INTO guests VALUES (4, 'Teroldego', 'x')");
  await db.engine.close();
  expect(await refusal(storage, { key: first })).toMatch(/^28P01/);
  const again = await open(storage, { key: second });
  expect(await again.rows('SELECT count(*) FROM guests')).toEqual([['4']]);
  await rekey(await again.engine.inside(), { passphrase: 'from now on' });
  await again.engine.close();
  expect(await refusal(storage, { key: second })).toMatch(/^28P01/);
  expect(await refusal(storage, { passphrase: 'from now on' })).toBe('opened');
  await expect(
    rekey(await (await open(storage, { passphrase: 'from now on' })).engine.inside(), {}),
  ).rejects.toMatchObject({ code: '22023' });
});

test('the data keys change while statements go on; what the older ones sealed is gone', async () => {
  const storage = new MemoryStorage();
  const db = await open(storage, { key: first }, { packSizeBytes: 8192, maxLeafRows: 100, minClosedRows: 10 });
  await db.run('CREATE TABLE guests (id int PRIMARY KEY, surname text, note text)');
  await db.run("INSERT INTO guests SELECT i, md5(i::text), 'n' || i FROM generate_series(1, 2000) i");
  for (let i = 0; i < 5; i++) await db.run(`UPDATE guests SET note = 'r${i}' WHERE id % 7 = ${i}`);
  await db.engine.checkpoint();
  const history = 'SELECT id, surname, note, _seq_from, _seq_to FROM guests FOR SYSTEM_TIME ALL ORDER BY id, _seq_from';
  const expected = await db.rows(history);
  const before = filesOf(storage);
  const change = rekey(await db.engine.inside(), { dataKeys: true });
  expect(await db.rows('SELECT count(*) FROM guests')).toEqual([['2000']]);
  await db.run("INSERT INTO guests VALUES (-1, 'meanwhile', '')");
  await change;
  expect(await db.rows(history.replace('ALL', 'ALL WHERE id > 0'))).toEqual(expected);
  await db.engine.close();
  // Only the keys that were before open what was before; nothing of it is left.
  for (const name of before.keys()) if (name.startsWith('pack-')) expect(storage.list()).not.toContain(name);
  const mixed = filesOf(storage).set('KEYS', before.get('KEYS') as Uint8Array);
  expect(await refusal(storageWith(mixed))).toMatch(/^XX001/);
  const again = await open(storage);
  expect(await again.rows('SELECT count(*) FROM guests')).toEqual([['2001']]);
});
