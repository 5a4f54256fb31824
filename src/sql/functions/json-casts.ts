/** Casts of json and jsonb: into each other, and of jsonb's numbers and booleans into those of SQL. */
import { assert, DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import { canonicalJson } from '../types/json.ts';
import { typeByOid } from '../types/registry.ts';
import { pure, T } from './define.ts';
import type { CastEntry, ScalarFunction } from './function.ts';

/** A jsonb value by its first character; its text is canonical. */
const KINDS: Readonly<Record<string, string>> = {
  n: 'null',
  '"': 'string',
  t: 'boolean',
  f: 'boolean',
  '[': 'array',
  '{': 'object',
};

function scalarCast(to: number, wanted: string, name: string, read: (text: string) => Value): CastEntry {
  const fn = pure(name, [T.jsonb], to, (text: string) => {
    const kind = KINDS[text.charAt(0)] ?? 'numeric';
    if (kind === wanted) return read(text);
    throw new DriftError('22023', `cannot cast jsonb ${kind} to type ${typeByOid(to).display}`);
  });
  return { from: T.jsonb, to, context: 'explicit', fn };
}

/** `fromNumeric` gives the cast of numeric to a type, which does the rounding and knows the range. */
export function jsonCasts(fromNumeric: (to: number) => ScalarFunction): readonly CastEntry[] {
  const numbers = { int2: T.int2, int4: T.int4, int8: T.int8, float4: T.float4, float8: T.float8 };
  return [
    {
      from: T.json,
      to: T.jsonb,
      context: 'assignment',
      fn: pure('jsonb', [T.json], T.jsonb, (text: string) => canonicalJson(text)),
    },
    { from: T.jsonb, to: T.json, context: 'assignment', fn: null },
    scalarCast(T.bool, 'boolean', 'bool', (text) => text === 'true'),
    scalarCast(T.numeric, 'numeric', 'numeric', (text) => numberOf(text)),
    ...Object.entries(numbers).map(([name, to]) => {
      const { call } = fromNumeric(to);
      return scalarCast(to, 'numeric', name, (text) => call(NO_CONTEXT, numberOf(text)));
    }),
  ];
}

/** Canonical JSON writes numbers as numeric does. */
function numberOf(text: string): Numeric {
  const value = Numeric.parse(text);
  assert(value !== undefined, 'a number of canonical JSON');
  return value;
}

/** Casts between numbers ask for none. */
const NO_CONTEXT = undefined as never;
