/**
 * The console as a new user meets it, in Chromium, built, under exactly `default-src 'self'`: choose a database, travel,
 * compare, break a statement, drop a file, reload, go offline. Leaves the screenshots of e2e/screenshots behind.
 */
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright';
import { expect, test } from 'vitest';
import { PHONE, rowOf, runIn, shootPage, TIMEOUT, typeIn, WIDE, withConsole } from './console.ts';

let url: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let problems: readonly string[] = [];
withConsole((opened) => ({ url, browser, context, page, problems } = opened));

const row = (index: number): Promise<string[]> => rowOf(page, index);
const type = (sql: string): Promise<void> => typeIn(page, sql);
const run = (sql: string): Promise<void> => runIn(page, sql);
const shoot = (name: string): Promise<void> => shootPage(page, name, ['light', 'dark']);

/** Runs in the page: which of the scripts the service worker has. */
async function keptFiles(): Promise<string[]> {
  const names = [];
  for (const cache of await caches.keys())
    for (const { url } of await (await caches.open(cache)).keys())
      names.push(/(code-editor|index|worker|worker-late|worker-rare)-[\w-]{8}\.js$/.exec(url)?.[1]);
  return names.filter((name) => name !== undefined).sort();
}

test(
  'the first page offers the databases',
  async () => {
    expect(await page.locator('drift-welcome li').count()).toBe(6);
    await shoot('welcome');
  },
  TIMEOUT,
);

test(
  'choosing the world shows the world of 2005 and 11 commits',
  async () => {
    await page.getByText('The world since 1955').click();
    await page.locator('drift-grid .cell').first().waitFor({ timeout: 60_000 });
    expect(await page.locator('.strip').getAttribute('aria-valuemax')).toBe('11');
    expect(await row(0)).toEqual(['Japan', 'East Asia & Pacific', '82.50', '1.27', '127798373']);
    await shoot('now');
  },
  TIMEOUT,
);

test(
  'arrow keys move the console to 1975, and a click on Now brings it back',
  async () => {
    await page.locator('.strip').focus();
    for (let step = 0; step < 6; step++) await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.locator('.date').innerText()).toBe('1 Jan 1975');
    await expect.poll(async () => (await row(0))[2], { timeout: 5000 }).toBe('75.67');
    await shoot('past');
    await page.getByRole('tab', { name: 'Then and now' }).click();
    await page.getByText('62 changed').waitFor();
    await shoot('compare');
    await page.getByRole('tab', { name: 'Result' }).click();
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await expect.poll(async () => (await row(0))[2]).toBe('82.50');
  },
  TIMEOUT,
);

test(
  'dragging over the time line moves everything, playing ends at now',
  async () => {
    const strip = await page.locator('.strip').boundingBox();
    if (strip === null) throw new Error('the time line is not shown');
    const middle = strip.y + 30;
    await page.mouse.move(strip.x + strip.width - 20, middle);
    await page.mouse.down();
    await page.mouse.move(strip.x + strip.width / 2, middle, { steps: 20 });
    await expect.poll(() => page.locator('.date').innerText()).toBe('1 Jan 1980');
    await page.mouse.move(strip.x + 14, middle, { steps: 20 });
    await page.mouse.up();
    await expect.poll(() => page.locator('.date').innerText()).toBe('1 Jan 1955');
    await expect.poll(async () => (await row(0))[0]).toBe('Norway');
    await page.getByLabel('Playing time').selectOption('5');
    await page.getByRole('button', { name: 'Play through time' }).click();
    await expect.poll(() => page.locator('.date').innerText(), { timeout: 10_000 }).toBe('Now');
    await expect.poll(async () => (await row(0))[0]).toBe('Japan');
  },
  TIMEOUT,
);

test(
  'a row shows its versions',
  async () => {
    await run(`SELECT * FROM countries WHERE country = 'Rwanda';`);
    await expect.poll(async () => (await row(0))[0]).toBe('Rwanda');
    await page.locator('drift-grid .row[aria-rowindex="2"]').dblclick();
    await expect.poll(() => page.locator('drift-row li').count()).toBe(11);
    await shoot('row');
  },
  TIMEOUT,
);

test(
  'a result over time is a line for each region',
  async () => {
    await page.getByText('Regions of the world, over time').click();
    await expect.poll(() => page.locator('drift-trend .line').count(), { timeout: 20_000 }).toBe(6);
    await shoot('trend');
    await page.getByRole('tab', { name: 'Plan' }).click();
    await page.locator('drift-plan [role=treeitem]').first().waitFor();
    await shoot('plan');
    await page.getByRole('tab', { name: 'Result' }).click();
  },
  TIMEOUT,
);

test(
  'an error is marked at its place',
  async () => {
    await run('SELECT country, lif_expectancy FROM countries;');
    await page.locator('drift-problem .problem').waitFor();
    expect(await page.locator('drift-problem .problem code').innerText()).toBe('42703');
    expect(await page.locator('.cm-lintRange-error').innerText()).toBe('lif_expectancy');
    await shoot('error');
  },
  TIMEOUT,
);

test(
  'a dropped file becomes a table with types',
  async () => {
    const text = 'Order ID,Day,Amount (EUR),ok,note\n1,2024-01-01,12.50,true,"a, ""b"""\n2,2024-02-01,7.25,false,\n';
    await page.setInputFiles('input[type=file]', {
      name: 'My sales.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(text),
    });
    await expect.poll(() => row(0), { timeout: 10_000 }).toEqual(['1', '2024-01-01', '12.50', 't', 'a, "b"']);
    await run('SELECT sum(amount_eur), count(*) FILTER (WHERE ok), count(note) FROM my_sales;');
    await expect.poll(() => row(0)).toEqual(['19.75', '1', '1']);
  },
  TIMEOUT,
);

test(
  '100,000 rows scroll to their end',
  async () => {
    await run('SELECT i AS id, i * 2 AS twice FROM generate_series(1, 100000) AS i;');
    await expect
      .poll(() => page.locator('drift-grid .scroller').getAttribute('aria-rowcount'), { timeout: 10_000 })
      .toBe('100001');
    await page.locator('drift-grid .scroller').focus();
    await page.keyboard.press('Control+End');
    await expect.poll(() => row(99_999)).toEqual(['100000', '200000']);
    expect(await page.locator('drift-grid .row').count()).toBeLessThan(80);
    // Sorted by a click on the heading, twice for downwards.
    await page.keyboard.press('Control+Home');
    await page.getByRole('columnheader', { name: 'id' }).click();
    await page.getByRole('columnheader', { name: 'id' }).click();
    await expect.poll(() => row(0)).toEqual(['100000', '200000']);
  },
  TIMEOUT,
);

test(
  'what a person changes is a commit with the statement as its message',
  async () => {
    await run("UPDATE my_sales SET note = 'sold' WHERE order_id = 2;");
    await page.getByText('UPDATE, 1 row').waitFor();
    // The time line hears of the commit beside the answer.
    const told = (part: string) => () => page.locator(`drift-timeline ${part}`).innerText();
    await expect.poll(told('.what')).toContain('UPDATE my_sales SET note');
    await expect.poll(told('.by')).toContain('by you');
  },
  TIMEOUT,
);

test(
  'a statement that takes too long can be stopped',
  async () => {
    await run('SELECT count(*) FROM generate_series(1, 50000) a, generate_series(1, 50000) b WHERE a + b < 0;');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('canceling statement due to user request').waitFor();
    await run('SELECT 1 AS one;');
    await expect.poll(() => row(0)).toEqual(['1']);
  },
  TIMEOUT,
);

test(
  'a long statement shows how far it is, and ends by its button or by Escape',
  async () => {
    const bar = page.locator('drift-progress [role=progressbar]');
    await run('SELECT 1 AS quick;');
    await expect.poll(() => row(0)).toEqual(['1']);
    expect(await bar.count()).toBe(0);
    // Rows of the series are many, those of the table few: the bar knows of the table's.
    await run('SELECT sum(length(md5(c::text || g))) FROM generate_series(1, 100000000) g, countries c;');
    await bar.waitFor({ timeout: 10_000 });
    await expect.poll(() => page.locator('drift-progress .rows').innerText()).toBe('62 rows read');
    await shoot('running');
    await page.keyboard.press('Escape');
    await page.locator('drift-status').getByText('Error 57014').waitFor({ timeout: 5000 });
    expect(await bar.count()).toBe(0);
    // Without a table nobody knows how far it is.
    await run('SELECT sum(length(md5(g::text))) FROM generate_series(1, 100000000) g;');
    await bar.waitFor({ timeout: 10_000 });
    expect(await page.locator('drift-progress .rows').innerText()).toBe('Running');
    await page.locator('drift-progress').getByRole('button', { name: 'Cancel' }).click();
    await page.locator('drift-status').getByText('Error 57014').waitFor({ timeout: 5000 });
    await page.setViewportSize(PHONE);
    await page.getByRole('button', { name: 'Query', exact: true }).click();
    await run('SELECT sum(length(md5(g::text))) FROM generate_series(1, 100000000) g;');
    const cancel = page.locator('drift-progress').getByRole('button', { name: 'Cancel' });
    await cancel.waitFor({ timeout: 10_000 });
    expect((await cancel.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
    await cancel.click();
    await page.getByText('canceling statement').first().waitFor({ timeout: 5000 });
    await page.setViewportSize(WIDE);
  },
  TIMEOUT,
);

test(
  'a moment gets a name, and is read by it',
  async () => {
    await page.locator('.strip').focus();
    await page.keyboard.press('Home');
    await page.getByRole('button', { name: 'Name this moment' }).click();
    await page.keyboard.type('the fifties');
    await page.keyboard.press('Enter');
    await page.locator('.strip').getByText('the fifties').waitFor();
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await run('SELECT life_expectancy FROM countries@TAG:"the fifties" WHERE country = \'Japan\';');
    await expect.poll(() => row(0)).toEqual(['66.12']);
  },
  TIMEOUT,
);

test(
  'a transaction by hand that fails says so and ends with ROLLBACK; the list of commits travels',
  async () => {
    await run('BEGIN;');
    await page.getByText('transaction open').waitFor();
    await run('SELECT 1/0;');
    await page.getByText('division by zero').waitFor();
    await run('ROLLBACK;');
    await page.getByText('transaction open').waitFor({ state: 'hidden' });
    await page.getByRole('tab', { name: 'Commits' }).click();
    await page.locator('drift-commits .row[aria-rowindex="5"] .number').click();
    await expect.poll(() => page.locator('.date').innerText()).toBe('1 Jan 2005');
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await page.getByRole('tab', { name: 'Result' }).click();
  },
  TIMEOUT,
);

test(
  'a commit is undone, and where later ones changed the same rows that is asked',
  async () => {
    await run("UPDATE countries SET population = 1 WHERE country = 'Japan';");
    await page.getByText('UPDATE, 1 row').first().waitFor();
    await run("UPDATE countries SET population = 2 WHERE country = 'Japan';");
    await page.getByRole('tab', { name: 'Commits' }).click();
    const pane = page.locator('drift-commit');
    await pane.getByText('countries: 1 changed').waitFor();
    await page.locator('drift-commits .row[aria-rowindex="3"] .number').click();
    await pane.getByText('population = 1').waitFor();
    await pane.getByRole('button', { name: 'Undo this commit' }).click();
    await pane.getByText(/Later transactions that changed them: \d+/).waitFor();
    await shoot('undo');
    await pane.getByRole('button', { name: 'Undo those, too' }).click();
    await pane.getByText('Undone: 1 row put back').waitFor();
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await page.getByRole('tab', { name: 'Result' }).click();
    await run("SELECT population FROM countries WHERE country = 'Japan';");
    await page.getByText('127798373').first().waitFor();
  },
  TIMEOUT,
);

test(
  'completion knows the columns of the tables a statement mentions',
  async () => {
    await type('SELECT * FROM countries WHERE ');
    await page.keyboard.type('life');
    await page.locator('.cm-tooltip-autocomplete').getByText('life_expectancy').waitFor();
    // Keys in the first moment of a list are meant for the text.
    await page.waitForTimeout(150);
    await page.keyboard.press('Enter');
    expect(await page.locator('.cm-content').innerText()).toBe('SELECT * FROM countries WHERE life_expectancy');
  },
  TIMEOUT,
);

test(
  'the keyboard alone: time line, editor, result, versions of a row',
  async () => {
    await page.keyboard.press('Alt+E');
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('SELECT country, fertility FROM countries ORDER BY country;');
    await page.keyboard.press('Control+Enter');
    await expect.poll(async () => (await row(0))[0]).toBe('Afghanistan');
    await page.keyboard.press('Alt+T');
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator('.date').innerText()).toBe('1 Jan 1955');
    await page.keyboard.press('End');
    await page.keyboard.press('Alt+R');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('drift-row h2').innerText()).toBe('countries Argentina');
    await page.getByRole('tab', { name: 'Result' }).click();
  },
  TIMEOUT,
);

test(
  'the database goes out as one file and comes in again; a damaged one is refused',
  async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    const bytes = await readFile(await download.path());
    const file = (buffer: Buffer) => ({ name: 'copy.drift', mimeType: 'application/octet-stream', buffer });
    const damaged = Buffer.from(bytes);
    const middle = damaged.length >> 1;
    damaged.writeUInt8(damaged.readUInt8(middle) ^ 255, middle);
    await page.setInputFiles('input[type=file]', file(damaged));
    await page.getByText('the backup is damaged at offset').waitFor();
    expect(await page.locator('header select').inputValue()).toBe('demo-world');
    await page.setInputFiles('input[type=file]', file(bytes));
    await expect.poll(() => page.locator('header select option:checked').innerText()).toBe('copy');
    await expect.poll(() => page.locator('.strip').getAttribute('aria-valuemax')).toBe('17');
    await page.locator('header select').selectOption({ label: 'The world since 1955' });
    await page.locator('drift-grid .cell').first().waitFor();
  },
  TIMEOUT,
);

test(
  'a second tab is told that the database is open in the first',
  async () => {
    const second = await context.newPage();
    await second.goto(url);
    await second.getByText('Another tab or worker has it open').waitFor();
    await second.close();
  },
  TIMEOUT,
);

test(
  'on a phone a query shows its result, and the time line stays',
  async () => {
    const phone = await browser.newContext({ viewport: PHONE, hasTouch: true, isMobile: true });
    const small = await phone.newPage();
    await small.goto(url);
    await small.getByText('The world since 1955').tap();
    await small.getByRole('button', { name: 'Query' }).tap();
    await small.locator('.cm-content').tap();
    await small.keyboard.press('Control+A');
    await small.keyboard.insertText('SELECT count(*) AS countries FROM countries;');
    await small.getByRole('button', { name: 'Run' }).tap();
    await small.locator('drift-grid .row[aria-rowindex="2"]').getByText('62').waitFor();
    expect(await small.locator('.strip').isVisible()).toBe(true);
    expect(await small.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
    await phone.close();
  },
  TIMEOUT,
);

test(
  'data survives a reload, and the page works offline',
  async () => {
    await expect
      .poll(() => page.evaluate(keptFiles), { timeout: 20_000 })
      .toEqual(['code-editor', 'index', 'worker', 'worker-late', 'worker-rare']);
    await context.setOffline(true);
    await page.reload();
    await page.getByRole('button', { name: 'my_sales 2' }).waitFor({ timeout: 20_000 });
    expect(await page.locator('.strip').getAttribute('aria-valuemax')).toBe('17');
    // A data set that was never chosen before loads offline, too.
    await page.locator('header select').selectOption({ label: 'Airports, flights and movies' });
    await page.getByRole('button', { name: 'airports 3,376' }).waitFor({ timeout: 60_000 });
    await context.setOffline(false);
    expect(problems).toEqual([]);
  },
  TIMEOUT,
);
