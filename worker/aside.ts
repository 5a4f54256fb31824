/**
 * What the worker is seldom asked for: changes of keys, functions, backups; and, in a worker of its own, work on files of no
 * open database: backups are verified, damaged databases repaired.
 */
import type { Host } from '../src/base/host.ts';
import { DriftError } from '../src/base/error.ts';
import { verifyBackups } from '../src/database/backup/restore.ts';
import type { OpenEngine } from '../src/database/engine.ts';
import { rekey } from '../src/database/rekey.ts';
import { repairDatabase } from '../src/database/repair/database.ts';
import type { RepairReport } from '../src/database/repair/repair.ts';
import { EncryptedStorage } from '../src/storage/encryption/encrypted-storage.ts';
import type { EncryptionOptions } from '../src/storage/encryption/secret.ts';
import { IndexedDbStorage } from '../src/storage/indexed-db.ts';
import { OpfsStorage } from '../src/storage/opfs.ts';
import type { Storage } from '../src/storage/storage.ts';
import { backupStep, pulled } from './backups.ts';
import { loadModule, runFunctionModule } from './function-module.ts';
import type { Aside, AsideWork, Pull, Request } from './protocol.ts';
import { packError } from './wire.ts';

type RareRequest = Extract<Request, { kind: 'rekey' | 'functions' | 'backup' }>;

export async function answerRare(
  engine: OpenEngine,
  request: RareRequest,
  buffers: ArrayBufferLike[],
): Promise<unknown> {
  switch (request.kind) {
    case 'rekey':
      return rekey(await engine.inside(), request.options);
    case 'functions':
      return runFunctionModule(await loadModule(request.url), (name, options, body) =>
        engine.createFunction(name, options, body),
      );
    case 'backup': {
      const answer = await backupStep(engine, request.step);
      if (answer instanceof Uint8Array) buffers.push(answer.buffer);
      return answer;
    }
  }
}

export async function workAside(host: Host, work: AsideWork, pull?: Pull): Promise<Aside> {
  try {
    if (work.kind === 'repair') return { error: null, value: await repairAt(host, work) };
    return { error: null, value: await verifyBackups(pulled(pull as Pull, work.backups)) };
  } catch (error) {
    return { error: packError(error) };
  }
}

type RepairWork = Extract<AsideWork, { kind: 'repair' }>;

async function repairAt(host: Host, { urls, options }: RepairWork): Promise<RepairReport> {
  const repairOn = (hasHandles: boolean): Promise<RepairReport> => {
    const [source, target] = urls.map((url, i): Storage => {
      const encryption = i === 0 ? options.encryption : options.targetEncryption;
      return sealed(storageAt(url, hasHandles), encryption, host);
    });
    return repairDatabase(source as Storage, target as Storage, host);
  };
  if (urls[0] === urls[1]) throw new DriftError('22023', 'a database cannot be repaired into itself');
  try {
    return await repairOn(true);
  } catch (error) {
    // Without synchronous handles databases at opfs:// live in IndexedDB.
    const isOnOpfs = urls.some((url) => url.startsWith('opfs'));
    if (error instanceof DriftError && error.code === '0A000' && isOnOpfs) return repairOn(false);
    throw error;
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
