/** What the browser tests reach in a page: the public API as a global, and suites that need a worker of their own. */
import * as drift from '../../../src/entry/browser.ts';
import type { Outcome } from './vitest-in-worker.ts';

function runConformance(): Promise<readonly Outcome[]> {
  const worker = new Worker(new URL('./conformance.worker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<readonly Outcome[]>) => {
      worker.terminate();
      resolve(event.data);
    };
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

declare global {
  var drift: typeof import('../../../src/entry/browser.ts');
  var runConformance: () => Promise<readonly Outcome[]>;
}
Object.assign(globalThis, { drift, runConformance });
