/** The storage conformance suite on OPFS, in a dedicated worker; posts the outcomes. */
import { OpfsStorage, removeOpfs } from '../../../src/storage/opfs.ts';
import { storageConformance } from '../../storage/conformance.ts';
import { runTests } from './vitest-in-worker.ts';

let places = 0;
storageConformance('opfs', () => {
  const path = `conformance/place-${++places}`;
  return { open: () => new OpfsStorage(path), destroy: () => removeOpfs(path) };
});

postMessage(await runTests());
