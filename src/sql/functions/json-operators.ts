/** Operators of json and jsonb (PostgreSQL's chapter 9.16): access, containment, concatenation, deletion. */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import type { SqlArray } from '../types/array.ts';
import { pure, T } from './define.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';
import { removeAt } from './json-change.ts';
import {
  isScalar,
  jsonAsText,
  jsonAt,
  jsonbArray,
  jsonbObject,
  jsonElement,
  jsonElements,
  jsonKind,
  jsonMember,
  jsonMembers,
} from './json-text.ts';

function operator(
  name: string,
  types: readonly [number, number],
  returns: number,
  call: (a: string, b: never) => Value,
  id: string,
): OperatorEntry {
  return { name, left: types[0], right: types[1], fn: pure(id, [...types], returns, call) };
}

const steps = (path: SqlArray): readonly (string | null)[] => path.elements as readonly (string | null)[];

const access = (['json', 'jsonb'] as const).flatMap((type) => {
  const oid = T[type];
  const field = `${type}_object_field`;
  const element = `${type}_array_element`;
  // The functions behind #> are variadic ones when called by name: below.
  const path = '#>';
  const text = (found: string | undefined): Value => (found === undefined ? null : jsonAsText(found));
  return [
    operator('->', [oid, T.text], oid, (a, key: string) => jsonMember(a, key) ?? null, field),
    operator('->', [oid, T.int4], oid, (a, index: number) => elementOrScalar(a, index, type) ?? null, element),
    operator('->>', [oid, T.text], T.text, (a, key: string) => text(jsonMember(a, key)), `${field}_text`),
    operator('->>', [oid, T.int4], T.text, (a, i: number) => text(elementOrScalar(a, i, type)), `${element}_text`),
    operator('#>', [oid, T.textArray], oid, (a, b: SqlArray) => jsonAt(a, steps(b)) ?? null, path),
    operator('#>>', [oid, T.textArray], T.text, (a, b: SqlArray) => text(jsonAt(a, steps(b))), '#>>'),
  ];
});

/** A jsonb scalar is held as an array of one, and -> 0 and -> -1 find it there. */
function elementOrScalar(text: string, index: number, type: string): string | undefined {
  if (type === 'jsonb' && isScalar(text)) return index === 0 || index === -1 ? text : undefined;
  return jsonElement(text, index);
}

export const jsonOperators: readonly OperatorEntry[] = [
  ...access,
  operator('@>', [T.jsonb, T.jsonb], T.bool, (a, b: string) => contains(a, b), 'jsonb_contains'),
  operator('<@', [T.jsonb, T.jsonb], T.bool, (a, b: string) => contains(b, a), 'jsonb_contained'),
  operator('?', [T.jsonb, T.text], T.bool, (a, key: string) => hasKey(a, key), 'jsonb_exists'),
  operator(
    '?|',
    [T.jsonb, T.textArray],
    T.bool,
    (a, b: SqlArray) => keys(b).some((k) => hasKey(a, k)),
    'jsonb_exists_any',
  ),
  operator(
    '?&',
    [T.jsonb, T.textArray],
    T.bool,
    (a, b: SqlArray) => keys(b).every((k) => hasKey(a, k)),
    'jsonb_exists_all',
  ),
  operator('||', [T.jsonb, T.jsonb], T.jsonb, concatenate, 'jsonb_concat'),
  operator('-', [T.jsonb, T.text], T.jsonb, (a, key: string) => without(a, [key]), 'jsonb_delete'),
  operator('-', [T.jsonb, T.textArray], T.jsonb, (a, b: SqlArray) => without(a, keys(b)), 'jsonb_delete'),
  operator('-', [T.jsonb, T.int4], T.jsonb, withoutIndex, 'jsonb_delete'),
  operator('#-', [T.jsonb, T.textArray], T.jsonb, (a, b: SqlArray) => removeAt(a, steps(b)), 'jsonb_delete_path'),
];

/** Paths can also be given as arguments one by one. */
export const jsonPathFunctions: readonly ScalarFunction[] = (['json', 'jsonb'] as const).flatMap((type) => [
  pure(`${type}_extract_path`, [T[type], T.text], T[type], (a: string, ...path: string[]) => jsonAt(a, path) ?? null, {
    variadic: true,
  }),
  pure(
    `${type}_extract_path_text`,
    [T[type], T.text],
    T.text,
    (a: string, ...path: string[]) => {
      const found = jsonAt(a, path);
      return found === undefined ? null : jsonAsText(found);
    },
    { variadic: true },
  ),
]);

function keys(array: SqlArray): string[] {
  return steps(array).filter((key) => key !== null);
}

/** Whether a string is a key of the object, an element of the array, or the string itself. */
function hasKey(text: string, key: string): boolean {
  switch (jsonKind(text)) {
    case 'object':
      return jsonMember(text, key) !== undefined;
    case 'array':
      return jsonElements(text).includes(JSON.stringify(key));
    default:
      return text === JSON.stringify(key);
  }
}

/**
 * Whether every part of `b` is found in `a` at its place. Arrays compare as sets, and on the top level an array
 * contains a scalar that is one of its elements.
 */
function contains(a: string, b: string): boolean {
  if (jsonKind(a) === 'array' && isScalar(b)) return jsonElements(a).some((item) => sameScalar(item, b));
  return includes(a, b);
}

function includes(a: string, b: string): boolean {
  const kind = jsonKind(a);
  if (kind !== jsonKind(b)) return false;
  if (kind === 'object') {
    return jsonMembers(b).every(([key, value]) => {
      const found = jsonMember(a, key);
      return found !== undefined && includes(found, value);
    });
  }
  if (kind === 'array') {
    const items = jsonElements(a);
    return jsonElements(b).every((value) => items.some((item) => includes(item, value)));
  }
  return sameScalar(a, b);
}

/** 1 and 1.00 are the same. */
function sameScalar(a: string, b: string): boolean {
  if (a === b) return true;
  if (jsonKind(a) !== 'number' || jsonKind(b) !== 'number') return false;
  const [x, y] = [Numeric.parse(a), Numeric.parse(b)];
  return x !== undefined && y !== undefined && x.compare(y) === 0;
}

function concatenate(a: string, b: string): string {
  if (jsonKind(a) === 'object' && jsonKind(b) === 'object') return jsonbObject([...jsonMembers(a), ...jsonMembers(b)]);
  const items = (text: string): string[] => (jsonKind(text) === 'array' ? jsonElements(text) : [text]);
  return jsonbArray([...items(a), ...items(b)]);
}

function without(text: string, names: readonly string[]): string {
  switch (jsonKind(text)) {
    case 'object':
      return jsonbObject(jsonMembers(text).filter(([key]) => !names.includes(key)));
    case 'array': {
      const strings = new Set(names.map((name) => JSON.stringify(name)));
      return jsonbArray(jsonElements(text).filter((item) => !strings.has(item)));
    }
    default:
      throw new DriftError('22023', 'cannot delete from scalar');
  }
}

function withoutIndex(text: string, index: number): string {
  switch (jsonKind(text)) {
    case 'object':
      throw new DriftError('22023', 'cannot delete from object using integer index');
    case 'array': {
      const items = jsonElements(text);
      const at = index < 0 ? items.length + index : index;
      return jsonbArray(items.filter((_, i) => i !== at));
    }
    default:
      throw new DriftError('22023', 'cannot delete from scalar');
  }
}
