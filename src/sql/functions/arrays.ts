/** Arrays (PostgreSQL's chapter 9.19): building, searching, taking apart, and the operators on them. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../types/array.ts';
import { typeByOid } from '../types/registry.ts';
import { pure, setFunction, T, typedScalar } from './define.ts';
import type { OperatorEntry, ScalarFunction, SetFunction } from './function.ts';

const MAX_DIMENSIONS = 6;
const MAX_ELEMENTS = 134217727;
const lenient = { strict: false, volatility: 'immutable' } as const;
const immutable = { volatility: 'immutable' } as const;

type Same = (a: Value, b: Value) => boolean;

/** Equality of an element type, nulls never equal. Throws 42883 for types without one. */
function equalityOf(arrayOid: number): Same {
  const type = typeByOid(typeByOid(arrayOid).elementOid || T.text);
  const { compare } = type;
  if (compare === undefined) {
    return () => {
      throw new DriftError('42883', `could not identify an equality operator for type ${type.display}`);
    };
  }
  return (a, b) => a !== null && b !== null && compare(a, b) === 0;
}

const elementOid = (arrayOid: number): number => typeByOid(arrayOid).elementOid || T.text;

function sizeError(detail: string): DriftError {
  return new DriftError('2202E', 'cannot concatenate incompatible arrays', { detail });
}

/** Arrays of equal depth are put one after the other; one that is a dimension less becomes an element. */
function concatenate(a: SqlArray | null, b: SqlArray | null): Value {
  if (a === null || b === null) return a ?? b;
  if (a.dimensions.length === 0) return b;
  if (b.dimensions.length === 0) return a;
  const difference = a.dimensions.length - b.dimensions.length;
  if (Math.abs(difference) > 1) {
    throw sizeError(
      `Arrays of ${a.dimensions.length} and ${b.dimensions.length} dimensions are not compatible for concatenation.`,
    );
  }
  const outer = difference >= 0 ? a : b;
  const inner = (array: SqlArray): readonly number[] =>
    array.dimensions.length === outer.dimensions.length ? array.dimensions.slice(1) : array.dimensions;
  if (inner(a).join() !== inner(b).join()) {
    throw sizeError(
      difference === 0
        ? 'Arrays with differing element dimensions are not compatible for concatenation.'
        : 'Arrays with differing dimensions are not compatible for concatenation.',
    );
  }
  const count = (array: SqlArray): number =>
    array.dimensions.length === outer.dimensions.length ? (array.dimensions[0] as number) : 1;
  return new SqlArray(
    [count(a) + count(b), ...inner(outer)],
    outer.lowerBounds,
    [...a.elements, ...b.elements],
    a.elementOid,
  );
}

function extended(array: SqlArray | null, oid: number, element: Value, front: boolean): SqlArray {
  if (array === null || array.dimensions.length === 0) return SqlArray.of([element], elementOid(oid));
  if (array.dimensions.length > 1) throw new DriftError('22000', 'argument must be empty or one-dimensional array');
  const elements = front ? [element, ...array.elements] : [...array.elements, element];
  return new SqlArray([elements.length], array.lowerBounds, elements, array.elementOid);
}

function operator(name: string, left: number, right: number, fn: ScalarFunction): OperatorEntry {
  return { name, left, right, fn };
}

function setOperator(
  name: string,
  id: string,
  holds: (a: SqlArray, b: SqlArray, same: Same) => boolean,
): OperatorEntry {
  const types = [T.anyarray, T.anyarray] as const;
  const make = ([oid = T.textArray]: readonly number[]): ScalarFunction['call'] => {
    const same = equalityOf(oid);
    return (_context, a, b) => holds(a as SqlArray, b as SqlArray, same);
  };
  return operator(name, ...types, typedScalar(id, types, T.bool, make, immutable));
}

const covers = (a: SqlArray, b: SqlArray, same: Same): boolean =>
  b.elements.every((element) => a.elements.some((other) => same(element, other)));

const cat = pure('array_cat', [T.anyarray, T.anyarray], T.anyarray, concatenate, { strict: false });
const append = typedScalar(
  'array_append',
  [T.anyarray, T.anyelement],
  T.anyarray,
  (_types, oid) => (_context, array, element) => extended(array as SqlArray | null, oid, element ?? null, false),
  lenient,
);
const prepend = typedScalar(
  'array_prepend',
  [T.anyelement, T.anyarray],
  T.anyarray,
  (_types, oid) => (_context, element, array) => extended(array as SqlArray | null, oid, element ?? null, true),
  lenient,
);

export const arrayOperators: readonly OperatorEntry[] = [
  operator('||', T.anyarray, T.anyarray, cat),
  operator('||', T.anyarray, T.anyelement, append),
  operator('||', T.anyelement, T.anyarray, prepend),
  setOperator('@>', 'arraycontains', covers),
  setOperator('<@', 'arraycontained', (a, b, same) => covers(b, a, same)),
  setOperator('&&', 'arrayoverlap', (a, b, same) =>
    a.elements.some((element) => b.elements.some((other) => same(element, other))),
  ),
];

/** Bounds of a dimension, or undefined where the array has no such one. */
function bounds(array: SqlArray, dimension: number): readonly [number, number] | undefined {
  const length = array.dimensions[dimension - 1];
  const lower = array.lowerBounds[dimension - 1] ?? 1;
  return length === undefined ? undefined : [lower, lower + length - 1];
}

function searched(array: SqlArray): SqlArray {
  if (array.dimensions.length > 1)
    throw new DriftError('0A000', 'searching for elements in multidimensional arrays is not supported');
  return array;
}

/** Subscripts of the elements that are not distinct from a value. */
function* positions(array: SqlArray, wanted: Value, same: Same, from?: number): Generator<number> {
  const lower = array.lowerBounds[0] ?? 1;
  for (let i = Math.max((from ?? lower) - lower, 0); i < array.elements.length; i++) {
    const element = array.elements[i] ?? null;
    if (element === null ? wanted === null : same(element, wanted)) yield lower + i;
  }
}

function replaced(array: SqlArray, from: Value, to: Value, same: Same): SqlArray {
  const elements = array.elements.map((item) => ((item === null ? from === null : same(item, from)) ? to : item));
  return new SqlArray(array.dimensions, array.lowerBounds, elements, array.elementOid);
}

function removed(array: SqlArray, value: Value, same: Same): SqlArray {
  if (array.dimensions.length > 1)
    throw new DriftError('0A000', 'removing elements from multidimensional arrays is not supported');
  const elements = array.elements.filter((item) => !(item === null ? value === null : same(item, value)));
  if (elements.length === 0) return SqlArray.of([], array.elementOid);
  return new SqlArray([elements.length], array.lowerBounds, elements, array.elementOid);
}

function dimensionsOf(array: SqlArray | null): number[] {
  if (array === null) throw new DriftError('22004', 'dimension array or low bound array cannot be null');
  if (array.dimensions.length > 1) {
    throw new DriftError('2202E', 'wrong number of array subscripts', {
      detail: 'Dimension array must be one dimensional.',
    });
  }
  if (array.elements.includes(null)) throw new DriftError('22004', 'dimension values cannot be null');
  return array.elements as number[];
}

function filled(element: Value, sizes: SqlArray | null, lower: SqlArray | null, oid: number): SqlArray {
  const [dimensions, lowerBounds] = [dimensionsOf(sizes), dimensionsOf(lower)];
  if (dimensions.length > MAX_DIMENSIONS) {
    throw new DriftError(
      '54000',
      `number of array dimensions (${dimensions.length}) exceeds the maximum allowed (${MAX_DIMENSIONS})`,
    );
  }
  if (lowerBounds.length !== dimensions.length) {
    throw new DriftError('2202E', 'wrong number of array subscripts', {
      detail: 'Low bound array has different size than dimensions array.',
    });
  }
  const count = dimensions.reduce((product, size) => product * size, 1);
  if (dimensions.some((size) => size < 0) || count > MAX_ELEMENTS)
    throw new DriftError('54000', `array size exceeds the maximum allowed (${MAX_ELEMENTS})`);
  if (dimensions.length === 0 || count === 0) return SqlArray.of([], elementOid(oid));
  return new SqlArray(dimensions, lowerBounds, new Array<Value>(count).fill(element), elementOid(oid));
}

function trimmed(array: SqlArray, count: number): SqlArray {
  const [length = 0, ...inner] = array.dimensions;
  if (count < 0 || count > length)
    throw new DriftError('2202E', `number of elements to trim must be between 0 and ${length}`);
  const kept = length - count;
  if (kept === 0) return SqlArray.of([], array.elementOid);
  const size = inner.reduce((product, dimension) => product * dimension, 1);
  // A slice, and so counted from one.
  return new SqlArray(
    [kept, ...inner],
    [kept, ...inner].map(() => 1),
    array.elements.slice(0, kept * size),
    array.elementOid,
  );
}

/** A function of an array and an element, with the element type's equality. */
function searching(
  name: string,
  args: readonly number[],
  returns: number,
  call: (same: Same, ...args: never[]) => Value,
): ScalarFunction {
  return typedScalar(
    name,
    args,
    returns,
    ([oid = T.textArray]) => {
      const same = equalityOf(oid);
      const run = call as unknown as (same: Same, ...values: Value[]) => Value;
      return (_context, ...values) => (values[0] === null ? null : run(same, ...values));
    },
    lenient,
  );
}

const pairOf = [T.anyarray, T.anyelement] as const;

export const arrayFunctions: readonly ScalarFunction[] = [
  cat,
  append,
  prepend,
  pure('array_ndims', [T.anyarray], T.int4, (array: SqlArray) => array.dimensions.length || null),
  pure('array_dims', [T.anyarray], T.text, (array: SqlArray) => {
    const parts = array.dimensions.map((_, i) => bounds(array, i + 1)?.join(':'));
    return parts.length === 0 ? null : parts.map((part) => `[${part}]`).join('');
  }),
  pure('array_length', [T.anyarray, T.int4], T.int4, (array: SqlArray, n: number) => array.dimensions[n - 1] ?? null),
  pure('array_lower', [T.anyarray, T.int4], T.int4, (array: SqlArray, n: number) => bounds(array, n)?.[0] ?? null),
  pure('array_upper', [T.anyarray, T.int4], T.int4, (array: SqlArray, n: number) => bounds(array, n)?.[1] ?? null),
  pure('cardinality', [T.anyarray], T.int4, (array: SqlArray) => array.elements.length),
  searching('array_remove', pairOf, T.anyarray, (same, array: SqlArray, value: Value) => removed(array, value, same)),
  searching(
    'array_replace',
    [T.anyarray, T.anyelement, T.anyelement],
    T.anyarray,
    (same, array: SqlArray, from: Value, to: Value) => replaced(array, from, to, same),
  ),
  searching('array_position', pairOf, T.int4, (same, array: SqlArray, value: Value) => {
    return positions(searched(array), value, same).next().value ?? null;
  }),
  searching(
    'array_position',
    [...pairOf, T.int4],
    T.int4,
    (same, array: SqlArray, value: Value, from: number | null) => {
      searched(array);
      if (value === null && !array.elements.includes(null)) return null;
      if (from === null) throw new DriftError('22004', 'initial position must not be null');
      return positions(searched(array), value, same, from).next().value ?? null;
    },
  ),
  searching('array_positions', pairOf, T.int4Array, (same, array: SqlArray, value: Value) =>
    SqlArray.of([...positions(searched(array), value, same)], T.int4),
  ),
  typedScalar(
    'array_fill',
    [T.anyelement, T.int4Array],
    T.anyarray,
    (_types, oid) => (_context, element, sizes) => {
      const dimensions = sizes as SqlArray | null;
      const ones =
        dimensions === null
          ? null
          : SqlArray.of(
              dimensions.elements.map(() => 1),
              T.int4,
            );
      return filled(element ?? null, dimensions, ones, oid);
    },
    lenient,
  ),
  typedScalar(
    'array_fill',
    [T.anyelement, T.int4Array, T.int4Array],
    T.anyarray,
    (_types, oid) => (_context, element, sizes, lower) =>
      filled(element ?? null, sizes as SqlArray | null, lower as SqlArray | null, oid),
    lenient,
  ),
  pure('trim_array', [T.anyarray, T.int4], T.anyarray, trimmed),
  ...[2, 3].map((count) =>
    typedScalar(
      'array_to_string',
      [T.anyarray, T.text, T.text].slice(0, count),
      T.text,
      ([oid = T.textArray]) => {
        const element = typeByOid(elementOid(oid));
        return (context, array, by, nullText = null) => {
          if (array === null || by === null) return null;
          return (array as SqlArray).elements
            .map((item) => (item === null ? (nullText as string | null) : element.output(item, context)))
            .filter((item) => item !== null)
            .join(by as string);
        };
      },
      { strict: false },
    ),
  ),
  ...[2, 3].map((count) =>
    pure('string_to_array', [T.text, T.text, T.text].slice(0, count), T.textArray, split, { strict: false }),
  ),
];

function split(text: string | null, by: string | null, nullText: string | null = null): SqlArray | null {
  return text === null ? null : SqlArray.of(pieces(text, by, nullText), T.text);
}

function pieces(text: string, by: string | null, nullText: string | null): (string | null)[] {
  const parts = text === '' ? [] : by === null ? [...text] : by === '' ? [text] : text.split(by);
  return nullText === null ? parts : parts.map((part) => (part === nullText ? null : part));
}

function* subscripts(array: SqlArray, dimension: number, reverse: boolean): Generator<readonly Value[]> {
  const found = bounds(array, dimension);
  if (found === undefined) return;
  const [from, to] = found;
  for (let i = from; i <= to; i++) yield [reverse ? to - (i - from) : i];
}

const SUBSCRIPTS = [{ name: 'generate_subscripts', oid: T.int4 }];
const PIECES = [{ name: 'string_to_table', oid: T.text }];

export const arraySets: readonly SetFunction[] = [
  // Of information_schema: elements and their places, as its views take keys apart.
  setFunction(
    '_pg_expandarray',
    [T.anyarray],
    [
      { name: 'x', oid: T.anyelement },
      { name: 'n', oid: T.int4 },
    ],
    (_context, array) => (array as SqlArray).elements.map((element, i) => [element, i + 1]),
  ),
  setFunction('unnest', [T.anyarray], [{ name: 'unnest', oid: T.anyelement }], function* (_context, array) {
    for (const element of (array as SqlArray).elements) yield [element];
  }),
  setFunction('generate_subscripts', [T.anyarray, T.int4], SUBSCRIPTS, (_context, array, dimension) =>
    subscripts(array as SqlArray, dimension as number, false),
  ),
  setFunction('generate_subscripts', [T.anyarray, T.int4, T.bool], SUBSCRIPTS, (_context, array, dimension, reverse) =>
    subscripts(array as SqlArray, dimension as number, reverse as boolean),
  ),
  ...[2, 3].map((count) =>
    setFunction(
      'string_to_table',
      [T.text, T.text, T.text].slice(0, count),
      PIECES,
      (_context, text = null, by = null, nullText = null) =>
        text === null
          ? []
          : pieces(text as string, by as string | null, nullText as string | null).map((part) => [part]),
      { strict: false },
    ),
  ),
];
