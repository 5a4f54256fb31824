/**
 * Evaluators: compiled expressions. `eval` computes an expression for the rows of a batch that count.
 *
 * A result is aligned with the batch: it has the batch's length, and position i belongs to row i; positions that the
 * selection leaves out are unspecified. So a column reference costs nothing, and branches of CASE, AND and COALESCE
 * are computed over a smaller selection of the same rows and put together by position.
 *
 * An evaluator is `fixed` when its value is the same for every row of one opening: constants, parameters, outer
 * columns, and immutable or stable functions of those. It is computed once a batch, and not before a row asks for it
 * (so that `1/0` over no rows is no error).
 */
import { assert } from '../base/error.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import { constantVector, packRows } from './vectors.ts';

export interface Evaluator {
  /** OID of the result's type. */
  readonly oid: number;
  readonly fixed: boolean;
  eval(batch: Batch): Vector;
  /** The value, of a fixed evaluator only. */
  value(): Value;
}

export class ColumnEvaluator implements Evaluator {
  readonly oid: number;
  readonly fixed: boolean = false;
  readonly index: number;

  constructor(oid: number, index: number) {
    this.oid = oid;
    this.index = index;
  }

  eval(batch: Batch): Vector {
    return batch.columns[this.index] as Vector;
  }

  value(): Value {
    assert(false, 'a column has no fixed value');
  }
}

/** A value that stays the same during one opening. */
export class FixedEvaluator implements Evaluator {
  readonly oid: number;
  readonly fixed: boolean = true;
  readonly #get: () => Value;
  #last: Vector | null = null;
  #lastValue: Value = null;

  constructor(oid: number, get: () => Value) {
    this.oid = oid;
    this.#get = get;
  }

  value(): Value {
    return this.#get();
  }

  eval(batch: Batch): Vector {
    if (batch.count === 0) return constantVector(null, batch.length, this.oid);
    const value = this.#get();
    if (this.#last === null || this.#last.length !== batch.length || !Object.is(value, this.#lastValue)) {
      this.#last = constantVector(value, batch.length, this.oid);
      this.#lastValue = value;
    }
    return this.#last;
  }
}

/** A function of boxed values. */
export type Scalar = (args: readonly Value[]) => Value;

export interface ScalarOptions {
  /** Null for a null argument, without a call. */
  readonly strict: boolean;
  /** The same arguments give the same result within a statement. */
  readonly repeatable: boolean;
}

/**
 * The generic path: boxes the arguments of each row and calls. Functions of one dictionary column (and fixed other
 * arguments) are called once for each dictionary entry that occurs.
 */
export class ScalarEvaluator implements Evaluator {
  readonly oid: number;
  readonly fixed: boolean;
  readonly args: readonly Evaluator[];
  readonly #call: Scalar;
  readonly #options: ScalarOptions;
  #dictionary: readonly string[] | null = null;
  #dictionaryArgs: Value[] = [];
  #dictionaryResults: Value[] = [];
  #dictionaryDone: Uint8Array = new Uint8Array(0);

  constructor(oid: number, args: readonly Evaluator[], call: Scalar, options: ScalarOptions) {
    this.oid = oid;
    this.args = args;
    this.#call = call;
    this.#options = options;
    this.fixed = options.repeatable && args.every((arg) => arg.fixed);
  }

  value(): Value {
    // All of them before any is looked at: what an argument fails with does not depend on the others.
    const values = this.args.map((arg) => arg.value());
    return this.#options.strict && values.includes(null) ? null : this.#call(values);
  }

  eval(batch: Batch): Vector {
    if (batch.count === 0) return constantVector(null, batch.length, this.oid);
    if (this.fixed) return constantVector(this.value(), batch.length, this.oid);
    return this.evalVectors(
      batch,
      this.args.map((arg) => arg.eval(batch)),
    );
  }

  /** The same over arguments that have been computed already. */
  evalVectors(batch: Batch, vectors: readonly Vector[]): Vector {
    const single = this.#singleDictionary(vectors);
    const results = single >= 0 ? this.#overDictionary(batch, vectors, single) : this.#rowByRow(batch, vectors);
    return packRows(results, batch.length, batch.selection, batch.count, this.oid);
  }

  #rowByRow(batch: Batch, vectors: readonly Vector[]): Value[] {
    const { selection, count } = batch;
    const { strict } = this.#options;
    const call = this.#call;
    const results: Value[] = new Array<Value>(batch.length).fill(null);
    const width = vectors.length;
    const args: Value[] = new Array<Value>(width).fill(null);
    rows: for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      for (let a = 0; a < width; a++) {
        const value = valueAt(vectors[a] as Vector, i);
        if (strict && value === null) continue rows;
        args[a] = value;
      }
      results[i] = call(args);
    }
    return results;
  }

  /** The position of the only argument that varies, if that is a dictionary vector much shorter than the batch. */
  #singleDictionary(vectors: readonly Vector[]): number {
    if (!this.#options.repeatable) return -1;
    let found = -1;
    for (let a = 0; a < vectors.length; a++) {
      if ((this.args[a] as Evaluator).fixed) continue;
      if (found >= 0 || vectors[a]?.kind !== 'dict') return -1;
      found = a;
    }
    return found;
  }

  #overDictionary(batch: Batch, vectors: readonly Vector[], position: number): Value[] {
    const vector = vectors[position] as Vector;
    assert(vector.kind === 'dict', 'a dictionary vector');
    const args: Value[] = this.args.map((arg, a) => (a === position ? null : arg.value()));
    if (this.#dictionary !== vector.dictionary || args.some((value, a) => !Object.is(value, this.#dictionaryArgs[a]))) {
      this.#dictionary = vector.dictionary;
      this.#dictionaryArgs = args.slice();
      this.#dictionaryDone = new Uint8Array(vector.dictionary.length);
      this.#dictionaryResults = [];
    }
    const results: Value[] = new Array<Value>(batch.length).fill(null);
    const { strict } = this.#options;
    if (strict && args.some((value, a) => a !== position && value === null)) return results;
    const done = this.#dictionaryDone;
    const cached = this.#dictionaryResults;
    const { selection, count } = batch;
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (vector.nulls !== null && vector.nulls[i] === 1) {
        if (strict) continue;
        args[position] = null;
        results[i] = this.#call(args);
        continue;
      }
      const code = vector.data[i] as number;
      if (done[code] === 0) {
        args[position] = vector.dictionary[code] as string;
        cached[code] = this.#call(args);
        done[code] = 1;
      }
      results[i] = cached[code] as Value;
    }
    return results;
  }
}

/** A computation over whole batches, of a fixed or varying result. */
export class BatchEvaluator implements Evaluator {
  readonly oid: number;
  readonly fixed: boolean;
  readonly #eval: (batch: Batch) => Vector;

  constructor(oid: number, fixed: boolean, evaluate: (batch: Batch) => Vector) {
    this.oid = oid;
    this.fixed = fixed;
    this.#eval = evaluate;
  }

  eval(batch: Batch): Vector {
    return this.#eval(batch);
  }

  value(): Value {
    return valueAt(this.#eval(ONE_ROW), 0);
  }
}

/** One row without columns: what fixed expressions are evaluated over. */
export const ONE_ROW: Batch = { columns: [], length: 1, selection: null, count: 1 };

/** The batch with other rows counting. */
export function withSelection(batch: Batch, selection: Int32Array, count: number): Batch {
  return { columns: batch.columns, length: batch.length, selection, count };
}
