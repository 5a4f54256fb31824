/**
 * Locks with a name: tables and advisory locks, with queues as PostgreSQL's.
 *
 * A lock is granted when nobody else holds a mode that conflicts and nobody who asked before waits for one: so a
 * stream of readers cannot keep ACCESS EXCLUSIVE waiting for ever. Who holds what somebody waits for goes before him.
 * Modes are bits with a conflict table of their kind (modes.ts); advisory locks have two, share and exclusive.
 */
import type { Party } from './party.ts';

export interface HeavyKind {
  conflicts(mask: number): number;
}

interface Grant {
  readonly party: Party;
  /** How often each mode was taken. */
  readonly counts: Map<number, number>;
  mask: number;
}

/** Somebody who waits in the queue. */
export interface Queued {
  readonly party: Party;
  readonly mode: number;
}

export class HeavyLock {
  readonly #kind: HeavyKind;
  readonly grants: Map<Party, Grant> = new Map();
  readonly queue: Queued[] = [];

  constructor(kind: HeavyKind) {
    this.#kind = kind;
  }

  get isEmpty(): boolean {
    return this.grants.size === 0 && this.queue.length === 0;
  }

  /** Modes that a party holds. */
  maskOf(party: Party): number {
    return this.grants.get(party)?.mask ?? 0;
  }

  /**
   * Who holds what conflicts with a mode, and who waits before the party for such. `held`: modes that the party has of
   * the same thing elsewhere. Who holds what others wait for goes before them: they would wait for each other.
   */
  inTheWay(party: Party, mode: number, place: Queued | null, held = 0): Party[] {
    const conflicts = this.#kind.conflicts(mode);
    const found = new Set<Party>();
    for (const grant of this.grants.values())
      if (grant.party !== party && (grant.mask & conflicts) !== 0) found.add(grant.party);
    const stands = this.#kind.conflicts(this.maskOf(party) | held);
    for (const queued of this.queue) {
      if (queued === place || (queued.party !== party && (queued.mode & stands) !== 0)) break;
      if (queued.party !== party && (queued.mode & conflicts) !== 0) found.add(queued.party);
    }
    return [...found];
  }

  take(party: Party, mode: number): void {
    let grant = this.grants.get(party);
    if (grant === undefined) this.grants.set(party, (grant = { party, counts: new Map(), mask: 0 }));
    grant.counts.set(mode, (grant.counts.get(mode) ?? 0) + 1);
    grant.mask |= mode;
  }

  /** Gives one of the party's locks of a mode back; false where it has none. */
  release(party: Party, mode: number): boolean {
    const grant = this.grants.get(party);
    const count = grant?.counts.get(mode) ?? 0;
    if (grant === undefined || count === 0) return false;
    if (count > 1) {
      grant.counts.set(mode, count - 1);
      return true;
    }
    grant.counts.delete(mode);
    grant.mask &= ~mode;
    if (grant.mask === 0) this.grants.delete(party);
    return true;
  }
}
