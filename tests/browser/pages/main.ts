/** What the browser tests reach in a page: the public API as a global, and suites that run in the browser. */
import * as drift from '../../../src/entry/browser.ts';
import { databaseSuite } from '../../client/database-suite.ts';
import { lateResultsSuite } from '../../client/late-results-suite.ts';
import { valuesSuite } from '../../client/values-suite.ts';
import { commitUntilKilled, startWorker } from './commits.ts';
import { type Outcome, runTests } from './vitest-in-worker.ts';

/** The storage suite needs a worker of its own. */
function runStorageSuite(): Promise<readonly Outcome[]> {
  const worker = new Worker(new URL('./conformance.worker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<readonly Outcome[]>) => {
      worker.terminate();
      resolve(event.data);
    };
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

let databases = 0;

/** The suite of the public API, each database new. */
function runDatabaseSuite(scheme: 'opfs' | 'idb'): Promise<readonly Outcome[]> {
  const open = (options?: drift.OpenOptions): Promise<drift.Database> =>
    drift.open(`${scheme}://suite-${++databases}`, options);
  databaseSuite(scheme === 'idb' ? 'indexeddb' : scheme, open);
  valuesSuite(open);
  lateResultsSuite(open);
  return runTests();
}

declare global {
  var drift: typeof import('../../../src/entry/browser.ts');
  var suites: { readonly storage: typeof runStorageSuite; readonly database: typeof runDatabaseSuite };
  var startCommits: typeof commitUntilKilled;
  var startWorker: () => Worker;
}
Object.assign(globalThis, {
  drift,
  suites: { storage: runStorageSuite, database: runDatabaseSuite },
  startCommits: commitUntilKilled,
  startWorker,
});
