/** Changing what lies at a path of a jsonb value: jsonb_set, jsonb_insert, #-, and jsonb_set_lax. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { SqlArray } from '../types/array.ts';
import { pure, T } from './define.ts';
import type { ScalarFunction } from './function.ts';
import { arrayIndex, isScalar, jsonbArray, jsonbObject, jsonElements, jsonKind, jsonMembers } from './json-text.ts';

type Path = readonly (string | null)[];

/** What to do at the end of the path with the value there (undefined where none is); undefined removes or leaves out. */
interface Edit {
  /** New elements in place of the found one. */
  readonly element: (found: string) => readonly string[];
  /** Elements for an index beyond the array. */
  readonly beyond: readonly string[];
  readonly member: (found: string | undefined) => string | undefined;
}

function edit(text: string, path: Path, depth: number, change: Edit): string {
  const step = path[depth];
  if (step === null) throw new DriftError('22004', `path element at position ${depth + 1} is null`);
  if (step === undefined || isScalar(text)) return text;
  const last = depth === path.length - 1;
  if (jsonKind(text) === 'object') {
    const members = new Map(jsonMembers(text));
    const found = members.get(step);
    const value = last ? change.member(found) : found === undefined ? undefined : edit(found, path, depth + 1, change);
    if (value === undefined) members.delete(step);
    else members.set(step, value);
    return jsonbObject(members);
  }
  const index = arrayIndex(step);
  if (index === undefined) {
    throw new DriftError('22P02', `path element at position ${depth + 1} is not an integer: "${step}"`);
  }
  const items = jsonElements(text);
  const at = index < 0 ? items.length + index : index;
  if (at < 0) return last ? jsonbArray([...change.beyond, ...items]) : text;
  if (at >= items.length) return last ? jsonbArray([...items, ...change.beyond]) : text;
  const found = items[at] as string;
  items.splice(at, 1, ...(last ? change.element(found) : [edit(found, path, depth + 1, change)]));
  return jsonbArray(items);
}

/** Of what holds nothing no path is looked at, not even a wrong one. */
function isEmpty(text: string): boolean {
  return text === '[]' || text === '{}';
}

export function removeAt(text: string, path: Path): string {
  if (isScalar(text)) throw new DriftError('22023', 'cannot delete path in scalar');
  if (isEmpty(text)) return text;
  return edit(text, path, 0, { element: () => [], beyond: [], member: () => undefined });
}

function setAt(text: string, path: Path, value: string, create: boolean): string {
  if (isScalar(text)) throw new DriftError('22023', 'cannot set path in scalar');
  if (!create && isEmpty(text)) return text;
  return edit(text, path, 0, {
    element: () => [value],
    beyond: create ? [value] : [],
    member: (found) => (found === undefined && !create ? undefined : value),
  });
}

function insertAt(text: string, path: Path, value: string, after: boolean): string {
  if (isScalar(text)) throw new DriftError('22023', 'cannot set path in scalar');
  return edit(text, path, 0, {
    element: (found) => (after ? [found, value] : [value, found]),
    beyond: [value],
    member(found) {
      if (found === undefined) return value;
      throw new DriftError('22023', 'cannot replace existing key', {
        hint: 'Try using the function jsonb_set to replace key value.',
      });
    },
  });
}

function pathOf(array: SqlArray): Path {
  if (array.dimensions.length > 1) throw new DriftError('2202E', 'wrong number of array subscripts');
  return array.elements as Path;
}

const NULL_TREATMENTS = ['raise_exception', 'use_json_null', 'delete_key', 'return_target'];

function setLax(
  target: string | null,
  path: SqlArray | null,
  value: string | null,
  create: boolean | null = true,
  treatment: string | null = 'use_json_null',
): Value {
  if (target === null || path === null || create === null) return null;
  if (treatment === null || !NULL_TREATMENTS.includes(treatment)) {
    throw new DriftError(
      '22023',
      'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"',
    );
  }
  if (value !== null) return setAt(target, pathOf(path), value, create);
  switch (treatment) {
    case 'raise_exception':
      throw new DriftError('22004', 'JSON value must not be null', {
        detail: 'Exception was raised because null_value_treatment is "raise_exception".',
        hint: 'To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.',
      });
    case 'delete_key':
      return removeAt(target, pathOf(path));
    case 'return_target':
      return target;
    default:
      return setAt(target, pathOf(path), 'null', create);
  }
}

export const jsonChangeFunctions: readonly ScalarFunction[] = [
  pure(
    'jsonb_set',
    [T.jsonb, T.textArray, T.jsonb, T.bool],
    T.jsonb,
    (text: string, path: SqlArray, value: string, create = true) => setAt(text, pathOf(path), value, create),
    { optional: 1, names: 'jsonb_in path replacement create_if_missing' },
  ),
  pure(
    'jsonb_insert',
    [T.jsonb, T.textArray, T.jsonb, T.bool],
    T.jsonb,
    (text: string, path: SqlArray, value: string, after = false) => insertAt(text, pathOf(path), value, after),
    { optional: 1, names: 'jsonb_in path replacement insert_after' },
  ),
  pure('jsonb_set_lax', [T.jsonb, T.textArray, T.jsonb, T.bool, T.text], T.jsonb, setLax, {
    optional: 2,
    strict: false,
    names: 'jsonb_in path replacement create_if_missing null_value_treatment',
  }),
];
