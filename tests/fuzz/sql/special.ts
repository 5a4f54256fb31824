/** Calls whose arguments must make sense together: formats, units, patterns, zones; and syntax that is no call. */
import type { Choices } from './choices.ts';
import {
  BOOL, DATE, FLOAT8, type FuzzType, INT4, INT4_ARRAY, INT8, INTERVAL, JSONB, NUMERIC, TEXT, TEXT_ARRAY, TIME, TIMESTAMP,
  TIMESTAMPTZ, BYTEA, ALL_TYPES, JSON_TEXT,
} from './types.ts'; // prettier-ignore

type Deeper = (type: FuzzType) => string;
type Special = (c: Choices, deeper: Deeper) => string;

const UNITS = ['year', 'month', 'day', 'hour', 'minute', 'second', 'quarter', 'week', 'decade', 'century', 'dow', 'doy']
  .concat(['epoch', 'isodow', 'isoyear', 'milliseconds', 'microseconds', 'julian', 'millennium']); // prettier-ignore
const TRUNCATIONS = ['year', 'month', 'day', 'hour', 'minute', 'second', 'quarter', 'week', 'decade', 'century'];
const TIME_FORMATS = ['YYYY-MM-DD', 'HH24:MI:SS.US', 'Day DD Mon YYYY', 'FMMonth FMDD', 'IYYY-IW-ID', 'Q J DDD', 'HH12:MI AM']
  .concat(['YY Y,YYY', 'CC W WW', 'DDth', '"at" HH24h', 'RM']); // prettier-ignore
const NUMBER_FORMATS = [
  '999',
  '000.00',
  'FM999,990.99',
  'S9999',
  '9999MI',
  'PL99',
  'L999',
  '9.99EEEE',
  'RN',
  '99V99',
  '999PR',
  'FM9990.0',
];
const REGEXES = ['a', '[a-z]+', '^.', 'b|x', '(a)(b)?', '\\d+', '.$', '[^a]', '\\mx', 'a*', '(?i)B'];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'];

const SPECIALS: readonly (readonly [FuzzType, Special])[] = [
  [TEXT, (c, d) => `to_char(${d(c.pick([TIMESTAMP, TIMESTAMPTZ, DATE]))}, '${c.pick(TIME_FORMATS)}')`],
  [TEXT, (c, d) => `to_char(${d(c.pick([NUMERIC, INT4, FLOAT8]))}, '${c.pick(NUMBER_FORMATS)}')`],
  [TEXT, (c, d) => `regexp_replace(${d(TEXT)}, '${c.pick(REGEXES)}', '${c.pick(['', 'x', '[\\1]', '<\\&>'])}'${c.pick(['', ", 'g'"])})`],
  [TEXT, (c, d) => `substring(${d(TEXT)} from '${c.pick(REGEXES)}')`],
  [TEXT, (c, d) => `substring(${d(TEXT)} from ${c.between(-2, 4)} for ${c.between(0, 4)})`],
  [TEXT, (c, d) => `overlay(${d(TEXT)} placing ${d(TEXT)} from ${c.between(1, 4)})`],
  [TEXT, (c, d) => `trim(${c.pick(['leading', 'trailing', 'both'])} ${c.pick(["'a'", "' '", "'xz'"])} from ${d(TEXT)})`],
  [TEXT, (c, d) => `format('${c.pick(['%s-%s', '%I %L', '%2$s%1$s', '[%5s|%-5s]', '%%%s%s'])}', ${d(TEXT)}, ${d(TEXT)})`],
  [TEXT, (_, d) => `concat_ws(',', ${d(TEXT)}, ${d(INT4)}, ${d(BOOL)})`],
  [TEXT, (c, d) => `concat(${d(c.pick(ALL_TYPES))}, ${d(TEXT)})`],
  [TEXT, (c, d) => `encode(${d(BYTEA)}, '${c.pick(['hex', 'base64', 'escape'])}')`],
  [TEXT, (c, d) => `${c.pick(['lpad', 'rpad'])}(${d(TEXT)}, ${c.int(6)}, '${c.pick(['-', 'xy', ''])}')`],
  [TEXT, (c, d) => `repeat(${d(TEXT)}, ${c.between(-1, 3)})`],
  [TEXT, (c, d) => `split_part(${d(TEXT)}, '${c.pick(['a', ' ', 'b'])}', ${c.pick([1, 2, -1])})`],
  [TEXT, (c, d) => `array_to_string(${d(c.pick([INT4_ARRAY, TEXT_ARRAY]))}, ','${c.pick(['', ", '*'"])})`],
  [TEXT, (c, d) => `pg_typeof(${d(c.pick(ALL_TYPES))})::text`],
  [TEXT, (c, d) => `(${d(JSONB)} ${c.pick(["->> 'a'", '->> 0', "#>> '{a,b}'"])})`],
  [TEXT, (c, d) => `(${d(TEXT_ARRAY)})[${c.between(0, 3)}]`],
  [TEXT, (c, d) => `(${d(c.pick(ALL_TYPES.filter((t) => t.name !== 'text')))})::text`],
  [INT4, (c, d) => `(${d(INT4_ARRAY)})[${c.between(0, 3)}]`],
  [INT4, (_, d) => `position(${d(TEXT)} in ${d(TEXT)})`],
  [INT4, (c, d) => `array_length(${d(c.pick([INT4_ARRAY, TEXT_ARRAY]))}, 1)`],
  [INT4, (_, d) => `array_position(${d(INT4_ARRAY)}, ${d(INT4)})`],
  [INT4, (c, d) => `(${d(INT4)} % ${c.pick(['3', '7', '(-4)'])})`],
  [INT4, (c, d) => `(${d(INT4)} / ${c.pick(['3', '2', '(-4)'])})`],
  [INT4, (_, d) => `width_bucket(${d(INT4)}::float8, 0, 10, 5)`],
  [INT4, (c, d) => `regexp_count(${d(TEXT)}, '${c.pick(REGEXES)}')`],
  [INT4, (c, d) => `cardinality(${d(c.pick([INT4_ARRAY, TEXT_ARRAY]))})`],
  [NUMERIC, (c, d) => `extract(${c.pick(UNITS)} from ${d(c.pick([TIMESTAMP, TIMESTAMPTZ]))})`],
  [NUMERIC, (c, d) => `extract(${c.pick(['hour', 'minute', 'second', 'epoch', 'day', 'month', 'year'])} from ${d(INTERVAL)})`],
  [NUMERIC, (c, d) => `round(${d(NUMERIC)}, ${c.between(-1, 3)})`],
  [NUMERIC, (c, d) => `trunc(${d(NUMERIC)}, ${c.between(-1, 3)})`],
  [NUMERIC, (c, d) => `(${d(NUMERIC)} / ${c.pick(['3', '2.5', '7.00'])})`],
  [NUMERIC, (c, d) => `(${d(NUMERIC)})::numeric(20,${c.int(4)})`],
  [FLOAT8, (c, d) => `date_part('${c.pick(['year', 'month', 'day', 'epoch', 'dow'])}', ${d(c.pick([DATE, TIMESTAMP]))})`],
  [TIMESTAMP, (c, d) => `date_trunc('${c.pick(TRUNCATIONS)}', ${d(TIMESTAMP)})`],
  [TIMESTAMP, (c, d) => `(${d(TIMESTAMPTZ)} AT TIME ZONE '${c.pick(ZONES)}')`],
  [TIMESTAMP, (c, d) => `(${d(TIMESTAMP)} ${c.pick(['+', '-'])} ${d(INTERVAL)})`],
  [TIMESTAMPTZ, (c, d) => `(${d(TIMESTAMP)} AT TIME ZONE '${c.pick(ZONES)}')`],
  [TIMESTAMPTZ, (c, d) => `date_trunc('${c.pick(TRUNCATIONS)}', ${d(TIMESTAMPTZ)})`],
  [INTERVAL, (_, d) => `age(${d(TIMESTAMP)}, ${d(TIMESTAMP)})`],
  [INTERVAL, (c, d) => `date_trunc('${c.pick(['hour', 'day', 'month'])}', ${d(INTERVAL)})`],
  [TIME, (_, d) => `(${d(TIME)} + ${d(INTERVAL)})`],
  [BOOL, (c, d) => `(${d(TEXT)} ${c.pick(['~', '!~', '~*'])} '${c.pick(REGEXES)}')`],
  [BOOL, (c, d) => `(${d(TEXT)} SIMILAR TO '${c.pick(['a%', '(a|b)%', '_*', 'x+'])}')`],
  [BOOL, (_, d) => `starts_with(${d(TEXT)}, ${d(TEXT)})`],
  [BOOL, (_, d) => `(${d(INT4)} = ANY (${d(INT4_ARRAY)}))`],
  [BOOL, (c, d) => `(${d(c.pick([INT4_ARRAY, TEXT_ARRAY]))} IS NULL)`],
  [BOOL, (c, d) => `(${d(INT4_ARRAY)} ${c.pick(['@>', '<@', '&&', '=', '<'])} ${d(INT4_ARRAY)})`],
  [BOOL, (_, d) => `((${d(DATE)}, ${d(DATE)}) OVERLAPS (${d(DATE)}, ${d(DATE)}))`],
  [INT4_ARRAY, (_, d) => `array_append(${d(INT4_ARRAY)}, ${d(INT4)})`],
  [INT4_ARRAY, (_, d) => `(${d(INT4_ARRAY)} || ${d(INT4_ARRAY)})`],
  [INT4_ARRAY, (_, d) => `ARRAY[${d(INT4)}, ${d(INT4)}]`],
  [INT4_ARRAY, (c, d) => `(${d(INT4_ARRAY)})[${c.between(0, 2)}:${c.between(1, 3)}]`],
  [INT4_ARRAY, (_, d) => `array_remove(${d(INT4_ARRAY)}, ${d(INT4)})`],
  [TEXT_ARRAY, (c, d) => `string_to_array(${d(TEXT)}, ${c.pick(["'a'", "' '", 'NULL', "''"])})`],
  [TEXT_ARRAY, (c, d) => `regexp_split_to_array(${d(TEXT)}, '${c.pick(REGEXES)}')`],
  [TEXT_ARRAY, (_, d) => `array_replace(${d(TEXT_ARRAY)}, ${d(TEXT)}, ${d(TEXT)})`],
  [JSONB, (c, d) => `to_jsonb(${d(c.pick(ALL_TYPES))})`],
  [JSONB, (c, d) => `jsonb_build_object('k', ${d(c.pick(ALL_TYPES))}, 'l', ${d(INT4)})`],
  [JSONB, (_, d) => `jsonb_build_array(${d(TEXT)}, ${d(NUMERIC)})`],
  [JSONB, (c, d) => `(${d(JSONB)} ${c.pick(["-> 'a'", '-> 0', "#> '{a,b}'"])})`],
  [JSONB, (_, d) => `jsonb_set(${d(JSONB)}, '{a}', ${d(JSONB)})`],
  [JSON_TEXT, (c, d) => `to_json(${d(c.pick(ALL_TYPES))})`],
  [INT8, (c, d) => `(${d(INT8)} ${c.pick(['<<', '>>'])} ${c.int(5)})`],
  [INT8, (c, d) => `(${d(INT8)} / ${c.pick(['3', '1000', '(-7)'])})`],
  [BYTEA, (c, d) => `decode('${c.pick(['YWJj', 'AAE=', ''])}', 'base64') || ${d(BYTEA)}`],
  [BYTEA, (_, d) => `convert_to(${d(TEXT)}, 'UTF8')`],
  [DATE, (c, d) => `(${d(DATE)} + ${c.between(-40, 40)})`],
  [DATE, (_, d) => `(${d(TIMESTAMP)})::date`],
  [DATE, (c) => `to_date('${c.pick(['2024-02-30', '20240115', '15 Jan 2024'])}', '${c.pick(['YYYY-MM-DD', 'YYYYMMDD', 'DD Mon YYYY'])}')`],
]; // prettier-ignore

const byType = new Map<FuzzType, Special[]>();
for (const [type, special] of SPECIALS) byType.set(type, [...(byType.get(type) ?? []), special]);

export function specialsReturning(type: FuzzType): readonly Special[] {
  return byType.get(type) ?? [];
}
