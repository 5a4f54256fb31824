/** How one element of an array converts, as part of the array's conversion. */
import type { ScalarFunction } from './functions/function.ts';

export interface ElementCastPath {
  readonly method: 'function' | 'relabel' | 'io';
  readonly fn: ScalarFunction | null;
  readonly from: number;
  readonly to: number;
}

/** How a value of one type becomes another's. */
export interface CoercionPath {
  readonly method: 'function' | 'relabel' | 'io' | 'array';
  readonly fn: ScalarFunction | null;
  readonly element: ElementCastPath | null;
}
