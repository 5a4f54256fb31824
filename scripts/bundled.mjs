/** Runs a module of the sources in Node: bundled first, for the speed of plain modules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Gives `use` the exports of the module at `path`, which is relative to the checkout; what it was bundled to is gone afterwards. */
export async function withBundled(path, use) {
  // Inside the checkout, so that the bundle finds its packages.
  const out = mkdtempSync(join(root, 'node_modules', '.bundled-'));
  try {
    await build({
      configFile: false,
      root,
      publicDir: false,
      logLevel: 'warn',
      build: { ssr: path, outDir: out, minify: false, emptyOutDir: false },
    });
    writeFileSync(join(out, 'package.json'), '{"type":"module"}');
    return await use(await import(pathToFileURL(join(out, basename(path).replace(/\.ts$/, '.js'))).href));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
