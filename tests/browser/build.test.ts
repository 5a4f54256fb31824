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
const LIMIT_GZIP_BYTES = {
  'worker.js': 138_600,
  'browser.js': 23_500,
  'worker-late.js': 289_000,
  'worker-rare.js': 184_000,
  'worker-helper.js': 198_000,
};
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drift-build-'));
  for (const mode of ['browser', 'worker', 'helper']) {
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

test('is one file for the page and four for its workers, without imports', async () => {
  expect((await readdir(directory)).filter((name) => name.endsWith('.js')).sort()).toEqual([
    'browser.js',
    'functions.js',
    'main.js',
    'worker-helper.js',
    'worker-late.js',
    'worker-rare.js',
    'worker.js',
  ]);
  for (const [name, limit] of Object.entries(LIMIT_GZIP_BYTES)) {
    const text = await readFile(join(directory, name), 'utf8');
    // The one import is that of the parts, which bundlers leave alone.
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

test('has a helper worker for big scans, under the same policy', async () => {
  const [site, browser] = [await serve(directory), await launch()];
  const { page, problems } = await openPage(browser.context, site.url);
  await page.waitForFunction('globalThis.drift !== undefined');
  const found = await page.evaluate(async () => {
    const db = await drift.open('opfs://helped', { helpers: 1 });
    await db.exec(`CREATE TABLE t (id int PRIMARY KEY, x int);
      INSERT INTO t SELECT i, i % 100 FROM generate_series(1, 300000) i; CHECKPOINT; SET parallel_setup_cost = 0`);
    const sql = 'SELECT x % 10 AS g, count(*) AS n, sum(x) AS s FROM t WHERE x > 3 GROUP BY x % 10 ORDER BY g LIMIT 1';
    let launched = '';
    // Nobody waits for a helper that is still starting.
    for (let i = 0; i < 200 && !launched.endsWith(' 1'); i++) {
      const { rows } = await db.query(`EXPLAIN ANALYZE ${sql}`);
      launched = rows.map((row) => String(row['QUERY PLAN'])).find((line) => line.includes('Workers Launched')) ?? '';
    }
    const { rows } = await db.query(sql);
    await db.close();
    return { launched: launched.trim(), rows };
  });
  expect(found).toEqual({ launched: 'Workers Launched: 1', rows: [{ g: 0, n: 27000, s: 1350000 }] });
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

test('does without the rare part as long as nothing of it is used', async () => {
  const [site, browser] = [await serve(directory), await launch()];
  let isServed = false;
  let asked = 0;
  await browser.context.route('**/worker-rare.js', (route) => {
    asked++;
    return isServed ? route.continue() : route.abort();
  });
  const { page } = await openPage(browser.context, site.url);
  await page.waitForFunction('globalThis.drift !== undefined');
  const run = (sql: string, parameters: unknown[] = []): Promise<unknown> =>
    page.evaluate(
      async ([text, values]) => {
        const held = globalThis as { db?: Awaited<ReturnType<typeof drift.open>> | undefined };
        const db = (held.db ??= await drift.open('opfs://rare'));
        try {
          return values.length === 0 ? (await db.exec(text)).at(-1)?.rows : (await db.query(text, values)).rows;
        } catch (error) {
          return (error as { code: string }).code;
        }
      },
      [sql, parameters] as const,
    );

  const ordinary = [
    'CREATE SCHEMA IF NOT EXISTS app',
    `CREATE TABLE IF NOT EXISTS customer (
       id serial PRIMARY KEY, name text NOT NULL UNIQUE CHECK (name <> ''), since timestamptz DEFAULT now())`,
    `CREATE TABLE IF NOT EXISTS orders (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int REFERENCES customer ON DELETE CASCADE,
       total numeric(12,2), tags text[], data jsonb, code varchar(10))`,
    'CREATE INDEX IF NOT EXISTS by_customer ON orders (customer_id)',
    'ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text DEFAULT $$none$$',
    "CREATE OR REPLACE VIEW big AS SELECT * FROM orders WHERE total > 2 AND note LIKE '%n%'",
    "INSERT INTO customer (name) VALUES ('Ada'), ('Bob') ON CONFLICT (name) DO NOTHING",
    `INSERT INTO orders (customer_id, total, tags, data)
       SELECT 1 + i % 2, i / 4.0, ARRAY['a', i::text], jsonb_build_object('i', i) FROM generate_series(1, 100) i`,
    'BEGIN; UPDATE orders SET total = total + 1 WHERE id < 5; SAVEPOINT s; DELETE FROM orders WHERE id = 7; ROLLBACK TO s; COMMIT',
    'CREATE TAG v1',
    'DROP TABLE IF EXISTS app.nothing',
    'ANALYZE orders',
  ];
  for (const statement of ordinary) expect(await run(statement), statement).toEqual([]);
  const query = `
    WITH recent AS (SELECT customer_id, sum(total) AS sum, count(DISTINCT code) AS codes FROM orders GROUP BY 1)
    SELECT c.name, r.sum, upper(c.name) || to_char(r.sum, 'FM990.00') AS text, row_number() OVER (ORDER BY r.sum DESC) AS n,
           (SELECT max(data ->> 'i') FROM orders o WHERE o.customer_id = c.id) AS most
    FROM customer c LEFT JOIN recent r ON r.customer_id = c.id WHERE c.name ~ '^[A-Z]' ORDER BY r.sum`;
  expect(await run(query)).toHaveLength(2);
  expect(await run(`SELECT count(*)::int AS n FROM orders FOR SYSTEM_TIME AS OF TAG 'v1'`)).toEqual([{ n: 100 }]);
  expect(await run('SELECT author FROM drift.transactions LIMIT 1')).toHaveLength(1);
  expect(await run('SELECT name FROM customer WHERE id = $1', [2])).toEqual([{ name: 'Bob' }]);
  expect(await run('SELECT name FROM custmer')).toBe('42P01');
  expect(asked).toBe(0);

  // In a transaction block, too, a statement begins anew when the part is there.
  const block = `BEGIN; INSERT INTO customer (name) VALUES ('Cy');
    DO $$ BEGIN IF exists (SELECT FROM customer WHERE name = 'Cy') THEN UPDATE customer SET name = 'Cyd' WHERE name = 'Cy'; END IF; END $$;
    COMMIT`;
  expect(await run(block)).toBe('08006');
  expect(await run('ROLLBACK')).toEqual([]);
  isServed = true;
  expect(await run(block)).toEqual([]);
  expect(await run("SELECT count(*)::int AS n FROM customer WHERE name = 'Cyd'")).toEqual([{ n: 1 }]);
  expect(await run("SELECT table_name FROM information_schema.tables WHERE table_name = 'orders'")).toHaveLength(1);
  expect(await run("SELECT 'orders'::regclass::text AS name")).toEqual([{ name: 'orders' }]);
  expect(asked).toBe(2);
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
