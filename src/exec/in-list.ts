/**
 * `x IN (constants)` as a set: of numbers, of texts, or of the type's hash keys. Items must be fixed and of the
 * operand's type; they are read once an opening, when the first batch comes.
 */
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import type { BoundExpression } from '../plan/expression.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { Evaluator } from './evaluator.ts';
import { CachedTest, testTexts } from './kernels/text.ts';
import { hashFamily } from './physical.ts';

const MIN_ITEMS = 2;

export class InList {
  readonly #items: readonly Evaluator[];
  readonly #hashKey: (value: Value) => string | number | boolean | bigint;
  readonly #plain: boolean;
  #keys: Set<unknown> | null = null;
  #source: Value[] = [];
  #hasNull = false;
  #test: CachedTest | null = null;

  private constructor(items: readonly Evaluator[], hashKey: InList['hashKey'], plain: boolean) {
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
    const family = hashFamily(operand.type.oid);
    if (items.some((item) => hashFamily(item.type.oid) !== family)) return null;
    const type = typeByOid(operand.type.oid);
    if (type === undefined) return null;
    const plain = family === 'number' || family === 'text';
    return new InList(evaluators, (value) => type.hashKey(value), plain);
  }

  evaluate(vector: Vector, batch: Batch, negated: boolean): Vector {
    const keys = this.#load(batch);
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

  #load(batch: Batch): Set<unknown> {
    if (batch.count === 0) return this.#keys ?? new Set();
    const values = this.#items.map((item) => item.value());
    if (this.#keys !== null && values.every((value, i) => Object.is(value, this.#source[i]))) return this.#keys;
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
