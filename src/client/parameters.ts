/** From JavaScript values to statement parameters: dates as ISO text, arrays and objects as JSON or array literals. */
import type { Parameter } from '../database/api.ts';

export function toParameter(value: unknown): Parameter {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    case 'object':
      if (value instanceof Date) return value.toISOString();
      if (value instanceof Uint8Array) return value;
      return Array.isArray(value) && !value.some((item) => typeof item === 'object' && item !== null && !Array.isArray(item)) ? arrayLiteral(value) : JSON.stringify(value);
    default:
      throw new TypeError(`a ${typeof value} cannot be a parameter`);
  }
}

function arrayLiteral(items: readonly unknown[]): string {
  const texts = items.map((item) => {
    if (item === null || item === undefined) return 'NULL';
    if (Array.isArray(item)) return arrayLiteral(item);
    return `"${String(item).replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${texts.join(',')}}`;
}
