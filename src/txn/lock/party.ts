/** Whatever does one thing at a time and can hold locks: a session, with what it waits for and who waits for it. */
import type { Cancellation } from '../../base/cancel.ts';

/** What a wait is for: said in errors and shown in pg_locks. */
export interface Wanted {
  readonly kind: 'relation' | 'tuple' | 'transactionid' | 'advisory';
  /** PostgreSQL's name of the lock mode: ShareLock … */
  readonly mode: string;
  /** "relation 16384 of database drift", "transaction 12". */
  readonly text: string;
  readonly tableId?: number | undefined;
  readonly key?: string | undefined;
  /** What a refusal says of it: `could not obtain lock on relation "t"`. */
  readonly refusal?: string | undefined;
}

export interface Wait {
  readonly party: Party;
  readonly blockers: readonly Party[];
  readonly wanted: Wanted;
  /** Start, µs since 1970. */
  readonly since: number;
  readonly end: () => void;
}

export class Party {
  /** What pg_backend_pid() gives. */
  readonly id: number;
  /** What it waits for; null while it runs. */
  wait: Wait | null = null;
  /** Those who wait for it, in the order in which they came. */
  readonly waiters: Set<Wait> = new Set();
  /** Advisory locks that it has taken for itself: how often each, by mode and key (advisory.ts). */
  held: Map<string, number> | null = null;
  /** Those of them that the statement under way has taken. */
  readonly taken: string[] = [];
  /** What is to be done when the session ends. */
  ending: (() => void) | null = null;
  /** Can end a wait of the statement that runs. */
  cancellation: Cancellation | null = null;
  readonly #lockTimeoutMs: () => number;

  /** `lockTimeoutMs`: limit of a single wait; 0: none. */
  constructor(id: number, lockTimeoutMs: () => number = () => 0) {
    this.id = id;
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  get lockTimeoutMs(): number {
    return this.#lockTimeoutMs();
  }

  /** It has let go of something: who waits for it looks again. */
  wake(): void {
    if (this.waiters.size === 0) return;
    for (const wait of [...this.waiters]) wait.end();
  }
}
