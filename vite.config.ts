/**
 * The library's build (`npm run build`), a pass for each place where it runs; declarations come from tsc.
 *
 * The default pass makes node.js and engine.js; `--mode browser` the page's part; `--mode worker` the engine's worker.
 * browser.js and worker.js are one file each, without imports: a page without a bundler loads them in two requests,
 * and a bundler that does not know workers needs one file copied. What a program bundles itself stays readable;
 * worker.js, which may be served as it is, is minified.
 */
import { defineConfig, type Plugin } from 'vite';
import { workerParts } from './scripts/worker-parts.ts';

const HELPER_SOURCE = "new URL('./helper.ts', import.meta.url)";
const HELPER_BUILT = "new URL('./worker-helper.js', import.meta.url)";
const SOURCE = "new URL('../../worker/worker.ts', import.meta.url)";
const BUILT = "new URL('./worker.js', import.meta.url)";
const PLACEHOLDER = '__DRIFTDB_WORKER__';

/** Points a file to the worker beside it, and keeps Vite from bundling the worker into it. */
function workerAddress(file: string, source: string, built: string): Plugin {
  return {
    name: 'driftdb-worker-address',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith(file)) return null;
      if (!code.includes(source)) throw new Error(`${id} does not name its worker as ${source}`);
      return { code: code.replace(source, PLACEHOLDER), map: null };
    },
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle))
        if (chunk.type === 'chunk') chunk.code = chunk.code.replace(PLACEHOLDER, built);
    },
  };
}

const ENTRIES: Readonly<Record<string, Record<string, string>>> = {
  worker: { worker: 'worker/worker.ts' },
  helper: { 'worker-helper': 'worker/helper.ts' },
  browser: { browser: 'src/entry/browser.ts' },
};
const IN_PROCESS = {
  node: 'src/entry/node.ts',
  engine: 'src/entry/engine.ts',
  'node-helper': 'src/entry/node-helper.ts',
};

export default defineConfig(({ mode }) => ({
  publicDir: false,
  plugins:
    mode === 'worker'
      ? [workerParts(), workerAddress('/worker/worker.ts', HELPER_SOURCE, HELPER_BUILT)]
      : [workerAddress('/src/entry/browser.ts', SOURCE, BUILT)],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: !(mode in ENTRIES),
    minify: false,
    lib: { formats: ['es'], entry: ENTRIES[mode] ?? IN_PROCESS },
    rollupOptions: {
      external: [/^node:/],
      output: { chunkFileNames: 'chunks/[name]-[hash].js', minify: mode === 'worker' || mode === 'helper' },
    },
  },
}));
