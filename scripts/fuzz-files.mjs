/**
 * `npm run fuzz:files`: the readers of logs, manifests, segments and backups against changed files.
 *
 *     npm run fuzz:files -- [--mutations N] [--seed S] [--minutes M]
 *
 * The same seed gives the same mutations. Ends with 1 where a reader did anything but give the right answer or say what is
 * damaged. The code is tests/fuzz/files; it is bundled first, for the speed of plain modules.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    mutations: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
  },
});
// Inside the checkout, so that the bundle finds its packages.
const out = mkdtempSync(join(root, 'node_modules', '.fuzz-files-'));
try {
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    build: { ssr: 'tests/fuzz/files/main.ts', outDir: out, minify: false, emptyOutDir: false },
  });
  const { fuzzFiles, summary } = await import(pathToFileURL(join(out, 'main.js')).href);
  const tally = await fuzzFiles({
    seed: Number(values.seed),
    mutations: Number(values.mutations),
    seconds: Number(values.minutes) * 60,
    log: (line) => console.log(line),
  });
  console.log(summary(tally));
  process.exitCode = tally.failures.length === 0 ? 0 : 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
