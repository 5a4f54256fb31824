/**
 * `npm run corpora`: all of the shared corpora beside the checkout, of which `npm test` runs a share.
 *
 *     npm run corpora -- [--update] [FILTER…]
 *
 * `--update` makes the list of what pg15-golden misses anew, with docs/corpora.md; then look at the difference. A filter is
 * a part of a test file's name.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({ options: { update: { type: 'boolean' } }, allowPositionals: true });

function vitest(project, filters, env) {
  const command = join(root, 'node_modules', '.bin', 'vitest');
  const { status } = spawnSync(command, ['run', '--project', project, ...filters], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  return status === 0;
}

const update = values.update === true ? { UPDATE_CORPORA: '1' } : {};
let ok = vitest('corpus', positionals, { CORPORA: 'all', ...update });
if (values.update === true) ok = vitest('unit', ['tests/docs/corpora'], { UPDATE_DOCS: '1' }) && ok;
process.exitCode = ok ? 0 : 1;
