/** Methods of items in SQL/JSON paths that need no more than the item: numbers and keyvalue(). */
import { Numeric } from '../../base/numeric.ts';
import type { PathMethod } from '../types/json-path-syntax.ts';
import { PathError, type PathItem } from './json-path-item.ts';
import { jsonbObject, jsonKind, jsonMembers } from './json-text.ts';

export function numberOf(item: PathItem): Numeric | undefined {
  return typeof item === 'string' && jsonKind(item) === 'number' ? Numeric.parse(item) : undefined;
}

/** `nextId` numbers the objects that keyvalue() meets. */
export function* methodOf(name: PathMethod, item: PathItem, nextId: () => number): Generator<PathItem> {
  if (name === 'keyvalue') {
    if (typeof item !== 'string' || jsonKind(item) !== 'object')
      throw new PathError('2203C', 'jsonpath item method .keyvalue() can only be applied to an object');
    const id = String(nextId());
    for (const [key, value] of jsonMembers(item)) {
      yield jsonbObject([
        ['key', JSON.stringify(key)],
        ['value', value],
        ['id', id],
      ]);
    }
    return;
  }
  if (name === 'double') {
    yield double(item);
    return;
  }
  const number = numberOf(item);
  if (number === undefined)
    throw new PathError('22036', `jsonpath item method .${name}() can only be applied to a numeric value`);
  yield (name === 'abs' ? number.abs() : name === 'floor' ? number.floor() : number.ceil()).toString();
}

function double(item: PathItem): string {
  const kind = typeof item === 'string' ? jsonKind(item) : 'object';
  if (kind !== 'number' && kind !== 'string')
    throw new PathError('22036', 'jsonpath item method .double() can only be applied to a string or numeric value');
  const text = kind === 'string' ? (JSON.parse(item as string) as string).trim() : (item as string);
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
  if (value === undefined) {
    if (/^[+-]?(?:nan|inf(?:inity)?)$/i.test(text))
      throw new PathError('22036', 'NaN or Infinity is not allowed for jsonpath item method .double()');
    const message =
      'string argument of jsonpath item method .double() is not a valid representation of a double precision number';
    throw new PathError('22036', message);
  }
  if (!Number.isFinite(value)) {
    const what = kind === 'string' ? 'string' : 'numeric';
    throw new PathError(
      '22036',
      kind === 'string'
        ? 'string argument of jsonpath item method .double() is not a valid representation of a double precision number'
        : `${what} argument of jsonpath item method .double() is out of range for type double precision`,
    );
  }
  return kind === 'number' && !/[eE]/.test(text) ? text : (Numeric.parse(String(value)) as Numeric).toString();
}
