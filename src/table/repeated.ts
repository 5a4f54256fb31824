/** A column of one value in many rows: what was there when the column was added. */
import type { Value, ColumnFormat } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import { constantVector } from './gather.ts';

/** Rows that are made one by one; the others are copies of them. */
const BLOCK_ROWS = 1024;

export function repeated(format: ColumnFormat, value: Value, length: number): VectorBuilder {
  const block = constantVector(format, value, Math.min(length, BLOCK_ROWS));
  const builder = new VectorBuilder(format, length);
  for (let row = 0; row < length; row += BLOCK_ROWS)
    builder.appendVector(block, null, 0, Math.min(BLOCK_ROWS, length - row));
  return builder;
}
