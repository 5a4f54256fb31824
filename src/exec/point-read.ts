/**
 * The short path of SELECT columns FROM table WHERE key = constants: one look-up, its cells as columns of one row.
 *
 * The cells are copied, because the leaf overwrites its rows in place.
 */
import type { Value, Vector } from '../base/vector.ts';
import type { PointAccess } from '../plan/plan.ts';
import { type Key, MISS } from '../table/table.ts';
import type { TableReader } from '../txn/api.ts';
import { take } from './vectors.ts';

/** The row's columns; none where there is no such row; null where it is not in memory. */
export function pointRead(
  reader: TableReader,
  point: PointAccess,
  parameters: readonly Value[],
): readonly Vector[] | null {
  const key = keyOf(reader, point, parameters);
  if (key === null) return NO_ROW;
  const found = reader.find(key);
  if (found === MISS) return null;
  if (found === null) return NO_ROW;
  ROW[0] = found.row;
  const { ordinals } = point;
  const columns = new Array<Vector>(ordinals.length);
  for (let c = 0; c < columns.length; c++) columns[c] = take(found.columns[ordinals[c] as number] as Vector, ROW, 1);
  return columns;
}

const NO_ROW: readonly Vector[] = [];
const ROW = new Int32Array(1);

function keyOf(reader: TableReader, point: PointAccess, parameters: readonly Value[]): Key | null {
  const values: Value[] = [];
  for (const expression of point.values) {
    let value: Value = null;
    if (expression.kind === 'const') value = expression.value;
    else if (expression.kind === 'parameter') value = parameters[expression.index] ?? null;
    if (value === null) return null;
    values.push(value);
  }
  return reader.table.encodeKey(values);
}
