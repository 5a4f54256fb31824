/** Choices: every random decision of the fuzzer, drawn from one seed, so that a seed is a case. */
import { Random } from '../../../src/base/random.ts';

export class Choices {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Uniform in 0 … below-1. */
  int(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  /** Uniform in from … to, both included. */
  between(from: number, to: number): number {
    return from + this.int(to - from + 1);
  }

  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }

  /**
   * One of many that grow with the engine: an item that is added or removed changes only the picks that fall on it, so
   * that a seed means the same from one version to the next.
   */
  pickStable<T extends { readonly hash: number }>(items: readonly T[]): T {
    const draw = this.#random.uint32();
    let best = items[0] as T;
    let most = -1;
    for (const item of items) {
      const score = Math.imul(Math.imul(item.hash ^ draw, 0x9e3779b1) ^ (draw >>> 13), 0x85ebca6b) >>> 0;
      if (score > most) [best, most] = [item, score];
    }
    return best;
  }

  /** One of the alternatives, each as likely as its weight says. */
  weighted<T>(alternatives: readonly (readonly [weight: number, item: T])[]): T {
    let at = this.#random.next() * alternatives.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of alternatives) if ((at -= weight) < 0) return item;
    return (alternatives.at(-1) as readonly [number, T])[1];
  }

  /** `count` results of `make`. */
  times<T>(count: number, make: (i: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => make(i));
  }

  /** Some of the items, in their order; at least `least`. */
  some<T>(items: readonly T[], share: number, least = 0): T[] {
    const taken = items.filter(() => this.chance(share));
    return taken.length >= least ? taken : items.slice(0, least);
  }
}
