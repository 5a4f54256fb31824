/**
 * Assignment to elements and slices of arrays (PostgreSQL's array_set_element, array_set_slice): a one-dimensional array
 * grows to hold what is stored beyond its ends, what lies between is null; arrays of more dimensions keep their size.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../types/array.ts';

const MAX_ELEMENTS = 134217727;

/** Which of a call's values are the subscripts: the first is the old array, the second what is stored; -1: open. */
export interface ArrayStore {
  readonly elementOid: number;
  readonly anySlice: boolean;
  readonly subscripts: readonly { readonly slice: boolean; readonly lower: number; readonly upper: number }[];
}

export function storeInArray(shape: ArrayStore, values: readonly Value[]): Value {
  const array = values[0] instanceof SqlArray ? values[0] : new SqlArray([], [], [], shape.elementOid);
  const stored = values[1] ?? null;
  const bounds = shape.subscripts.map(({ slice, lower, upper }) => {
    const at = (place: number): number | null => {
      if (place < 0) return null;
      const value = values[place];
      if (typeof value !== 'number') throw new DriftError('22004', 'array subscript in assignment must not be null');
      return value;
    };
    return slice ? { lower: at(lower), upper: at(upper) } : { lower: shape.anySlice ? 1 : at(upper), upper: at(upper) };
  });
  if (!shape.anySlice)
    return storeElement(
      array,
      bounds.map(({ upper }) => upper as number),
      stored,
    );
  return stored instanceof SqlArray ? storeSlice(array, bounds, stored) : array;
}

function wrongSubscripts(): DriftError {
  return new DriftError('2202E', 'wrong number of array subscripts');
}

function storeElement(array: SqlArray, at: readonly number[], value: Value): SqlArray {
  const { elementOid } = array;
  if (array.dimensions.length === 0)
    return new SqlArray(
      at.map(() => 1),
      at,
      [value],
      elementOid,
    );
  if (at.length !== array.dimensions.length) throw wrongSubscripts();
  if (at.length === 1) {
    const grown = withRoom(array, at[0] as number, at[0] as number);
    const elements = [...grown.elements];
    elements[(at[0] as number) - (grown.lowerBounds[0] as number)] = value;
    return new SqlArray(grown.dimensions, grown.lowerBounds, elements, elementOid);
  }
  const elements = [...array.elements];
  elements[offsetOf(array, at)] = value;
  return new SqlArray(array.dimensions, array.lowerBounds, elements, elementOid);
}

/** A one-dimensional array with nulls up to the given indexes. */
function withRoom(array: SqlArray, from: number, to: number): SqlArray {
  const low = array.lowerBounds[0] as number;
  const high = low + (array.dimensions[0] as number) - 1;
  const before = Math.max(0, low - from);
  const after = Math.max(0, to - high);
  if (before + after === 0) return array;
  const length = array.elements.length + before + after;
  if (length > MAX_ELEMENTS) throw new DriftError('54000', `array size exceeds the maximum allowed (${MAX_ELEMENTS})`);
  const nulls = (count: number): Value[] => new Array<Value>(count).fill(null);
  return new SqlArray(
    [length],
    [low - before],
    [...nulls(before), ...array.elements, ...nulls(after)],
    array.elementOid,
  );
}

function offsetOf(array: SqlArray, at: readonly number[]): number {
  let offset = 0;
  at.forEach((position, d) => {
    const within = position - (array.lowerBounds[d] as number);
    const length = array.dimensions[d] as number;
    if (within < 0 || within >= length) throw new DriftError('2202E', 'array subscript out of range');
    offset = offset * length + within;
  });
  return offset;
}

type Bounds = readonly { readonly lower: number | null; readonly upper: number | null }[];

function storeSlice(array: SqlArray, bounds: Bounds, source: SqlArray): SqlArray {
  if (array.dimensions.length === 0) {
    if (bounds.some(({ lower, upper }) => lower === null || upper === null))
      throw new DriftError('2202E', 'array slice subscript must provide both boundaries', {
        detail: 'When assigning to a slice of an empty array value, slice boundaries must be fully specified.',
      });
    const lengths = bounds.map(({ lower, upper }) => (upper as number) - (lower as number) + 1);
    refuseFlipped(lengths);
    const count = lengths.reduce((product, length) => product * length, 1);
    if (source.elements.length < count) throw new DriftError('2202E', 'source array too small');
    const lowest = bounds.map(({ lower }) => lower as number);
    return new SqlArray(lengths, lowest, source.elements.slice(0, count), array.elementOid);
  }
  const depth = array.dimensions.length;
  if (bounds.length > depth) throw wrongSubscripts();
  const low = array.lowerBounds.map((bound, d) => bounds[d]?.lower ?? bound);
  const high = array.lowerBounds.map((bound, d) => bounds[d]?.upper ?? bound + (array.dimensions[d] as number) - 1);
  const lengths = high.map((bound, d) => bound - (low[d] as number) + 1);
  refuseFlipped(lengths);
  const target = depth === 1 ? withRoom(array, low[0] as number, high[0] as number) : array;
  const count = lengths.reduce((product, length) => product * length, 1);
  if (source.elements.length < count) throw new DriftError('2202E', 'source array too small');
  const elements = [...target.elements];
  const at = [...low];
  for (let i = 0; i < count; i++) {
    elements[offsetOf(target, at)] = source.elements[i] ?? null;
    for (let d = depth - 1; d >= 0; d--) {
      at[d] = (at[d] as number) + 1;
      if ((at[d] as number) <= (high[d] as number)) break;
      at[d] = low[d] as number;
    }
  }
  return new SqlArray(target.dimensions, target.lowerBounds, elements, array.elementOid);
}

function refuseFlipped(lengths: readonly number[]): void {
  if (lengths.some((length) => length < 1))
    throw new DriftError('2202E', 'upper bound cannot be less than lower bound');
}
