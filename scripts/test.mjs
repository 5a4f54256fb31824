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

/** Each takes where its output goes (null: the console) and says whether all went well. */
const CHECKS = {
  format: (lines) => check(lines, 'oxfmt', '--check', '.'),
  lint: (lines) => check(lines, 'oxlint', '--type-aware', '--deny-warnings'),
  types,
  unit: (lines) => vitest(lines, 'unit'),
  timed: (lines) => vitest(lines, 'timed'),
  simulation: (lines) => vitest(lines, 'simulation'),
  corpus: (lines) => vitest(lines, 'corpus'),
  build: (lines) => check(lines, 'npm', 'run', '--silent', 'build'),
  chromium: (lines) => check(lines, process.execPath, 'scripts/chromium.mjs'),
  browser: (lines) => vitest(lines, 'browser'),
  'browser-alone': (lines) => vitest(lines, 'browser-alone'),
  fuzz: (lines) => vitest(lines, 'fuzz'),
  e2e: (lines) => vitest(lines, 'e2e'),
  package: (lines) => vitest(lines, 'package'),
};
/** Keeps one core busy, as those after it do: it runs beside them, and is shown when they are done. */
const BESIDE = 'fuzz';

await install();
const wanted = Object.keys(CHECKS).filter((name) => only === undefined || only.split(',').includes(name));
let beside = null;
for (const name of wanted) {
  if (name === BESIDE && wanted.at(-1) !== BESIDE) beside = step(name, []);
  else await step(name, null);
}
await beside;
rmSync(scratch, { recursive: true, force: true });
for (const failure of failures) console.log(`FAILED: ${failure}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

async function step(name, lines) {
  const started = Date.now();
  const say = (text) => (lines === null ? process.stdout.write(text) : lines.push(text));
  say(`\n# ${name}\n`);
  const good = await CHECKS[name](lines);
  say(`# ${name}: ${good ? 'ok' : 'FAILED'}, ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  if (lines !== null) process.stdout.write(lines.join(''));
}

// `npm install`, not `npm ci`: a registry may lack optional packages that are other platforms' binaries, and `ci` then
// refuses the whole lock file, while `install` leaves them out.
async function install() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  const done = existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
  if (done || (await run(null, 'npm', ['install', '--no-audit', '--no-fund']))) return;
  console.error('The packages could not be installed.');
  console.log('0 passed, 1 failed');
  process.exit(1);
}

/** Runs a command in the repository, its output shown or added to `lines`; says whether it succeeded. */
function run(lines, command, args) {
  const output = lines === null ? 'inherit' : 'pipe';
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', output, output] });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => lines.push(String(text)));
  return new Promise((resolve) => {
    child.on('error', ({ message }) => {
      console.error(message);
      resolve(false);
    });
    child.on('close', (status) => resolve(status === 0));
  });
}

/** A command that counts as one test. */
async function check(lines, command, ...args) {
  if (await run(lines, command, args)) {
    passed++;
    return true;
  }
  failed++;
  failures.push([command, ...args].join(' '));
  return false;
}

/** Each part of the tree under the library it may see: the engine none, the page the DOM, the worker its own. */
async function types(lines) {
  let good = true;
  for (const part of ['engine', 'page', 'worker', 'node'])
    good = (await check(lines, 'tsc', '--noEmit', '-p', `tsconfig.${part}.json`)) && good;
  return (await check(lines, 'tsc', '-p', 'tsconfig.json')) && good;
}

/** Runs a vitest project and adds its counts; a file that does not load, or a run without a test, is a failure. */
async function vitest(lines, project) {
  const report = join(scratch, `${project}.json`);
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];
  // Every core: by default vitest leaves one to its user.
  const ok = await run(lines, 'vitest', ['run', '--project', project, '--maxWorkers=100%', ...reporters]);
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
