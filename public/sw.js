/**
 * Service worker of the console: after the first load everything comes from the cache, so that the page works offline.
 *
 * Files under /assets/ carry a hash of their content in the name and never change: the cache answers first. All else
 * (the page itself, icon, manifest) comes from the network while there is one, and from the cache when there is none.
 * The page tells the worker what it had loaded before the worker took over (`keep`).
 */
const CACHE = 'drift-console-1';

self.addEventListener('install', (event) => {
  event.waitUntil(self.skipWaiting());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(removeOtherCaches().then(() => self.clients.claim()));
});

self.addEventListener('message', (event) => {
  if (event.data?.type !== 'keep' || !Array.isArray(event.data.urls)) return;
  event.waitUntil(keep(event.data.urls.filter((url) => new URL(url).origin === self.location.origin)));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  event.respondWith(url.pathname.includes('/assets/') ? cacheFirst(request) : networkFirst(request));
});

async function keep(urls) {
  const cache = await caches.open(CACHE);
  for (const url of urls) {
    if ((await cache.match(url)) !== undefined) continue;
    const answer = await fetch(url);
    if (answer.ok) await cache.put(url, answer);
  }
  await removeOldBuilds(cache, urls);
}

/** Files of earlier builds: the same name under /assets/ with another hash. */
async function removeOldBuilds(cache, urls) {
  const kept = new Set(urls);
  const names = new Set(urls.map(nameWithoutHash).filter((name) => name !== undefined));
  for (const request of await cache.keys())
    if (!kept.has(request.url) && names.has(nameWithoutHash(request.url))) await cache.delete(request);
}

/** "…/assets/index-Cgve1LhA.js" is build Cgve1LhA of "…/assets/index.js"; undefined for other files. */
function nameWithoutHash(url) {
  const parts = /^(.*\/assets\/.*)-[\w-]{8}(\.\w+)$/.exec(url);
  return parts === null ? undefined : parts[1] + parts[2];
}

async function cacheFirst(request) {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request);
  return known ?? fetchAndKeep(cache, request);
}

async function networkFirst(request) {
  const cache = await caches.open(CACHE);
  try {
    return await fetchAndKeep(cache, request);
  } catch (error) {
    const known = await cache.match(request, { ignoreSearch: request.mode === 'navigate' });
    if (known !== undefined) return known;
    throw error;
  }
}

async function fetchAndKeep(cache, request) {
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function removeOtherCaches() {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
}
