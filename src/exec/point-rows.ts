/** The rows of a short look-up, mostly one: copies, because leaves overwrite their rows in place. */
import type { Vector } from '../base/vector.ts';
import { take } from './vectors.ts';

/** Rows of a look-up, column by column; `columns` is empty where there are none. */
export interface PointRows {
  readonly columns: readonly Vector[];
  readonly count: number;
}

export const NO_ROWS: PointRows = { columns: [], count: 0 };
const ROW = new Int32Array(1);

/** One row of a table, the columns with these ordinals. */
export function oneRow(from: readonly Vector[], row: number, ordinals: readonly number[]): PointRows {
  ROW[0] = row;
  const columns = new Array<Vector>(ordinals.length);
  for (let c = 0; c < columns.length; c++) columns[c] = take(from[ordinals[c] as number] as Vector, ROW, 1);
  return { columns, count: 1 };
}
