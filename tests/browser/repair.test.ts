/** Damage in Chromium: told by `check`, and what is left becomes a new database in the worker of `repair`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chromium, launch, openPage, type Site, startSite } from './site.ts';

let site: Site;
let browser: Chromium;

beforeAll(async () => {
  site = await startSite();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test('a damaged database on OPFS: checked, repaired into a new one, which is sound', async () => {
  const { page, problems } = await openPage(browser.context, site.url);
  const found = await page.evaluate(async () => {
    const url = 'opfs://damaged';
    const db = await drift.open(url);
    await db.exec('CREATE TABLE lost (id int PRIMARY KEY, v text); CREATE TABLE kept (id int PRIMARY KEY, v text)');
    await db.exec("INSERT INTO lost SELECT i, 'lost ' || i FROM generate_series(1, 3000) i");
    await db.exec("INSERT INTO kept SELECT i, 'kept ' || i FROM generate_series(1, 3000) i");
    await db.exec("UPDATE kept SET v = 'changed' WHERE id = 7");
    const sound = await db.check();
    await db.close();

    // A byte in the middle of a segment of `lost` (its texts lie there as they are).
    const root = await navigator.storage.getDirectory();
    const pack = await (await root.getDirectoryHandle('damaged')).getFileHandle('pack-1');
    const bytes = new Uint8Array(await (await pack.getFile()).arrayBuffer());
    const text = new TextDecoder('latin1').decode(bytes);
    const writer = await pack.createWritable({ keepExistingData: true });
    await writer.write({ type: 'write', position: text.indexOf('lost 1') + 200, data: Uint8Array.of(1, 2, 3) });
    await writer.close();

    const codeOf = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => 'done',
        (error: unknown) => (error as { code?: string }).code,
      );
    const damaged = await drift.open(url);
    const problems = await damaged.check();
    const reading = await codeOf(damaged.query('SELECT sum(length(v)) FROM lost'));
    const kept = (await damaged.query('SELECT count(*) AS n FROM kept')).rows[0];
    const whileOpen = await codeOf(drift.repair(url, 'opfs://repaired'));
    await damaged.close();

    const report = await drift.repair(url, 'opfs://repaired');
    const codes = [
      await codeOf(drift.repair(url, 'opfs://repaired')),
      await codeOf(drift.repair(url, url)),
      await codeOf(drift.repair('memory://', 'opfs://other')),
    ];
    const repaired = await drift.open('opfs://repaired');
    const rows = (
      await repaired.query('SELECT (SELECT count(*) FROM kept) AS kept, (SELECT count(*) FROM lost) AS lost')
    ).rows[0];
    const before = (await repaired.asOf(4).query('SELECT v FROM kept WHERE id = 7')).rows[0];
    const after = await repaired.check();
    await repaired.close();
    return { sound, problems, reading, kept, whileOpen, report, codes, rows, before, after };
  });
  expect(found.sound).toEqual([]);
  expect(found.problems).toEqual([expect.objectContaining({ object: 'public.lost', kind: 'table' })]);
  expect(found.problems[0]?.problem).toMatch(/^data corrupted: pack-1 at offset \d+/);
  expect(found.reading).toBe('XX001');
  expect(found.kept).toEqual({ n: 3000 });
  expect(found.whileOpen).toBe('55006');
  expect(found.report.lastSeq).toBe(5);
  expect(found.report.missing).toEqual([
    expect.objectContaining({ table: 'public.lost', file: 'pack-1', fromSeq: 0, toSeq: null }),
  ]);
  expect(found.codes).toEqual(['55000', '22023', '08001']);
  expect(found.rows).toEqual({ kept: 3000, lost: 0 });
  expect(found.before).toEqual({ v: 'kept 7' });
  expect(found.after).toEqual([]);
  expect(problems).toEqual([]);
});

test('on IndexedDB, from and to encrypted databases', async () => {
  const { page, problems } = await openPage(browser.context, site.url);
  const found = await page.evaluate(async () => {
    const encryption = { passphrase: 'before' };
    const db = await drift.open('idb://sealed', { encryption });
    await db.exec(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one'); UPDATE t SET v = 'two'",
    );
    await db.close();
    const code = await drift
      .repair('idb://sealed', 'idb://new', { encryption: { passphrase: 'wrong' } })
      .catch((error: unknown) => (error as { code?: string }).code);
    const targetEncryption = { passphrase: 'after' };
    const report = await drift.repair('idb://sealed', 'idb://new', { encryption, targetEncryption });
    const again = await drift.open('idb://new', { encryption: targetEncryption });
    const { rows } = await again.query('SELECT v FROM t');
    const before = await again.asOf(2).query('SELECT v FROM t');
    await again.close();
    return { code, report, rows: [...rows], before: [...before.rows] };
  });
  expect(found).toEqual({
    code: '28P01',
    report: { lastSeq: 3, missing: [] },
    rows: [{ v: 'two' }],
    before: [{ v: 'one' }],
  });
  expect(problems).toEqual([]);
});
