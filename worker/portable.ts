/**
 * Makes a result's columns portable: what only the engine's classes can say (numeric, interval, times of day) becomes
 * text as PostgreSQL prints it, arrays become JavaScript arrays. So the page needs none of the type code.
 */
import { Numeric } from '../src/base/numeric.ts';
import { type Value, type Vector, valueAt } from '../src/base/vector.ts';
import { isUserType } from '../src/catalog/user-types.ts';
import type { ResultSet } from '../src/database/api.ts';
import { publicFields } from '../src/database/public-fields.ts';
import type { EvalContext } from '../src/sql/eval-context.ts';
import { SqlArray } from '../src/sql/types/array.ts';
import { typeByOid } from '../src/sql/types/registry.ts';
import { ownBytes } from './wire.ts';

const TIME_OID = 1083;

/** `printed` names further types (by OID) whose values are wanted as text. */
export function portable(result: ResultSet, printed: readonly number[] = []): ResultSet {
  const columns = result.columns.map((vector, c) =>
    portableColumn(vector, result.fields[c]?.dataTypeID ?? 0, result.rowCount, printed),
  );
  return { ...result, columns, fields: publicFields(result.fields) };
}

function portableColumn(vector: Vector, oid: number, count: number, printed: readonly number[]): Vector {
  if (vector.kind === 'text' || vector.kind === 'dict') return vector;
  if (oid === TIME_OID || printed.includes(oid) || (isUserType(oid) && typeByOid(oid).category === 'E'))
    return printedColumn(vector, oid, count);
  if (vector.kind !== 'boxed') return vector;
  const first = vector.data.find(
    (value, row) => row < count && value !== null && value !== undefined && vector.nulls?.[row] !== 1,
  );
  if (first === undefined || first instanceof Uint8Array) return vector;
  if (!(first instanceof SqlArray)) return printedColumn(vector, oid, count);
  const data: unknown[] = [];
  for (let row = 0; row < count; row++) {
    const value = valueAt(vector, row);
    data.push(value instanceof SqlArray ? nested(value, typeByOid(oid).elementOid || value.elementOid) : null);
  }
  return { kind: 'boxed', data, nulls: vector.nulls, length: count };
}

function printedColumn(vector: Vector, oid: number, count: number): Vector {
  const data: string[] = [];
  for (let row = 0; row < count; row++) {
    const value = valueAt(vector, row);
    data.push(value === null ? '' : print(value, oid));
  }
  return { kind: 'text', data, nulls: vector.nulls, length: count };
}

function print(value: Exclude<Value, null>, oid: number): string {
  return value instanceof Numeric ? value.toString() : typeByOid(oid).output(value, PRINTING);
}

/** Settings of a session change what `text: true` prints; outside of it text is in UTC and ISO form. */
const PRINTING = { timeZone: 'UTC' } as unknown as EvalContext;

function nested(array: SqlArray, elementOid: number): unknown[] {
  const { elements, dimensions } = array;
  let at = 0;
  const level = (depth: number): unknown[] =>
    Array.from({ length: dimensions[depth] ?? 0 }, () => {
      if (depth + 1 < dimensions.length) return level(depth + 1);
      return portableElement(elements[at++] ?? null, elementOid);
    });
  return level(0);
}

/** An element as the same value would come in a column of its own, but for dates and json, which stay text. */
function portableElement(value: Value, oid: number): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint')
    return value;
  if (value instanceof Uint8Array) return ownBytes(value);
  if (typeof value === 'number' && !TEMPORAL_OIDS.has(oid) && !isUserType(oid)) return value;
  return print(value, oid);
}

const TEMPORAL_OIDS: ReadonlySet<number> = new Set([1082, 1083, 1114, 1184]);
