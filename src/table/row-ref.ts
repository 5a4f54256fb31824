/** The answer of a look-up by key, one object used again and again: it holds until the next look-up in the same tree. */
import type { Vector } from '../base/vector.ts';
import type { RowRef } from './table.ts';

export class MutableRowRef implements RowRef {
  columns: readonly Vector[] = [];
  row: number = 0;
  from: number = 0;
  to: number = Infinity;
}
