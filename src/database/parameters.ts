/** Parameters as callers give them, made into values of the types the statement wants. */
import { DriftError } from '../base/error.ts';
import { Numeric } from '../base/numeric.ts';
import type { Value } from '../base/vector.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { SqlArray } from '../sql/types/array.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { Parameter } from './api.ts';

const INT_LIMITS: Readonly<Record<number, number>> = { 21: 32767, 23: 2147483647 };
const TEXT_OIDS: ReadonlySet<number> = new Set([25, 1043]);
const OID = { bool: 16, bytea: 17, int8: 20, float4: 700, float8: 701 } as const;

/** Throws 22P02, 22003 and the like, naming the parameter. */
export function coerceParameter(value: Parameter, oid: number, context: EvalContext, index: number): Value {
  if (value === null || value === undefined) return null;
  try {
    return coerce(value, oid, context);
  } catch (error) {
    if (error instanceof DriftError) throw error.with({ detail: `Parameter $${index + 1}.` });
    throw error;
  }
}

function coerce(value: Exclude<Parameter, null>, oid: number, context: EvalContext): Value {
  const type = typeByOid(oid);
  if (value instanceof Uint8Array) {
    if (oid === OID.bytea) return value;
    throw new DriftError('42804', `a Uint8Array is bytea, but the statement expects ${type.display}`);
  }
  if (value instanceof Numeric) return type.input(value.toString(), -1, context);
  if (typeof value === 'number') {
    if (isOf(value, oid)) return value;
    if (oid === OID.float8) return value;
    if (oid === OID.float4 && (Number.isFinite(Math.fround(value)) || !Number.isFinite(value)))
      return Math.fround(value);
  }
  if (typeof value === 'boolean' && oid === OID.bool) return value;
  if (Array.isArray(value) && type.elementOid !== 0) return arrayOf(value, type.elementOid, context);
  if (typeof value === 'object') return type.input(JSON.stringify(value, bigintAsText), -1, context);
  return type.input(String(value), -1, context);
}

/** A JavaScript array, nested for more dimensions than one, as an SQL array. */
function arrayOf(value: readonly unknown[], elementOid: number, context: EvalContext): SqlArray {
  const dimensions: number[] = [];
  const elements: Value[] = [];
  const level = (items: readonly unknown[], depth: number): void => {
    const known = (dimensions[depth] ??= items.length);
    const inner = items.filter((item) => Array.isArray(item)).length;
    if (known !== items.length || (inner !== 0 && inner !== items.length)) throw ragged();
    for (const item of items) {
      if (Array.isArray(item)) level(item, depth + 1);
      else if (dimensions.length > depth + 1) throw ragged();
      else elements.push(item === null || item === undefined ? null : coerce(item as object, elementOid, context));
    }
  };
  level(value, 0);
  if (elements.length === 0) return SqlArray.of([], elementOid);
  return new SqlArray(
    dimensions,
    dimensions.map(() => 1),
    elements,
    elementOid,
  );
}

function ragged(): DriftError {
  return new DriftError('22P02', 'multidimensional arrays must have sub-arrays with matching dimensions');
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** Whether a JavaScript value is one of an integer or text type as it stands. */
export function isOf(value: unknown, oid: number): value is null | number | string {
  if (value === null) return true;
  if (typeof value === 'string') return TEXT_OIDS.has(oid);
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return false;
  const limit = oid === OID.int8 ? Infinity : (INT_LIMITS[oid] ?? -1);
  return value <= limit && value >= -limit - 1;
}
