/**
 * The engine's contract with whoever hosts it (a worker, Node, a test): sessions in, columns out.
 *
 * Results leave the engine as columns; rows are made by the client, lazily, on the caller's thread.
 */
import type { Cancellation } from '../base/cancel.ts';
import type { Host } from '../base/host.ts';
import type { Value, Vector } from '../base/vector.ts';
import type { Volatility } from '../sql/functions/function.ts';
import type { Storage } from '../storage/storage.ts';
import type { Isolation } from '../txn/transaction.ts';

export type Durability = 'full' | 'relaxed';
export type { Isolation };

import type { RestoreSource } from './backup/source.ts';

export interface EngineOptions {
  readonly storage: Storage;
  readonly host: Host;
  /** `full`: a commit is acknowledged after the flush; `relaxed`: after the write. Default `full`. */
  readonly durability?: Durability | undefined;
  /** Longest time an acknowledged relaxed commit stays unflushed. Default 100 ms. */
  readonly flushIntervalMs?: number | undefined;
  /** Budget of the block cache in bytes. Default 256 MB. */
  readonly cacheBudgetBytes?: number | undefined;
  /** Memory one statement may take: what can spill does so at half of it, beyond it the statement ends with 53200. Default 1 GB. */
  readonly queryMemoryBytes?: number | undefined;
  /** Rows a result may have; one with more ends with 54000. Default: as many as the memory takes. */
  readonly maxResultRows?: number | undefined;
  /** Characters a statement or script may have; a longer one is refused with 54000. Default 64 M. */
  readonly maxStatementLength?: number | undefined;
  /** Statements of all sessions that may run at a time; one more is refused with 53300. Default: no limit. */
  readonly maxConcurrentQueries?: number | undefined;
  /** Workers that help with big scans: a number, or `auto` (default): processors less one, 3 at most. 0 for none. */
  readonly helpers?: number | 'auto' | undefined;
  /** Gives each commit from now on a proof (docs/time-travel.md); once on, they stay on. Default false. */
  readonly proofs?: boolean | undefined;
  /** Checkpoint when the log has grown by this many bytes. Default 16 MB. */
  readonly checkpointLogBytes?: number | undefined;
  /** Backups to fill the storage from, which must be empty (55000). */
  readonly restore?: RestoreSource | undefined;
  /** Log files grow by so many bytes. Default 256 KB; tests shrink it. */
  readonly logStepBytes?: number | undefined;
  /** A pack file takes segments up to this size. Default 32 MB; tests shrink it. */
  readonly packSizeBytes?: number | undefined;
  /** Switches a part of isolation off, so that tests see that their checks would find it missing. */
  readonly testIgnore?: 'conflicts' | 'dependencies' | 'predicates' | undefined;
  /** Live rows a leaf holds before it splits by key. Default 32768; tests shrink it. */
  readonly maxLeafRows?: number | undefined;
  /** Closed versions a leaf holds before it may split by time. Default 4096; tests shrink it. */
  readonly minClosedRows?: number | undefined;
  /** A checkpoint follows the first commit after the last one within so many milliseconds; 0 for never. Default 5 minutes. */
  readonly checkpointIntervalMs?: number | undefined;
  /** Cells up to which a commit splits a leaf itself; bigger ones wait for the background. Default 65536; tests shrink it. */
  readonly inlineSplitCells?: number | undefined;
  /** Changed rows from which on a commit goes in slices, of as many rows at most. Default: 1024. */
  readonly bulkRows?: number | undefined;
  /** Tiles of a tree that the directory describes itself; those of others have a place of their own. Default 16. */
  readonly inlineTiles?: number | undefined;
}

export interface FieldDescription {
  readonly name: string;
  /** PostgreSQL's OID of the type. */
  readonly dataTypeID: number;
  readonly typeModifier: number;
  /** Object id of the table and id of the column the field comes from, 0 where it is computed. */
  readonly tableID: number;
  readonly columnID: number;
}

/** What one statement gave. `columns` have `rowCount` values each and no selection. */
export interface ResultSet {
  /** PostgreSQL's command tag without counts: SELECT, INSERT, CREATE TABLE … */
  readonly command: string;
  readonly fields: readonly FieldDescription[];
  readonly columns: readonly Vector[];
  readonly rowCount: number;
  /** Rows inserted, updated or deleted; null where the command changes none. */
  readonly affectedRows: number | null;
  /** What the statement passed over; absent where there is nothing to say. */
  readonly notices?: readonly Notice[] | undefined;
}

export interface Notice {
  readonly severity: 'DEBUG' | 'LOG' | 'INFO' | 'NOTICE' | 'WARNING';
  readonly code: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

/** A moment to read: a sequence number, a commit timestamp in µs, or a tag. */
export type Moment =
  | { readonly kind: 'seq'; readonly seq: number }
  | { readonly kind: 'timestamp'; readonly micros: number }
  | { readonly kind: 'tag'; readonly name: string };

/** How far a statement is. */
export interface Progress {
  readonly elapsedMs: number;
  /** Rows that scans of tables have read so far. */
  readonly rowsRead: number;
  /** Rows that the scans begun so far will read. */
  readonly rowsExpected: number;
}

export interface ExecuteOptions {
  /** Is told now and then how far the statement is, while it runs. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly cancellation?: Cancellation | undefined;
  /** Ends the statement with 57014 after so many milliseconds. Default: the session's statement_timeout. */
  readonly timeoutMs?: number | undefined;
  /** Reads this moment (statements that write fail with 25006). */
  readonly asOf?: Moment | undefined;
  /** Every column as text, as PostgreSQL prints it. Default false. */
  readonly text?: boolean | undefined;
}

/** What a commit carries besides its changes. */
export interface TransactionOptions {
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  /** Any JSON value. */
  readonly metadata?: unknown;
  /** Commit timestamp in µs: later than the last commit's and not in the future (22023 otherwise). */
  readonly timestamp?: number | undefined;
  readonly readOnly?: boolean | undefined;
  /** Default: default_transaction_isolation, which is `read committed` unless it was set. */
  readonly isolation?: Isolation | undefined;
  readonly asOf?: Moment | undefined;
  readonly durability?: Durability | undefined;
  /** Id under which a caller whose answer got lost may ask for the outcome. */
  readonly clientId?: string | undefined;
}

/** A parameter: a boxed value, or text in the type's input form; Uint8Array is bytea, other objects must be JSON text already. */
export type Parameter = Value;

/** A step of a COPY that is streamed. */
export interface CopyPiece {
  /** Begins a COPY … FROM STDIN or COPY … TO STDOUT. */
  readonly sql?: string | undefined;
  /** More of the data, for COPY FROM. */
  readonly data?: string | Uint8Array | undefined;
  /** Rows, for COPY FROM: the values of each column. */
  readonly columns?: readonly (readonly Parameter[])[] | undefined;
  /** The data have ended; or no more of COPY TO is wanted. */
  readonly end?: boolean | undefined;
}

/** A step of a stream of rows. */
export interface StreamPiece {
  /** Tells streams of one session apart. */
  readonly stream: number;
  /** Begins the stream. */
  readonly sql?: string | undefined;
  readonly parameters?: readonly Parameter[] | undefined;
  /** No more is wanted. */
  readonly end?: boolean | undefined;
}

export interface FunctionOptions {
  /** Types of the arguments as SQL writes them (`['int', 'text[]']`), or by name: `{ price: 'numeric', rate: 'float8' }`. */
  readonly args?: readonly string[] | Readonly<Record<string, string>> | undefined;
  /** Type of the result; `setof type`, or columns (`{ id: 'int', name: 'text' }`), for a function that returns an iterable. */
  readonly returns: string | Readonly<Record<string, string>>;
  /** Null for a null argument, without a call. Default false. */
  readonly strict?: boolean | undefined;
  /** `immutable` and `stable` calls are made once where arguments repeat. Default `volatile`. */
  readonly volatility?: Volatility | undefined;
}

/** Computes one value from many rows. */
export interface AggregateParts {
  init(): unknown;
  step(state: unknown, ...args: readonly unknown[]): unknown;
  final(state: unknown): unknown;
}

/** A function of values, or the parts of an aggregate. */
export type FunctionBody = ((...args: readonly never[]) => unknown) | AggregateParts;

export interface StatementDescription {
  /** Type OIDs of the parameters. */
  readonly parameters: readonly number[];
  readonly fields: readonly FieldDescription[];
}

export interface SessionApi {
  /** Runs one statement. Several without parameters run in one implicit transaction and give the last result. */
  execute(sql: string, parameters?: readonly Parameter[], options?: ExecuteOptions): Promise<ResultSet>;
  /** Runs the statements of a script one after another; several together form one implicit transaction only where BEGIN says so. */
  script(sql: string, options?: ExecuteOptions): Promise<readonly ResultSet[]>;
  /**
   * One step of a COPY in the open transaction: of COPY FROM it returns null, and at the end the number of rows; of
   * COPY TO the next lines, and null at the end. Who waits for each step has back-pressure.
   */
  copy(piece: CopyPiece): Promise<string | number | null>;
  /**
   * One step of a stream of rows in the open transaction: the next rows, null at the end. The stream reads the state as of
   * its beginning; it ends with its transaction.
   */
  stream(piece: StreamPiece, options?: ExecuteOptions): Promise<ResultSet | null>;
  begin(options?: TransactionOptions): Promise<void>;
  commit(): Promise<number | null>;
  rollback(): Promise<void>;
  /** Parameter types and result fields of a statement, without running it. */
  describe(sql: string): Promise<StatementDescription>;
  readonly inTransaction: boolean;
  close(): Promise<void>;
}

export interface EngineStatus {
  readonly medium: string;
  readonly durability: Durability;
  readonly lastSeq: number;
  readonly storageBytes: number;
  readonly cacheBytes: number;
  readonly logBytes: number;
  readonly checkpoints: number;
}

export interface EngineApi {
  session(): SessionApi;
  status(): EngineStatus;
  /** Writes a checkpoint now: everything committed is in segments, the log starts anew. */
  checkpoint(): Promise<void>;
  /** Registers a function in JavaScript for all sessions, until the engine is closed. */
  createFunction(name: string, options: FunctionOptions, body: FunctionBody): void;
  close(): Promise<void>;
}
