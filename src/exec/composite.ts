/** Arrays, rows, subscripts, and `x <op> ANY (array)`. */
import { DriftError } from '../base/error.ts';
import type { Batch, Value, Vector } from '../base/vector.ts';
import type { QuantifiedExpression } from '../plan/expression.ts';
import { SqlArray } from '../sql/types/array.ts';
import { SqlRecord } from '../sql/types/record.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { BatchEvaluator, type Evaluator, ScalarEvaluator } from './evaluator.ts';
import { InList } from './in-list.ts';
import { BOOL } from './physical.ts';

/** A one-dimensional array of type `oid`. */
export function makeArray(oid: number, elements: readonly Value[]): Value {
  const elementOid = typeByOid(oid)?.elementOid ?? 0;
  if (elements.length === 0) return new SqlArray([], [], [], elementOid);
  return new SqlArray([elements.length], [1], elements, elementOid);
}

export function makeRecord(values: readonly Value[], oids: readonly number[], names: readonly string[] = []): Value {
  return new SqlRecord(values, oids, names);
}

/** The array with each element converted; nulls stay. */
export function mapArray(value: object, convert: (element: Value) => Value, elementOid: number): Value {
  if (!(value instanceof SqlArray)) return value;
  const elements = value.elements.map((element) => (element === null ? null : convert(element)));
  return new SqlArray(value.dimensions, value.lowerBounds, elements, elementOid);
}

export function arrayEvaluator(oid: number, elements: readonly Evaluator[], nested: boolean): Evaluator {
  const build = nested
    ? (values: readonly Value[]) => nestArrays(oid, values)
    : (values: readonly Value[]) => makeArray(oid, values.slice());
  return new ScalarEvaluator(oid, elements, build, { strict: false, repeatable: true });
}

/** Arrays of the same size as the elements of one that has a dimension more. */
export function nestArrays(oid: number, values: readonly Value[]): Value {
  const parts = values.filter((value) => value instanceof SqlArray);
  const [first] = parts;
  if (first === undefined || parts.length !== values.length) throw unequalDimensions();
  const elements: Value[] = [];
  for (const part of parts) {
    if (
      part.dimensions.length !== first.dimensions.length ||
      part.dimensions.some((length, d) => length !== first.dimensions[d])
    ) {
      throw unequalDimensions();
    }
    elements.push(...part.elements);
  }
  if (elements.length === 0) return makeArray(oid, []);
  return new SqlArray(
    [parts.length, ...first.dimensions],
    [1, ...first.lowerBounds],
    elements,
    typeByOid(oid)?.elementOid ?? 0,
  );
}

function unequalDimensions(): DriftError {
  return new DriftError('2202E', 'multidimensional arrays must have array expressions with matching dimensions');
}

export function rowEvaluator(
  fields: readonly Evaluator[],
  names: readonly string[],
  oids: readonly number[],
  oid: number,
): Evaluator {
  return new ScalarEvaluator(oid, fields, (values) => makeRecord(values.slice(), oids, names), {
    strict: false,
    repeatable: true,
  });
}

/** `ROW(…) IS [NOT] NULL`: all fields null, or with NOT all fields not null. */
export function rowIsNullEvaluator(fields: readonly Evaluator[], negated: boolean): Evaluator {
  return new BatchEvaluator(
    BOOL,
    fields.every((field) => field.fixed),
    (batch: Batch): Vector => {
      const data = new Uint8Array(batch.length).fill(1);
      for (const field of fields) {
        const { nulls } = field.eval(batch);
        for (let i = 0; i < data.length; i++) if ((nulls !== null && nulls[i] === 1) === negated) data[i] = 0;
      }
      return { kind: 'bool', data, length: batch.length, nulls: null };
    },
  );
}

export interface Subscript {
  readonly slice: boolean;
  readonly lower: Evaluator | null;
  readonly upper: Evaluator | null;
}

export function subscriptEvaluator(oid: number, operand: Evaluator, subscripts: readonly Subscript[]): Evaluator {
  const bounds: Evaluator[] = [];
  const positions = subscripts.map(({ slice, lower, upper }) => ({
    slice,
    lower: lower === null ? -1 : bounds.push(lower),
    upper: upper === null ? -1 : bounds.push(upper),
  }));
  const anySlice = subscripts.some(({ slice }) => slice);
  return new ScalarEvaluator(
    oid,
    [operand, ...bounds],
    (values) => {
      const array = values[0];
      if (!(array instanceof SqlArray)) return null;
      if (
        positions.some(
          ({ lower, upper }) => (lower > 0 && values[lower] === null) || (upper > 0 && values[upper] === null),
        )
      )
        return null;
      if (!anySlice)
        return elementAt(
          array,
          positions.map(({ upper }) => Number(values[upper])),
        );
      return sliceOf(
        array,
        positions.map(({ slice, lower, upper }) => ({
          from: slice ? (lower > 0 ? Number(values[lower]) : null) : 1,
          to: upper > 0 ? Number(values[upper]) : null,
        })),
      );
    },
    { strict: false, repeatable: true },
  );
}

function elementAt(array: SqlArray, indexes: readonly number[]): Value {
  if (indexes.length !== array.dimensions.length) return null;
  let at = 0;
  for (let d = 0; d < indexes.length; d++) {
    const offset = (indexes[d] as number) - (array.lowerBounds[d] as number);
    const length = array.dimensions[d] as number;
    if (offset < 0 || offset >= length) return null;
    at = at * length + offset;
  }
  return array.elements[at] ?? null;
}

function sliceOf(
  array: SqlArray,
  bounds: readonly { readonly from: number | null; readonly to: number | null }[],
): Value {
  const { dimensions, lowerBounds, elements, elementOid } = array;
  if (bounds.length > dimensions.length) return new SqlArray([], [], [], elementOid);
  const starts: number[] = [];
  const lengths: number[] = [];
  for (let d = 0; d < dimensions.length; d++) {
    const low = lowerBounds[d] as number;
    const high = low + (dimensions[d] as number) - 1;
    const from = Math.max(low, bounds[d]?.from ?? low);
    const to = Math.min(high, bounds[d]?.to ?? high);
    if (from > to) return new SqlArray([], [], [], elementOid);
    starts.push(from - low);
    lengths.push(to - from + 1);
  }
  const result: Value[] = [];
  const visit = (d: number, at: number): void => {
    if (d === dimensions.length) {
      result.push(elements[at] ?? null);
      return;
    }
    const length = dimensions[d] as number;
    for (let i = 0; i < (lengths[d] as number); i++) visit(d + 1, at * length + (starts[d] as number) + i);
  };
  visit(0, 0);
  return new SqlArray(
    lengths,
    lengths.map(() => 1),
    result,
    elementOid,
  );
}

/** `operand <op> ANY | ALL (array)` by three-valued logic: of = ANY and <> ALL as membership in a set. */
export function quantifiedEvaluator(
  expression: QuantifiedExpression,
  operand: Evaluator,
  array: Evaluator,
  compare: (left: Value, right: Value) => Value,
): Evaluator {
  const { operator, quantifier } = expression;
  const isMembership = operator === (quantifier === 'any' ? '=' : '<>') && !operand.fixed;
  const list = isMembership ? InList.ofArray(expression.operand, expression.array, array) : null;
  if (list !== null)
    return new BatchEvaluator(BOOL, false, (batch) => list.evaluate(operand.eval(batch), batch, quantifier === 'all'));
  const decides = quantifier === 'any';
  return new ScalarEvaluator(
    BOOL,
    [operand, array],
    ([left, list]) => {
      if (!(list instanceof SqlArray)) return null;
      if (list.elements.length === 0) return !decides;
      if (left === null || left === undefined) return null;
      let unknown = false;
      for (const element of list.elements) {
        const result = element === null ? null : compare(left, element);
        if (result === decides) return decides;
        if (result === null) unknown = true;
      }
      return unknown ? null : !decides;
    },
    { strict: false, repeatable: true },
  );
}
