/**
 * Time travel whole in the console, in Chromium, built, under `default-src 'self'`: branches on the time line,
 * differences of moments and branches, who changed a cell, what is kept. By keyboard where that can be, and as wide as a phone.
 */
import type { Browser, Page } from 'playwright';
import { expect, test } from 'vitest';
import { PHONE, rowOf, runIn, shootPage, TIMEOUT, withConsole } from './console.ts';

let url: string;
let browser: Browser;
let page: Page;
let problems: readonly string[] = [];
withConsole((opened) => {
  ({ url, browser, page, problems } = opened);
});

const row = (index: number): Promise<string[]> => rowOf(page, index);
const run = (sql: string): Promise<void> => runIn(page, sql);
const dialog = (): ReturnType<Page['locator']> => page.locator('drift-branches dialog');

async function expectNothingBeside(): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
  const box = await page
    .locator('dialog[open]')
    .boundingBox({ timeout: 100 })
    .catch(() => null);
  if (box !== null) expect(box.x >= 0 && box.x + box.width <= PHONE.width).toBe(true);
}

const shoot = (name: string, schemes?: ('light' | 'dark')[]): Promise<void> =>
  shootPage(page, name, schemes, expectNothingBeside);

const JAPAN = "SELECT country, population FROM countries WHERE country IN ('Japan', 'Kenya') ORDER BY country;";
const shown = async (): Promise<string[]> => [(await row(0))[1] ?? '', (await row(1))[1] ?? ''];

test(
  'a branch is made at the moment of the slider, by keyboard alone, and is written to',
  async () => {
    await page.getByText('The world since 1955').click();
    await page.locator('drift-grid .cell').first().waitFor({ timeout: 60_000 });
    await run(JAPAN);
    await expect.poll(shown).toEqual(['127798373', '35843010']);
    await page.keyboard.press('Alt+T');
    for (let step = 0; step < 6; step++) await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.locator('.date').innerText()).toBe('1 Jan 1975');
    await expect.poll(async () => (await shown())[0]).toBe('112411640');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await dialog().getByText('New branch of main at 1 Jan 1975, #5').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('what if');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'hidden' });
    expect(await page.locator('drift-timeline .on').innerText()).toBe('on what if');
    expect(await page.locator('.date').innerText()).toBe('Now');
    expect(await page.locator('.strip').getAttribute('aria-valuemax')).toBe('5');
    await expect.poll(shown).toEqual(['112411640', '13651908']);
    await run("UPDATE countries SET population = 1 WHERE country = 'Japan';");
    await page.getByText('UPDATE, 1 row').first().waitFor();
    await run("UPDATE countries SET population = 2 WHERE country = 'Kenya';");
    await expect.poll(() => page.locator('.strip').getAttribute('aria-valuemax')).toBe('7');
    await run(JAPAN);
    await expect.poll(shown).toEqual(['1', '2']);
    // The line that is not shown lies under the time line, from the fork on.
    expect(await page.locator('drift-timeline .lane').count()).toBe(1);
    expect(await page.locator('drift-timeline .lane circle').count()).toBe(7);
    await shoot('branch', ['light', 'dark']);
  },
  TIMEOUT,
);

test(
  'the moments of a branch are its own, before the fork those of its parent; a reload stays on it',
  async () => {
    await page.locator('.strip').focus();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(shown).toEqual(['1', '13651908']);
    expect(await page.locator('drift-timeline .what').innerText()).toContain('population = 1');
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator('.date').innerText()).toBe('1 Jan 1955');
    await page.keyboard.press('End');
    await page.reload();
    await page.locator('drift-timeline .on').getByText('what if').waitFor({ timeout: 30_000 });
    await expect.poll(shown).toEqual(['1', '2']);
  },
  TIMEOUT,
);

test(
  'differences of two moments and of two branches: tables with counts, changed cells with what they were',
  async () => {
    const diff = page.locator('drift-diff');
    await page.getByRole('tab', { name: 'Differences' }).click();
    await diff.getByText('Both are the same.').waitFor();
    await page.locator('.strip').focus();
    for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowLeft');
    // From the moment of the time line, which is now 1970, to now.
    await diff.getByRole('button', { name: /^countries 62 changed$/ }).waitFor();
    await page.keyboard.press('ArrowRight');
    await diff.getByRole('button', { name: /^countries 2 changed$/ }).waitFor();
    await expect
      .poll(() => page.locator('drift-grid .row[aria-rowindex="2"] .cell.changed').allInnerTexts())
      .toEqual(['112411640 1']);
    await page.keyboard.press('End');
    await diff.getByLabel('To', { exact: true }).selectOption({ label: 'Now, on main' });
    await diff.getByRole('button', { name: /^countries 62 changed$/ }).waitFor();
    await expect
      .poll(async () => await page.locator('drift-grid .row[aria-rowindex="2"] .cell').first().innerText())
      .toBe('Afghanistan');
    await shoot('differences', ['light', 'dark']);
    await run('CREATE TABLE note (id int PRIMARY KEY);');
    await diff.getByRole('button', { name: 'note definition' }).click();
    await diff.getByText('only on the first').waitFor();
    await run('DROP TABLE note;');
    await diff.getByRole('button', { name: 'note definition' }).waitFor({ state: 'detached' });
    // A query shows its result.
    await run(JAPAN);
    await expect.poll(shown).toEqual(['1', '2']);
  },
  TIMEOUT,
);

test(
  'a cell says who changed it last: under the pointer, by arrow keys, and at the moment that is shown',
  async () => {
    const blame = page.locator('drift-blame');
    const cell = (rowIndex: number, column: number): ReturnType<Page['locator']> =>
      page.locator(`drift-grid .row[aria-rowindex="${rowIndex + 2}"] .cell`).nth(column);
    await blame.getByText('Point at a cell').waitFor();
    await page.keyboard.press('Alt+R');
    await blame.getByText('country since the row was made in #1').waitFor();
    await cell(1, 1).hover();
    await blame.getByText("UPDATE countries SET population = 2 WHERE country = 'Kenya'").waitFor();
    expect(await blame.locator('div').innerText()).toMatch(
      /^population last changed in #14 \d+ \w+ \d{4}, [\d:]+ UTC by you UPDATE/,
    );
    await shoot('blame');
    await cell(1, 0).hover();
    await blame
      .getByText('country since the row was made in #1 1 Jan 1955, 00:00 UTC by gapminder The world of 1955')
      .waitFor();
    await page.keyboard.press('Alt+R');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await blame.getByRole('button', { name: '#14' }).waitFor();
    await page.keyboard.press('ArrowUp');
    await blame.getByRole('button', { name: '#13' }).click();
    await expect.poll(shown).toEqual(['1', '13651908']);
    await blame.getByText('Point at a cell').waitFor();
    await cell(1, 1).hover();
    await blame.getByText('population last changed in #5 1 Jan 1975').waitFor();
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await run('SELECT country, population * 2 AS population FROM countries;');
    await expect.poll(async () => (await row(0))[0]).toBe('Afghanistan');
    await cell(0, 1).hover();
    await blame.getByText('population is not stored as it is shown').waitFor();
    await run('SELECT 1 AS one;');
    await expect.poll(() => row(0)).toEqual(['1']);
    expect(await blame.count()).toBe(0);
    await run(JAPAN);
    await expect.poll(shown).toEqual(['1', '2']);
  },
  TIMEOUT,
);

test(
  'main is gone to by its lane, a branch by USE BRANCH or the list; what a statement changes stays on its line',
  async () => {
    await page.locator('drift-timeline .lane text').click();
    await page.locator('drift-timeline .on').waitFor({ state: 'detached' });
    await expect.poll(shown).toEqual(['127798373', '35843010']);
    await run("UPDATE countries SET population = 3 WHERE country = 'Japan';");
    await page.getByText('UPDATE, 1 row').first().waitFor();
    await run('USE BRANCH "what if";');
    await page.locator('drift-timeline .on').getByText('what if').waitFor();
    await run(JAPAN);
    await expect.poll(shown).toEqual(['1', '2']);
    await page.keyboard.press('Alt+B');
    await dialog().getByText('2 rows of its own').waitFor();
    await dialog().getByRole('button', { name: 'main', exact: false }).first().click();
    await expect.poll(shown).toEqual(['3', '35843010']);
  },
  TIMEOUT,
);

test(
  'a branch is merged into its parent, its conflicts are decided, and it is dropped by a second click',
  async () => {
    await page.getByRole('button', { name: 'Branches; this is main' }).click();
    await dialog().getByRole('button', { name: 'Merge into main' }).click();
    await dialog().getByText('2 conflicts to decide on main').waitFor();
    await dialog().getByText('Merged into main: 0 rows changed.').waitFor();
    await shoot('branch-merge');
    await dialog().getByRole('button', { name: 'what if: 1' }).click();
    await dialog().getByText('1 conflict to decide on main').waitFor();
    // What is not decided is there when the list is opened again; the merge is seen on the time line.
    await dialog().getByRole('button', { name: 'Close' }).click();
    expect(await page.locator('drift-timeline .lane .merge').getAttribute('d')).toMatch(/^M/);
    await shoot('branch-merged');
    await page.getByRole('button', { name: 'Branches; this is main' }).click();
    await dialog().getByRole('button', { name: 'main: 35843010' }).click();
    await dialog().getByText('to decide').waitFor({ state: 'detached' });
    await dialog().getByRole('button', { name: 'Drop' }).click();
    expect(await dialog().locator('.branches li').count()).toBe(2);
    await dialog().getByRole('button', { name: 'Really drop it' }).click();
    await expect.poll(() => dialog().locator('.branches li').count()).toBe(1);
    await dialog().getByRole('button', { name: 'Close' }).click();
    await expect.poll(shown).toEqual(['1', '35843010']);
    expect(await page.locator('drift-timeline .lane').count()).toBe(0);
  },
  TIMEOUT,
);

test(
  'what is kept of the history: who needs it, and deleting says what goes and what that freed',
  async () => {
    const kept = page.locator('drift-kept');
    await page.locator('.strip').focus();
    await page.keyboard.press('Home');
    for (let step = 0; step < 4; step++) await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Name this moment' }).click();
    await page.keyboard.type('seventies');
    await page.keyboard.press('Enter');
    await page.locator('.strip').getByText('seventies').waitFor();
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await page.getByRole('tab', { name: 'Retention' }).click();
    await kept.getByText('#5, 1 Jan 1975, by tag "seventies"').waitFor();
    await kept.getByText('all there ever was').waitFor();
    await kept.getByRole('button', { name: 'Delete before now…' }).click();
    await kept
      .getByText(
        /[\d,]+ old versions of countries go; its states before #\d+, [^;]* but for those that are needed cannot be read any more\./,
      )
      .waitFor();
    await shoot('retention', ['light', 'dark']);
    await kept.getByRole('button', { name: 'Cancel' }).click();
    await kept.getByRole('button', { name: 'Delete before now…' }).click();
    await kept.getByRole('button', { name: 'Delete history', exact: true }).click();
    await kept
      .getByText(
        /^[\d,]+ old versions are gone, [1-9]\d* K?B freed\. history of "countries" is kept at commit 5 \(tag "seventies" needs it\)$/,
      )
      .waitFor();
    await kept.getByText(/^from #\d+, .* on, and #5$/).waitFor();
    await kept.getByLabel('Keep the history of countries').selectOption('90 days');
    await kept.getByText('History older than 90 days of countries goes').waitFor();
    expect(await kept.getByLabel('Keep the history of countries').inputValue()).toBe('forever');
    await kept.getByRole('button', { name: 'Keep 90 days' }).click();
    await kept.getByText('The history of countries is kept: 90 days.').waitFor();
    await expect.poll(() => kept.getByLabel('Keep the history of countries').inputValue()).toBe('90 days');
    await page.locator('.strip').focus();
    await page.keyboard.press('Home');
    await run(JAPAN);
    await page.getByText('the state at 1 is not there any more').first().waitFor();
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await expect.poll(shown).toEqual(['1', '35843010']);
  },
  TIMEOUT,
);

test(
  'on a phone a branch is made by touch, and a name that is taken is refused in the dialog',
  async () => {
    const context = await browser.newContext({ viewport: PHONE, hasTouch: true, isMobile: true });
    const small = await context.newPage();
    await small.goto(url);
    await small.getByText('The world since 1955').tap();
    await small.locator('drift-grid .cell').first().waitFor({ timeout: 60_000 });
    const button = small.getByRole('button', { name: 'Branches; this is main' });
    expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(40);
    await button.tap();
    const list = small.locator('drift-branches dialog');
    await list.getByLabel('Name of the branch').fill('main');
    await list.getByRole('button', { name: 'Make it' }).tap();
    await list.getByText('branch "main" already exists').waitFor();
    await list.getByLabel('Name of the branch').fill('pocket');
    await list.getByRole('button', { name: 'Make it' }).tap();
    await small.locator('drift-timeline .on').getByText('pocket').waitFor();
    expect(await small.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
    await context.close();
    expect(problems).toEqual([]);
  },
  TIMEOUT,
);
