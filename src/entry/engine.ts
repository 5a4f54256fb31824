/**
 * driftdb-web/engine: the engine in process, anywhere, on a storage that the caller passes: edge runtimes, a worker of
 * one's own (OpfsStorage there, IndexedDbStorage anywhere in a browser), tests.
 *
 *     import { MemoryStorage, open } from 'driftdb-web/engine';
 *     const db = await open(new MemoryStorage());
 */
import { systemHost } from '../../worker/host.ts';
import { restoreSource } from '../client/backup.ts';
import { Database } from '../client/database.ts';
import { LocalConnection } from '../client/local.ts';
import type { EngineOptions } from '../database/api.ts';
import { openEngine } from '../database/engine.ts';
import { EncryptedStorage } from '../storage/encryption/encrypted-storage.ts';
import { repairDatabase } from '../database/repair/database.ts';
import type { RepairReport } from '../database/repair/repair.ts';
import type { EncryptionOptions } from '../storage/encryption/secret.ts';
import type { Storage } from '../storage/storage.ts';

export { DriftError } from '../base/error.ts';
export type { Host } from '../base/host.ts';
export { Database, type Problem, type UndoOptions } from '../client/database.ts';
export { type BackupSource, restoreSource } from '../client/backup.ts';
export { verifyBackup } from '../client/verify.ts';
export type { At, QueryOptions, TransactionOptions } from '../client/options.ts';
export type { Change, ChangesOptions, Image } from '../client/changes.ts';
export type { StreamOptions } from '../client/stream.ts';
export type { CopyChunk, CopyFromOptions, CopySource, CopyToOptions } from '../client/copy.ts';
export type { SiteStorage, StorageEstimate } from '../client/quota.ts';
export type { MigrateOptions, MigrateResult, Migration, MigrationStep } from '../client/migrate.ts';
export type { Parser, Parsers } from '../client/parsers.ts';
export type { Field, Results } from '../client/result.ts';
export type { BackupOptions } from '../database/backup/make.ts';
export type { BackupInfo } from '../database/backup/info.ts';
export type { RepairReport } from '../database/repair/repair.ts';
export type { Missing } from '../database/repair/versions.ts';
export type { RekeyOptions } from '../database/rekey.ts';
export type { CipherName, EncryptionOptions } from '../storage/encryption/secret.ts';
export type { AggregateParts, FunctionBody, FunctionOptions, Notice } from '../database/api.ts';
export type { FunctionRegistry } from '../../worker/function-module.ts';
export { Session } from '../client/session.ts';
export { type PreparedStatement, type Queryable, Transaction } from '../client/statements.ts';
export type {
  EngineApi,
  EngineOptions,
  EngineStatus,
  ExecuteOptions,
  Moment,
  ResultSet,
  SessionApi,
  TransactionOptions as SessionTransactionOptions,
} from '../database/api.ts';
export { openEngine } from '../database/engine.ts';
export { EncryptedStorage } from '../storage/encryption/encrypted-storage.ts';
export { IndexedDbStorage } from '../storage/indexed-db.ts';
export { MemoryStorage } from '../storage/memory.ts';
export { OpfsStorage } from '../storage/opfs.ts';
export type { Storage, StorageFile } from '../storage/storage.ts';

/** `encryption` makes a new database encrypted, and opens one that is. */
export interface EngineOpenOptions extends Partial<Omit<EngineOptions, 'storage'>> {
  /** A backup in one piece (`exportFile`), to fill a new database from. */
  readonly importFile?: Uint8Array | undefined;
  readonly encryption?: EncryptionOptions | undefined;
}

/**
 * Opens (and creates where there is none) the database on a storage. The host gives clocks, randomness and timers;
 * default: those of this realm. Throws 55006 when the database is in use, XX001 when it is damaged.
 */
export async function open(
  storage: Storage,
  { encryption, importFile, ...options }: EngineOpenOptions = {},
): Promise<Database> {
  const restored = importFile === undefined ? {} : { restore: restoreSource(importFile, {}) };
  const engine = { host: systemHost(), ...options, ...restored };
  const place = encryption === undefined ? storage : new EncryptedStorage(storage, encryption, engine.host.randomBytes);
  return new Database(new LocalConnection(await openEngine({ ...engine, storage: place })));
}

/**
 * Makes a new database, on an empty storage, of what can be read of a damaged one, which stays as it is, and lists what is
 * missing. Throws 55006 where the damaged one is open, 55000 where the target holds a database.
 */
export function repair(source: Storage, target: Storage): Promise<RepairReport> {
  return repairDatabase(source, target, systemHost());
}
