/**
 * `npm test`: installs what is missing, then runs every check the repository has, and ends with one line
 * `N passed, N failed` over everything that ran. Needs Node and npm, nothing else; a Chromium is installed where none is
 * found (scripts/chromium.mjs).
 *
 *     node scripts/test.mjs [--only NAME,NAME…]
 *
 * Quick checks come first, so that a mistake shows early; one that fails stops none of the others. Formatting, lint and
 * each set of types count as one test.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const scratch = mkdtempSync(join(tmpdir(), 'drift-test-'));
const env = { ...process.env, PATH: bin + delimiter + process.env['PATH'] };
// In a log file colours are noise.
if (!process.stdout.isTTY) Object.assign(env, { NO_COLOR: '1', FORCE_COLOR: '0' });
const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;

let passed = 0;
let failed = 0;
/** What failed, said again at the end. */
const failures = [];

/** Each says whether all went well. */
const CHECKS = {
  format: () => check('oxfmt', '--check', '.'),
  lint: () => check('oxlint', '--type-aware', '--deny-warnings'),
  types,
  unit: () => vitest('unit'),
  timed: () => vitest('timed'),
  simulation: () => vitest('simulation'),
  corpus: () => vitest('corpus'),
  build: () => check('npm', 'run', '--silent', 'build'),
  chromium: () => check(process.execPath, 'scripts/chromium.mjs'),
  browser: () => vitest('browser'),
  'browser-alone': () => vitest('browser-alone'),
  fuzz: () => vitest('fuzz'),
  e2e: () => vitest('e2e'),
  package: () => vitest('package'),
};
await install();
const wanted = Object.keys(CHECKS).filter((name) => only === undefined || only.split(',').includes(name));
for (const name of wanted) await step(name);
rmSync(scratch, { recursive: true, force: true });
for (const failure of failures) console.log(`FAILED: ${failure}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

/** Runs one check and says how long it took. */
async function step(name) {
  const started = Date.now();
  console.log(`\n# ${name}`);
  const good = await CHECKS[name]();
  console.log(`# ${name}: ${good ? 'ok' : 'FAILED'}, ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

// `npm install`, not `npm ci`: a registry may lack optional packages that are other platforms' binaries, and `ci` then
// refuses the whole lock file, while `install` leaves them out.
async function install() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  const done = existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
  if (done || (await run('npm', ['install', '--no-audit', '--no-fund']))) return;
  console.error('The packages could not be installed.');
  console.log('0 passed, 1 failed');
  process.exit(1);
}

/** Runs a command in the repository with its output shown; says whether it succeeded. */
function run(command, args) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve) => {
    child.on('error', ({ message }) => {
      console.error(message);
      resolve(false);
    });
    child.on('close', (status) => resolve(status === 0));
  });
}

/** A command that counts as one test. */
async function check(command, ...args) {
  if (await run(command, args)) {
    passed++;
    return true;
  }
  failed++;
  failures.push([command, ...args].join(' '));
  return false;
}

/** Each part of the tree under the library it may see: the engine none, the page the DOM, the worker its own. */
async function types() {
  let good = true;
  for (const part of ['engine', 'page', 'worker', 'node'])
    good = (await check('tsc', '--noEmit', '-p', `tsconfig.${part}.json`)) && good;
  return (await check('tsc', '-p', 'tsconfig.json')) && good;
}

/** Runs a vitest project and adds its counts; a file that does not load, or a run without a test, is a failure. */
async function vitest(project) {
  const report = join(scratch, `${project}.json`);
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];
  // Every core: by default vitest leaves one to its user.
  const ok = await run('vitest', ['run', '--project', project, '--maxWorkers=100%', ...reporters]);
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { testResults: [] };
  let ran = 0;
  let bad = 0;
  for (const file of result.testResults) {
    const name = file.name.replace(root, '');
    const before = bad;
    for (const { status, fullName, failureMessages } of file.assertionResults) {
      if (status === 'passed') ran++;
      else if (status === 'failed') {
        bad++;
        failures.push(`${project}: ${name}: ${fullName}${failureMessages.map(brief).join('')}`);
      }
    }
    if (file.status === 'failed' && bad === before) {
      bad++;
      failures.push(`${project}: ${name} did not run${brief(file.message ?? '')}`);
    }
  }
  if (bad === 0 && (!ok || ran === 0)) {
    bad++;
    failures.push(ok ? `${project} has no test` : `${project} ended badly without a failing test`);
  }
  passed += ran;
  failed += bad;
  return bad === 0;
}

/** The first lines of what a failed test says, indented. */
function brief(message) {
  const lines = message.split('\n').filter((line) => line.trim() !== '' && !line.includes('node_modules'));
  return lines
    .slice(0, 12)
    .map((line) => `\n    ${line.slice(0, 300)}`)
    .join('');
}
