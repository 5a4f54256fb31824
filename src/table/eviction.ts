/**
 * Eviction: which of the cached things leave memory first. S3-FIFO (Yang and others, SOSP 2023), by bytes.
 *
 *     loaded by a look-up, seen lately ──────────────┐
 *                                                    ▼
 *     loaded ──▶ probation (a tenth) ── used twice ─▶ main ── not used since the last round ──▶ out
 *                    └── else ──▶ out, remembered for a while
 *
 * A scan that is bigger than the memory flows through probation and leaves what look-ups need alone: what it loads
 * counts as unused, whether it was remembered or not. Uses are counted up to three in the thing itself, so that a hit is
 * one addition.
 *
 * Invariant: `bytes` is the sum of what was added and not removed.
 */

export interface Evictable {
  /** Uses since it was loaded or last passed over, 0 to 3. */
  used: number;
}

export const MOST_USES = 3;
const PROBATION = 0.1;

export class Eviction<T extends Evictable> {
  readonly #probation: Map<T, number> = new Map();
  readonly #main: Map<T, number> = new Map();
  /** Left memory from probation. */
  readonly #remembered: Set<T> = new Set();
  #probationBytes = 0;
  bytes = 0;

  /** `isLookUp`: it was loaded for its own sake, not by a scan over everything. */
  add(item: T, bytes: number, isLookUp: boolean): void {
    this.remove(item);
    this.bytes += bytes;
    if (isLookUp && this.#remembered.delete(item)) {
      this.#main.set(item, bytes);
      return;
    }
    this.#probation.set(item, bytes);
    this.#probationBytes += bytes;
  }

  remove(item: T): void {
    const probation = this.#probation.get(item);
    const bytes = probation ?? this.#main.get(item);
    if (bytes === undefined) return;
    this.bytes -= bytes;
    if (probation !== undefined) {
      this.#probationBytes -= bytes;
      this.#probation.delete(item);
    } else this.#main.delete(item);
  }

  /** Something that was added, and has not been removed, takes more or less than it did. */
  resize(item: T, bytes: number): void {
    const queue = this.#probation.has(item) ? this.#probation : this.#main;
    const more = bytes - (queue.get(item) ?? bytes);
    if (more === 0) return;
    queue.set(item, bytes);
    this.bytes += more;
    if (queue === this.#probation) this.#probationBytes += more;
  }

  /** Removes what should go next; null where nothing may go. `mayGo` says what may. */
  next(budgetBytes: number, mayGo: (item: T) => boolean): T | null {
    // Each step passes an item over, moves it or ends; uses run out after three rounds.
    let steps = (MOST_USES + 2) * (this.#probation.size + this.#main.size);
    for (; steps > 0; steps--) {
      const fromProbation = this.#probationBytes > budgetBytes * PROBATION || this.#main.size === 0;
      const queue = fromProbation && this.#probation.size > 0 ? this.#probation : this.#main;
      const [entry] = queue;
      if (entry === undefined) return null;
      const [item, bytes] = entry;
      const passes = !mayGo(item);
      if (!passes && item.used <= (queue === this.#probation ? 1 : 0)) {
        this.remove(item);
        if (queue === this.#probation) this.#remember(item);
        return item;
      }
      queue.delete(item);
      if (queue === this.#probation && !passes) {
        this.#probationBytes -= bytes;
        item.used = 0;
        this.#main.set(item, bytes);
        continue;
      }
      if (!passes) item.used--;
      queue.set(item, bytes);
    }
    return null;
  }

  #remember(item: T): void {
    this.#remembered.add(item);
    const most = this.#main.size + this.#probation.size + 16;
    for (const oldest of this.#remembered) {
      if (this.#remembered.size <= most) return;
      this.#remembered.delete(oldest);
    }
  }
}
