/** driftdb-web on Node: the engine in process, on memory or the file system. */
import { DriftError } from '../base/error.ts';
import { Database } from '../client/database.ts';
import { nodeHost } from '../client/host-node.ts';
import { openEngine } from '../database/engine.ts';
import { MemoryStorage } from '../storage/memory.ts';
import { NodeStorage } from '../storage/node.ts';
import type { Storage } from '../storage/storage.ts';

export { DriftError } from '../base/error.ts';
export {
  type At,
  Database,
  type PreparedStatement,
  type Queryable,
  type QueryOptions,
  Transaction,
  type TransactionOptions,
} from '../client/database.ts';
export type { Field, Results } from '../client/result.ts';

export interface OpenOptions {
  /** `full` (default): acknowledged after the flush; `relaxed`: after the write. */
  readonly durability?: 'full' | 'relaxed' | undefined;
  /** Longest time in ms that a relaxed commit stays unflushed. Default 100. */
  readonly flushIntervalMs?: number | undefined;
  /** Bytes of the block cache. Default 256 MB. */
  readonly cacheBudgetBytes?: number | undefined;
}

/** Opens a database: `memory://` or `file://path`. Throws 55006 when it is in use, XX001 when it is damaged. */
export async function open(url = 'memory://', options: OpenOptions = {}): Promise<Database> {
  return new Database(await openEngine({ ...options, storage: storageFor(url), host: nodeHost() }));
}

function storageFor(url: string): Storage {
  if (url.startsWith('memory://')) return new MemoryStorage();
  if (url.startsWith('file://')) return new NodeStorage(decodeURIComponent(url.slice('file://'.length)));
  throw new DriftError('08001', `cannot open "${url}": expected memory:// or file://path`, {
    hint: 'opfs:// databases open in a browser.',
  });
}
