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
const LIMIT_GZIP_BYTES = { 'browser.js': 18_000, 'worker.js': 160_000, 'worker-late.js': 400_000 };
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
  await writeFile(
    join(directory, 'functions.js'),
    `export default ({ createFunction }) => createFunction('square', { args: ['int'], returns: 'int' }, (i) => i * i);`,
  );
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('is one file for the page and two for the worker, without imports', async () => {
  expect((await readdir(directory)).filter((name) => name.endsWith('.js')).sort()).toEqual([
    'browser.js',
    'functions.js',
    'main.js',
    'worker-late.js',
    'worker.js',
  ]);
  for (const [name, limit] of Object.entries(LIMIT_GZIP_BYTES)) {
    const text = await readFile(join(directory, name), 'utf8');
    // The one import is that of the late part, which bundlers leave alone.
    const imports = /^\s*import[\s{]|^\s*export\s*(\{[^}]*\}|\*)\s*from|\bimport\((?!\/\* webpackIgnore)/m;
    expect(imports.test(text), name).toBe(false);
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
    await db.loadFunctions('functions.js');
    const result = await db.query('SELECT i, square(i) AS square FROM generate_series(1, 3) i');
    await db.close();
    return result.rows;
  });
  expect(rows.at(-1)).toEqual({ i: 3, square: 9 });
  expect(problems).toEqual([]);
  await browser.close();
  await site.close();
});

test('reads rows by key before the late part is there, and waits for it where it is needed', async () => {
  const [site, browser] = [await serve(directory), await launch()];
  let isServed = false;
  let asked = 0;
  await browser.context.route('**/worker-late.js', (route) => {
    asked++;
    return isServed ? route.continue() : route.abort();
  });
  const { page } = await openPage(browser.context, site.url);
  await page.waitForFunction('globalThis.drift !== undefined');
  const run = (sql: string): Promise<unknown> =>
    page.evaluate(async (text) => {
      const held = globalThis as { db?: Awaited<ReturnType<typeof drift.open>> | undefined };
      const db = (held.db ??= await drift.open('opfs://late'));
      try {
        return (await db.query(text)).rows;
      } catch (error) {
        return (error as { code: string }).code;
      }
    }, sql);

  expect(await run("SELECT true AS here, 'x' AS x WHERE 1 = 1")).toEqual([{ here: true, x: 'x' }]);
  expect(await run('SELECT upper(name) FROM t')).toBe('08006');
  expect(await run('CREATE TABLE t (id int PRIMARY KEY, name text)')).toBe('08006');
  isServed = true;
  expect(await run('CREATE TABLE t (id int PRIMARY KEY, name text)')).toEqual([]);
  expect(await run("INSERT INTO t VALUES (1, 'one'), (2, 'two')")).toEqual([]);
  await page.evaluate(async () => {
    const held = globalThis as { db?: Awaited<ReturnType<typeof drift.open>> | undefined };
    await held.db?.close();
    held.db = undefined;
  });
  isServed = false;
  expect(await run('SELECT * FROM t WHERE id = 2')).toEqual([{ id: 2, name: 'two' }]);
  expect(await run('SELECT upper(name) FROM t')).toBe('08006');
  isServed = true;
  expect(await run('SELECT upper(name) AS name FROM t ORDER BY id')).toEqual([{ name: 'ONE' }, { name: 'TWO' }]);
  expect(asked).toBeGreaterThan(2);
  await browser.close();
  await site.close();
});
