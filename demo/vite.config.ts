/**
 * The console's build and its development server: `npm start`, `npm run dev`, `npm run build:demo`.
 *
 * Addresses are relative (`base: './'`), so that the built site works under any path. The data sets are made from the
 * package vega-datasets before Vite looks for them.
 */
import { fileURLToPath } from 'node:url';
import type { Plugin, UserConfig } from 'vite';
import { workerParts } from '../scripts/worker-parts.ts';

await import('./data/prepare.mjs');

/** files.json names the files of the build that never change, for the service worker to keep. */
function fileList(): Plugin {
  return {
    name: 'drift-file-list',
    enforce: 'post',
    generateBundle(_, bundle) {
      const names = Object.keys(bundle).filter((name) => name.startsWith('assets/'));
      this.emitFile({ type: 'asset', fileName: 'files.json', source: JSON.stringify(names) });
    },
  };
}

const config: UserConfig = {
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  publicDir: fileURLToPath(new URL('../public', import.meta.url)),
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  plugins: [fileList()],
  worker: { format: 'es', plugins: () => [workerParts('assets/worker-[part]-[hash]')] },
  server: { port: 5173, fs: { allow: [fileURLToPath(new URL('..', import.meta.url))] } },
};

export default config;
