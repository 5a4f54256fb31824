/**
 * Builds the console as a static site and serves it as strictly as a careful host would: exactly
 * `default-src 'self'`, no cross-origin isolation. What the console's tests open.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InlineConfig } from 'vite';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
export const POLICY = "default-src 'self'";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

export async function startConsoleSite(extra: InlineConfig = {}, policy: string = POLICY): Promise<Site> {
  await import(join(root, 'demo/data/prepare.mjs'));
  const directory = await mkdtemp(join(tmpdir(), 'drift-console-'));
  await build({
    configFile: false,
    logLevel: 'error',
    mode: 'production',
    root: join(root, 'demo'),
    base: './',
    publicDir: join(root, 'public'),
    build: { outDir: directory, emptyOutDir: true, target: 'es2022' },
    worker: { format: 'es' },
    ...extra,
  });
  const server = createServer((request, response) => {
    void answer(directory, request.url ?? '/').then(({ status, type, body }) => {
      response.writeHead(status, {
        'content-type': type,
        'content-security-policy': policy,
        'cache-control': 'no-store',
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
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answer(directory: string, url: string): Promise<{ status: number; type: string; body: Uint8Array }> {
  const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname));
  const file = join(directory, path.endsWith('/') ? `${path}index.html` : path);
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
