/**
 * What a session is doing, for others to see (`drift.activity`, pg_stat_activity) and to end: a statement is cancelled,
 * a session terminated, one that sits idle in a transaction for too long ends by itself.
 *
 * Times are kept on the monotone clock, because every statement notes some, and become dates when somebody looks.
 */
import type { Cancellation } from '../base/cancel.ts';
import { DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import type { Party } from '../txn/lock/party.ts';
import type { Progress } from './api.ts';
import { type Settings, timeoutMs } from './settings.ts';

export type ActivityState = 'active' | 'idle' | 'idle in transaction' | 'idle in transaction (aborted)';

/** A session as others see it. */
export interface Backend {
  readonly id: number;
  /** What it waits for, and whom for. */
  readonly party: Party;
  /** What it works with: that of its branch. */
  readonly core: { readonly line?: { readonly branch: { readonly id: number } } | undefined };
  readonly activity: Activity;
  /** Snapshot and start (µs) of the open transaction. */
  readonly open: {
    readonly transaction: { readonly snapshot: number; readonly startedAt: number };
    /** The moment that it reads instead. */
    readonly asOf: number | null;
  } | null;
  readonly settings: Settings;
  /** Why it was ended by others: what later calls get. */
  ended: DriftError | null;
  close(): Promise<void>;
  /** Cancels what runs, rolls back, ends the session; later calls get the reason. */
  terminate(reason: DriftError): void;
}

/** Who watches a statement hears of it so often. */
const PROGRESS_MS = 100;

export class Activity {
  readonly #host: Host;
  readonly startMs: number;
  state: ActivityState = 'idle';
  /** The statement that runs, or the last one. */
  query = '';
  queryStartMs = 0;
  stateChangeMs: number;
  #cancellation: Cancellation | null = null;
  /** Of a stream that somebody reads: between two pieces it is still what the session does. */
  stream: Cancellation | null = null;
  #stopWaiting: (() => void) | null = null;

  constructor(host: Host) {
    this.#host = host;
    this.startMs = host.monotonicMs();
    this.stateChangeMs = this.startMs;
  }

  /** `limitMs`: how long the statement may take; 0: as long as it likes. */
  begin(query: string, cancellation: Cancellation, limitMs: number): void {
    this.forget();
    if (limitMs > 0) {
      this.#stopWaiting = this.#host.setTimer(limitMs, () =>
        cancellation.cancel(new DriftError('57014', 'canceling statement due to statement timeout')),
      );
    }
    this.#cancellation = cancellation;
    this.state = 'active';
    if (query !== '') this.query = query;
    this.queryStartMs = this.#host.monotonicMs();
    this.stateChangeMs = this.queryStartMs;
  }

  /** The statement is done. `late` is called where an open transaction then waits longer than the settings allow. */
  end(open: { readonly failed: boolean } | null, settings: Settings, late: () => void): void {
    this.forget();
    this.#cancellation = null;
    this.state =
      open === null
        ? 'idle'
        : this.stream !== null
          ? 'active'
          : open.failed
            ? 'idle in transaction (aborted)'
            : 'idle in transaction';
    this.stateChangeMs = this.#host.monotonicMs();
    const limit = open === null ? 0 : timeoutMs(settings.get('idle_in_transaction_session_timeout'));
    if (limit > 0) this.#stopWaiting = this.#host.setTimer(limit, late);
  }

  /** What is to be called after each turn of others, so that somebody hears now and then how far a statement is. */
  watch(cancellation: Cancellation, onProgress: (progress: Progress) => void): () => void {
    let next = this.#host.monotonicMs();
    return () => {
      const now = this.#host.monotonicMs();
      if (now < next) return;
      next = now + PROGRESS_MS;
      onProgress(progressOf(cancellation, this.queryStartMs, this.#host));
    };
  }

  /** Nothing is waited for any more. */
  forget(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = null;
  }

  /** Cancels the statement that runs; false where none does. */
  cancel(reason?: DriftError): boolean {
    const running = this.#cancellation ?? this.stream;
    running?.cancel(reason);
    return running !== null;
  }

  get progress(): Progress | null {
    const running = this.#cancellation ?? this.stream;
    return running === null ? null : progressOf(running, this.queryStartMs, this.#host);
  }
}

/** How far a statement is. */
function progressOf({ rowsRead, rowsExpected }: Cancellation, startMs: number, host: Host): Progress {
  return { elapsedMs: host.monotonicMs() - startMs, rowsRead, rowsExpected: Math.max(rowsExpected, rowsRead) };
}

export function idleTooLong(): DriftError {
  return new DriftError('25P03', 'terminating connection due to idle-in-transaction timeout');
}
