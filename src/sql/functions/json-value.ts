/** SQL values as JSON: what to_json, json_agg, row_to_json and their kind write. Follows PostgreSQL's datum_to_json. */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { SqlArray } from '../types/array.ts';
import { canonicalJson } from '../types/json.ts';
import { SqlRecord } from '../types/record.ts';
import { typeByOid } from '../types/registry.ts';
import { T } from './define.ts';

/** Writes a value of a type; `pretty` breaks lines between the elements of arrays and records on the top level. */
export function jsonOf(value: Value, oid: number, context: EvalContext, pretty = false): string {
  if (value === null) return 'null';
  if (value instanceof SqlArray) return arrayJson(value, elementOf(oid, value), context, pretty ? ',\n ' : ',');
  if (value instanceof SqlRecord) return recordJson(value, context, pretty ? ',\n ' : ',');
  switch (oid) {
    case T.bool:
      return value === true ? 'true' : 'false';
    case T.json:
    case T.jsonb:
      return value as string;
    case T.int2:
    case T.int4:
    case T.int8:
      return String(value);
    case T.float4:
    case T.float8:
    case T.numeric: {
      const text = typeByOid(oid).output(value, context);
      return /^-?\d/.test(text) ? text : JSON.stringify(text);
    }
    case T.timestamp:
    case T.timestamptz:
      return JSON.stringify(isoText(typeByOid(oid).output(value, context)));
    default:
      return JSON.stringify(typeByOid(oid).output(value, context));
  }
}

/** The same as jsonb. */
export function jsonbOf(value: Value, oid: number, context: EvalContext): string {
  return oid === T.jsonb && value !== null ? (value as string) : canonicalJson(jsonOf(value, oid, context));
}

function elementOf(oid: number, array: SqlArray): number {
  const declared = typeByOid(oid).elementOid;
  return declared === 0 ? array.elementOid : declared;
}

/** "2020-01-01 10:00:00+00" as ISO 8601: a T between, minutes in the offset. */
function isoText(text: string): string {
  const iso = text.replace(' ', 'T');
  return iso.replace(/(T.*[+-]\d\d)(?=$| BC$)/, '$1:00');
}

function arrayJson(array: SqlArray, oid: number, context: EvalContext, separator: string): string {
  let at = 0;
  const level = (depth: number): string => {
    const items: string[] = [];
    const last = depth + 1 >= array.dimensions.length;
    for (let i = 0; i < (array.dimensions[depth] ?? 0); i++)
      items.push(last ? jsonOf(array.elements[at++] ?? null, oid, context) : level(depth + 1));
    return `[${items.join(depth === 0 ? separator : ',')}]`;
  };
  return level(0);
}

function recordJson(record: SqlRecord, context: EvalContext, separator: string): string {
  const fields = record.values.map((value, i) => {
    const name = record.names[i] ?? '';
    return `${JSON.stringify(name === '' ? `f${i + 1}` : name)}:${jsonOf(value, record.oids[i] ?? T.text, context)}`;
  });
  return `{${fields.join(separator)}}`;
}

/** A value as the key of an object. Throws 22023 for what is no scalar. */
export function jsonKey(value: Value, oid: number, context: EvalContext): string {
  if (value instanceof SqlArray || value instanceof SqlRecord || oid === T.json || oid === T.jsonb) {
    throw new DriftError('22023', 'key value must be scalar, not array, composite, or json');
  }
  if (value instanceof Numeric) return value.toString();
  return typeof value === 'boolean' ? String(value) : typeByOid(oid).output(value, context);
}
