/** Builds `tests/browser/pages` as a user's bundler would, once for all test files. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { TestProject } from 'vitest/node';
import { workerParts } from '../../scripts/worker-parts.ts';

const PAGES = fileURLToPath(new URL('pages/', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory of the built pages. */
    testPages: string;
  }
}

/** Called by Vitest before the first file; what it returns after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'drift-browser-'));
  await build({
    configFile: false,
    logLevel: 'error',
    root: PAGES,
    base: './',
    build: {
      outDir: directory,
      emptyOutDir: true,
      target: 'es2022',
    },
    worker: { format: 'es', plugins: () => [workerParts('assets/worker-[part]-[hash]')] },
    resolve: { alias: { vitest: join(PAGES, 'vitest-in-worker.ts') } },
  });
  project.provide('testPages', directory);
  return () => rm(directory, { recursive: true, force: true });
}
