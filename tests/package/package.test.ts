/**
 * What `npm publish` would send, as a stranger meets it: packed, installed into an empty project, run under Node,
 * type-checked, and opened in Chromium as plain modules, from Vite's build and its development server, from webpack and from
 * esbuild.
 *
 * Packs `dist` as `npm run build` left it, and builds where there is none.
 */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, createServer } from 'vite';
import { webpack } from 'webpack';
import { type Chromium, launch, openPage, serve } from '../browser/site.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROJECT_FILES = fileURLToPath(new URL('project/', import.meta.url));

/** What every program of the project prints or shows. */
const EXPECTED = {
  now: [
    { id: 1, owner: 'Ada', balance: '70.00' },
    { id: 2, owner: 'Bob', balance: '30.00' },
  ],
  before: [{ id: 1, owner: 'Ada', balance: '100.00' }],
  message: 'lend Bob 30',
  code: '23514',
};

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'drift-package-'));
  if (!existsSync(join(ROOT, 'dist', 'worker-helper.js'))) command(ROOT, 'npm', 'run', 'build');
  const packed: unknown = JSON.parse(command(ROOT, 'npm', 'pack', '--json', '--pack-destination', project));
  const [{ filename }] = packed as [{ filename: string }];
  await cp(PROJECT_FILES, project, { recursive: true });
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  // Browsers ask for it, and log its absence as an error.
  await writeFile(join(project, 'favicon.ico'), '');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  command(project, 'npm', 'install', ...quiet, `./${filename}`);
}, 300_000);

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

test('holds what it promises, and nothing else', async () => {
  const installed = join(project, 'node_modules', 'driftdb-web');
  const names = (await readdir(installed)).toSorted();
  expect(names).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
  const { exports } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { exports: unknown };
  const targets = pathsIn(exports);
  expect(targets.length).toBeGreaterThan(6);
  expect(targets.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
});

describe('under Node', () => {
  test('runs queries in process, in memory and on files', () => {
    for (const url of ['memory://', 'file://./data']) {
      expect(JSON.parse(command(project, process.execPath, 'main-node.js', url))).toEqual(EXPECTED);
    }
    expect(JSON.parse(command(project, process.execPath, 'main-node.js', 'file://./data', 'again'))).toEqual(EXPECTED);
  });

  test('has worker threads that help with big scans', () => {
    const answer: unknown = JSON.parse(command(project, process.execPath, 'main-node-helpers.js'));
    expect(answer).toEqual({ launched: 'Workers Launched: 1', rows: [{ n: 192000, s: 9888000 }] });
  });

  test('gives an engine on storage that is passed in', () => {
    expect(JSON.parse(command(project, process.execPath, 'main-engine.js'))).toEqual(EXPECTED);
  });
});

describe('declarations', () => {
  const check = (config: string): string => command(project, join(ROOT, 'node_modules/.bin/tsc'), '-p', config);

  test('type a strict program for Node', () => {
    expect(check('tsconfig.node.json')).toBe('');
  });

  test('type a strict program for the page', () => {
    expect(check('tsconfig.page.json')).toBe('');
  });

  test('refuse what is wrong', () => {
    expect(() => check('tsconfig.wrong.json')).toThrow(/wrong\.ts\(5,\d+\): error TS/);
  });
});

describe('in Chromium', () => {
  let chromium: Chromium;

  beforeAll(async () => {
    chromium = await launch();
  }, 300_000);

  afterAll(async () => {
    await chromium?.close();
  });

  test('runs as plain modules, without a bundler, under a strict policy', async () => {
    const site = await serve(project);
    try {
      await expectQueries(chromium.context, `${site.url}plain.html`);
    } finally {
      await site.close();
    }
  });

  test("runs from Vite's build under a strict policy", async () => {
    const outDir = join(project, 'site');
    await build({ configFile: false, logLevel: 'error', root: project, base: './', build: { outDir } });
    const site = await serve(outDir);
    try {
      await expectQueries(chromium.context, site.url);
    } finally {
      await site.close();
    }
  });

  test("runs from Vite's development server", async () => {
    const server = await createServer({
      configFile: false,
      logLevel: 'error',
      root: project,
      cacheDir: join(project, '.vite'),
      server: { port: 0, host: 'localhost', hmr: false, watch: null },
    });
    await server.listen();
    try {
      await expectQueries(chromium.context, server.resolvedUrls?.local[0] ?? '');
    } finally {
      await server.close();
    }
  });

  test('runs from webpack, which bundles the worker by itself', async () => {
    const outDir = join(project, 'webpacked');
    const bundler = webpack({
      context: project,
      mode: 'production',
      entry: './main.js',
      output: { path: outDir, filename: 'app.js', publicPath: 'auto' },
      experiments: { topLevelAwait: true },
      performance: false,
    });
    const problems = await new Promise<readonly string[]>((resolve, reject) => {
      bundler?.run((error, stats) => {
        if (error !== null && error !== undefined) reject(error);
        else resolve([...(stats?.compilation.errors ?? []), ...(stats?.compilation.warnings ?? [])].map(String));
      });
    });
    expect(problems).toEqual([]);
    await expectBundle(outDir);
  });

  test('runs from esbuild with the files of the worker beside its output', async () => {
    const outDir = join(project, 'esbuilt');
    await esbuild({
      absWorkingDir: project,
      entryPoints: ['main.js'],
      bundle: true,
      format: 'esm',
      outfile: join(outDir, 'app.js'),
      logLevel: 'silent',
    });
    for (const name of ['worker.js', 'worker-late.js', 'worker-rare.js', 'worker-helper.js'])
      await cp(join(project, 'node_modules/driftdb-web/dist', name), join(outDir, name));
    await expectBundle(outDir);
  });

  test('runs with a worker that the page starts itself', async () => {
    const outDir = join(project, 'own-worker');
    await esbuild({
      absWorkingDir: project,
      entryPoints: ['main-own-worker.js'],
      bundle: true,
      format: 'esm',
      outfile: join(outDir, 'app.js'),
      logLevel: 'silent',
    });
    await cp(join(project, 'node_modules/driftdb-web/dist/worker.js'), join(outDir, 'engine-worker.js'));
    await cp(join(project, 'node_modules/driftdb-web/dist/worker-late.js'), join(outDir, 'worker-late.js'));
    await expectBundle(outDir);
  });

  /** The directory's app.js, as the script of a page. */
  async function expectBundle(outDir: string): Promise<void> {
    await writeFile(join(outDir, 'index.html'), '<!doctype html><script type="module" src="app.js"></script>');
    const site = await serve(outDir);
    try {
      await expectQueries(chromium.context, site.url);
    } finally {
      await site.close();
    }
  }
});

/** The page runs the queries and then shows what came. */
async function expectQueries(context: BrowserContext, url: string): Promise<void> {
  const { page, problems } = await openPage(context, url);
  const shown = await shownBy(page).catch((error: unknown) => `${String(error)}\n${problems.join('\n')}`);
  expect(shown).toEqual(EXPECTED);
  expect(problems).toEqual([]);
  await page.close();
}

async function shownBy(page: Page): Promise<unknown> {
  const text = await page.locator('pre#result').textContent({ timeout: 20_000 });
  return JSON.parse(text ?? '');
}

/** Runs a command and returns what it printed; throws with its output when it fails. */
function command(cwd: string, program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

function pathsIn(exports: unknown): string[] {
  if (typeof exports === 'string') return [exports];
  return typeof exports === 'object' && exports !== null ? Object.values(exports).flatMap(pathsIn) : [];
}
