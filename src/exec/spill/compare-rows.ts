/**
 * Compares rows of different batches by sort keys, in the order of sort-keys.ts: for merging sorted runs, where ranks of
 * texts cannot be compared since each run has its own.
 */
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { OrderOf } from '../sort-keys.ts';

/** Types whose texts are ordered by their code units (sort-keys.ts). */
const BY_UNITS: ReadonlySet<number> = new Set([19, 25, 705, 1043, 2950]);

type Compare = (a: Vector, i: number, b: Vector, j: number) => number;

/** Compares two rows by all keys; the vectors are those of the keys, in their order. */
export class RowOrder {
  readonly #compares: readonly Compare[];

  constructor(orders: readonly OrderOf[]) {
    this.#compares = orders.map(compareOf);
  }

  compare(a: readonly Vector[], i: number, b: readonly Vector[], j: number): number {
    for (let k = 0; k < this.#compares.length; k++) {
      const order = (this.#compares[k] as Compare)(a[k] as Vector, i, b[k] as Vector, j);
      if (order !== 0) return order;
    }
    return 0;
  }
}

function compareOf({ oid, descending, nullsFirst }: OrderOf): Compare {
  const values = valueCompare(oid);
  const whenLeftNull = nullsFirst ? -1 : 1;
  return (a, i, b, j) => {
    const left = a.nulls !== null && a.nulls[i] === 1;
    const right = b.nulls !== null && b.nulls[j] === 1;
    if (left || right) return left === right ? 0 : left ? whenLeftNull : -whenLeftNull;
    const plain =
      a.kind === b.kind && (a.kind === 'i32' || a.kind === 'f64') && (b.kind !== 'f64' || isSameScale(a, b));
    const order = plain ? numberOrder(a.data[i] as number, b.data[j] as number) : values(valueAt(a, i), valueAt(b, j));
    return descending ? -order : order;
  };
}

function isSameScale(a: Vector, b: Vector): boolean {
  return a.kind === 'f64' && b.kind === 'f64' && a.scale === b.scale;
}

function numberOrder(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  // Equal, or NaN, which is greater than all others.
  return a === b ? 0 : Number(a !== a) - Number(b !== b);
}

function valueCompare(oid: number): (a: Value, b: Value) => number {
  if (!BY_UNITS.has(oid)) return typeByOid(oid).compare ?? (() => 0);
  return (a, b) => ((a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0);
}
