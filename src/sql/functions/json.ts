/** Functions of json and jsonb that take values apart or print them (PostgreSQL's chapter 9.16). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { pure, setFunction, T } from './define.ts';
import type { ScalarFunction, SetFunction } from './function.ts';
import { jsonAsText, jsonbArray, jsonbObject, jsonElements, jsonKind, jsonMembers, compactJson } from './json-text.ts';

type Flavour = 'json' | 'jsonb';

function arrayLength(text: string): number {
  const kind = jsonKind(text);
  if (kind === 'array') return jsonElements(text).length;
  throw new DriftError('22023', `cannot get array length of a ${kind === 'object' ? 'non-array' : 'scalar'}`);
}

/** Without members that are null, at every depth; nulls in arrays stay. */
function withoutNulls(text: string, type: Flavour): string {
  switch (jsonKind(text)) {
    case 'array': {
      const items = jsonElements(text).map((item) => withoutNulls(item, type));
      return type === 'jsonb' ? jsonbArray(items) : `[${items.join(',')}]`;
    }
    case 'object': {
      const members = jsonMembers(text)
        .filter(([, value]) => jsonKind(value) !== 'null')
        .map(([key, value]) => [key, withoutNulls(value, type)] as const);
      if (type === 'jsonb') return jsonbObject(members);
      return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
    }
    default:
      return type === 'json' ? compactJson(text) : text;
  }
}

function pretty(text: string, indent: string): string {
  const kind = jsonKind(text);
  if (kind !== 'array' && kind !== 'object') return text;
  const inner = `${indent}    `;
  const lines =
    kind === 'array'
      ? jsonElements(text).map((item) => inner + pretty(item, inner))
      : jsonMembers(text).map(([key, value]) => `${inner}${JSON.stringify(key)}: ${pretty(value, inner)}`);
  const [open, close] = kind === 'array' ? ['[', ']'] : ['{', '}'];
  return `${open}\n${lines.join(',\n')}${lines.length > 0 ? '\n' : ''}${indent}${close}`;
}

export const jsonFunctions: readonly ScalarFunction[] = [
  ...(['json', 'jsonb'] as const).flatMap((type) => [
    pure(`${type}_typeof`, [T[type]], T.text, (text: string) => jsonKind(text)),
    pure(`${type}_array_length`, [T[type]], T.int4, arrayLength),
    pure(`${type}_strip_nulls`, [T[type]], T[type], (text: string) => withoutNulls(text, type)),
  ]),
  pure('jsonb_pretty', [T.jsonb], T.text, (text: string) => pretty(text, '')),
];

function elementsOf(text: string, name: string, type: Flavour): string[] {
  const kind = jsonKind(text);
  if (kind === 'array') return jsonElements(text);
  if (type === 'json') {
    throw new DriftError('22023', `cannot call ${name} on a ${kind === 'object' ? 'non-array' : 'scalar'}`);
  }
  throw new DriftError('22023', `cannot extract elements from ${kind === 'object' ? 'an object' : 'a scalar'}`);
}

function membersOf(text: string, name: string, type: Flavour): [string, string][] {
  const kind = jsonKind(text);
  if (kind === 'object') return jsonMembers(text);
  if (type === 'jsonb') throw new DriftError('22023', `cannot call ${name} on a non-object`);
  throw new DriftError(
    '22023',
    kind === 'array' ? 'cannot deconstruct an array as an object' : 'cannot deconstruct a scalar',
  );
}

function keysOf(text: string, name: string): string[] {
  const kind = jsonKind(text);
  if (kind === 'object') return jsonMembers(text).map(([key]) => key);
  throw new DriftError('22023', `cannot call ${name} on ${kind === 'array' ? 'an array' : 'a scalar'}`);
}

export const jsonSets: readonly SetFunction[] = (['json', 'jsonb'] as const).flatMap((type) => {
  const oid = T[type];
  const set = (
    name: string,
    columns: SetFunction['columns'],
    rows: (text: string) => Iterable<readonly Value[]>,
  ): SetFunction => setFunction(name, [oid], columns, (_context, text) => rows(text as string));
  const elements = `${type}_array_elements`;
  const each = `${type}_each`;
  const keys = `${type}_object_keys`;
  const key = { name: 'key', oid: T.text };
  return [
    set(elements, [{ name: 'value', oid }], (text) => elementsOf(text, elements, type).map((item) => [item])),
    set(`${elements}_text`, [{ name: 'value', oid: T.text }], (text) =>
      elementsOf(text, `${elements}_text`, type).map((item) => [jsonAsText(item)]),
    ),
    set(each, [key, { name: 'value', oid }], (text) => membersOf(text, each, type)),
    set(`${each}_text`, [key, { name: 'value', oid: T.text }], (text) =>
      membersOf(text, `${each}_text`, type).map(([name, value]) => [name, jsonAsText(value)]),
    ),
    set(keys, [{ name: keys, oid: T.text }], (text) => keysOf(text, keys).map((name) => [name])),
  ];
});
