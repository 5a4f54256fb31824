/**
 * Which physical form a SQL type has while it is computed with, and which types hash and compare alike.
 */
import { typeByOid } from '../sql/types/registry.ts';

export const BOOL = 16;
export const BYTEA = 17;
export const NAME = 19;
export const INT8 = 20;
export const INT2 = 21;
export const INT4 = 23;
export const TEXT = 25;
export const OID = 26;
export const JSON_OID = 114;
export const FLOAT4 = 700;
export const FLOAT8 = 701;
export const UNKNOWN = 705;
export const BPCHAR = 1042;
export const VARCHAR = 1043;
export const DATE = 1082;
export const TIME = 1083;
export const TIMESTAMP = 1114;
export const TIMESTAMPTZ = 1184;
export const NUMERIC = 1700;
export const UUID = 2950;
export const JSONB = 3802;

export const INT64_MAX: bigint = 2n ** 63n - 1n;
export const INT64_MIN: bigint = -(2n ** 63n);

export type ComputeKind = 'bool' | 'i32' | 'f64' | 'text' | 'boxed';

const KINDS: ReadonlyMap<number, ComputeKind> = new Map<number, ComputeKind>([
  [BOOL, 'bool'],
  [INT2, 'i32'],
  [INT4, 'i32'],
  [DATE, 'i32'],
  [INT8, 'f64'],
  [FLOAT4, 'f64'],
  [FLOAT8, 'f64'],
  [TIME, 'f64'],
  [TIMESTAMP, 'f64'],
  [TIMESTAMPTZ, 'f64'],
]);

const resolved = new Map<number, ComputeKind>(KINDS);

/** The kind of a vector that holds computed values of a type (a stored numeric may be scaled doubles instead). */
export function kindOfType(oid: number): ComputeKind {
  const known = resolved.get(oid);
  if (known !== undefined) return known;
  const kind = computeKind(oid);
  resolved.set(oid, kind);
  return kind;
}

function computeKind(oid: number): ComputeKind {
  if (oid === UNKNOWN) return 'text';
  const format = typeByOid(oid)?.format(-1).kind;
  switch (format) {
    case 'bool':
    case 'i32':
    case 'f64':
    case 'text':
      return format;
    case 'int':
      return 'f64';
    default:
      return 'boxed';
  }
}

/** How keys of a type are told apart when they are hashed; two types with the same family (not `other`) may be joined by hash. */
export type HashFamily = 'number' | 'numeric' | 'text' | `other${number}`;

export function hashFamily(oid: number): HashFamily {
  switch (oid) {
    case INT2:
    case INT4:
    case INT8:
    case OID:
    case FLOAT4:
    case FLOAT8:
      return 'number';
    case NUMERIC:
      return 'numeric';
    case TEXT:
    case VARCHAR:
    case NAME:
    case UNKNOWN:
      return 'text';
    default:
      return `other${oid}`;
  }
}

/** Greatest scale at which numerics are computed as scaled doubles. */
export const MAX_SCALE = 15;
