/** Encrypted databases and backups in Chromium: on OPFS and IndexedDB, under the strict policy, and to Node and back. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { open, restore, verifyBackup } from '../../src/entry/node.ts';
import { type Chromium, launch, openPage, type Site, startSite } from './site.ts';

let site: Site;
let browser: Chromium;
let page: Page;
let problems: string[];

beforeAll(async () => {
  site = await startSite();
  browser = await launch();
  ({ page, problems } = await openPage(browser.context, site.url));
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test.each(['opfs', 'idb'])(
  'an encrypted database on %s: a CryptoKey that is not extractable crosses',
  async (scheme) => {
    const found = await page.evaluate(async (name) => {
      const url = `${name}://sealed`;
      const newKey = (): Promise<CryptoKey> =>
        crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
      const [key, other] = [await newKey(), await newKey()];
      const codeOf = async (work: Promise<{ close(): Promise<void> }>): Promise<string> => {
        try {
          await (await work).close();
          return 'opened';
        } catch (error) {
          return (error as { code: string }).code;
        }
      };
      const db = await drift.open(url, { encryption: { key } });
      await db.exec(
        "CREATE TABLE secrets (id int PRIMARY KEY, v text); INSERT INTO secrets SELECT i, 'Zweigelt' || i FROM generate_series(1, 20000) i",
      );
      await db.checkpoint();
      await db.exec("UPDATE secrets SET v = 'Lagrein' WHERE id = 7");
      await db.close();
      const codes = [await codeOf(drift.open(url)), await codeOf(drift.open(url, { encryption: { key: other } }))];
      const again = await drift.open(url, { encryption: { key } });
      const { rows } = await again.query('SELECT v FROM secrets WHERE id IN (7, 19999) ORDER BY id');
      const before = await again.asOf(2).query('SELECT v FROM secrets WHERE id = 7');
      await again.rekey({ key: other, dataKeys: true });
      await again.close();
      codes.push(await codeOf(drift.open(url, { encryption: { key } })));
      codes.push(await codeOf(drift.open(url, { encryption: { key: other } })));
      return { codes, rows: [...rows], before: [...before.rows] };
    }, scheme);
    expect(found).toEqual({
      codes: ['28P01', '28P01', '28P01', 'opened'],
      rows: [{ v: 'Lagrein' }, { v: 'Zweigelt19999' }],
      before: [{ v: 'Zweigelt7' }],
    });
    expect(problems).toEqual([]);
  },
);

test('nothing is readable in the files of OPFS', async () => {
  const found = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle('sealed');
    const names: string[] = [];
    let readable = 0;
    for await (const [name, handle] of directory.entries()) {
      const text = await (await (handle as FileSystemFileHandle).getFile()).text();
      names.push(name.replace(/\d+/, 'n'));
      for (const word of ['Zweigelt', 'Lagrein', 'secrets', 'CREATE']) if (text.includes(word)) readable++;
    }
    return { names: [...new Set(names)].sort(), readable };
  });
  expect(found).toEqual({ names: ['KEYS', 'LOCK', 'MANIFEST', 'log-n', 'pack-n'], readable: 0 });
});

test('a passphrase and ChaCha20-Poly1305 work in the worker', async () => {
  const found = await page.evaluate(async () => {
    const encryption = { passphrase: 'Grüße', cipher: 'chacha20-poly1305' } as const;
    const db = await drift.open('opfs://chacha', { encryption });
    await db.exec('CREATE TABLE t (id int); INSERT INTO t VALUES (1)');
    await db.close();
    const again = await drift.open('opfs://chacha', { encryption });
    const { rows } = await again.query('SELECT id FROM t');
    await again.close();
    return [...rows];
  });
  expect(found).toEqual([{ id: 1 }]);
});

test('a backup of the browser, with an increment, is restored on Node to any moment', async () => {
  const files = await page.evaluate(async () => {
    const db = await drift.open('opfs://source');
    await db.exec(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 30000) i",
    );
    const read = async (stream: ReadableStream<Uint8Array>): Promise<number[]> => [
      ...new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer()),
    ];
    const first = await read(db.backup({ encryption: { passphrase: 'p' } }));
    const info = await drift.verifyBackup(Uint8Array.from(first), { encryption: { passphrase: 'p' } });
    if (info === null) throw new Error('no information');
    await db.exec("UPDATE t SET v = 'new' WHERE id = 5");
    const second = await read(db.backup({ since: info, encryption: { passphrase: 'p' } }));
    const cancelled = db.backup().getReader();
    await cancelled.read();
    await cancelled.cancel();
    await db.close();
    return [first, second];
  });
  const backups = files.map((bytes) => Uint8Array.from(bytes));
  const backupEncryption = { passphrase: 'p' };
  expect(await verifyBackup(backups, { encryption: backupEncryption })).toMatchObject({ seq: 3 });
  const db = await restore(backups, 'memory://', { backupEncryption });
  expect((await db.query('SELECT count(*) AS n, min(v) AS v FROM t')).rows).toEqual([{ n: 30_000, v: 'new' }]);
  expect(await db.check()).toEqual([]);
  await db.close();
  const earlier = await restore(backups, 'memory://', { backupEncryption, to: 2 });
  expect((await earlier.query('SELECT v FROM t WHERE id = 5')).rows).toEqual([{ v: 'v5' }]);
  await earlier.close();
});

test('a backup of Node is restored in the browser, from a stream, into an encrypted database', async () => {
  const db = await open();
  await db.exec(
    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 30000) i",
  );
  await db.exec("DELETE FROM t WHERE id > 20000; UPDATE t SET v = 'new' WHERE id = 5");
  const bytes = [...(await db.exportFile())];
  await db.close();
  const found = await page.evaluate(async (file) => {
    const encryption = { passphrase: 'here' };
    const blob = new Blob([Uint8Array.from(file)]);
    const copy = await drift.restore(blob.stream(), 'opfs://restored', { encryption, to: 2 });
    const { rows } = await copy.query('SELECT count(*) AS n FROM t');
    const taken = await drift.restore(blob, 'opfs://restored', { encryption }).catch((error: unknown) => error);
    await copy.close();
    const again = await drift.restore(blob, 'opfs://restored', { encryption }).catch((error: unknown) => error);
    const opened = await drift.open('opfs://restored', { encryption });
    const later = await opened.query('SELECT v FROM t WHERE id = 5');
    await opened.close();
    const damaged = Uint8Array.from(file);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
    const refused = await drift.restore(damaged, 'opfs://damaged').catch((error: unknown) => error);
    const empty = await drift.open('opfs://damaged');
    const { lastSeq } = await empty.status();
    await empty.close();
    const codes = [taken, again, refused].map((error) => (error as { code?: string }).code);
    return { rows: [...rows], later: [...later.rows], codes, lastSeq };
  }, bytes);
  expect(found).toEqual({
    rows: [{ n: 30_000 }],
    later: [{ v: 'v5' }],
    codes: ['55006', '55000', 'XX001'],
    lastSeq: 0,
  });
});

test('the golden files of released formats open in the browser', async () => {
  for (const name of ['backup-1.drift', 'backup-2.drift', 'backup-2-chacha.drift']) {
    const file = [...(await readFile(fileURLToPath(new URL(`../golden-files/${name}`, import.meta.url))))];
    const rows = await page.evaluate(
      async ([bytes, isSealed]) => {
        const backupEncryption = isSealed ? { passphrase: 'golden' } : undefined;
        const db = await drift.restore(Uint8Array.from(bytes as number[]), 'memory://', { backupEncryption });
        const { rows: found } = await db.query("SELECT count(*) AS n FROM fruit FOR SYSTEM_TIME AS OF TAG 'spring'");
        await db.close();
        return [...found];
      },
      [file, name.includes('chacha')] as const,
    );
    expect([name, rows]).toEqual([name, [{ n: 3 }]]);
  }
  expect(problems).toEqual([]);
});
