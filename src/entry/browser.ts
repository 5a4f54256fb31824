/**
 * driftdb-web in a browser: the engine in a dedicated worker, the page with the client alone.
 *
 * The address of the worker is written as bundlers expect it (Vite and webpack bundle what they find in
 * `new Worker(new URL(…, import.meta.url))`; a browser resolves it as it stands). In the built package it is
 * `./worker.js`, which loads `./worker-late.js`, `./worker-rare.js` and `./worker-helper.js` in the same way: where a bundler moves this
 * module without its worker (esbuild), copy the four beside the output or pass `worker`.
 */
import { DriftError } from '../base/error.ts';
import { type BackupSource, type RestoreOptions, restoreSource } from '../client/backup.ts';
import type { BackupInfo } from '../database/backup/info.ts';
import type { RestoreSource } from '../database/backup/source.ts';
import { Database } from '../client/database.ts';
import type { OpenOptions, WorkerLike } from '../client/options.ts';
import type { RepairOptions } from '../database/repair/database.ts';
import type { RepairReport } from '../database/repair/repair.ts';
import { RemoteConnection, repairRemotely, verifyRemotely } from '../client/remote.ts';

export { DriftError } from '../base/error.ts';
export { Database, type Problem, type UndoOptions } from '../client/database.ts';
export type { BackupSource, RestoreOptions } from '../client/backup.ts';
export type { At, OpenOptions, QueryOptions, TransactionOptions, WorkerLike } from '../client/options.ts';
export type { Change, ChangesOptions, Image } from '../client/changes.ts';
export type { StreamOptions } from '../client/stream.ts';
export type { CopyChunk, CopyFromOptions, CopySource, CopyToOptions } from '../client/copy.ts';
export { estimate, persist, persisted, type SiteStorage, type StorageEstimate } from '../client/quota.ts';
export type { MigrateOptions, MigrateResult, Migration, MigrationStep } from '../client/migrate.ts';
export type { Parser, Parsers } from '../client/parsers.ts';
export type { Field, Results } from '../client/result.ts';
export type { BackupOptions } from '../database/backup/make.ts';
export type { BackupInfo };
export type { RepairOptions, RepairReport };
export type { Missing } from '../database/repair/versions.ts';
export type { RekeyOptions } from '../database/rekey.ts';
export type { CipherName, EncryptionOptions } from '../storage/encryption/secret.ts';
export type { AggregateParts, FunctionBody, FunctionOptions, Notice } from '../database/api.ts';
export type { FunctionRegistry } from '../../worker/function-module.ts';
export { Session } from '../client/session.ts';
export { type PreparedStatement, type Queryable, Transaction } from '../client/statements.ts';

/**
 * Opens (and creates where there is none) the database `opfs://name`, which stays in this browser (in IndexedDB where it
 * has no synchronous OPFS handles, or where the address says `idb://name`), or `memory://`, which ends with the page.
 * Throws 55006 when it is in use, XX001 when it is damaged, 08001 for any other address,
 * 08006 when the worker does not start.
 */
export function open(url = 'memory://', options: OpenOptions = {}): Promise<Database> {
  const { importFile, ...rest } = options;
  return openFrom(url, rest, importFile === undefined ? undefined : restoreSource(importFile, {}));
}

async function openFrom(url: string, options: OpenOptions, restored?: RestoreSource): Promise<Database> {
  if (!/^(?:opfs:\/\/|idb:\/\/|memory:\/\/)/.test(url))
    throw new DriftError('08001', `cannot open "${url}": expected opfs://name, idb://name or memory://`);
  const { worker = startWorker(), ...engine } = options;
  if (url.startsWith('opfs:')) wakeStorage();
  return new Database(await RemoteConnection.open(worker, url, engine, restored));
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
 * Reads a backup, or a whole one and the increments that follow it, to the end, and says what the last one is. Changes
 * nothing. Throws XX001 where it is damaged, with the place; 28P01 for a wrong passphrase or key; 22023 for an
 * increment without what it builds on. Of files of version 1 it says null.
 *
 *     const first = await verifyBackup(file);
 *     const increment = db.backup({ since: first });
 */
export function verifyBackup(
  source: BackupSource | readonly BackupSource[],
  { encryption, worker = startWorker() }: Pick<OpenOptions, 'encryption' | 'worker'> = {},
): Promise<BackupInfo | null> {
  return verifyRemotely(worker, restoreSource(source, { backupEncryption: encryption }));
}

/**
 * Makes a new database, at `target`, of what can be read of a damaged one, which stays as it is, and lists what is missing.
 * Sequence numbers, times and history are those of the damaged one. Throws 55006 where that is open, 55000 where there is
 * a database at the target.
 *
 *     const { missing } = await repair('opfs://shop', 'opfs://shop-repaired');
 */
export function repair(
  source: string,
  target: string,
  { worker = startWorker(), ...options }: RepairOptions & Pick<OpenOptions, 'worker'> = {},
): Promise<RepairReport> {
  return repairRemotely(worker, [source, target], options);
}

/** The browser prepares a site's storage when it is first asked for: meanwhile the worker loads. */
function wakeStorage(): void {
  // Missing outside of secure contexts; whether it can be had is the worker's to say.
  const storage = navigator.storage as StorageManager | undefined;
  storage?.getDirectory?.().catch(() => undefined);
}

function startWorker(): WorkerLike {
  try {
    return new Worker(new URL('../../worker/worker.ts', import.meta.url), { type: 'module', name: 'driftdb' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DriftError('08006', `the engine's worker cannot be started: ${reason}`, {
      hint: "Serve the package's worker.js from the page's own origin, or pass a worker that runs it.",
    });
  }
}
