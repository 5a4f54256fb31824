/** EncryptedStorage against the contract, over memory, Node's file system and the simulated disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EncryptedStorage } from '../../src/storage/encryption/encrypted-storage.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { NodeStorage } from '../../src/storage/node.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { testHost } from '../database/helper.ts';
import { storageConformance } from './conformance.ts';

const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
let openings = 0;

function encrypted(storage: Storage): EncryptedStorage {
  return new EncryptedStorage(storage, { key }, testHost(++openings).randomBytes);
}

storageConformance('encrypted memory', () => {
  const storage = new MemoryStorage();
  return { open: () => encrypted(storage), destroy: () => undefined };
});

storageConformance('encrypted simulation', () => {
  const disk = new SimDisk(1, { asynchronous: 0.5 });
  return { open: () => encrypted(disk.storage()), destroy: () => undefined };
});

storageConformance('encrypted node', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drift-encrypted-'));
  return {
    open: () => encrypted(new NodeStorage(directory)),
    destroy: () => rmSync(directory, { recursive: true, force: true }),
  };
});
