/**
 * Chromium for a run: a profile on disk (without one OPFS is memory in another process), a renderer a site, and what each
 * renderer's memory is.
 */
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright';
import { installChromium, LAUNCH_ARGS } from '../../scripts/chromium.mjs';

export async function startBrowser(profile) {
  const context = await chromium.launchPersistentContext(profile, {
    // A spare renderer would take part of what is measured, and hide which process a page has.
    args: [...LAUNCH_ARGS, '--disable-features=SpareRendererForSitePerProcess', '--js-flags=--expose-gc'],
    executablePath: await installChromium(),
  });
  const browser = context.browser();
  const session = await browser.newBrowserCDPSession();
  const processes = async () => (await session.send('SystemInfo.getProcessInfo')).processInfo;

  return {
    version: browser.version(),
    close: () => context.close(),

    /** Opens an address; errors of the page go to `report`. */
    async page(url, report) {
      const page = await context.newPage();
      page.setDefaultTimeout(0);
      page.on('pageerror', (error) => report(error.message));
      await page.goto(url);
      return page;
    },

    /** Resident memory of the page's process in MB: the one whose processor time grows while the page computes. */
    async memory(page) {
      const before = new Map((await processes()).map(({ id, cpuTime }) => [id, cpuTime]));
      await page.evaluate(() => {
        globalThis.gc?.();
        bench.spin(80);
      });
      const grown = (await processes())
        .filter(({ type }) => type === 'renderer')
        .map(({ id, cpuTime }) => ({ id, grown: cpuTime - (before.get(id) ?? cpuTime) }))
        .toSorted((a, b) => b.grown - a.grown)[0];
      return grown === undefined ? undefined : residentMegabytes(grown.id);
    },
  };
}

function residentMegabytes(pid) {
  try {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? undefined : Number(match[1]) / 1024;
  } catch {
    // No /proc here: memory is not told.
    return undefined;
  }
}
