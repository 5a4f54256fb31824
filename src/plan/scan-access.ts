/** How a scan gets at its rows: what the optimizer chooses and the executor opens. */
import type { BoundExpression } from './expression.ts';

/**
 * How a scan finds its rows. Expressions are constant for one opening of the scan: constants, parameters, stable
 * calls, columns of an enclosing query or of the left input of an `apply`/`lookup` join. A null value matches nothing.
 * `values`/`prefix` follow the key's columns (the table's key, or the index's columns) and have exactly their types.
 */
export type ScanAccess =
  | { readonly kind: 'full' }
  /** The whole primary key: at most one row. */
  | { readonly kind: 'key'; readonly values: readonly BoundExpression[] }
  /** Several whole keys of a single-column primary key (id IN (…)); duplicates count once. */
  | { readonly kind: 'keys'; readonly values: readonly BoundExpression[] }
  /** The same of an array whose elements only the executor knows (id = ANY ($1)). */
  | {
      readonly kind: 'keyArray';
      readonly array: BoundExpression;
      /** The optimizer's guess of how many. */
      readonly entries: number;
      readonly conditions: readonly BoundExpression[];
    }
  | ({ readonly kind: 'keyRange' } & AccessRange)
  /** `only`: the index has every column that is read, so that rows need not be fetched. */
  | ({ readonly kind: 'indexRange'; readonly indexId: number; readonly only: boolean } & AccessRange)
  /** The keys of several ranges are collected first; then the rows are fetched in key order, each once. */
  | {
      readonly kind: 'bitmap';
      readonly part: BitmapPart;
      readonly entries: number;
      /** What the parts were made from; the filter still has them. */
      readonly conditions: readonly BoundExpression[];
    };

/** Prefix equal, then the next column between the bounds. */
export interface AccessRange {
  readonly prefix: readonly BoundExpression[];
  readonly low: AccessBound | null;
  readonly high: AccessBound | null;
  /** The optimizer's guess of the share of the table's rows that the prefix lets through, and of rows in the range. */
  readonly prefixShare: number;
  readonly entries: number;
  /** The conditions that the bounds stand for; the filter still has them. */
  readonly conditions: readonly BoundExpression[];
}
/** Keys of a range of an index (null: of the table's key), of all parts together, or that all parts have. */
export type BitmapPart =
  | ({ readonly kind: 'range'; readonly indexId: number | null } & AccessRange)
  | { readonly kind: 'or' | 'and'; readonly parts: readonly BitmapPart[] };
export interface AccessBound {
  readonly value: BoundExpression;
  readonly inclusive: boolean;
}

/** Versions with from > begunAfter and to <= endedBy (Infinity: those in force, too). */
export interface VersionRange {
  readonly begunAfter: number;
  readonly endedBy: number;
}

/** Part of the filter in the form that zone maps understand; `filter` still decides. */
export interface ZoneTest {
  readonly ordinal: number;
  readonly op: '=' | '<' | '<=' | '>' | '>=' | 'is null' | 'is not null';
  /** Constant for one opening of the scan, of the column's type; null for the null tests. */
  readonly value: BoundExpression | null;
}

/** The values of a range of an index whose columns equal them; null for any other access. */
export function equalPrefix(access: ScanAccess): readonly BoundExpression[] | null {
  return access.kind === 'indexRange' && access.low === null && access.high === null ? access.prefix : null;
}
