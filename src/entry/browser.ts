/**
 * driftdb-web in a browser: the engine in a dedicated worker, the page with the client alone.
 *
 * The address of the worker is written as bundlers expect it (Vite and webpack bundle what they find in
 * `new Worker(new URL(…, import.meta.url))`; a browser resolves it as it stands). In the built package it is
 * `./worker.js`, which loads `./worker-late.js` in the same way: where a bundler moves this module without its worker
 * (esbuild), copy both beside the output or pass `worker`.
 */
import { DriftError } from '../base/error.ts';
import { Database } from '../client/database.ts';
import type { OpenOptions, WorkerLike } from '../client/options.ts';
import { RemoteConnection } from '../client/remote.ts';

export { DriftError } from '../base/error.ts';
export { Database, type Problem } from '../client/database.ts';
export type { At, OpenOptions, QueryOptions, TransactionOptions, WorkerLike } from '../client/options.ts';
export type { CopyChunk, CopyFromOptions, CopySource, CopyToOptions } from '../client/copy.ts';
export { estimate, persist, type StorageEstimate } from '../client/quota.ts';
export type { MigrateOptions, MigrateResult, Migration, MigrationStep } from '../client/migrate.ts';
export type { Parser, Parsers } from '../client/parsers.ts';
export type { Field, Results } from '../client/result.ts';
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
export async function open(url = 'memory://', options: OpenOptions = {}): Promise<Database> {
  if (!/^(?:opfs:\/\/|idb:\/\/|memory:\/\/)/.test(url))
    throw new DriftError('08001', `cannot open "${url}": expected opfs://name, idb://name or memory://`);
  const { worker = startWorker(), ...engine } = options;
  return new Database(await RemoteConnection.open(worker, url, engine));
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
