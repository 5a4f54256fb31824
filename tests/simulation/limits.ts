/**
 * Where the history of tables may begin: what retention may have taken until a commit, and what DELETE HISTORY took. How far
 * retention has come says the clock and when checkpoints were, so the model knows bounds; how far it may never go are the tags.
 */
import { type Limit, type Limits } from './oracle.ts';
import type { World } from './world.ts';

export class LimitModel {
  readonly #worlds: readonly World[];
  readonly #forgotten = new Map<number, Limit>();

  constructor(worlds: readonly World[]) {
    this.#worlds = worlds;
  }

  /** How far DELETE HISTORY can go after a commit: up to the oldest tag. */
  bound(before: number, seq: number): number {
    return Math.min(before, ...(this.#worlds[seq] as World).tags.values());
  }

  mayForget(table: number, before: number): void {
    const { least, most } = this.#forgotten.get(table) ?? { least: 0, most: 0 };
    this.#forgotten.set(table, { least, most: Math.max(most, before) });
  }

  hasForgotten(table: number, before: number): void {
    const { least, most } = this.#forgotten.get(table) ?? { least: 0, most: 0 };
    this.#forgotten.set(table, { least: Math.max(least, before), most });
  }

  /** The bounds once there are so many commits. */
  all(last: number, maySlip = false): Limits {
    const limits = new Map<number, Limit>();
    for (const [table, { least, most }] of this.#forgotten) limits.set(table, { least: maySlip ? 0 : least, most });
    for (let seq = 1; seq <= last; seq++)
      for (const { id, retention } of (this.#worlds[seq] as World).tables.values()) {
        if (retention === 'forever') continue;
        const { least, most } = limits.get(id) ?? { least: 0, most: 0 };
        limits.set(id, { least, most: Math.max(most, this.bound(seq, seq)) });
      }
    return limits;
  }
}
