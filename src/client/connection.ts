/**
 * Connection: what a Database needs of an engine, wherever it runs: in this process (local.ts) or in a worker
 * (remote.ts). Columns come back portable (worker/portable.ts).
 */
import type { RunOptions } from '../../worker/protocol.ts';
import type { MaybePromise } from '../base/task.ts';
import type {
  CopyPiece,
  EngineStatus,
  FieldDescription,
  FunctionBody,
  FunctionOptions,
  Parameter,
  Progress,
  ResultSet,
  StreamPiece,
  TransactionOptions,
} from '../database/api.ts';

import type { BackupOptions } from '../database/backup/make.ts';
import type { RekeyOptions } from '../database/rekey.ts';

import type { BackupReading } from './backup.ts';

export interface StatementOptions extends RunOptions {
  /** Ends the statement with 57014 when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Is told now and then how far the statement is. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Description {
  /** Type OIDs of the parameters. */
  readonly parameters: readonly number[];
  readonly fields: readonly FieldDescription[];
}

export interface ConnectionSession {
  execute(sql: string, parameters: readonly Parameter[], options: StatementOptions): Promise<ResultSet>;
  script(sql: string, options: StatementOptions): Promise<readonly ResultSet[]>;
  describe(sql: string): Promise<Description>;
  /** Reads the first row of a statement's answer at once (QuickRows), where the engine is in this thread. */
  quick?(sql: string): {
    first(parameters: readonly unknown[]): Record<string, unknown> | null | undefined;
  };
  /** One step of a COPY in the open transaction (SessionApi.copy). */
  copy(piece: CopyPiece): Promise<string | number | null>;
  /** One step of a stream of rows in the open transaction (SessionApi.stream). */
  stream(piece: StreamPiece, options: StatementOptions): Promise<ResultSet | null>;
  /**
   * Begins a transaction. Where the engine is far away this only asks for it, so that the first statement travels in
   * the same message; a transaction that could not begin then fails every call of its session with the reason. With
   * `alone` it waits for the answer.
   */
  begin(options: TransactionOptions, alone?: boolean): MaybePromise<void>;
  /** Returns the commit's sequence number, null when nothing changed. */
  commit(): Promise<number | null>;
  rollback(): Promise<void>;
  /** Ends the session; an open transaction is rolled back. Closing twice is no error, any other call then is 08003. */
  close(): Promise<void>;
}

export interface Connection {
  session(): ConnectionSession;
  /** Registers a function in JavaScript; its code must run where the engine runs. */
  createFunction(name: string, options: FunctionOptions, body: FunctionBody): Promise<void>;
  /** Loads a module that registers functions, where the engine runs. */
  loadFunctions(url: string): Promise<void>;
  status(): Promise<EngineStatus>;
  checkpoint(): Promise<void>;
  backup(options: BackupOptions): Promise<BackupReading>;
  rekey(options: RekeyOptions): Promise<void>;
  close(): Promise<void>;
}
