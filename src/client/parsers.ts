/**
 * From portable columns to what JavaScript programs expect: int8 as number where it is safe, else bigint; numeric and
 * interval as text; timestamps and dates as Date (±infinity as ±Infinity); json parsed; bytea as Uint8Array; arrays as
 * arrays. A whole column at a time: each loop sees one kind of array and one conversion.
 */
import type { Vector } from '../base/vector.ts';

/** Turns a value's text, as PostgreSQL prints it, into what the caller wants for a type. */
export type Parser = (text: string) => unknown;
export type Parsers = Readonly<Record<number, Parser>>;

export const OID = { json: 114, date: 1082, timestamp: 1114, timestamptz: 1184, jsonb: 3802 } as const;
const MS_PER_DAY = 86_400_000;
const DATE_INFINITY = 2147483647;
const TIME_INFINITY = 9223372036854775807n;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Returns a column's values, null for NULL. `oid` 0 takes the values as they are. */
export function columnValues(vector: Vector, count: number, oid: number, parsers?: Parsers): unknown[] {
  const values = convert(vector, count, oid, parsers?.[oid]);
  const { nulls } = vector;
  if (nulls !== null) for (let row = 0; row < count; row++) if (nulls[row] === 1) values[row] = null;
  return values;
}

function convert(vector: Vector, count: number, oid: number, parser: Parser | undefined): unknown[] {
  switch (vector.kind) {
    case 'bool':
      return mapped(vector.data, count, (value) => value === 1);
    case 'i32':
      return oid === OID.date ? mapped(vector.data, count, dateOfDay) : plain(vector.data, count);
    case 'f64': {
      const { scale } = vector;
      if (scale !== undefined) return mapped(vector.data, count, (value) => scaledText(value, scale));
      return isTimestamp(oid) ? mapped(vector.data, count, dateOfMicros) : plain(vector.data, count);
    }
    case 'i64':
      return mapped(vector.data, count, isTimestamp(oid) ? dateOfBigMicros : integer);
    case 'text':
      return textValues(vector.data, vector.nulls, count, parserOf(oid, parser));
    case 'dict': {
      const parse = parserOf(oid, parser);
      // A parsed value may be an object, which rows must not share.
      if (parse !== undefined)
        return textValues(
          plain(vector.data, count).map((code) => vector.dictionary[code] ?? ''),
          vector.nulls,
          count,
          parse,
        );
      return mapped(vector.data, count, (code) => vector.dictionary[code]);
    }
    case 'boxed':
      return vector.data.slice(0, count);
  }
}

export function parserOf(oid: number, parser: Parser | undefined): Parser | undefined {
  return parser ?? (oid === OID.json || oid === OID.jsonb ? JSON.parse : undefined);
}

export function isTimestamp(oid: number): boolean {
  return oid === OID.timestamp || oid === OID.timestamptz;
}

function plain(data: Int32Array | Float64Array, count: number): number[] {
  const values = new Array<number>(count);
  for (let row = 0; row < count; row++) values[row] = data[row] as number;
  return values;
}

function mapped<T>(data: ArrayLike<T>, count: number, read: (value: T) => unknown): unknown[] {
  const values = new Array<unknown>(count);
  for (let row = 0; row < count; row++) values[row] = read(data[row] as T);
  return values;
}

function textValues(
  data: readonly string[],
  nulls: Uint8Array | null,
  count: number,
  parse: Parser | undefined,
): unknown[] {
  if (parse === undefined) return data.slice(0, count);
  const values = new Array<unknown>(count);
  for (let row = 0; row < count; row++) values[row] = nulls?.[row] === 1 ? null : parse(data[row] as string);
  return values;
}

export function dateOfDay(days: number): Date | number {
  return Math.abs(days) >= DATE_INFINITY ? Math.sign(days) * Infinity : new Date(days * MS_PER_DAY);
}

export function dateOfMicros(micros: number): Date | number {
  return Number.isFinite(micros) ? new Date(Math.floor(micros / 1000)) : micros;
}

export function dateOfBigMicros(micros: bigint): Date | number {
  if (micros >= TIME_INFINITY) return Infinity;
  if (micros < -TIME_INFINITY) return -Infinity;
  return new Date(Number(micros / 1000n));
}

export function integer(value: bigint): number | bigint {
  return value >= -MAX_SAFE && value <= MAX_SAFE ? Number(value) : value;
}

/** Prints integer × 10^-scale, the integer exact in a double. */
export function scaledText(value: number, scale: number): string {
  if (scale === 0) return String(value);
  const digits = String(Math.abs(value)).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${value < 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}
