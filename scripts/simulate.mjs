/**
 * `npm run simulate`: workloads on a simulated disk with faults at their I/O operations, compared with a model.
 *
 *     npm run simulate -- [--minutes M] [--seed S] [--commits N] [--fault KIND] [--at K]
 *
 * The same seed gives the same cases; what fails is printed with the command that replays it (`--seed … --at …`: one case).
 * Ends with 1 where anything failed. The code is tests/simulation; it is bundled first, for the speed of plain modules.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    commits: { type: 'string' },
    fault: { type: 'string' },
    at: { type: 'string' },
  },
});
const number = (text) => (text === undefined ? undefined : Number(text));
// Inside the checkout, so that the bundle finds its packages.
const out = mkdtempSync(join(root, 'node_modules', '.simulate-'));
try {
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    build: { ssr: 'tests/simulation/main.ts', outDir: out, minify: false, emptyOutDir: false },
  });
  const { simulate } = await import(pathToFileURL(join(out, 'main.js')).href);
  const failures = await simulate({
    minutes: Number(values.minutes),
    seed: Number(values.seed),
    commits: number(values.commits),
    fault: values.fault,
    at: number(values.at),
    log: (line) => console.log(line),
  });
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
