/** What all parts of a workload draw from: choices, texts and names that are used once, as the seed says. */
import { Random } from '../../src/base/random.ts';
import type { Row, Table } from './world.ts';

export class Dice {
  readonly #random: Random;
  #next = 1;
  /** Tables some of whose history may be gone. */
  readonly limited: Set<number> = new Set<number>();

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  below(limit: number): number {
    return this.#random.uint32() % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A number that was not given before. */
  number(): number {
    return this.#next++;
  }

  /** Mostly short; now and then longer than what a page, a sector or a log's step holds. Never the same. */
  text(): string {
    const roll = this.below(12);
    const length = roll === 0 ? this.below(3000) : roll === 1 ? 500 + this.below(40) : this.below(16);
    return this.pick(['x', 'y', 'ü', '€']).repeat(length) + this.number();
  }
}

export function literal(value: string | null): string {
  return value === null ? 'NULL' : `'${value}'`;
}

export function replaced(row: Row, at: number, value: string | null): Row {
  return row.map((old, i) => (i === at ? value : old));
}

/** A new row of a table: columns that it does not say have their defaults. */
export function padded(row: Row, { columns }: Table): Row {
  return [...row, ...columns.slice(row.length).map(({ preset }) => preset)];
}
