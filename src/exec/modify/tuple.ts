/** Several values of a row together: of a key, of what a foreign key refers to. */
import { type Value, type Vector, valueAt } from '../../base/vector.ts';

export function tuple(rows: readonly Vector[], ordinals: readonly number[], row: number): Value[] {
  return ordinals.map((ordinal) => valueAt(rows[ordinal] as Vector, row));
}

/** A string that is equal exactly for equal tuples of key values. */
export function tupleId(values: readonly Value[]): string {
  return values.map((value) => (value === null ? 'n' : `${String(value).length}:${String(value)}`)).join('|');
}
