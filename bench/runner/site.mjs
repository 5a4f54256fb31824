/**
 * Builds the pages as a user's Vite would, one build a contestant, with DriftDB as it is published (dist/), and serves
 * each to a host of its own (`sqlite.localhost`): so each contestant has an origin, storage and processes of its own.
 * Knows which bytes each page has loaded.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'vite';

const BENCH = fileURLToPath(new URL('..', import.meta.url));
const inPackage = (path) => join(BENCH, 'node_modules', path);
const HARNESS = join(BENCH, 'harness');
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
/** Test material beside the checkout, read when it is there. */
const CORPORA = fileURLToPath(new URL('../../../shared/corpora', import.meta.url));

/** `only` is one page to build, instead of those of the comparison. */
export async function startSite(contestants, directory, only) {
  const failures = new Map();
  for (const name of new Set(contestants.map((contestant) => contestant.package))) {
    try {
      await (only === undefined
        ? buildContestant(name, join(directory, name))
        : buildPage(name, only, join(directory, name)));
    } catch (error) {
      failures.set(name, `build: ${error.message.split('\n')[0]}`);
    }
  }
  const packageOf = new Map(contestants.map((contestant) => [contestant.name, contestant.package]));
  /** Bodies by path, by contestant, since its last HTML. */
  const loaded = new Map();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const contestant = request.headers.host.split('.')[0];
    if (pathname.endsWith('.html')) loaded.set(contestant, new Map());
    read(pathname, join(directory, packageOf.get(contestant) ?? '')).then(
      (body) => {
        loaded.get(contestant)?.set(pathname, body);
        const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise((resolve) => server.listen(0, resolve));
  return {
    failures,
    url: (contestant, page) => `http://${contestant}.localhost:${server.address().port}/${page}`,
    /** Gzipped bytes of what the contestant's page has loaded, by path. */
    gzipBytes: (contestant) =>
      new Map([...(loaded.get(contestant) ?? [])].map(([path, body]) => [path, gzipSync(body, { level: 9 }).length])),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function read(pathname, root) {
  if (!pathname.startsWith('/corpora/')) return readFile(join(root, pathname));
  const path = join(CORPORA, pathname.slice('/corpora/'.length));
  // TPC-H's biggest table is there compressed.
  return existsSync(path) ? readFile(path) : gunzipSync(await readFile(`${path}.gz`));
}

/** The bench's page, and the smallest application by itself, so that it shares no files with it. */
async function buildContestant(name, outDir) {
  await buildPage(name, 'page.html', outDir);
  await buildPage(name, 'cold.html', join(outDir, 'cold'));
}

async function buildPage(name, page, outDir) {
  const client = join(BENCH, 'contestants', `${name}.page.ts`);
  // SQLite looks for its program under the name that it has in the package.
  const output = {
    assetFileNames: ({ names }) => `assets/${names[0] === 'sqlite3.wasm' ? '[name]' : '[name]-[hash]'}[extname]`,
  };
  await build({
    configFile: false,
    logLevel: 'error',
    root: HARNESS,
    base: './',
    resolve: {
      alias: {
        'bench:contestant': join(BENCH, 'contestants', `${name}.ts`),
        'bench:client': existsSync(client) ? client : join(HARNESS, 'client.ts'),
        'bench:duckdb-blocking': inPackage('@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs'),
        'bench:alasql': inPackage('alasql/dist/alasql.min.js'),
        'bench:wa-sqlite-build': inPackage('@journeyapps/wa-sqlite/dist/wa-sqlite.mjs'),
        'bench:wa-sqlite-vfs': inPackage('@journeyapps/wa-sqlite/src/examples/OPFSWriteAheadVFS.js'),
        'bench:wa-sqlite': inPackage('@journeyapps/wa-sqlite/src/sqlite-api.js'),
        'driftdb-web': join(BENCH, '../dist/browser.js'),
      },
    },
    build: {
      outDir,
      target: 'es2022',
      modulePreload: false,
      emptyOutDir: true,
      chunkSizeWarningLimit: 100_000,
      rollupOptions: { input: join(HARNESS, page), output },
    },
    worker: { format: 'es', rollupOptions: { output } },
  });
}
