/**
 * `x IN (constants)` and `x = ANY (constant array)` as a set: of numbers, of texts, or of the type's hash keys. Items must
 * be fixed and of the operand's type; they are read once an opening, when the first batch comes.
 */
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import type { BoundExpression } from '../plan/expression.ts';
import { SqlArray } from '../sql/types/array.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { Evaluator } from './evaluator.ts';
import { CachedTest, testTexts } from './kernels/text.ts';
import { hashFamily } from './physical.ts';
import { constantVector } from './vectors.ts';

const MIN_ITEMS = 2;
const BOOL = 16;

export class InList {
  /** The items, or null: it is unknown what they are. */
  readonly #items: () => readonly Value[] | null;
  readonly #hashKey: (value: Value) => string | number | boolean | bigint;
  readonly #plain: boolean;
  #keys: Set<unknown> | null = null;
  #source: readonly Value[] = [];
  #hasNull = false;
  #test: CachedTest | null = null;

  private constructor(items: () => readonly Value[] | null, hashKey: InList['hashKey'], plain: boolean) {
    this.#items = items;
    this.#hashKey = hashKey;
    this.#plain = plain;
  }

  get hashKey(): (value: Value) => string | number | boolean | bigint {
    return this.#hashKey;
  }

  /** Null where the items vary, or compare otherwise than their hash keys do. */
  static make(
    operand: BoundExpression,
    items: readonly BoundExpression[],
    evaluators: readonly Evaluator[],
  ): InList | null {
    if (evaluators.length < MIN_ITEMS || evaluators.some((item) => !item.fixed)) return null;
    const types = items.map((item) => item.type.oid);
    return InList.#of(operand, types, () => evaluators.map((item) => item.value()));
  }

  /** As `make`, of the elements of an array. */
  static ofArray(operand: BoundExpression, array: BoundExpression, evaluator: Evaluator): InList | null {
    if (!evaluator.fixed) return null;
    return InList.#of(operand, [typeByOid(array.type.oid).elementOid], () => {
      const value = evaluator.value();
      return value instanceof SqlArray ? value.elements : null;
    });
  }

  static #of(operand: BoundExpression, types: readonly number[], items: () => readonly Value[] | null): InList | null {
    const family = hashFamily(operand.type.oid);
    if (types.some((oid) => hashFamily(oid) !== family)) return null;
    const type = typeByOid(operand.type.oid);
    return new InList(items, (value) => type.hashKey(value), family === 'number' || family === 'text');
  }

  evaluate(vector: Vector, batch: Batch, negated: boolean): Vector {
    const keys = this.#load(batch);
    if (keys === null) return constantVector(null, batch.length, BOOL);
    // Not even a null is among no items.
    if (keys.size === 0 && !this.#hasNull) return constantVector(negated, batch.length, BOOL);
    const found = this.#lookup(vector, batch, keys);
    const data = found.data;
    let { nulls } = vector;
    if (this.#hasNull) {
      const unknown = new Uint8Array(batch.length);
      for (let i = 0; i < unknown.length; i++)
        unknown[i] = data[i] === 1 ? (nulls === null ? 0 : (nulls[i] as number)) : 1;
      nulls = unknown;
    }
    if (negated) for (let i = 0; i < data.length; i++) data[i] = 1 - (data[i] as number);
    return { kind: 'bool', data, length: batch.length, nulls };
  }

  #load(batch: Batch): Set<unknown> | null {
    if (batch.count === 0) return this.#keys ?? new Set();
    const values = this.#items();
    if (values === null) return null;
    if (this.#keys !== null && isSameList(values, this.#source)) return this.#keys;
    this.#source = values;
    this.#hasNull = values.includes(null);
    const keys = new Set<unknown>();
    for (const value of values) if (value !== null) keys.add(this.#plain ? value : this.#hashKey(value));
    this.#keys = keys;
    this.#test = new CachedTest((text) => keys.has(text));
    return keys;
  }

  #lookup(vector: Vector, batch: Batch, keys: Set<unknown>): { readonly data: Uint8Array } {
    const { selection, count, length } = batch;
    if (this.#plain && this.#test !== null && (vector.kind === 'dict' || vector.kind === 'text')) {
      return testTexts(vector, this.#test, batch) as Vector & { readonly data: Uint8Array };
    }
    const data = new Uint8Array(length);
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      const value = valueAt(vector, i);
      if (value !== null && keys.has(this.#plain ? value : this.#hashKey(value))) data[i] = 1;
    }
    return { data };
  }
}

function isSameList(a: readonly Value[], b: readonly Value[]): boolean {
  return a === b || (a.length === b.length && a.every((value, i) => Object.is(value, b[i])));
}
