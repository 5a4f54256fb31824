/** The peers' packages: installed into bench/node_modules when they are first needed; their versions. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BENCH = fileURLToPath(new URL('..', import.meta.url));

/**
 * Installs what bench/package.json names, by exact versions, and is not there. Throws when npm fails. Without a lock file:
 * it would hold the six hundred packages that peers name for other platforms and uses.
 */
export function installPackages() {
  const { dependencies } = readJson(`${BENCH}package.json`);
  const missing = Object.entries(dependencies).filter(([name, version]) => installed(name) !== version);
  if (missing.length === 0) return;
  console.log(`installing ${missing.map(([name]) => name).join(', ')} into bench/node_modules`);
  const { status } = spawnSync('npm', ['install', '--no-package-lock', '--ignore-scripts'], {
    cwd: BENCH,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm install failed in bench/');
}

/** The version of a package as it is measured; DriftDB's is this project's. */
export function versionOf(name) {
  return name === 'driftdb-web' ? readJson(`${BENCH}../package.json`).version : (installed(name) ?? 'not installed');
}

function installed(name) {
  const path = `${BENCH}node_modules/${name}/package.json`;
  return existsSync(path) ? readJson(path).version : undefined;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
