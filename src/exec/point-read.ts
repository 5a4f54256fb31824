/**
 * The short path of SELECT columns FROM table WHERE key = constants, and of the same with an index's columns: a look-up,
 * its cells as columns of few rows.
 *
 * The cells are copied, because the leaf overwrites its rows in place.
 */
import type { Value } from '../base/vector.ts';
import type { PointAccess } from '../plan/plan.ts';
import { MISS } from '../table/table.ts';
import type { TableReader } from '../txn/api.ts';
import { indexRead } from './index-read.ts';
import { NO_ROWS, oneRow, type PointRows } from './point-rows.ts';

/** Null where not all that is needed is in memory. */
export function pointRead(
  reader: TableReader,
  { indexId, ordinals, values: given }: PointAccess,
  parameters: readonly Value[],
): PointRows | null {
  const values = valuesOf(given, parameters);
  if (values === null) return NO_ROWS;
  if (indexId !== null) return indexRead(reader, indexId, values, ordinals);
  const found = reader.find(reader.table.encodeKey(values), false, ordinals);
  if (found === MISS) return null;
  return found === null ? NO_ROWS : oneRow(found.columns, found.row, ordinals);
}

/** Null where one is null: then nothing matches. */
function valuesOf(expressions: PointAccess['values'], parameters: readonly Value[]): readonly Value[] | null {
  const values: Value[] = [];
  for (const expression of expressions) {
    let value: Value = null;
    if (expression.kind === 'const') value = expression.value;
    else if (expression.kind === 'parameter') value = parameters[expression.index] ?? null;
    if (value === null) return null;
    values.push(value);
  }
  return values;
}
