/**
 * SortBound: the last row of the best N so far, as a test that keeps later rows out before anything of them is copied.
 *
 * Keys are looked at one after another: a row whose key sorts before the bound's passes, one that sorts behind it is
 * dropped, and only ties go on to the next key. A row that ties in all keys is dropped too: it comes later, and the
 * sort is stable. Kinds without a loop of their own pass what is not null: the sort decides about them.
 */
import { BATCH_ROWS, type Batch, type Vector } from '../base/vector.ts';
import { withSelection } from './evaluator.ts';
import type { OrderOf } from './sort-keys.ts';

type Key = number | string | null;

export class SortBound {
  readonly #keys: readonly Key[];
  readonly #orders: readonly OrderOf[];
  #passed: Int32Array = new Int32Array(BATCH_ROWS);
  #equal: Int32Array = new Int32Array(BATCH_ROWS);
  #nextEqual: Int32Array = new Int32Array(BATCH_ROWS);
  /** Scale of each decimal key. */
  readonly #scales: readonly (number | undefined)[];

  constructor(keys: readonly Key[], orders: readonly OrderOf[], scales: readonly (number | undefined)[]) {
    this.#keys = keys;
    this.#orders = orders;
    this.#scales = scales;
  }

  /** The bound that row `row` of the key columns makes; null where the first key has no loop. */
  static of(keys: readonly Vector[], orders: readonly OrderOf[], row: number): SortBound | null {
    const values: Key[] = [];
    for (let k = 0; k < keys.length; k++) {
      const value = comparable(keys[k] as Vector, orders[k] as OrderOf, row);
      if (value === undefined) break;
      values.push(value);
    }
    const scales = keys.map((key) => (key.kind === 'f64' ? key.scale : undefined));
    return values.length === 0 ? null : new SortBound(values, orders, scales);
  }

  /** The rows of the batch that may be among the best, until the next call; `keys`: the batch's key columns. */
  within(batch: Batch, keys: readonly Vector[]): Batch {
    let ties = batch;
    if (batch.count > this.#passed.length) {
      this.#passed = new Int32Array(batch.count);
      this.#equal = new Int32Array(batch.count);
      this.#nextEqual = new Int32Array(batch.count);
    }
    const passed = this.#passed;
    let count = 0;
    for (let k = 0; k < this.#keys.length && ties.count > 0; k++) {
      const vector = keys[k] as Vector;
      const order = this.#orders[k] as OrderOf;
      const equal = this.#nextEqual;
      this.#nextEqual = this.#equal;
      this.#equal = equal;
      const split: Split = { before: passed, beforeCount: count, equal, equalCount: 0 };
      if (!splitRows(vector, this.#keys[k] as Key, order, this.#scales[k], ties, split)) break;
      count = split.beforeCount;
      ties = withSelection(batch, equal, split.equalCount);
      if (k === this.#orders.length - 1) ties = withSelection(batch, equal, 0);
    }
    // Keys without a loop are left: ties so far may be among the best.
    for (let k = 0; k < ties.count; k++) passed[count++] = ties.selection === null ? k : (ties.selection[k] as number);
    const rows = passed.subarray(0, count);
    // Equal rows keep their order, so the rows of a batch go in ascending order.
    if (!ascends(rows)) rows.sort();
    return withSelection(batch, rows, count);
  }
}

function ascends(rows: Int32Array): boolean {
  for (let i = 1; i < rows.length; i++) if ((rows[i] as number) < (rows[i - 1] as number)) return false;
  return true;
}

interface Split {
  readonly before: Int32Array;
  beforeCount: number;
  readonly equal: Int32Array;
  equalCount: number;
}

/** Types of text whose order is that of their code units. */
const TEXTS = new Set([25, 1043, 19, 705, 2950]);

function comparable(vector: Vector, order: OrderOf, row: number): Key | undefined {
  const isNull = vector.nulls !== null && vector.nulls[row] === 1;
  switch (vector.kind) {
    case 'i32':
      return isNull ? null : (vector.data[row] as number);
    case 'f64': {
      const value = vector.data[row] as number;
      return isNull ? null : value === value ? value : undefined;
    }
    case 'text':
      return TEXTS.has(order.oid) ? (isNull ? null : (vector.data[row] as string)) : undefined;
    case 'dict':
      return TEXTS.has(order.oid)
        ? isNull
          ? null
          : (vector.dictionary[vector.data[row] as number] as string)
        : undefined;
    default:
      return undefined;
  }
}

/** Sorts rows into those before the bound and those equal to it; false where the vector's kind has no loop. */
function splitRows(
  vector: Vector,
  bound: Key,
  order: OrderOf,
  scale: number | undefined,
  rows: Batch,
  split: Split,
): boolean {
  if (bound === null || vector.nulls !== null) return splitWithNulls(vector, bound, order, scale, rows, split);
  if (typeof bound === 'number') {
    if (vector.kind !== 'i32' && (vector.kind !== 'f64' || vector.scale !== scale)) return false;
    if (order.descending) splitAbove(vector.data, bound, rows, split);
    else splitBelow(vector.data, bound, rows, split);
    return true;
  }
  if (vector.kind !== 'text' && vector.kind !== 'dict') return false;
  splitTexts(vector, bound, order.descending, rows, split);
  return true;
}

function splitBelow(data: Int32Array | Float64Array, bound: number, rows: Batch, split: Split): void {
  const { before, equal } = split;
  const { selection, count } = rows;
  let [b, e] = [split.beforeCount, 0];
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = data[i] as number;
    if (x < bound) before[b++] = i;
    else if (x === bound) equal[e++] = i;
  }
  split.beforeCount = b;
  split.equalCount = e;
}

/** Descending: NaN, the greatest, comes before everything. */
function splitAbove(data: Int32Array | Float64Array, bound: number, rows: Batch, split: Split): void {
  const { before, equal } = split;
  const { selection, count } = rows;
  let [b, e] = [split.beforeCount, 0];
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = data[i] as number;
    if (!(x <= bound)) before[b++] = i;
    else if (x === bound) equal[e++] = i;
  }
  split.beforeCount = b;
  split.equalCount = e;
}

function splitTexts(vector: Vector, bound: string, descending: boolean, rows: Batch, split: Split): void {
  const { before, equal } = split;
  const { selection, count } = rows;
  const dictionary = vector.kind === 'dict' ? vector.dictionary : null;
  let [b, e] = [split.beforeCount, 0];
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const x = (dictionary === null ? vector.data[i] : dictionary[vector.data[i] as number]) as string;
    if (x === bound) equal[e++] = i;
    else if (x < bound !== descending) before[b++] = i;
  }
  split.beforeCount = b;
  split.equalCount = e;
}

/** Nulls first, then the rest by the loops above. */
function splitWithNulls(
  vector: Vector,
  bound: Key,
  order: OrderOf,
  scale: number | undefined,
  rows: Batch,
  split: Split,
): boolean {
  const { nulls } = vector;
  const { selection, count } = rows;
  const present = new Int32Array(count);
  let n = 0;
  const mark = split.beforeCount;
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const isNull = nulls !== null && nulls[i] === 1;
    if (isNull && bound === null) split.equal[split.equalCount++] = i;
    else if (isNull && order.nullsFirst) split.before[split.beforeCount++] = i;
    else if (!isNull && bound === null && !order.nullsFirst) split.before[split.beforeCount++] = i;
    else if (!isNull && bound !== null) present[n++] = i;
  }
  if (bound === null) return true;
  const rest = withSelection(rows, present, n);
  if (splitRows({ ...vector, nulls: null } as Vector, bound, order, scale, rest, split)) return true;
  split.beforeCount = mark;
  return false;
}
