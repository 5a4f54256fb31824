/** The storage conformance suite on OPFS and on IndexedDB, in a dedicated worker; posts the outcomes. */
import { IndexedDbStorage, removeIndexedDb } from '../../../src/storage/indexed-db.ts';
import { OpfsStorage, removeOpfs } from '../../../src/storage/opfs.ts';
import { storageConformance } from '../../storage/conformance.ts';
import { runTests } from './vitest-in-worker.ts';

let places = 0;
storageConformance('opfs', () => {
  const path = `conformance/place-${++places}`;
  return { open: () => new OpfsStorage(path), destroy: () => removeOpfs(path) };
});

storageConformance('indexeddb', () => {
  const name = `place-${++places}`;
  return { open: () => new IndexedDbStorage(name), destroy: () => removeIndexedDb(name) };
});

postMessage(await runTests());
