/**
 * Chromium for the tests and benchmarks: an installed one where there is one, else the system's package manager or
 * Playwright's own download.
 *
 *     node scripts/chromium.mjs            prints the path of a Chromium, installing one where none is found
 */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What every start of Chromium here takes: no sandbox (root in a container has none), no GPU, nothing that phones. */
export const LAUNCH_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];

/** Returns the path of a Chromium that is there, or null. CHROMIUM_PATH goes before everything. */
export async function findChromium() {
  const given = process.env['CHROMIUM_PATH'];
  if (given !== undefined && given !== '') {
    if (isProgram(given)) return given;
    throw new Error(`CHROMIUM_PATH is ${given}, which is no program`);
  }
  for (const path of [...inPath(), ...usualPlaces()]) if (isProgram(path) && !isSnapStub(path)) return path;
  return playwrightChromium();
}

/** Finds a Chromium or installs one. Throws when both fail, with what was tried. */
export async function installChromium() {
  const found = await findChromium();
  if (found !== null) return found;
  const tried = [];
  for (const [command, ...args] of installers()) {
    tried.push([command, ...args].join(' '));
    console.error(`no Chromium found; trying: ${tried.at(-1)}`);
    const { status } = spawnSync(command, args, {
      stdio: ['ignore', process.stderr, process.stderr],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      shell: process.platform === 'win32',
    });
    if (status !== 0) continue;
    const installed = await findChromium();
    if (installed !== null) return installed;
  }
  throw new Error(`no Chromium, and none could be installed (${tried.join('; ')}): set CHROMIUM_PATH`);
}

/** Commands in the order in which they are tried; an `apt-get update` alone finds nothing, and the next is tried. */
function* installers() {
  if (process.platform === 'linux' && hasProgram('apt-get')) {
    const root = process.getuid?.() === 0 ? [] : hasProgram('sudo') ? ['sudo', '-n'] : null;
    if (root !== null) {
      yield [...root, 'apt-get', 'update', '-qq'];
      // A page without any font shows nothing. Ubuntu's package is a snap, which containers cannot run: then
      // Playwright's download is next.
      const packages = ['chromium', 'fonts-liberation'];
      yield [...root, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages];
      yield ['npx', 'playwright', 'install', '--with-deps', 'chromium'];
    }
  }
  yield ['npx', 'playwright', 'install', 'chromium'];
}

function inPath() {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return NAMES.flatMap((name) => directories.map((directory) => join(directory, name + suffix)));
}

function usualPlaces() {
  if (process.platform === 'darwin') {
    return ['Chromium', 'Google Chrome', 'Microsoft Edge'].map(
      (app) => `/Applications/${app}.app/Contents/MacOS/${app}`,
    );
  }
  if (process.platform === 'win32') {
    const roots = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => process.env[name] ?? []);
    const programs = ['Chromium/Application/chrome.exe', 'Google/Chrome/Application/chrome.exe'];
    return roots.flatMap((root) =>
      [...programs, 'Microsoft/Edge/Application/msedge.exe'].map((path) => join(root, path)),
    );
  }
  return ['/usr/lib/chromium/chromium', '/snap/bin/chromium', '/opt/google/chrome/chrome'];
}

/** Playwright knows where its own download would be; it may not be there. */
async function playwrightChromium() {
  try {
    const { chromium } = await import('playwright');
    const path = chromium.executablePath();
    return isProgram(path) ? path : null;
  } catch {
    return null;
  }
}

function hasProgram(name) {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => isProgram(join(directory, name)));
}

/** Ubuntu's `chromium-browser` is a script that asks one to install a snap, or starts it. */
function isSnapStub(path) {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(4096);
    const text = head.toString('latin1', 0, readSync(file, head));
    return text.startsWith('#!') && /snap (install|run)|\/snap\//.test(text);
  } finally {
    closeSync(file);
  }
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log(await installChromium());
}
