/** The storage conformance suite on OPFS and on IndexedDB, encrypted and not, in a dedicated worker, and the engine there; posts the outcomes. */
import { systemHost } from '../../../worker/host.ts';
import { EncryptedStorage } from '../../../src/storage/encryption/encrypted-storage.ts';
import { IndexedDbStorage, removeIndexedDb } from '../../../src/storage/indexed-db.ts';
import { OpfsStorage, removeOpfs } from '../../../src/storage/opfs.ts';
import { storageConformance } from '../../storage/conformance.ts';
import { ownEngine } from './own-engine.ts';
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

const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
const { randomBytes } = systemHost();

storageConformance('encrypted opfs', () => {
  const path = `conformance/place-${++places}`;
  return {
    open: () => new EncryptedStorage(new OpfsStorage(path), { key }, randomBytes),
    destroy: () => removeOpfs(path),
  };
});

storageConformance('encrypted indexeddb', () => {
  const name = `place-${++places}`;
  const open = (): EncryptedStorage => new EncryptedStorage(new IndexedDbStorage(name), { key }, randomBytes);
  return { open, destroy: () => removeIndexedDb(name) };
});

ownEngine();

postMessage(await runTests());
