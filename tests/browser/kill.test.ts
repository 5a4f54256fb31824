/**
 * Kills in the middle of commits: the worker, the page, the whole browser. Every acknowledged commit must be there
 * afterwards, whole, with its history.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installChromium, LAUNCH_ARGS } from '../../scripts/chromium.mjs';
import { launch, openPage, type Site, startSite } from './site.ts';

const ROUNDS = 5;
/** Each starts a browser. */
const BROWSER_ROUNDS = 3;
let site: Site;

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site?.close());

/** What was acknowledged: the last n of each writer. */
type Acknowledged = Map<number, number>;

/** Starts the writers on a page and lets them commit for a while. */
async function commitFor(page: Page, url: string, acknowledged: Acknowledged, ms: number): Promise<void> {
  await page.exposeFunction('acknowledge', (writer: number, n: number) => acknowledged.set(writer, n));
  await page.evaluate(async (address) => {
    const page = globalThis as unknown as { acknowledge(writer: number, n: number): void; killWorker(): void };
    page.killWorker = await startCommits(address, (writer, n) => page.acknowledge(writer, n));
  }, url);
  await new Promise((resolve) => setTimeout(resolve, ms));
}

interface Found {
  readonly writers: readonly {
    readonly writer: number;
    readonly n: number;
    readonly rows: number;
    readonly total: number;
  }[];
  /** Commits whose state does not have exactly one row more in `made` than the state before, by sequence number. */
  readonly torn: readonly number[];
  readonly commits: number;
}

/** Opens the database anew and looks at all that was committed, now and at every moment. */
function look(page: Page, url: string): Promise<Found> {
  return page.evaluate(async (address) => {
    const db = await drift.open(address);
    const { rows: writers } = await db.query<Found['writers'][number]>(
      `SELECT m.writer, max(m.n) AS n, count(*) AS rows, max(t.n) AS total
       FROM made m LEFT JOIN total t ON t.writer = m.writer GROUP BY m.writer ORDER BY m.writer`,
    );
    const { rows: commits } = await db.query<{ seq: number; author: string }>(
      "SELECT seq, author FROM drift.transactions WHERE author LIKE 'writer %' ORDER BY seq",
    );
    const torn: number[] = [];
    const step = Math.max(1, Math.floor(commits.length / 40));
    for (let i = 0; i < commits.length; i += step) {
      const seq = commits[i]?.seq ?? 0;
      const state = 'SELECT (SELECT count(*) FROM made) AS made, (SELECT sum(n) FROM total)::int AS total';
      const row = (await db.asOf(seq).query<{ made: number; total: number }>(state)).rows[0];
      if (row?.made !== i + 1 || row.total !== i + 1) torn.push(seq);
    }
    await db.close();
    return { writers, torn, commits: commits.length };
  }, url);
}

function check(found: Found, acknowledged: Acknowledged): void {
  expect(found.torn).toEqual([]);
  for (const { writer, n, rows, total } of found.writers)
    expect([writer, n, total], 'whole').toEqual([writer, rows, rows]);
  for (const [writer, n] of acknowledged) expect(found.writers[writer]?.n ?? 0).toBeGreaterThanOrEqual(n);
  expect(found.commits).toBe(found.writers.reduce((sum, { rows }) => sum + rows, 0));
}

function sum(acknowledged: Acknowledged): number {
  return [...acknowledged.values()].reduce((total, n) => total + n, 0);
}

test.each(['opfs', 'idb'])('a killed worker loses no acknowledged commit on %s', async (scheme) => {
  const url = `${scheme}://worker-kill`;
  const browser = await launch();
  const acknowledged: Acknowledged = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    const { page, problems } = await openPage(browser.context, site.url);
    await commitFor(page, url, acknowledged, 150 + round * 130);
    await page.evaluate(() => (globalThis as unknown as { killWorker(): void }).killWorker());
    check(await look(page, url), acknowledged);
    expect(problems).toEqual([]);
    await page.close();
  }
  expect(sum(acknowledged)).toBeGreaterThan(ROUNDS * 10);
  await browser.close();
});

test('a closed page loses no acknowledged commit', async () => {
  const browser = await launch();
  const acknowledged: Acknowledged = new Map();
  const watching = await openPage(browser.context, site.url);
  for (let round = 0; round < ROUNDS; round++) {
    const { page } = await openPage(browser.context, site.url);
    await commitFor(page, 'opfs://page-kill', acknowledged, 150 + round * 130);
    await page.close();
    check(await look(watching.page, 'opfs://page-kill'), acknowledged);
  }
  expect(sum(acknowledged)).toBeGreaterThan(ROUNDS * 10);
  expect(watching.problems).toEqual([]);
  await browser.close();
});

test.each(['opfs', 'idb'])('a killed browser loses no acknowledged commit on %s', async (scheme) => {
  const url = `${scheme}://browser-kill`;
  const directory = await mkdtemp(join(tmpdir(), 'drift-profile-'));
  const acknowledged: Acknowledged = new Map();
  let discarded = 0;
  const checkIn = async (context: BrowserContext): Promise<void> => {
    const { page } = await openPage(context, site.url);
    if (scheme === 'idb' && !(await isListed(page, 'driftdb:browser-kill'))) {
      // Chromium has thrown its own store away (docs/durability.md): whoever is killed may leave it one it cannot read.
      discarded++;
      acknowledged.clear();
      return;
    }
    check(await look(page, url), acknowledged);
  };
  for (let round = 0; round < BROWSER_ROUNDS; round++) {
    const first = await startBrowser(directory);
    if (round > 0) await checkIn(first.context);
    const { page } = await openPage(first.context, site.url);
    await commitFor(page, url, acknowledged, 200 + round * 300);
    await first.kill();
  }
  const last = await startBrowser(directory);
  await checkIn(last.context);
  expect(discarded).toBeLessThan(2);
  await last.kill();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  if (discarded === 0) expect(sum(acknowledged)).toBeGreaterThan(ROUNDS * 10);
});

/** Whether the browser knows an IndexedDB database of that name. */
function isListed(page: Page, name: string): Promise<boolean> {
  return page.evaluate(async (wanted) => (await indexedDB.databases()).some((found) => found.name === wanted), name);
}

/** A Chromium process of our own, so that it can be killed with all of its children at once. */
async function startBrowser(directory: string): Promise<{ readonly context: BrowserContext; kill(): Promise<void> }> {
  const args = [...LAUNCH_ARGS, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${directory}`];
  const browser = spawn(await installChromium(), [...args, 'about:blank'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const connection = await chromium.connectOverCDP(await debuggerAddress(browser));
  const context = connection.contexts()[0];
  if (context === undefined) throw new Error('Chromium has no context');
  return {
    context,
    async kill() {
      const gone = new Promise((resolve) => browser.once('exit', resolve));
      process.kill(-(browser.pid ?? 0), 'SIGKILL');
      await gone;
    },
  };
}

function debuggerAddress(browser: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    browser.once('error', reject);
    browser.once('exit', () => reject(new Error(`Chromium ended: ${output}`)));
    browser.stderr?.on('data', (data: Buffer) => {
      output += data.toString();
      const address = /DevTools listening on (ws:\S+)/.exec(output)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
}
