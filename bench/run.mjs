/**
 * `npm run bench`: DriftDB beside SQLite and PGlite in one Chromium, each in its own worker on OPFS, each commit durable.
 *
 *     npm run bench [-- --quick] [--rounds N] [--rows N] [--only WORKLOAD,…] [--engines NAME,…]
 *     npm run bench -- history [--rows N] [--rounds N]
 *     npm run bench -- amplification [--rows N]
 *     npm run bench -- sizes [--rows N]
 *     npm run bench -- opening [--rows N] [--updates N]
 *     npm run bench -- encryption [--rows N]
 *
 * Rounds go over all engines before the next begins, and start with another engine each time, so that a noisy minute
 * hits all. The figure of a workload is the median over the rounds; answers are compared. Results go to the console and
 * to bench/results/NAME.json.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright';
import { build } from 'vite';
import { installChromium, LAUNCH_ARGS } from '../scripts/chromium.mjs';

const PAGES = fileURLToPath(new URL('page/', import.meta.url));
const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    rows: { type: 'string' },
    updates: { type: 'string', default: '20' },
    only: { type: 'string' },
    engines: { type: 'string', default: 'driftdb,sqlite,pglite' },
  },
});
if (positionals[0] === 'history') {
  const { history } = await import('./history.mjs');
  const numbers = Object.entries({ rows: options.rows, rounds: options.rounds }).filter(
    ([, value]) => value !== undefined,
  );
  await history(Object.fromEntries(numbers.map(([name, value]) => [name, Number(value)])));
  process.exit();
}
if (positionals[0] === 'sizes') {
  const { sizes } = await import('./sizes.mjs');
  await sizes(options.rows === undefined ? {} : { rows: Number(options.rows) });
  process.exit();
}
if (positionals[0] === 'amplification') {
  const { amplification } = await import('./amplification.mjs');
  await amplification(options.rows === undefined ? {} : { rows: Number(options.rows) });
  process.exit();
}
if (positionals[0] === 'encryption') {
  const { encryption } = await import('./encryption.mjs');
  await encryption(options.rows === undefined ? {} : { rows: Number(options.rows) });
  process.exit();
}
if (positionals[0] === 'opening') {
  const { opening } = await import('./opening.mjs');
  await opening(options.rows === undefined ? {} : { rows: Number(options.rows), updates: Number(options.updates) });
  process.exit();
}
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5));

/** Name, what it is, its size, the unit of its figure. */
const WORKLOADS = [
  ['cold', 'cold start: navigation to the first row of 100,000', 0, 'ms'],
  ['insert', 'durable insert of one row', options.quick ? 100 : 300, 'ms'],
  ['bulk', 'bulk insert of 100,000 rows, 1,000 a statement', 100_000, 'ms'],
  ['point', 'read of one row by key', options.quick ? 500 : 2000, 'ms'],
  ['filter', 'filter + aggregate over the big table', 0, 'ms'],
  ['group', 'group by over the big table', 0, 'ms'],
  ['transfer', '100,000 rows to the main thread as objects', 100_000, 'ms'],
];

const directory = await mkdtemp(join(tmpdir(), 'drift-bench-'));
const site = await startSite(join(directory, 'site'));
// A profile on disk: without one, OPFS is memory in another process.
const context = await chromium.launchPersistentContext(join(directory, 'profile'), {
  args: LAUNCH_ARGS,
  executablePath: await installChromium(),
});
try {
  await peers();
} finally {
  await context.close();
  site.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

// ---- beside the peers ----------------------------------------------------------------------------------------------

async function peers() {
  const rows = Number(options.rows ?? 1_000_000);
  const engines = options.engines.split(',');
  const wanted = WORKLOADS.filter(([name]) => options.only === undefined || options.only.split(',').includes(name));
  const figures = Object.fromEntries(wanted.map(([name]) => [name, Object.fromEntries(engines.map((e) => [e, []]))]));
  const answers = Object.fromEntries(wanted.map(([name]) => [name, {}]));
  const parts = {};
  const firstBytes = {};
  const note = (workload, engine, { ms, answer, parts: own }) => {
    figures[workload][engine].push(ms);
    for (const [part, time] of Object.entries(own ?? {})) ((parts[engine] ??= {})[part] ??= []).push(time);
    answers[workload][engine] = answer;
  };

  const pages = {};
  for (const engine of engines) {
    pages[engine] = await openPage(engine);
    const started = Date.now();
    await pages[engine].evaluate(() => bench.open('warm'));
    await pages[engine].evaluate((n) => bench.prepare(n), rows);
    // What `point` and `cold` read.
    await pages[engine].evaluate(() => bench.run('bulk', 100_000));
    console.log(`${engine}: ${rows} rows prepared in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    if (figures.cold !== undefined) {
      const page = await openPage(engine);
      await page.evaluate(() => bench.open('cold'));
      await page.evaluate(() => bench.run('bulk', 100_000));
      await page.evaluate(() => bench.close());
      await page.close();
    }
  }
  for (let round = 0; round < rounds; round++) {
    const order = engines.map((_, i) => engines[(i + round) % engines.length]);
    for (const [workload, , size] of wanted) {
      for (const engine of order) {
        if (workload === 'cold') {
          note(workload, engine, await coldStart(engine, firstBytes));
        } else note(workload, engine, await pages[engine].evaluate(([w, n]) => bench.run(w, n), [workload, size]));
      }
    }
    console.log(`round ${round + 1} of ${rounds}`);
  }
  const all = Object.fromEntries(engines.map((engine) => [engine, site.allGzipBytes(engine)]));
  await report('peers', {
    rounds,
    rows,
    workloads: wanted.map(([name, title, size, unit]) => {
      const medians = mapValues(figures[name], median);
      return {
        name,
        title,
        size,
        unit,
        medians,
        all: figures[name],
        ratio: ratios(medians),
        agree: new Set(Object.values(answers[name])).size === 1,
        answers: answers[name],
      };
    }),
    gzip_bytes: all,
    gzip_bytes_to_first_row: firstBytes,
    cold_start_parts: mapValues(parts, (own) => mapValues(own, median)),
  });
  table(
    engines,
    wanted.map(([name, title, , unit]) => [title, unit, mapValues(figures[name], median), answers[name]]),
    [
      ...(wanted.some(([name]) => name === 'cold') ? [['bytes until the first row, gzip', firstBytes]] : []),
      ['bytes in all, gzip', all],
    ],
  );
  for (const [engine, own] of Object.entries(parts)) {
    const line = Object.entries(own).map(([part, times]) => `${part} ${format(median(times))} ms`);
    console.log(`cold start of ${engine}: ${line.join(', ')}`);
  }
}

/** A page of its own from navigation to the first answer, on a database that is there. */
async function coldStart(engine, firstBytes) {
  const page = await openPage(engine);
  const measure = await page.evaluate(() => bench.cold('cold'));
  firstBytes[engine] = site.gzipBytes(engine);
  await page.evaluate(() => bench.close());
  await page.close();
  return measure;
}

function table(engines, lines, sizes) {
  const others = engines.slice(1);
  const head = ['', ...engines, ...others.map((engine) => `${engine} ÷ ${engines[0]}`)];
  const body = lines.map(([title, unit, medians, answers]) => [
    new Set(Object.values(answers)).size === 1 ? title : `${title} (ANSWERS DIFFER)`,
    ...engines.map((engine) => `${format(medians[engine])} ${unit}`),
    ...others.map((engine) => format(medians[engine] / medians[engines[0]])),
  ]);
  for (const [title, bytes] of sizes) {
    body.push([
      title,
      ...engines.map((engine) => `${Math.round(bytes[engine] / 1024)} KB`),
      ...others.map((engine) => format(bytes[engine] / bytes[engines[0]])),
    ]);
  }
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((line) => line[column].length)));
  for (const line of [head, ...body]) {
    console.log(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
  }
}

// ---- machinery -----------------------------------------------------------------------------------------------------

async function openPage(name) {
  const page = await context.newPage();
  page.setDefaultTimeout(0);
  page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`${name}: ${message.text()}`);
  });
  await page.goto(`${site.url}${name}.html`);
  await page.waitForFunction('globalThis.bench !== undefined');
  return page;
}

/**
 * Bundles the pages as a user's Vite would, with the package as it is published (the build's dist, where the worker is
 * cut in two), serves them uncached, and knows what each has loaded.
 */
async function startSite(outDir) {
  const names = (await readdir(PAGES)).filter((name) => name.endsWith('.html'));
  // SQLite looks for its program under the name that it has in the package.
  const output = {
    assetFileNames: ({ names }) => `assets/${names[0] === 'sqlite3.wasm' ? '[name]' : '[name]-[hash]'}[extname]`,
  };
  // One build a page: each stands for an application of its own, and shares no files with another.
  for (const name of names) {
    await build({
      configFile: false,
      logLevel: 'error',
      root: PAGES,
      base: './',
      resolve: { alias: { 'driftdb-web': fileURLToPath(new URL('../dist/browser.js', import.meta.url)) } },
      build: {
        outDir,
        target: 'es2022',
        modulePreload: false,
        emptyOutDir: false,
        rollupOptions: { input: join(PAGES, name), output },
      },
      worker: { format: 'es', rollupOptions: { output } },
    });
  }
  /** Files by page: since its last HTML, and in all of the run. */
  const loaded = new Map();
  const everything = new Map();
  let current = '';
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    // Workers name their own script as the referrer of what they load: a page's files are those since its HTML.
    if (pathname.endsWith('.html')) {
      current = pathname.slice(1, -'.html'.length);
      loaded.set(current, new Map());
    }
    const page = current;
    readFile(join(outDir, pathname)).then(
      (body) => {
        loaded.get(page)?.set(pathname, body);
        if (!everything.has(page)) everything.set(page, new Map());
        everything.get(page).set(pathname, body);
        const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  return {
    url: `http://localhost:${server.address().port}/`,
    gzipBytes: (page) => gzipBytes(loaded.get(page)),
    allGzipBytes: (page) => gzipBytes(everything.get(page)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function gzipBytes(files) {
  return [...(files?.values() ?? [])].reduce((sum, body) => sum + gzipSync(body, { level: 9 }).length, 0);
}

async function report(name, figures) {
  await mkdir(RESULTS, { recursive: true });
  const machine = {
    date: new Date().toISOString(),
    chromium: context.browser()?.version() ?? '',
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? ''}`,
  };
  await writeFile(join(RESULTS, `${name}.json`), `${JSON.stringify({ ...machine, ...figures }, null, 2)}\n`);
}

function ratios(medians) {
  const [first, ...others] = Object.entries(medians);
  return Object.fromEntries(others.map(([name, ms]) => [name, ms / first[1]]));
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function format(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}
