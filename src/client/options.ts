/** Options of the public API, and what the engine takes for them. */
import type { OpenOptions as EngineOpenOptions } from '../../worker/protocol.ts';
import { DriftError } from '../base/error.ts';
import type { Isolation, Moment, Progress, TransactionOptions as EngineTransactionOptions } from '../database/api.ts';
import { toJsonText } from './parameters.ts';
import type { StatementOptions } from './connection.ts';
import type { Parsers } from './parsers.ts';

/** A moment: a Date, a sequence number (bare or as `seq`), or a tag. */
export type At = Date | number | { readonly seq: number } | { readonly tag: string };

export interface QueryOptions {
  /** Rows as `object` (default) or `array`. */
  readonly rowMode?: 'object' | 'array' | undefined;
  /** Parsers by type OID; each gets the value's text as PostgreSQL prints it. NULL stays null. */
  readonly parsers?: Parsers | undefined;
  /** Gives every value as PostgreSQL prints it. Default false. */
  readonly text?: boolean | undefined;
  /** Milliseconds after which the statement ends with 57014. Default: the session's statement_timeout, which is none. */
  readonly timeout?: number | undefined;
  /** Ends the statement with 57014 when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Is told about every 100 ms how far the statement is, while it runs. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Reads this moment; statements that write fail with 25006. Default: the present. */
  readonly asOf?: At | undefined;
}

export interface TransactionOptions {
  /** Who commits; kept in `drift.transactions`. */
  readonly author?: string | undefined;
  /** Why; kept in `drift.transactions`. */
  readonly message?: string | undefined;
  /** Any JSON value; kept in `drift.transactions`. */
  readonly metadata?: unknown;
  /** Commit timestamp (a Date, or µs since 1970): later than the last commit's, not in the future. Default: now. */
  readonly timestamp?: Date | number | undefined;
  /** Refuses statements that write, with 25006. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Isolation level. Default: `default_transaction_isolation`, which is `read committed`. */
  readonly isolation?: Isolation | undefined;
  /** How often the function runs again when it fails with 40001 or 40P01, after a pause that grows. Default 0. */
  readonly retries?: number | undefined;
  /** Reads this moment throughout; implies `readOnly`. */
  readonly asOf?: At | undefined;
  /** The branch that it is on. Default: the main line, whatever `USE BRANCH` has chosen for other sessions. */
  readonly branch?: string | undefined;
  /** Durability of this commit. Default: the database's. */
  readonly durability?: 'full' | 'relaxed' | undefined;
}

/** What `open` needs of a worker; a dedicated `Worker` has it. (Spelt out, for Node's types know no `Worker`.) */
export interface WorkerLike {
  postMessage(message: unknown, transfer: never[]): void;
  addEventListener(type: string, listener: (event: object) => void): void;
  removeEventListener(type: string, listener: (event: object) => void): void;
  terminate(): void;
}

export interface OpenOptions extends Omit<EngineOpenOptions, 'restore'> {
  /** A backup in one piece (`exportFile`), to fill a new database from. `restore` takes streams. */
  readonly importFile?: Uint8Array | undefined;
  /**
   * A worker of one's own that runs `driftdb-web/worker`, for bundlers that do not know
   * `new Worker(new URL(…, import.meta.url))`. Default: `open` starts one. `close` ends it. Browser only.
   */
  readonly worker?: WorkerLike | undefined;
}

/** Throws 22023 where the timestamp or the moment is no valid time, or the metadata has no JSON form. */
export function engineOptions(options: TransactionOptions): EngineTransactionOptions {
  const { timestamp, asOf, metadata, retries: _, ...rest } = options;
  const micros = timestamp instanceof Date ? timestamp.getTime() * 1000 : timestamp;
  if (micros !== undefined && !Number.isFinite(micros))
    throw new DriftError('22023', 'the commit timestamp is not a valid time');
  return {
    ...rest,
    metadata: metadata === undefined ? undefined : JSON.parse(toJsonText(metadata)),
    timestamp: micros,
    asOf: asOf === undefined ? undefined : momentOf(asOf),
  };
}

/** `moment`: what is read where the options name no moment. Throws 22023 where they name no valid time. */
export function runOptions(options: QueryOptions, moment?: At): StatementOptions {
  const { text, timeout, parsers, asOf = moment, signal, onProgress } = options;
  return {
    text,
    timeoutMs: timeout,
    asOf: asOf === undefined ? undefined : momentOf(asOf),
    printed: parsers === undefined ? undefined : Object.keys(parsers).map(Number),
    signal,
    onProgress,
  };
}

function momentOf(at: At): Moment {
  if (typeof at === 'number') return { kind: 'seq', seq: at };
  if (!(at instanceof Date)) return 'tag' in at ? { kind: 'tag', name: at.tag } : { kind: 'seq', seq: at.seq };
  const micros = at.getTime() * 1000;
  if (Number.isNaN(micros)) throw new DriftError('22023', 'an invalid Date is no moment');
  return { kind: 'timestamp', micros };
}
