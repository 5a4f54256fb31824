/** The built package as plain ES modules: what a page without a bundler loads, under the strict policy. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from 'vite';
import { launch, openPage, serve } from './site.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Bytes that a page loads before it can do anything else: they may shrink, and grow only on purpose. */
const LIMIT_GZIP_BYTES = { 'browser.js': 14_000, 'worker.js': 330_000 };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drift-build-'));
  for (const mode of ['browser', 'worker']) {
    await build({
      root,
      configFile: join(root, 'vite.config.ts'),
      mode,
      logLevel: 'error',
      build: { outDir: directory },
    });
  }
  await writeFile(join(directory, 'index.html'), '<!doctype html><script type="module" src="main.js"></script>');
  await writeFile(join(directory, 'main.js'), "import * as drift from './browser.js';\nglobalThis.drift = drift;\n");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('is one file for the page and one for the worker, without imports', async () => {
  expect((await readdir(directory)).filter((name) => name.endsWith('.js')).sort()).toEqual([
    'browser.js',
    'main.js',
    'worker.js',
  ]);
  for (const [name, limit] of Object.entries(LIMIT_GZIP_BYTES)) {
    const text = await readFile(join(directory, name), 'utf8');
    expect(text, name).not.toMatch(/^\s*(import\s|export\s.*\sfrom\s)|\bimport\(/m);
    expect(gzipSync(text).length, name).toBeLessThan(limit);
  }
});

test('names the worker as bundlers and browsers find it', async () => {
  const text = await readFile(join(directory, 'browser.js'), 'utf8');
  expect(text).toMatch(/new Worker\(new URL\(["']\.\/worker\.js["'], import\.meta\.url\), \{\s*type: ["']module["']/);
});

test('runs', async () => {
  const [site, browser] = [await serve(directory), await launch()];
  const { page, problems } = await openPage(browser.context, site.url);
  await page.waitForFunction('globalThis.drift !== undefined');
  const rows = await page.evaluate(async () => {
    const db = await drift.open('opfs://plain');
    const result = await db.query('SELECT i, i * i AS square FROM generate_series(1, 3) i');
    await db.close();
    return result.rows;
  });
  expect(rows.at(-1)).toEqual({ i: 3, square: 9 });
  expect(problems).toEqual([]);
  await browser.close();
  await site.close();
});
