/**
 * Starts the console: defines the elements, applies the stored theme, and registers the service worker that makes the
 * page work offline (built pages only: in development it would serve yesterday's modules).
 */
import './elements/drift-console.ts';
import { DATA_FILES } from './data/datasets.ts';
import { applyTheme } from './state/theme.ts';

applyTheme();

if (import.meta.env.PROD && 'serviceWorker' in navigator) void registerServiceWorker();

/** Registers the worker, then tells it what this page loaded before the worker was there. */
async function registerServiceWorker(): Promise<void> {
  await navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`, { scope: import.meta.env.BASE_URL });
  const registration = await navigator.serviceWorker.ready;
  // Loaded when it is needed, but kept for when there is no network.
  await import('./elements/code-editor.ts');
  const keep = (): void => {
    const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
    registration.active?.postMessage({ type: 'keep', urls: [location.href, ...loaded, ...DATA_FILES] });
  };
  keep();
  // The engine's worker and the data sets load after the page: ask again when they are there.
  addEventListener('drift-database-open', () => setTimeout(keep, 1000));
}
