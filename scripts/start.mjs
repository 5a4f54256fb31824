/**
 * `npm start`: installs what is missing, builds the console with the engine in its worker, serves it, prints the
 * address and opens it in the browser (`--no-open` does not; nor does a machine without a display, or CI). Needs Node
 * and npm, nothing else.
 *
 *     PORT=8080 npm start      another port; a database belongs to the address it was made at, port included
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from './site.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const PORT = 5180;

if (!installed()) {
  console.log('Installing packages…');
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error('The packages could not be installed.');
    process.exit(1);
  }
}

// Not above: it is there only once the packages are.
const { build } = await import('vite');
await build({ configFile: join(root, 'demo', 'vite.config.ts'), logLevel: 'warn' });
const { url } = await serve(join(root, 'demo', 'dist'), Number(process.env['PORT'] ?? PORT));
console.log(`\n  DriftDB console: ${url}\n\n  Ctrl-C ends it. What you store stays in the browser.\n`);
if (canOpen()) openInBrowser(url);

function installed() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function canOpen() {
  if (process.argv.includes('--no-open') || process.env['CI'] !== undefined) return false;
  if (process.platform === 'darwin' || process.platform === 'win32') return true;
  return process.env['DISPLAY'] !== undefined || process.env['WAYLAND_DISPLAY'] !== undefined;
}

function openInBrowser(address) {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', address]
        : ['xdg-open', address];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  // Without the opener the address is printed above; that is enough.
  child.on('error', () => undefined);
  child.unref();
}
