/**
 * Serves a directory as strictly as a careful host would: exactly `default-src 'self'`, no cross-origin isolation.
 * What `npm start` and the console's browser tests serve the built console with.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

export const POLICY = "default-src 'self'";

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/**
 * Starts the server on localhost at `port`, or at the next one that is free (0: any). Returns its address, which ends
 * with a slash, and `close`. Names under /assets/ carry a hash, so browsers keep those files.
 */
export async function serve(directory, port = 0) {
  const server = createServer((request, response) => {
    void answer(directory, request.url ?? '/').then(({ status, type, body, cache }) => {
      response.writeHead(status, { 'content-type': type, 'content-security-policy': POLICY, 'cache-control': cache });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
  });
  const bound = await listen(server, port);
  return {
    url: `http://localhost:${bound}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(directory, url) {
  const missing = { status: 404, type: 'text/plain', body: 'not found', cache: 'no-store' };
  try {
    const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname));
    const file = join(directory, path.endsWith(sep) ? join(path, 'index.html') : path);
    if (!file.startsWith(directory) || !existsSync(file)) return missing;
    return {
      status: 200,
      type: TYPES[extname(file)] ?? 'application/octet-stream',
      body: await readFile(file),
      cache: path.includes(`${sep}assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache',
    };
  } catch {
    return missing;
  }
}

async function listen(server, port) {
  for (let candidate = port; ; candidate++) {
    try {
      return await listenAt(server, candidate);
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || candidate >= port + 50) throw error;
    }
  }
}

function listenAt(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, 'localhost', () => {
      server.off('error', reject);
      resolve(server.address().port);
    });
  });
}
