/**
 * Starts the console: defines the elements, applies the stored theme, and registers the service worker that makes the
 * page work offline (built pages only: in development it would serve yesterday's modules).
 */
import './elements/drift-console.ts';
import { applyTheme } from './state/theme.ts';

applyTheme();

if (import.meta.env.PROD && 'serviceWorker' in navigator) void registerServiceWorker();

/** Registers the worker, then tells it what to keep: what this page loaded before the worker was there, and the rest of the build. */
async function registerServiceWorker(): Promise<void> {
  const base = import.meta.env.BASE_URL;
  await navigator.serviceWorker.register(`${base}sw.js`, { scope: base });
  const registration = await navigator.serviceWorker.ready;
  const answer = await fetch(`${base}files.json`);
  const files = (await answer.json()) as readonly string[];
  const build = files.map((name) => new URL(`${base}${name}`, location.href).href);
  const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
  registration.active?.postMessage({ type: 'keep', urls: [...new Set([location.href, ...loaded, ...build])] });
}
