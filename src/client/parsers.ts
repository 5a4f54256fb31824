/**
 * From vectors to what JavaScript programs expect: int8 as number where it is safe, else bigint; numeric and interval as
 * text; timestamps and dates as Date (±infinity as ±Infinity); json parsed; bytea as Uint8Array; arrays as arrays.
 */
import { type Value, type Vector, valueAt } from '../base/vector.ts';
import { SqlArray } from '../sql/types/array.ts';
import { typeByOid } from '../sql/types/registry.ts';

/** Turns a value's text, as PostgreSQL prints it, into what the caller wants for a type. */
export type Parser = (text: string) => unknown;
export type Parsers = Readonly<Record<number, Parser>>;

const OID = { bytea: 17, json: 114, date: 1082, time: 1083, timestamp: 1114, timestamptz: 1184, jsonb: 3802 } as const;
const MS_PER_DAY = 86_400_000;

/** Returns the function that reads one row of a column. */
export function cellReader(vector: Vector, oid: number, parsers: Parsers | undefined, printed: (value: Value, oid: number) => string): (row: number) => unknown {
  const parser = parsers?.[oid];
  if (parser !== undefined) return nullable(vector, (value) => parser(printed(value, oid)));
  switch (oid) {
    case OID.json:
    case OID.jsonb:
      return nullable(vector, (value) => JSON.parse(value as string) as unknown);
    case OID.date:
      return nullable(vector, (value) => dateOf((value as number) * MS_PER_DAY, Math.abs(value as number) >= 2147483647 ? Math.sign(value as number) : 0));
    case OID.timestamp:
    case OID.timestamptz:
      return nullable(vector, (value) => dateOf(Number(value) / 1000, Number.isFinite(Number(value)) ? 0 : Math.sign(Number(value))));
    case OID.bytea:
      return nullable(vector, (value) => value);
    case OID.time:
      return nullable(vector, (value) => printed(value, oid));
    default:
      if (vector.kind === 'boxed' || (vector.kind === 'f64' && vector.scale !== undefined)) {
        return nullable(vector, (value) => (value instanceof SqlArray ? nested(value) : printed(value, oid)));
      }
      return (row) => valueAt(vector, row);
  }
}

function nullable(vector: Vector, read: (value: Exclude<Value, null>) => unknown): (row: number) => unknown {
  return (row) => {
    const value = valueAt(vector, row);
    return value === null ? null : read(value);
  };
}

function dateOf(ms: number, infinite: number): Date | number {
  return infinite === 0 ? new Date(Math.floor(ms)) : infinite * Infinity;
}

function nested(array: SqlArray): unknown[] {
  let at = 0;
  const plain = !['numeric', 'interval'].includes(typeByOid(array.elementOid).name);
  const level = (depth: number): unknown[] =>
    Array.from({ length: array.dimensions[depth] ?? 0 }, () => {
      if (depth + 1 < array.dimensions.length) return level(depth + 1);
      const item = array.elements[at++] ?? null;
      return item === null || plain ? item : String(item);
    });
  return level(0);
}
