/** Builds the console as `npm run build:demo` does, into a directory of its own, and serves it under the strict policy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { serve } from '../scripts/site.mjs';

const CONFIG = fileURLToPath(new URL('../demo/vite.config.ts', import.meta.url));

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

export async function startConsoleSite(): Promise<Site> {
  // Vitest says `test`; the site must be the one that users get, with its service worker.
  process.env['NODE_ENV'] = 'production';
  const directory = await mkdtemp(join(tmpdir(), 'drift-console-'));
  await build({ configFile: CONFIG, logLevel: 'error', build: { outDir: directory, emptyOutDir: true } });
  const site = await serve(directory);
  return {
    url: site.url,
    close: async () => {
      await site.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
