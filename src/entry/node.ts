/** driftdb-web on Node: the engine in process, on memory or the file system. */
import { systemHost } from '../../worker/host.ts';
import { DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import { type BackupSource, type RestoreOptions, restoreSource } from '../client/backup.ts';
import type { RestoreSource } from '../database/backup/source.ts';
import { Database } from '../client/database.ts';

import { LocalConnection } from '../client/local.ts';
import type { OpenOptions } from '../client/options.ts';
import type { RepairReport } from '../database/repair/repair.ts';
import { openEngine } from '../database/engine.ts';
import { helperThreads } from './node-helper-worker.ts';
import { repairDatabase, type RepairOptions } from '../database/repair/database.ts';
import { EncryptedStorage } from '../storage/encryption/encrypted-storage.ts';
import type { EncryptionOptions } from '../storage/encryption/secret.ts';
import { MemoryStorage } from '../storage/memory.ts';
import { NodeStorage } from '../storage/node.ts';
import { nodeChacha } from '../storage/node-chacha.ts';
import type { Storage } from '../storage/storage.ts';

export { DriftError } from '../base/error.ts';
export { Database, type Problem, type UndoOptions } from '../client/database.ts';
export type { BackupSource, RestoreOptions } from '../client/backup.ts';
export { verifyBackup } from '../client/verify.ts';
export type { At, OpenOptions, QueryOptions, TransactionOptions, WorkerLike } from '../client/options.ts';
export type { Change, ChangesOptions, Image } from '../client/changes.ts';
export type { StreamOptions } from '../client/stream.ts';
export type { CopyChunk, CopyFromOptions, CopySource, CopyToOptions } from '../client/copy.ts';
export type { SiteStorage, StorageEstimate } from '../client/quota.ts';
export type { MigrateOptions, MigrateResult, Migration, MigrationStep } from '../client/migrate.ts';
export type { Parser, Parsers } from '../client/parsers.ts';
export type { Field, Results } from '../client/result.ts';
export type { BackupOptions } from '../database/backup/make.ts';
export type { BackupInfo } from '../database/backup/info.ts';
export type { RepairOptions, RepairReport };
export type { Missing } from '../database/repair/versions.ts';
export type { RekeyOptions } from '../database/rekey.ts';
export type { CipherName, EncryptionOptions } from '../storage/encryption/secret.ts';
export type { AggregateParts, FunctionBody, FunctionOptions, Notice } from '../database/api.ts';
export type { FunctionRegistry } from '../../worker/function-module.ts';
export { Session } from '../client/session.ts';
export { type PreparedStatement, type Queryable, Transaction } from '../client/statements.ts';

/**
 * Opens (and creates where there is none) the database `memory://` or `file://path`. Throws 55006 when it is in use,
 * XX001 when it is damaged, 28P01 when it is encrypted and another passphrase or key is given, 08001 for any other address.
 */
export function open(url = 'memory://', options: OpenOptions = {}): Promise<Database> {
  const { importFile, ...rest } = options;
  return openFrom(url, rest, importFile === undefined ? undefined : restoreSource(importFile, {}));
}

/** As it is in the package; the sources themselves cannot be run by a worker thread. */
const HELPER: string = './node-helper.js';

function nodeHost(): Host {
  const isBuilt = import.meta.url.endsWith('.js');
  return isBuilt ? { ...systemHost(), ...helperThreads(new URL(HELPER, import.meta.url)) } : systemHost();
}

async function openFrom(url: string, options: OpenOptions, restored?: RestoreSource): Promise<Database> {
  const { worker: _, encryption, ...engine } = options;
  const host = nodeHost();
  const place = storageFor(url);
  const storage = encryption === undefined ? place : sealed(place, encryption, host);
  return new Database(new LocalConnection(await openEngine({ ...engine, storage, host, restore: restored })));
}

/**
 * Makes a database of a backup, or of a whole one and the increments that follow it, and opens it. `to` is a moment in the
 * backup; the options of `open` are those of the new database. Throws 55000 where there is a database already, XX001 for
 * a damaged backup, 28P01, 22023 and 72000 (moments that it does not have); then nothing is left behind.
 */
export function restore(
  source: BackupSource | readonly BackupSource[],
  url = 'memory://',
  { to, backupEncryption, ...options }: Omit<OpenOptions, 'importFile'> & RestoreOptions = {},
): Promise<Database> {
  return openFrom(url, options, restoreSource(source, { to, backupEncryption }));
}

/**
 * Makes a new database, at `target`, of what can be read of a damaged one, which stays as it is, and lists what is missing.
 * Sequence numbers, times and history are those of the damaged one. Throws 55006 where that is open, 55000 where there is
 * a database at the target.
 *
 *     const { missing } = await repair('file://./shop', 'file://./shop-repaired');
 */
export function repair(source: string, target: string, options: RepairOptions = {}): Promise<RepairReport> {
  const host = systemHost();
  const place = (url: string, encryption: EncryptionOptions | undefined): Storage =>
    encryption === undefined ? storageFor(url) : sealed(storageFor(url), encryption, host);
  return repairDatabase(place(source, options.encryption), place(target, options.targetEncryption), host);
}

function storageFor(url: string): Storage {
  if (url.startsWith('memory://')) return new MemoryStorage();
  if (url.startsWith('file://')) return new NodeStorage(pathOf(url));
  throw new DriftError('08001', `cannot open "${url}": expected memory:// or file://path`, {
    hint: 'opfs:// databases open in a browser.',
  });
}

/** `file:///absolute` and `file://relative`, percent-decoded where that is possible. */
function pathOf(url: string): string {
  const path = url.slice('file://'.length);
  if (path === '') throw new DriftError('08001', `cannot open "${url}": the path is missing`);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function sealed(storage: Storage, encryption: EncryptionOptions, { randomBytes }: Host): Storage {
  return new EncryptedStorage(storage, encryption, randomBytes, nodeChacha);
}
