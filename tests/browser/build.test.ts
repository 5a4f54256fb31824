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
const LIMIT_GZIP_BYTES = { 'browser.js': 19_000, 'worker.js': 137_200, 'worker-late.js': 420_000 };
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

  expect(await run("SELECT true AS here, 'x' AS x")).toEqual([{ here: true, x: 'x' }]);
  expect(await run('SELECT upper(name) FROM t')).toBe('08006');
  expect(await run('CREATE TABLE t (id int PRIMARY KEY, name text)')).toBe('08006');
  isServed = true;
  const columns =
    'id int PRIMARY KEY, name text, price numeric(8,2), done boolean, at timestamptz, data jsonb, big bigint';
  expect(await run(`CREATE TABLE t (${columns})`)).toEqual([]);
  const row = `i, 'row ' || i, i / 4.0, i % 2 = 0, '2026-01-01Z'::timestamptz, '{"a": [1]}', i * 3`;
  expect(await run(`INSERT INTO t SELECT ${row} FROM generate_series(1, 20000) i`)).toEqual([]);
  await page.evaluate(async () => {
    const held = globalThis as { db?: Awaited<ReturnType<typeof drift.open>> | undefined };
    await held.db?.close();
    held.db = undefined;
  });
  isServed = false;
  expect(await run('SELECT * FROM t WHERE id = 12346')).toEqual([
    {
      id: 12346,
      name: 'row 12346',
      price: '3086.50',
      done: true,
      at: new Date('2026-01-01Z'),
      data: { a: [1] },
      big: 37038,
    },
  ]);
  expect(await run('SELECT upper(name) FROM t')).toBe('08006');
  isServed = true;
  expect(await run('SELECT upper(name) AS name FROM t ORDER BY id LIMIT 1')).toEqual([{ name: 'ROW 1' }]);
  expect(asked).toBeGreaterThan(2);
  await browser.close();
  await site.close();
});

test('recovers from a log with commits of all kinds, though the late part has to be fetched for it', async () => {
  const [site, browser] = [await serve(directory), await launch()];
  const { page } = await openPage(browser.context, site.url);
  const run = async (sql: string): Promise<unknown> => {
    await page.waitForFunction('globalThis.drift !== undefined');
    return page.evaluate(async (text) => {
      const held = globalThis as { db?: Awaited<ReturnType<typeof drift.open>> | undefined };
      const db = (held.db ??= await drift.open('opfs://killed'));
      return (await db.exec(text)).at(-1)?.rows;
    }, sql);
  };
  const changes = [
    'CREATE TABLE t (id int PRIMARY KEY, name text, n numeric(9,2), at timestamptz, i interval, tags text[])',
    "INSERT INTO t SELECT i, 'row ' || i, i / 7.0, '2026-01-01', '1 day', ARRAY['a', 'b'] FROM generate_series(1, 5000) i",
    'CREATE INDEX ON t (name)',
    "UPDATE t SET name = 'changed', n = NULL WHERE id % 3 = 0",
    'DELETE FROM t WHERE id % 5 = 0',
    "CREATE TYPE mood AS ENUM ('sad', 'happy')",
    "ALTER TABLE t ADD COLUMN m mood DEFAULT 'happy'",
    'CREATE VIEW v AS SELECT count(*) AS rows, max(name) AS name FROM t',
    'CREATE SEQUENCE s',
    "SELECT nextval('s')",
    "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2'",
    'TRUNCATE t',
    "INSERT INTO t VALUES (7, 'seven', 7.5, 'infinity', '1 mon', '{x}', 'sad')",
    'DROP INDEX t_name_idx',
  ];
  for (const change of changes) {
    await run(change);
    // Nothing is closed: the worker dies with its page.
    await page.reload();
    await run('SELECT name FROM t WHERE id = 7');
  }
  expect(await run('SELECT name, n::text, at::text, i::text, tags::text, m::text, twice(id) FROM t')).toEqual([
    { name: 'seven', n: '7.50', at: 'infinity', i: '1 mon', tags: '{x}', m: 'sad', twice: 14 },
  ]);
  await browser.close();
  await site.close();
});
