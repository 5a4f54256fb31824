/**
 * AND, OR, NOT, CASE, COALESCE and their like: evaluators that narrow the selection branch by branch.
 *
 * `Patchwork` collects a result whose parts come from different branches: it copies computed positions into one
 * column and settles on a vector kind at the end.
 */
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import { BatchEvaluator, withSelection, type Evaluator } from './evaluator.ts';
import { BOOL, INT8 } from './physical.ts';
import { packRows } from './vectors.ts';

/** AND and OR by three-valued logic; a later argument is computed only where the earlier ones leave it open. */
export function logicEvaluator(kind: 'and' | 'or', args: readonly Evaluator[]): Evaluator {
  const decides = kind === 'or' ? 1 : 0;
  return new BatchEvaluator(
    BOOL,
    args.every((arg) => arg.fixed),
    (batch) => {
      const length = batch.length;
      const data = new Uint8Array(length).fill(1 - decides);
      let nulls: Uint8Array | null = null;
      let open = batch;
      for (const arg of args) {
        if (open.count === 0) break;
        const vector = arg.eval(open);
        const values = vector.data as Uint8Array;
        const rest = new Int32Array(open.count);
        let count = 0;
        for (let k = 0; k < open.count; k++) {
          const i = open.selection === null ? k : (open.selection[k] as number);
          if (vector.nulls !== null && vector.nulls[i] === 1) {
            (nulls ??= new Uint8Array(length))[i] = 1;
            rest[count++] = i;
          } else if (values[i] === decides) {
            data[i] = decides;
            if (nulls !== null) nulls[i] = 0;
          } else {
            rest[count++] = i;
          }
        }
        open = withSelection(batch, rest, count);
      }
      return { kind: 'bool', data, length, nulls };
    },
  );
}

export function notEvaluator(operand: Evaluator): Evaluator {
  return new BatchEvaluator(BOOL, operand.fixed, (batch) => {
    const vector = operand.eval(batch);
    const source = vector.data as Uint8Array;
    const data = new Uint8Array(batch.length);
    for (let i = 0; i < data.length; i++) data[i] = source[i] === 1 ? 0 : 1;
    return { kind: 'bool', data, length: batch.length, nulls: vector.nulls };
  });
}

/** IS [NOT] NULL of a plain value. */
export function isNullEvaluator(operand: Evaluator, negated: boolean): Evaluator {
  const whenNull = negated ? 0 : 1;
  return new BatchEvaluator(BOOL, operand.fixed, (batch) => {
    const { nulls } = operand.eval(batch);
    const data = new Uint8Array(batch.length);
    if (nulls === null) data.fill(1 - whenNull);
    else for (let i = 0; i < data.length; i++) data[i] = nulls[i] === 1 ? whenNull : 1 - whenNull;
    return { kind: 'bool', data, length: batch.length, nulls: null };
  });
}

export function booleanTestEvaluator(
  operand: Evaluator,
  test: 'true' | 'false' | 'unknown',
  negated: boolean,
): Evaluator {
  const hit = negated ? 0 : 1;
  return new BatchEvaluator(BOOL, operand.fixed, (batch) => {
    const vector = operand.eval(batch);
    const source = vector.data as Uint8Array;
    const data = new Uint8Array(batch.length);
    for (let i = 0; i < data.length; i++) {
      const isNull = vector.nulls !== null && vector.nulls[i] === 1;
      const matches = test === 'unknown' ? isNull : !isNull && (source[i] === 1) === (test === 'true');
      data[i] = matches ? hit : 1 - hit;
    }
    return { kind: 'bool', data, length: batch.length, nulls: null };
  });
}

export interface CaseBranch {
  readonly when: Evaluator;
  readonly then: Evaluator;
}

export function caseEvaluator(oid: number, branches: readonly CaseBranch[], otherwise: Evaluator | null): Evaluator {
  const fixed =
    branches.every((branch) => branch.when.fixed && branch.then.fixed) && (otherwise === null || otherwise.fixed);
  return new BatchEvaluator(oid, fixed, (batch) => {
    const result = new Patchwork(batch, oid);
    let open = batch;
    for (const { when, then } of branches) {
      if (open.count === 0) break;
      const [yes, no] = split(open, when.eval(open));
      if (yes.count > 0) result.put(then.eval(yes), yes);
      open = no;
    }
    if (open.count > 0) {
      if (otherwise === null) result.putNull(open);
      else result.put(otherwise.eval(open), open);
    }
    return result.vector();
  });
}

export function coalesceEvaluator(oid: number, args: readonly Evaluator[]): Evaluator {
  const fixed = args.every((arg) => arg.fixed);
  return new BatchEvaluator(oid, fixed, (batch) => {
    const result = new Patchwork(batch, oid);
    let open = batch;
    for (const arg of args) {
      if (open.count === 0) break;
      const vector = arg.eval(open);
      if (vector.nulls === null) {
        result.put(vector, open);
        open = withSelection(batch, EMPTY, 0);
        break;
      }
      const present = new Int32Array(open.count);
      const absent = new Int32Array(open.count);
      let presentCount = 0;
      let absentCount = 0;
      for (let k = 0; k < open.count; k++) {
        const i = open.selection === null ? k : (open.selection[k] as number);
        if (vector.nulls[i] === 1) absent[absentCount++] = i;
        else present[presentCount++] = i;
      }
      if (presentCount > 0) result.put(vector, withSelection(batch, present, presentCount));
      open = withSelection(batch, absent, absentCount);
    }
    if (open.count > 0) result.putNull(open);
    return result.vector();
  });
}

const EMPTY = new Int32Array(0);

/** The rows where a boolean is true, and the others (false or null). */
export function split(batch: Batch, condition: Vector): [Batch, Batch] {
  const values = condition.data as Uint8Array;
  const yes = new Int32Array(batch.count);
  const no = new Int32Array(batch.count);
  let yesCount = 0;
  let noCount = 0;
  for (let k = 0; k < batch.count; k++) {
    const i = batch.selection === null ? k : (batch.selection[k] as number);
    if (values[i] === 1 && (condition.nulls === null || condition.nulls[i] === 0)) yes[yesCount++] = i;
    else no[noCount++] = i;
  }
  return [withSelection(batch, yes, yesCount), withSelection(batch, no, noCount)];
}

/** A result column put together from parts. */
class Patchwork {
  readonly #batch: Batch;
  readonly #oid: number;
  readonly #parts: { readonly vector: Vector | null; readonly rows: Batch }[] = [];

  constructor(batch: Batch, oid: number) {
    this.#batch = batch;
    this.#oid = oid;
  }

  put(vector: Vector, rows: Batch): void {
    this.#parts.push({ vector, rows });
  }

  putNull(rows: Batch): void {
    this.#parts.push({ vector: null, rows });
  }

  vector(): Vector {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only !== undefined && only.vector !== null) return only.vector;
    return this.#typed() ?? this.#boxed();
  }

  /** All parts int32, all booleans, or all doubles of one scale: copied as they are. */
  #typed(): Vector | null {
    let model: Vector | null = null;
    for (const { vector } of this.#parts) {
      if (vector === null) continue;
      if (vector.kind !== 'i32' && vector.kind !== 'f64' && vector.kind !== 'bool') return null;
      if (model === null) model = vector;
      else if (model.kind !== vector.kind) return null;
      else if (model.kind === 'f64' && vector.kind === 'f64' && model.scale !== vector.scale) return null;
    }
    if (model === null) return null;
    const { length } = this.#batch;
    let nulls: Uint8Array | null = null;
    const data =
      model.kind === 'i32'
        ? new Int32Array(length)
        : model.kind === 'f64'
          ? new Float64Array(length)
          : new Uint8Array(length);
    for (const { vector, rows } of this.#parts) {
      const { selection, count } = rows;
      if (vector === null) {
        nulls ??= new Uint8Array(length);
        for (let k = 0; k < count; k++) nulls[selection === null ? k : (selection[k] as number)] = 1;
        continue;
      }
      if (vector.nulls !== null) nulls ??= new Uint8Array(length);
      const source = vector.data as Float64Array;
      for (let k = 0; k < count; k++) {
        const i = selection === null ? k : (selection[k] as number);
        data[i] = source[i] as number;
        if (nulls !== null && vector.nulls !== null) nulls[i] = vector.nulls[i] as number;
      }
    }
    if (model.kind === 'i32') return { kind: 'i32', data: data as Int32Array, length, nulls };
    if (model.kind === 'f64') return { kind: 'f64', data: data as Float64Array, scale: model.scale, length, nulls };
    return { kind: 'bool', data: data as Uint8Array, length, nulls };
  }

  #boxed(): Vector {
    const { length, selection, count } = this.#batch;
    const values: Value[] = new Array<Value>(length).fill(null);
    for (const { vector, rows } of this.#parts) {
      if (vector === null) continue;
      for (let k = 0; k < rows.count; k++) {
        const i = rows.selection === null ? k : (rows.selection[k] as number);
        values[i] = valueAt(vector, i);
      }
    }
    return packRows(values, length, selection, count, this.#oid === 0 ? INT8 : this.#oid);
  }
}
