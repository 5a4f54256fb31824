/**
 * Databases as wholes in the console, in Chromium, built, under `default-src 'self'`: encrypted ones, with a wrong passphrase
 * and a changed one; check, repair, and what the browser keeps. By keyboard where that can be, and as wide as a phone.
 */
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { PHONE, rowOf, runIn, shootPage, TIMEOUT, withConsole } from './console.ts';

let page: Page;
let problems: readonly string[] = [];
withConsole((opened) => ({ page, problems } = opened));

async function shoot(name: string): Promise<void> {
  await shootPage(page, name, ['light'], async () => {
    // Nothing of a dialog lies beside a phone's screen.
    const box = await dialog().boundingBox();
    if (box !== null) expect(box.x >= 0 && box.x + box.width <= PHONE.width).toBe(true);
  });
}

const dialog = (): ReturnType<Page['locator']> => page.locator('drift-care dialog');

const run = (sql: string): Promise<void> => runIn(page, sql);
const cell = async (): Promise<string | undefined> => (await rowOf(page, 0))[0];

test(
  'an encrypted database is made by keyboard alone',
  async () => {
    await page.getByText('Encrypted database').click();
    await page.keyboard.type('Diary');
    await page.keyboard.press('Tab');
    await page.keyboard.type('correct horse');
    await page.keyboard.press('Tab');
    await page.keyboard.type('correct house');
    await page.keyboard.press('Enter');
    await dialog().getByText('The two passphrases are not the same.').waitFor();
    await shoot('sealed-new');
    await dialog().getByLabel('Repeat it').fill('correct horse');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'hidden', timeout: 30_000 });
    expect(await page.locator('header select option:checked').innerText()).toBe('Diary');
    await run("CREATE TABLE day (id int PRIMARY KEY, text text); INSERT INTO day VALUES (1, 'Zweigelt');");
    await run('SELECT text FROM day;');
    await expect.poll(cell).toBe('Zweigelt');
  },
  TIMEOUT,
);

test(
  'after a reload it asks for the passphrase; a wrong one is refused kindly, the right one opens it',
  async () => {
    await page.reload();
    await dialog().waitFor();
    expect(await dialog().getByLabel('Name').inputValue()).toBe('Diary');
    expect(await dialog().getByLabel('Repeat it').count()).toBe(0);
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await dialog().getByText('This passphrase does not open it. Nothing was changed: try another one.').waitFor();
    await shoot('sealed-wrong');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('correct horse');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'hidden', timeout: 30_000 });
    await run('SELECT text FROM day;');
    await expect.poll(cell).toBe('Zweigelt');
  },
  TIMEOUT,
);

test(
  'it is checked, kept, and gets another passphrase',
  async () => {
    await page.getByRole('button', { name: 'Check, repair and keep this database' }).click();
    await dialog()
      .getByText(/of this site/)
      .waitFor();
    await dialog().getByRole('button', { name: 'Check everything' }).click();
    await dialog().getByText('All is well.').waitFor({ timeout: 30_000 });
    await shoot('care');
    await dialog().getByLabel('New passphrase').fill('battery staple');
    await dialog().getByLabel('Repeat it').fill('battery staple');
    await dialog().getByRole('button', { name: 'Change passphrase' }).click();
    await dialog().getByText('The old one opens nothing any more.').waitFor({ timeout: 30_000 });
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
    await page
      .locator('drift-status')
      .getByText(/B (stored|kept)$/)
      .waitFor();
    await page.reload();
    await dialog().waitFor();
    await page.keyboard.type('correct horse');
    await page.keyboard.press('Enter');
    await dialog().getByText('This passphrase does not open it.').waitFor({ timeout: 30_000 });
    await dialog().getByLabel('Passphrase').fill('battery staple');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'hidden', timeout: 30_000 });
  },
  TIMEOUT,
);

test(
  'repair writes a new database, which is opened and has what the other one had',
  async () => {
    await page.getByRole('button', { name: 'Check, repair and keep this database' }).click();
    await dialog().getByRole('button', { name: 'Repair into a new database' }).click();
    await dialog().getByText('Nothing is missing.').waitFor({ timeout: 60_000 });
    await shoot('repaired');
    await dialog().getByRole('button', { name: 'Close' }).click();
    expect(await page.locator('header select option:checked').innerText()).toBe('Diary, repaired');
    await run('SELECT text FROM day;');
    await expect.poll(cell).toBe('Zweigelt');
  },
  TIMEOUT,
);

test(
  'a database that is damaged says so, and is repaired from there; what is missing is listed',
  async () => {
    await page.locator('header select').selectOption({ label: 'Empty database' });
    await page.locator('header select option:checked', { hasText: 'Empty database' }).waitFor({ state: 'attached' });
    await expect.poll(() => page.locator('header select option:checked').innerText()).toBe('Empty database');
    await run(
      "CREATE TABLE gone (id int PRIMARY KEY, v text); INSERT INTO gone SELECT i, 'gone ' || i FROM generate_series(1, 500) i;",
    );
    await page.getByText('INSERT 500').first().waitFor();
    await page.getByTitle('Back to the first page').click();
    await page.locator('drift-welcome li').first().waitFor();
    await page.evaluate(async () => {
      const directory = await (await navigator.storage.getDirectory()).getDirectoryHandle('demo-own');
      const pack = await directory.getFileHandle('pack-1');
      const bytes = new Uint8Array(await (await pack.getFile()).arrayBuffer());
      // The catalog's segment is the first.
      const writer = await pack.createWritable({ keepExistingData: true });
      await writer.write({ type: 'write', position: 40, data: Uint8Array.of((bytes[40] ?? 0) ^ 255) });
      await writer.close();
    });
    await page.getByText('Empty database').click();
    await page.getByText('data corrupted: pack-1').waitFor({ timeout: 30_000 });
    await shoot('damaged');
    await page.getByRole('button', { name: 'Repair Empty database' }).click();
    await dialog().getByRole('button', { name: 'Repair', exact: true }).click();
    await dialog()
      .getByText(/parts? (is|are) missing/)
      .waitFor({ timeout: 60_000 });
    await shoot('damaged-repaired');
    await page.keyboard.press('Escape');
    expect(await page.locator('header select option:checked').innerText()).toBe('Empty database, repaired');
    expect(problems).toEqual([]);
  },
  TIMEOUT,
);
