/**
 * The types that random schemas and expressions use, with literals of each.
 *
 * Values are few and near each other, so that joins, groups and conditions meet; corners (empty, negative, widest, NaN,
 * infinity) come now and then. Literals carry their type, so that a disagreement over an unknown literal's type is found
 * where the generator asks for it and not everywhere.
 */
import type { Choices } from './choices.ts';

export interface FuzzType {
  readonly name: string;
  readonly oid: number;
  /** May be a key, be sorted and grouped. */
  readonly ordered: boolean;
  /** Equal values may print differently (1.0 and 1.00, 24:00:00 and 1 day): no total order by it. */
  readonly ambiguous: boolean;
  readonly literal: (c: Choices) => string;
}

const TEXTS = ['', 'a', 'ab', 'abc', 'B', 'xyz', 'x_z', '%', 'a b', '10', '-3', 'Zz', 'é', "it''s"];
const JSONS = ['1', 'null', '"a"', 'true', '[1, 2, 3]', '{"a": 1}', '{"a": {"b": [1, null]}, "c": "x"}', '[]', '{}'];

const day = (c: Choices): string => `2024-0${c.between(1, 3)}-${String(c.between(1, 28)).padStart(2, '0')}`;
const clock = (c: Choices): string =>
  `${String(c.int(24)).padStart(2, '0')}:${c.pick(['00', '15', '30'])}:${c.pick(['00', '01.5', '59.123456'])}`;
const ints = (c: Choices): number => (c.chance(0.8) ? c.between(-5, 15) : c.between(-1000, 1000));

function type(
  name: string,
  oid: number,
  literal: (c: Choices) => string,
  more: { ordered?: boolean; ambiguous?: boolean } = {},
): FuzzType {
  return { name, oid, literal, ordered: more.ordered ?? true, ambiguous: more.ambiguous ?? false };
}

export const BOOL: FuzzType = type('bool', 16, (c) => c.pick(['true', 'false']));
export const INT2: FuzzType = type('int2', 21, (c) => `${c.chance(0.05) ? '(-32768)' : `(${ints(c)})`}::int2`);
export const INT4: FuzzType = type('int4', 23, (c) => {
  const value = c.chance(0.03) ? c.pick([2147483647, -2147483647]) : ints(c);
  return value < 0 ? `(${value})` : `${value}`;
});
export const INT8: FuzzType = type(
  'int8',
  20,
  (c) => `(${c.chance(0.05) ? c.pick(['9007199254740993', '-9223372036854775807']) : ints(c) * 1000})::int8`,
);
export const NUMERIC: FuzzType = type(
  'numeric',
  1700,
  (c) => `(${c.chance(0.04) ? c.pick(["'NaN'", '12345678901234567890.5']) : ints(c) / c.pick([1, 4, 8])})::numeric`,
  { ambiguous: true },
);
export const FLOAT8: FuzzType = type(
  'float8',
  701,
  (c) =>
    c.chance(0.06)
      ? `'${c.pick(['NaN', 'infinity', '-infinity', '-0', '1e300'])}'::float8`
      : `(${ints(c) / c.pick([1, 2, 8])})::float8`,
  { ambiguous: true },
);
export const FLOAT4: FuzzType = type('float4', 700, (c) => `(${ints(c) / c.pick([1, 2, 4])})::float4`, {
  ambiguous: true,
});
export const TEXT: FuzzType = type('text', 25, (c) => `'${c.pick(TEXTS)}'::text`);
export const VARCHAR: FuzzType = type('varchar', 1043, (c) => `'${c.pick(TEXTS)}'::varchar`);
export const BPCHAR: FuzzType = type('bpchar', 1042, (c) => `'${c.pick(['a', 'ab', 'abc', 'B', 'x'])}'::char(3)`);
export const DATE: FuzzType = type('date', 1082, (c) =>
  c.chance(0.04) ? `date '${c.pick(['infinity', '-infinity', '0044-03-15 BC', '1999-12-31'])}'` : `date '${day(c)}'`,
);
export const TIME: FuzzType = type('time', 1083, (c) => `time '${clock(c)}'`);
export const TIMESTAMP: FuzzType = type('timestamp', 1114, (c) =>
  c.chance(0.04) ? `timestamp '${c.pick(['infinity', '-infinity'])}'` : `timestamp '${day(c)} ${clock(c)}'`,
);
export const TIMESTAMPTZ: FuzzType = type(
  'timestamptz',
  1184,
  (c) => `timestamptz '${day(c)} ${clock(c)}${c.pick(['+00', '+02', '-05:30'])}'`,
);
export const INTERVAL: FuzzType = type(
  'interval',
  1186,
  (c) =>
    `interval '${c.pick(['1 day', '24 hours', '-3 hours', '1 mon', '30 days', '2 years 3 mons', '1 day 02:03:04.5', '0'])}'`,
  { ambiguous: true },
);
export const UUID: FuzzType = type(
  'uuid',
  2950,
  (c) => `'${c.pick(['0', '7', 'a', 'f'])}0000000-0000-4000-8000-00000000000${c.int(4)}'::uuid`,
);
export const BYTEA: FuzzType = type(
  'bytea',
  17,
  (c) => `'\\x${c.pick(['', '00', '0a', 'ff', '00ff', '616263'])}'::bytea`,
);
export const JSON_TEXT: FuzzType = type('json', 114, (c) => `'${c.pick(JSONS)}'::json`, { ordered: false });
export const JSONB: FuzzType = type('jsonb', 3802, (c) => `'${c.pick(JSONS)}'::jsonb`);
export const INT4_ARRAY: FuzzType = type(
  'int4[]',
  1007,
  (c) => `'{${c.times(c.int(4), () => (c.chance(0.15) ? 'NULL' : String(c.int(5)))).join(',')}}'::int4[]`,
);
export const TEXT_ARRAY: FuzzType = type(
  'text[]',
  1009,
  (c) =>
    `'{${c.times(c.int(4), () => (c.chance(0.15) ? 'NULL' : c.pick(['a', 'b', '""', 'B', '"x y"']))).join(',')}}'::text[]`,
);
export const INT4_RANGE: FuzzType = type(
  'int4range',
  3904,
  (c) =>
    `'${c.pick(['empty', '(,)', `[${c.int(5)},${c.between(5, 9)})`, `(${c.int(5)},)`, `[,${c.int(5)}]`])}'::int4range`,
);

export const ALL_TYPES: readonly FuzzType[] = [
  BOOL, INT2, INT4, INT8, NUMERIC, FLOAT8, FLOAT4, TEXT, VARCHAR, BPCHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL,
  UUID, BYTEA, JSON_TEXT, JSONB, INT4_ARRAY, TEXT_ARRAY, INT4_RANGE,
]; // prettier-ignore

/** Types by how often a random column or expression has them. */
const WEIGHTS: readonly (readonly [number, FuzzType])[] = [
  ...ALL_TYPES.map((t) => [1, t] as const),
  [6, INT4], [3, TEXT], [3, BOOL], [2, INT8], [3, NUMERIC], [2, FLOAT8], [2, DATE], [1, TIMESTAMP],
]; // prettier-ignore

export function anyType(c: Choices): FuzzType {
  return c.weighted(WEIGHTS);
}

export function orderedType(c: Choices): FuzzType {
  for (;;) {
    const found = anyType(c);
    if (found.ordered) return found;
  }
}

const byOid = new Map(ALL_TYPES.map((t) => [t.oid, t]));

export function typeOf(oid: number): FuzzType | undefined {
  return byOid.get(oid);
}
