/** Repair in a worker: both databases lie on media that this realm has, and the page gets the report. */
import type { Host } from '../src/base/host.ts';
import { DriftError } from '../src/base/error.ts';
import { type RepairOptions, repairDatabase } from '../src/database/repair/database.ts';
import { EncryptedStorage } from '../src/storage/encryption/encrypted-storage.ts';
import type { EncryptionOptions } from '../src/storage/encryption/secret.ts';
import { IndexedDbStorage } from '../src/storage/indexed-db.ts';
import { OpfsStorage } from '../src/storage/opfs.ts';
import type { Storage } from '../src/storage/storage.ts';
import type { Repaired } from './protocol.ts';
import { packError } from './wire.ts';

export async function repairAt(host: Host, urls: readonly [string, string], options: RepairOptions): Promise<Repaired> {
  const repairOn = (hasHandles: boolean): ReturnType<typeof repairDatabase> => {
    const [source, target] = urls.map((url, i): Storage => {
      const encryption = i === 0 ? options.encryption : options.targetEncryption;
      return sealed(storageAt(url, hasHandles), encryption, host);
    });
    return repairDatabase(source as Storage, target as Storage, host);
  };
  try {
    if (urls[0] === urls[1]) throw new DriftError('22023', 'a database cannot be repaired into itself');
    try {
      return { error: null, report: await repairOn(true) };
    } catch (error) {
      // Without synchronous handles databases at opfs:// live in IndexedDB.
      const lacksHandles =
        error instanceof DriftError && error.code === '0A000' && urls.some((url) => url.startsWith('opfs'));
      if (!lacksHandles) throw error;
      return { error: null, report: await repairOn(false) };
    }
  } catch (error) {
    return { error: packError(error) };
  }
}

function sealed(storage: Storage, encryption: EncryptionOptions | undefined, host: Host): Storage {
  return encryption === undefined ? storage : new EncryptedStorage(storage, encryption, host.randomBytes);
}

function storageAt(url: string, hasHandles: boolean): Storage {
  const [, scheme, encoded = ''] = /^(opfs|idb):\/\/(.+)$/s.exec(url) ?? [];
  if (scheme === undefined) throw new DriftError('08001', `cannot open "${url}": expected opfs://name or idb://name`);
  const name = decodeURIComponent(encoded);
  return scheme === 'opfs' && hasHandles ? new OpfsStorage(name) : new IndexedDbStorage(name);
}
