/** Making JSON of SQL values: to_json, json_build_object and its kind, json_object, and the aggregates. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import type { SqlArray } from '../types/array.ts';
import { typeByOid } from '../types/registry.ts';
import { pure, scalar, T, typedAggregate, typedScalar, typeOfArgument } from './define.ts';
import type { AggregateFunction, ScalarFunction } from './function.ts';
import { jsonbArray, jsonbObject } from './json-text.ts';
import { jsonbOf, jsonKey, jsonOf } from './json-value.ts';

const flavours = ['json', 'jsonb'] as const;
type Flavour = (typeof flavours)[number];

const lenient = { strict: false, variadic: true, volatility: 'stable' } as const;

function toJson(type: Flavour, value: Value, oid: number, context: EvalContext): string {
  return type === 'json' ? jsonOf(value, oid, context) : jsonbOf(value, oid, context);
}

function objectText(type: Flavour, members: readonly (readonly [string, string])[]): string {
  if (type === 'jsonb') return jsonbObject(members);
  return `{${members.map(([key, value]) => `${JSON.stringify(key)} : ${value}`).join(', ')}}`;
}

const builders: readonly ScalarFunction[] = flavours.flatMap((type) => [
  typedScalar(
    `to_${type}`,
    [T.anyelement],
    T[type],
    ([oid = T.text]) =>
      (context, value) =>
        toJson(type, value ?? null, oid, context),
  ),
  typedScalar(
    `${type}_build_array`,
    [T.any],
    T[type],
    (types) =>
      (context, ...values) =>
        jsonbArray(values.map((value, i) => toJson(type, value, typeOfArgument(types, i), context))),
    lenient,
  ),
  pure(`${type}_build_array`, [], T[type], () => '[]'),
  typedScalar(`${type}_build_object`, [T.any], T[type], (types) => buildObject(type, types), lenient),
  pure(`${type}_build_object`, [], T[type], () => '{}'),
  pure(`${type}_object`, [T.textArray], T[type], (pairs: SqlArray) => objectText(type, pairsOf(pairs))),
  pure(`${type}_object`, [T.textArray, T.textArray], T[type], (keys: SqlArray, values: SqlArray) =>
    objectText(type, zipped(keys, values)),
  ),
]);

function buildObject(type: Flavour, types: readonly number[]): ScalarFunction['call'] {
  return (context, ...values) => {
    if (values.length % 2 === 1) {
      throw new DriftError('22023', 'argument list must have even number of elements', {
        hint: `The arguments of ${type}_build_object() must consist of alternating keys and values.`,
      });
    }
    const members: [string, string][] = [];
    for (let i = 0; i < values.length; i += 2) {
      const key = values[i] ?? null;
      if (key === null && type === 'json')
        throw new DriftError('22023', `argument ${i + 1} cannot be null`, { hint: 'Object keys should be text.' });
      if (key === null) throw new DriftError('22023', `argument ${i + 1}: key must not be null`);
      members.push([
        jsonKey(key, typeOfArgument(types, i), context),
        toJson(type, values[i + 1] ?? null, typeOfArgument(types, i + 1), context),
      ]);
    }
    return objectText(type, members);
  };
}

/** Keys and values in turn, or rows of two. */
function pairsOf(array: SqlArray): [string, string][] {
  const { dimensions, elements } = array;
  if (dimensions.length > 2) throw new DriftError('2202E', 'wrong number of array subscripts');
  if (dimensions.length === 2 && dimensions[1] !== 2) throw new DriftError('2202E', 'array must have two columns');
  if (elements.length % 2 === 1) throw new DriftError('2202E', 'array must have even number of elements');
  const pairs: [string, string][] = [];
  for (let i = 0; i < elements.length; i += 2) pairs.push(textPair(elements[i] ?? null, elements[i + 1] ?? null));
  return pairs;
}

function zipped(keys: SqlArray, values: SqlArray): [string, string][] {
  if (keys.dimensions.length > 1 || values.dimensions.length > 1) {
    throw new DriftError('2202E', 'wrong number of array subscripts');
  }
  if (keys.elements.length !== values.elements.length) throw new DriftError('2202E', 'mismatched array dimensions');
  return keys.elements.map((key, i) => textPair(key, values.elements[i] ?? null));
}

function textPair(key: Value, value: Value): [string, string] {
  if (key === null) throw new DriftError('22004', 'null value not allowed for object key');
  return [key as string, value === null ? 'null' : JSON.stringify(value)];
}

export const jsonBuildFunctions: readonly ScalarFunction[] = [
  ...builders,
  scalar('row_to_json', [T.record], T.json, (context, row) => jsonOf(row ?? null, T.record, context)),
  scalar('row_to_json', [T.record, T.bool], T.json, (context, row, pretty) =>
    jsonOf(row ?? null, T.record, context, pretty === true),
  ),
  typedScalar(
    'array_to_json',
    [T.anyarray, T.bool],
    T.json,
    ([oid = T.textArray]) => {
      return (context, array, pretty) => jsonOf(array ?? null, oid, context, pretty === true);
    },
    { optional: 1 },
  ),
];

/** Elements of an array, the first of them joined by the thousand: a million at the end would take long. */
interface Items {
  readonly joined: string[];
  readonly items: string[];
}

const JOINED_ITEMS = 1024;

interface Members {
  readonly type: Flavour;
  readonly members: [string, string][];
}

/** Arrays and rows begin a line of their own. */
function isStructured(oid: number): boolean {
  const { category } = typeByOid(oid);
  return category === 'A' || category === 'C' || oid === T.record;
}

export const jsonAggregates: readonly AggregateFunction[] = flavours.flatMap((type) => [
  typedAggregate<Items>(`${type}_agg`, [T.anyelement], T[type], ([oid = T.text]) => ({
    strict: false,
    init: () => ({ joined: [], items: [] }),
    step(state, [value], context) {
      const isFirst = state.items.length === 0 && state.joined.length === 0;
      const line = type === 'json' && !isFirst && value !== null && isStructured(oid) ? '\n ' : '';
      state.items.push(line + toJson(type, value ?? null, oid, context));
      if (state.items.length === JOINED_ITEMS) state.joined.push(state.items.splice(0).join(', '));
      return state;
    },
    final: ({ joined, items }) => (items.length + joined.length === 0 ? null : jsonbArray([...joined, ...items])),
  })),
  typedAggregate<Members>(`${type}_object_agg`, [T.any, T.any], T[type], ([keyOid = T.text, oid = T.text]) => ({
    strict: false,
    init: () => ({ type, members: [] }),
    step(state, [key = null, value = null], context) {
      if (key === null) throw new DriftError('22023', 'field name must not be null');
      state.members.push([jsonKey(key, keyOid, context), toJson(type, value, oid, context)]);
      return state;
    },
    final: ({ members }) => {
      if (members.length === 0) return null;
      const text = objectText(type, members);
      return type === 'json' ? `{ ${text.slice(1, -1)} }` : text;
    },
  })),
]);
