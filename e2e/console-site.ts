/**
 * Builds the console as `npm run build:demo` does, into a directory of its own, and serves it under the strict policy: once
 * for all test files, each of which opens it in a browser of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { TestProject } from 'vitest/node';
import { serve } from '../scripts/site.mjs';

const CONFIG = fileURLToPath(new URL('../demo/vite.config.ts', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the console. */
    consoleUrl: string;
  }
}

/** Called by Vitest before the first file; what it returns after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Vitest says `test`; the site must be the one that users get, with its service worker.
  process.env['NODE_ENV'] = 'production';
  const directory = await mkdtemp(join(tmpdir(), 'drift-console-'));
  await build({ configFile: CONFIG, logLevel: 'error', build: { outDir: directory, emptyOutDir: true } });
  const site = await serve(directory);
  project.provide('consoleUrl', site.url);
  return async () => {
    await site.close();
    await rm(directory, { recursive: true, force: true });
  };
}
