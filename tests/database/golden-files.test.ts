/** Backups of every format that was released open, with all that is in them (tests/golden-files). */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type BackupInfo, open, restore, verifyBackup } from '../../src/entry/node.ts';

const FOLDER = fileURLToPath(new URL('../golden-files/', import.meta.url));
const backupEncryption = { passphrase: 'golden' };

const SCRIPT = [
  'CREATE TABLE fruit (id serial PRIMARY KEY, name text UNIQUE, price numeric(6,2)); CREATE INDEX by_price ON fruit (price)',
  "INSERT INTO fruit (name, price) VALUES ('apple', 1.20), ('pear', 2.00), ('Grüße', NULL)",
  "UPDATE fruit SET price = 1.50 WHERE name = 'apple'",
  'CREATE TAG spring',
  "DELETE FROM fruit WHERE name = 'pear'",
  "ALTER TABLE fruit ADD COLUMN origin text DEFAULT 'here'",
  "INSERT INTO fruit (name, price, origin) SELECT 'f' || i, i, 'there' FROM generate_series(1, 50) i",
];

function fileNamed(name: string): Uint8Array {
  return readFileSync(FOLDER + name);
}

test.runIf(process.env['WRITE_GOLDEN'] !== undefined)('writes the files that are missing', async () => {
  const put = async (name: string, bytes: () => Promise<Uint8Array>): Promise<void> => {
    if (!existsSync(FOLDER + name)) writeFileSync(FOLDER + name, await bytes());
  };
  const db = await open();
  for (const [i, sql] of SCRIPT.entries()) {
    if (i === 1) await db.transaction(async (tx) => void (await tx.query(sql)), { author: 'ada', message: 'first' });
    else await db.exec(sql);
  }
  const read = async (options: Parameters<typeof db.backup>[0]): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of db.backup(options)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  await put('backup-2.drift', () => read({}));
  await put('backup-2-encrypted.drift', () => read({ encryption: backupEncryption }));
  await put('backup-2-chacha.drift', () => read({ encryption: { ...backupEncryption, cipher: 'chacha20-poly1305' } }));
  const since = (await verifyBackup(fileNamed('backup-2.drift'))) as BackupInfo;
  if (since.database === (await verifyBackup(await read({})))?.database) {
    await db.exec("UPDATE fruit SET price = 9.5 WHERE name = 'f9'");
    await put('backup-2-increment.drift', () => read({ since }));
  }
  await db.close();
});

test.each([
  ['backup-1.drift'],
  ['backup-2.drift'],
  ['backup-2-encrypted.drift'],
  ['backup-2-chacha.drift'],
  ['backup-2.drift', 'backup-2-increment.drift'],
])('%s %s', async (...names) => {
  const files = names.map(fileNamed);
  const isSealed = /encrypted|chacha/.test(names[0]);
  const info = await verifyBackup(files, isSealed ? { encryption: backupEncryption } : {});
  expect(info?.since === null || names.length === 2 || names[0] === 'backup-1.drift').toBe(true);
  const db = await restore(files, 'memory://', isSealed ? { backupEncryption } : {});
  const rows = async (sql: string): Promise<unknown[]> =>
    (await db.query(sql, [], { rowMode: 'array', text: true })).rows;
  expect(await rows('SELECT name, price, origin FROM fruit WHERE id < 6 ORDER BY id')).toEqual([
    ['apple', '1.50', 'here'],
    ['Grüße', null, 'here'],
    ['f1', '1.00', 'there'],
    ['f2', '2.00', 'there'],
  ]);
  expect(await rows("SELECT id, name, price FROM fruit FOR SYSTEM_TIME AS OF TAG 'spring' ORDER BY id")).toEqual([
    ['1', 'apple', '1.50'],
    ['2', 'pear', '2.00'],
    ['3', 'Grüße', null],
  ]);
  expect(await rows("SELECT price FROM fruit FOR SYSTEM_TIME ALL WHERE name = 'apple' ORDER BY _seq_from")).toEqual([
    ['1.20'],
    ['1.50'],
  ]);
  expect(await rows("SELECT message FROM drift.transactions WHERE author = 'ada'")).toEqual([['first']]);
  expect(await rows("SELECT price FROM fruit WHERE name = 'f9'")).toEqual([[names.length === 2 ? '9.50' : '9.00']]);
  expect(await rows("INSERT INTO fruit (name) VALUES ('next') RETURNING id")).toEqual([['54']]);
  expect(await db.check()).toEqual([]);
  await db.close();
});

test('every file is opened by a test', () => {
  const tested = readFileSync(fileURLToPath(import.meta.url), 'utf8');
  for (const name of readdirSync(FOLDER)) if (name.endsWith('.drift')) expect(tested).toContain(`'${name}'`);
});
