/**
 * A site as strict as a careful host's: `default-src 'self'`, no cross-origin isolation, the ES modules that built-pages.ts
 * has made. The browser tests open it in Chromium.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize, sep } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { inject } from 'vitest';
import { installChromium, LAUNCH_ARGS } from '../../scripts/chromium.mjs';

export const POLICY = "default-src 'self'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

export interface Site {
  /** Address of the directory that holds the pages; ends with a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the test pages. */
export function startSite(): Promise<Site> {
  return serve(inject('testPages'));
}

/** Serves a directory under the strict policy. */
export async function serve(directory: string): Promise<Site> {
  const server = createServer((request, response) => {
    void answer(directory, request.url ?? '/').then(({ status, type, body }) => {
      response.writeHead(status, {
        'content-type': type,
        'content-security-policy': POLICY,
        // Scripts may stay compiled from one worker to the next; a site's files never change.
        'cache-control': type.startsWith('text/javascript') ? 'max-age=3600' : 'no-store',
      });
      response.end(body);
    });
  });
  const port = await listen(server);
  return {
    url: `http://localhost:${port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(directory: string, url: string): Promise<{ status: number; type: string; body: Uint8Array }> {
  const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname));
  // Browsers ask for it by themselves, and log its absence as an error.
  if (path === `${sep}favicon.ico`) return { status: 204, type: 'image/x-icon', body: new Uint8Array() };
  const file = join(directory, path.endsWith(sep) ? `${path}index.html` : path);
  if (!file.startsWith(directory) || !existsSync(file))
    return { status: 404, type: 'text/plain', body: new Uint8Array() };
  return { status: 200, type: TYPES[extname(file)] ?? 'application/octet-stream', body: await readFile(file) };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, 'localhost', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('the server has no port'));
    });
  });
}

export interface Chromium {
  /** Pages of one context share their storage, as the tabs of one person do. */
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** A Chromium with a profile on disk: without one, OPFS is memory in another process and much slower than a disk. */
export async function launch(extraArgs: readonly string[] = []): Promise<Chromium> {
  const directory = await mkdtemp(join(tmpdir(), 'drift-profile-'));
  const context = await chromium.launchPersistentContext(directory, {
    args: [...LAUNCH_ARGS, ...extraArgs],
    executablePath: await installChromium(),
  });
  return {
    context,
    close: async () => {
      await context.close();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Opens a page; what goes wrong on it (errors, violations of the policy) is collected in `problems`. */
export async function openPage(
  context: BrowserContext,
  url: string,
): Promise<{ readonly page: Page; readonly problems: string[] }> {
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.goto(url);
  return { page, problems };
}
