/**
 * What the page and the engine's worker say to each other: the server that Comlink carries, the calls it takes, and the
 * forms in which columns and errors cross.
 *
 * Comlink carries what happens once, the opening. Calls go as plain messages on the same worker, because a round trip
 * of Comlink costs 0.05 ms more than the 0.05 ms of the messages themselves, and every statement would pay it. Calls of
 * one microtask travel in one message; replies go back as soon as nothing else runs, together with those that are there.
 * A call fails by an error in its reply, never by a rejection, so that DriftError crosses with all of its fields.
 */
import type { Kind } from '../src/base/vector.ts';
import type {
  CopyPiece,
  Durability,
  EngineStatus,
  FieldDescription,
  Moment,
  Notice,
  Parameter,
  Progress,
  StreamPiece,
  TransactionOptions,
} from '../src/database/api.ts';

import type { RekeyOptions } from '../src/database/rekey.ts';
import type { EncryptionOptions } from '../src/storage/encryption/secret.ts';

import type { BackupInfo } from '../src/database/backup/info.ts';
import type { BackupOptions } from '../src/database/backup/make.ts';
import type { RepairOptions } from '../src/database/repair/database.ts';
import type { RepairReport } from '../src/database/repair/repair.ts';
import type { RestoreSource } from '../src/database/backup/source.ts';

export interface OpenOptions {
  /** `full` (default): acknowledged after the flush; `relaxed`: after the write. */
  readonly durability?: Durability | undefined;
  /** Longest time in ms that a relaxed commit stays unflushed. Default 100. */
  readonly flushIntervalMs?: number | undefined;
  /** Bytes of the block cache. Default 256 MB. */
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
  /** Gives each commit from now on a proof; once on, they stay on. Default false. */
  readonly proofs?: boolean | undefined;
  /** Checkpoint when the log has grown by this many bytes. Default 16 MB. */
  readonly checkpointLogBytes?: number | undefined;
  /** … or so many milliseconds after the first commit that only the log has; 0 for never. Default 5 minutes. */
  readonly checkpointIntervalMs?: number | undefined;
  /** Makes a new database encrypted, and opens one that is. */
  readonly encryption?: EncryptionOptions | undefined;
  /** Fills a new database from backups, which the worker pulls from the page. */
  readonly restore?: RestoreRequest | undefined;
}

/** How to run a statement; a signal does not cross, `cancel` does. */
export interface RunOptions {
  /** The page wants to hear how far the statement is. */
  readonly progress?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  readonly asOf?: Moment | undefined;
  readonly text?: boolean | undefined;
  /** Type OIDs whose values the caller wants as text. */
  readonly printed?: readonly number[] | undefined;
}

/** One step: it begins a backup and answers its number, reads the next bytes (null at the end), or gives it up. */
export type BackupStep = { readonly begin: BackupOptions } | { readonly next: number } | { readonly cancel: number };

/** Gives the next bytes of the backup with that index, null at its end. */
export type Pull = (backup: number) => Promise<Uint8Array | null>;

/** What a restoration is, without the bytes. */
export interface RestoreRequest extends Omit<RestoreSource, 'backups'> {
  readonly count: number;
}

export type Request =
  | {
      readonly kind: 'execute';
      readonly sql: string;
      readonly parameters: readonly Parameter[];
      readonly options: RunOptions;
    }
  | { readonly kind: 'script'; readonly sql: string; readonly options: RunOptions }
  | { readonly kind: 'describe'; readonly sql: string }
  | { readonly kind: 'copy'; readonly piece: CopyPiece }
  | { readonly kind: 'stream'; readonly piece: StreamPiece; readonly options: RunOptions }
  /** `alone`: whoever begins waits for the answer; else what follows in the message fails with the beginning. */
  | { readonly kind: 'begin'; readonly options: TransactionOptions; readonly alone: boolean }
  | { readonly kind: 'functions'; readonly url: string }
  | { readonly kind: 'backup'; readonly step: BackupStep }
  | { readonly kind: 'rekey'; readonly options: RekeyOptions }
  | { readonly kind: 'commit' | 'rollback' | 'end' }
  | { readonly kind: 'status' | 'checkpoint' | 'close' };

/** `session` is the caller's number for it; the first call of a number begins the session, `end` ends it. */
export interface Call {
  readonly id: number;
  readonly session: number;
  readonly request: Request;
}

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError };

/** From the page to the worker. The names are none of Comlink's, whose messages share the way. */
export interface ToWorker {
  readonly calls?: readonly Call[] | undefined;
  /** Id of a call to cancel; its reply still comes. */
  readonly cancel?: number | undefined;
}

/** From the worker to the page. */
export interface ToPage {
  /** How far a call is that asked for it. */
  readonly progress?: { readonly id: number; readonly progress: Progress } | undefined;
  readonly replies: readonly Reply[];
}

/** The object that the worker exposes with Comlink. */
export interface Server {
  /** The worker holds the Web Lock `life` from before the answer until it ends, so that the page notices its death. */
  open(url: string, options: OpenOptions, life: string, pull?: Pull): Promise<WireError | null>;
  /** Work on files of no open database, in a worker of its own; `pull` gives the backups to verify. */
  aside(work: AsideWork, pull?: Pull): Promise<Aside>;
}

/** Reading backups to their ends, or making a new database (the second address) of what can be read of a damaged one. */
export type AsideWork =
  | { readonly kind: 'verify'; readonly backups: RestoreRequest }
  | { readonly kind: 'repair'; readonly urls: readonly [string, string]; readonly options: RepairOptions };

export type Aside =
  | { readonly error: null; readonly value: BackupInfo | RepairReport | null }
  | { readonly error: WireError };

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** What each kind of request answers, where it answers something. */
export interface Answers {
  readonly execute: WireResult;
  readonly script: readonly WireResult[];
  readonly describe: { readonly parameters: readonly number[]; readonly fields: readonly FieldDescription[] };
  readonly copy: string | number | null;
  readonly stream: WireResult | null;
  readonly commit: number | null;
  readonly status: EngineStatus;
  readonly backup: number | Uint8Array | null;
}

export interface WireResult {
  readonly command: string;
  /** Five values a field, in the order of FieldDescription: one array is copied faster than an object a field. */
  readonly fields: readonly (string | number)[];
  readonly columns: readonly WireColumn[];
  readonly rowCount: number;
  readonly affectedRows: number | null;
  readonly notices?: readonly Notice[] | undefined;
}

/**
 * A column on its way. Numbers go as typed arrays of exactly `rowCount` values in buffers of their own, which are
 * transferred. Text is one joined string (which structured clone copies as a block) and where each value ends in it.
 * Columns of few rows, and those of no other form, go as plain values: for few a buffer costs more than it saves.
 */
export type WireColumn =
  | ({ readonly nulls: Uint8Array | null } & (
      | { readonly kind: 'bool'; readonly data: Uint8Array }
      | { readonly kind: 'i32'; readonly data: Int32Array }
      | { readonly kind: 'f64'; readonly data: Float64Array; readonly scale: number | undefined }
      | { readonly kind: 'i64'; readonly data: BigInt64Array }
      | { readonly kind: 'text'; readonly joined: string; readonly ends: Int32Array }
      | { readonly kind: 'dict'; readonly data: Int32Array; readonly joined: string; readonly ends: Int32Array }
      | { readonly kind: 'bytes'; readonly joined: Uint8Array; readonly ends: Int32Array }
    ))
  | {
      readonly kind: 'values';
      readonly form: Exclude<Kind, 'dict'>;
      /** Null for NULL. */
      readonly data: readonly unknown[];
      readonly scale: number | undefined;
    };
