/**
 * Which states of tables may have gone: those that retention may have taken until a commit, and what DELETE HISTORY took.
 * How far retention has come says the clock and when checkpoints were, so the model knows bounds; what never goes are the
 * states that tags name while they do.
 */
import type { World } from './world.ts';

export interface Limit {
  /** Moments that are gone, whatever happened. */
  readonly must: ReadonlySet<number>;
  /** Moments that may be gone. */
  readonly may: ReadonlySet<number>;
}

export type Limits = ReadonlyMap<number, Limit>;

export const WHOLE: Limit = { must: new Set(), may: new Set() };

/** The moment from which on nothing can be gone. */
export function firstWhole({ may }: Limit): number {
  return Math.max(-1, ...may) + 1;
}

/** Moments. */
type Moments = Set<number>;

export class LimitModel {
  readonly #worlds: readonly World[];
  readonly #forgotten = new Map<number, { readonly must: Moments; readonly may: Moments }>();

  constructor(worlds: readonly World[]) {
    this.#worlds = worlds;
  }

  /** What DELETE HISTORY takes after a commit: states before one that no tag names. */
  #takes(before: number, seq: number): Moments {
    const tagged = new Set((this.#worlds[seq] as World).tags.values());
    return new Set(Array.from({ length: before }, (_, moment) => moment).filter((moment) => !tagged.has(moment)));
  }

  mayForget(table: number, before: number, seq: number): void {
    const { must, may } = this.#of(table);
    this.#forgotten.set(table, { must, may: new Set([...may, ...this.#takes(before, seq)]) });
  }

  hasForgotten(table: number, before: number, seq: number): void {
    const { must, may } = this.#of(table);
    this.#forgotten.set(table, { must: new Set([...must, ...this.#takes(before, seq)]), may });
  }

  #of(table: number): { readonly must: Moments; readonly may: Moments } {
    return this.#forgotten.get(table) ?? { must: new Set(), may: new Set() };
  }

  /** The bounds once there are so many commits. */
  all(last: number, maySlip = false): Limits {
    const limits = new Map<number, Limit>();
    for (const [table, { must, may }] of this.#forgotten)
      limits.set(table, { must: maySlip ? new Set() : must, may: new Set(may) });
    for (let seq = 1; seq <= last; seq++)
      for (const { id, retention } of (this.#worlds[seq] as World).tables.values()) {
        if (retention === 'forever') continue;
        const { must, may } = limits.get(id) ?? WHOLE;
        limits.set(id, { must, may: new Set([...may, ...this.#takes(seq, seq)]) });
      }
    return limits;
  }
}
