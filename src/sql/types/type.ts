/**
 * SqlType: what the engine knows of one SQL type. One object a type, found by OID or name in the registry
 * (`types.ts`); arrays, domains and enums are made on demand from their element or catalogue entry.
 *
 * Values are in boxed form (base/vector.ts); a function here never sees null.
 */
import type { ColumnFormat, Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';

export interface SqlType {
  /** PostgreSQL's OID. */
  readonly oid: number;
  /** PostgreSQL's internal name: int4, timestamptz, _text … */
  readonly name: string;
  /** SQL spelling for messages and EXPLAIN: integer, timestamp with time zone … */
  readonly display: string;
  /** pg_type.typcategory: N, S, D, T, B, A, U … and whether the type is its category's preferred one. */
  readonly category: string;
  readonly preferred: boolean;
  /** OID of the element type for arrays, else 0. */
  readonly elementOid: number;
  /** OID of the array over this type, else 0. */
  readonly arrayOid: number;
  /** pg_type.typlen. */
  readonly length: number;
  /** How a stored column of this type is held. */
  format(typmod: number): ColumnFormat;
  /** Reads the text form; throws 22P02 and the like (22003, 22007, 22008 …). */
  input(text: string, typmod: number, context: EvalContext): Value;
  /** Prints the text form, as PostgreSQL does under the context's settings. */
  output(value: Value, context: EvalContext): string;
  /** Btree order: negative, zero, positive. Undefined where the type has none (json, point …). */
  readonly compare: ((a: Value, b: Value) => number) | undefined;
  /** A primitive that is equal exactly for equal values: for hashing, grouping, distinct. */
  hashKey(value: Value): string | number | boolean | bigint;
  /** Applies a type modifier to a value (rounds, pads, truncates); `explicit` as in a cast the user wrote. */
  applyTypmod(value: Value, typmod: number, explicit: boolean): Value;
  /** Prints a type modifier: "(10,2)"; empty where there is none. */
  typmodText(typmod: number): string;
}
