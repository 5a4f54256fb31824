/**
 * Assignment to a part of a jsonb value: `j['a'][2] = …`. What is missing on the way is made: an object for a text, an
 * array for an integer subscript; arrays are filled up with nulls.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { arrayIndex, isScalar, jsonbArray, jsonbObject, jsonElements, jsonKind, jsonMembers } from './json-text.ts';

/** Values of the call: the old value, the new one, then the path. */
export function storeInJson(...[old, value, ...path]: Value[]): Value {
  if (path.includes(null)) throw new DriftError('22004', 'jsonb subscript in assignment must not be null');
  const text = (value as string | null) ?? 'null';
  return store(old as string | null, path as (string | number)[], 0, text);
}

function store(old: string | null, path: readonly (string | number)[], depth: number, value: string): string {
  const step = path[depth];
  if (step === undefined) return value;
  const text = old ?? (typeof step === 'number' ? '[]' : '{}');
  if (isScalar(text)) {
    throw new DriftError('22023', 'cannot replace existing key', {
      detail: 'The path assumes key is a composite object, but it is a scalar value.',
    });
  }
  if (jsonKind(text) === 'object') {
    const members = new Map(jsonMembers(text));
    members.set(String(step), store(members.get(String(step)) ?? null, path, depth + 1, value));
    return jsonbObject(members);
  }
  const index = typeof step === 'number' ? step : arrayIndex(step);
  if (index === undefined)
    throw new DriftError('22P02', `path element at position ${depth + 1} is not an integer: "${String(step)}"`);
  const items = jsonElements(text);
  const at = index < 0 ? items.length + index : index;
  if (at < 0) throw new DriftError('22023', `path element at position ${depth + 1} is out of range: ${index}`);
  while (items.length < at) items.push('null');
  items[at] = store(items[at] ?? null, path, depth + 1, value);
  return jsonbArray(items);
}
