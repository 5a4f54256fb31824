/** DriftDB's page for growth and soak, in a Chromium of its own with a profile on disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTESTANTS } from '../contestants/list.mjs';
import { startBrowser } from './browser.mjs';
import { startSite } from './site.mjs';

/** Runs `work` with the page and a function that gives the memory of its process in MB (undefined where it cannot be told). */
export async function withGrowthPage(work) {
  const contestant = CONTESTANTS.find(({ name }) => name === 'driftdb');
  const directory = await mkdtemp(join(tmpdir(), 'drift-bench-'));
  const site = await startSite([contestant], join(directory, 'site'), 'growth.html');
  const browser = await startBrowser(join(directory, 'profile'));
  try {
    const failure = site.failures.get(contestant.package);
    if (failure !== undefined) throw new Error(failure);
    const page = await browser.page(site.url('driftdb', 'growth.html'), console.error);
    await page.waitForFunction('globalThis.growth !== undefined');
    return await work(page, () => browser.memory(page));
  } finally {
    await browser.close();
    site.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
