/** How a statement's values and columns are packed for helper workers. */
import { assert } from '../../base/error.ts';
import { type Value, valueAt, type Vector } from '../../base/vector.ts';
import type { Packing, Unpacking } from '../../plan/travel.ts';
import { decodeBatch, encodeBatch } from '../spill/batch-codec.ts';
import { vectorFromValues, wholeBatch } from '../vectors.ts';

export function packValue(value: Value, oid: number): unknown {
  return typeof value === 'object' && value !== null
    ? encodeBatch(wholeBatch([vectorFromValues([value], oid)], 1), [oid])
    : value;
}

export function unpackValue(packed: unknown, oid: number): Value {
  if (!ArrayBuffer.isView(packed)) return packed as Value;
  const [column] = decodeBatch(packed as Uint8Array, [oid]).columns;
  assert(column !== undefined, 'a packed value is a column');
  return valueAt(column, 0);
}

/** Values of an execution's parameters take their places. */
export function packing(parameters: readonly Value[]): Packing {
  return {
    parameter: (index) => parameters[index] ?? null,
    value: packValue,
    columns: (columns: readonly Vector[], rowCount, oids) => encodeBatch(wholeBatch(columns, rowCount), oids),
  };
}

export const UNPACKING: Unpacking = {
  value: unpackValue,
  columns: (packed, oids) => decodeBatch(packed as Uint8Array, oids).columns,
};
