/**
 * From JavaScript values to statement parameters. Numbers, texts, booleans and bytes go as they are, a Date as ISO text;
 * an array goes as it is, because only the engine knows whether the statement wants an SQL array or JSON; any other object
 * is JSON.
 */
import { DriftError } from '../base/error.ts';
import type { Parameter } from '../database/api.ts';

/** Throws 22023 for what cannot be a value: functions, symbols, invalid dates. */
export function toParameter(value: unknown): Parameter {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    case 'object':
      if (value instanceof Date) return dateText(value);
      if (value instanceof Uint8Array) return copied(value);
      if (value instanceof ArrayBuffer) return copied(new Uint8Array(value));
      return Array.isArray(value) ? value.map(element) : toJsonText(value);
    default:
      throw new DriftError('22023', `a ${typeof value} cannot be a parameter`);
  }
}

/** An element of an array: like a parameter, but objects stay objects, for the array may be JSON. */
function element(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(element);
  const plain =
    typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);
  return plain ? (JSON.parse(toJsonText(value)) as unknown) : toParameter(value);
}

/** What the caller does to its bytes afterwards must not reach the database. Throws 22023 where they are gone. */
function copied(bytes: Uint8Array): Uint8Array {
  try {
    return bytes.slice();
  } catch {
    throw new DriftError('22023', 'the bytes of the parameter have been transferred to somewhere else');
  }
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new DriftError('22023', 'an invalid Date cannot be a parameter');
  const text = date.toISOString();
  if (/^\d/.test(text)) return text;
  // Years beyond four digits, and before 1: ISO's signs are not PostgreSQL's.
  const year = date.getUTCFullYear();
  const rest = text.slice(7);
  return year > 0 ? `${year}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`;
}

/** JSON with bigints as text. Throws 22023 for what has no JSON form. */
export function toJsonText(value: unknown): string {
  let reason = `a ${typeof value}`;
  try {
    const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) as
      | string
      | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  throw new DriftError('22023', `the value has no JSON form: ${reason}`);
}
