/**
 * `npm test`: installs what is missing, then runs every check the repository has, and ends with one line
 * `N passed, N failed` over everything that ran. Needs Node and npm, nothing else.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = mkdtempSync(join(tmpdir(), 'drift-test-'));
let passed = 0;
let failed = 0;

/** Runs a command in the repository with its output shown; returns whether it succeeded. */
function run(command, args) {
  const started = Date.now();
  console.log(`\n> ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`  ${status === 0 ? 'ok' : `exit ${status}`}, ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return status === 0;
}

/** A check that counts as one test. */
function check(name, command, args) {
  if (run(command, args)) passed++;
  else {
    failed++;
    console.error(`FAILED: ${name}`);
  }
}

/** Runs a vitest project and adds its counts; a run that reports nothing counts as one failure. */
function vitest(project) {
  const report = join(scratch, `${project}.json`);
  const ok = run('npx', [
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  if (!existsSync(report)) {
    failed++;
    console.error(`FAILED: ${project} gave no report`);
    return;
  }
  const { numPassedTests, numFailedTests, numTotalTests } = JSON.parse(readFileSync(report, 'utf8'));
  passed += numPassedTests;
  failed += numFailedTests;
  if ((!ok && numFailedTests === 0) || numTotalTests === 0) {
    failed++;
    console.error(`FAILED: ${project} ended badly without a failing test`);
  }
}

function installed() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

// `npm install`, not `npm ci`: some registries lack optional packages of other platforms, and `ci` then refuses the lock.
if (!installed() && !run('npm', ['install', '--no-audit', '--no-fund'])) {
  console.error('The packages could not be installed.');
  console.log('0 passed, 1 failed');
  process.exit(1);
}
check('types of the engine', 'npx', ['tsc', '-p', 'tsconfig.engine.json']);
check('lint', 'npx', ['oxlint', '--quiet', 'src', 'tests', 'scripts']);
vitest('unit');
vitest('corpus');
vitest('simulation');

rmSync(scratch, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
