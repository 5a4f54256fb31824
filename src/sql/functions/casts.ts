/** Casts between types that are more than a relabelling; what is not here goes through text (explicitly). */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import {
  asMicros,
  DATE_INFINITY,
  DATE_MINUS_INFINITY,
  dayTimeOf,
  isFiniteTime,
  localOf,
  MICROS_PER_DAY,
  microsOf,
  TIME_INFINITY,
  TIME_MINUS_INFINITY,
  toInstant,
  toLocal,
} from '../types/datetime.ts';
import { Interval } from '../types/interval.ts';
import { offsetOfLocal } from '../types/time-zone.ts';
import { charCode, charOf, charOfCode, fitName } from '../types/catalog-types.ts';
import { withoutBlanks } from '../types/text-input.ts';
import { TimeTz, timetzAt } from '../types/time.ts';
import { typeByOid } from '../types/registry.ts';
import { fitInteger, roundHalfEven } from './arithmetic.ts';
import { pure, scalar, T } from './define.ts';
import type { CastEntry, ScalarFunction } from './function.ts';

type Context = CastEntry['context'];
type Integer = number | bigint;
const REGNAMESPACE = 4089;
const INTEGERS = [T.int2, T.int4, T.int8] as const;
const INT_NAMES: Readonly<Record<number, string>> = { [T.int2]: 'int2', [T.int4]: 'int4', [T.int8]: 'int8' };

function entry(from: number, to: number, context: Context, fn: ScalarFunction | null): CastEntry {
  return { from, to, context, fn };
}

function cast(from: number, to: number, context: Context, name: string, call: (...args: never[]) => Value): CastEntry {
  return entry(from, to, context, pure(name, [from], to, call));
}

const integers: readonly CastEntry[] = INTEGERS.flatMap((from, i) =>
  INTEGERS.filter((to) => to !== from).map((to) =>
    cast(from, to, INTEGERS.indexOf(to) > i ? 'implicit' : 'assignment', INT_NAMES[to] as string, (a: Integer) =>
      fitInteger(BigInt(a), to),
    ),
  ),
);

const numbers: readonly CastEntry[] = [
  ...INTEGERS.flatMap((oid) => [
    cast(oid, T.float8, 'implicit', 'float8', (a: Integer) => Number(a)),
    cast(oid, T.float4, 'implicit', 'float4', (a: Integer) => Math.fround(Number(a))),
    cast(oid, T.numeric, 'implicit', 'numeric', (a: Integer) => Numeric.fromBigInt(BigInt(a))),
    cast(T.float8, oid, 'assignment', INT_NAMES[oid] as string, (a: number) => toInteger(a, oid)),
    cast(T.float4, oid, 'assignment', INT_NAMES[oid] as string, (a: number) => toInteger(a, oid)),
    cast(T.numeric, oid, 'assignment', INT_NAMES[oid] as string, (a: Numeric) => {
      if (a.special !== null)
        throw new DriftError('0A000', `cannot convert ${a.special === 'NaN' ? 'NaN' : 'infinity'} to ${typeName(oid)}`);
      return fitInteger(a.round(0).coefficient, oid);
    }),
  ]),
  cast(T.float4, T.float8, 'implicit', 'float8', (a: number) => a),
  cast(T.float8, T.float4, 'assignment', 'float4', (a: number) => {
    const single = Math.fround(a);
    if (!Number.isFinite(single) && Number.isFinite(a)) throw new DriftError('22003', 'value out of range: overflow');
    if (single === 0 && a !== 0) throw new DriftError('22003', 'value out of range: underflow');
    return single;
  }),
  cast(T.float8, T.numeric, 'assignment', 'numeric', (a: number) => significant(a, 15)),
  cast(T.float4, T.numeric, 'assignment', 'numeric', (a: number) => significant(a, 6)),
  cast(T.numeric, T.float8, 'implicit', 'float8', (a: Numeric) => toFloat(a, false)),
  cast(T.numeric, T.float4, 'implicit', 'float4', (a: Numeric) => toFloat(a, true)),
  cast(T.int4, T.bool, 'explicit', 'bool', (a: number) => a !== 0),
  cast(T.bool, T.int4, 'explicit', 'int4', (a: boolean) => (a ? 1 : 0)),
  ...INTEGERS.map((oid) => cast(oid, T.oid, 'implicit', 'oid', oid === T.int8 ? unsigned : toOid)),
  cast(T.oid, T.int8, 'assignment', 'int8', (a: number) => a),
  cast(T.oid, T.int4, 'assignment', 'int4', (a: number) => a | 0),
  cast(T.char, T.int4, 'explicit', 'int4', charCode),
  cast(T.int4, T.char, 'explicit', 'char', charOfCode),
  ...(
    [
      [T.regclass, 'regclass'],
      [T.regtype, 'regtype'],
      [REGNAMESPACE, 'regnamespace'],
      [T.regproc, 'regproc'],
      [2202, 'regprocedure'],
      [2203, 'regoper'],
      [2204, 'regoperator'],
      [4096, 'regrole'],
      [4191, 'regcollation'],
    ] as const
  ).flatMap(([type, name]) =>
    INTEGERS.map((oid) => cast(oid, type, 'implicit', name, oid === T.int8 ? unsigned : toOid)),
  ),
  ...[REGNAMESPACE, T.regproc, 2202, 2203, 2204, 4096, 4191].flatMap((type) => [
    entry(type, T.oid, 'implicit', null),
    entry(T.oid, type, 'implicit', null),
  ]),
  ...[T.regclass, T.regtype, REGNAMESPACE, T.regproc, 2202, 2203, 2204, 4096, 4191].flatMap((type) => [
    cast(type, T.int8, 'assignment', 'int8', (a: number) => a),
    cast(type, T.int4, 'assignment', 'int4', (a: number) => a | 0),
  ]),
  entry(2203, 2204, 'implicit', null),
  entry(2204, 2203, 'implicit', null),
  entry(T.regproc, 2202, 'implicit', null),
  entry(2202, T.regproc, 'implicit', null),
  entry(T.regclass, T.oid, 'implicit', null),
  entry(T.oid, T.regclass, 'implicit', null),
  entry(T.regtype, T.oid, 'implicit', null),
  entry(T.oid, T.regtype, 'implicit', null),
];

/** A name as a cast reads it, which a literal does as well. */
function classNamed(from: number): CastEntry {
  const call: ScalarFunction['call'] = (context, value) => typeByOid(T.regclass).input(value as string, -1, context);
  return entry(from, T.regclass, 'implicit', scalar('regclass', [from], T.regclass, call));
}

const texts: readonly CastEntry[] = [
  classNamed(T.text),
  classNamed(T.varchar),
  entry(T.varchar, T.text, 'implicit', null),
  entry(T.text, T.varchar, 'implicit', null),
  entry(T.text, T.bpchar, 'implicit', null),
  entry(T.varchar, T.bpchar, 'implicit', null),
  cast(T.bpchar, T.text, 'implicit', 'text', withoutBlanks),
  cast(T.bpchar, T.varchar, 'implicit', 'varchar', withoutBlanks),
  entry(T.name, T.text, 'implicit', null),
  cast(T.name, T.varchar, 'assignment', 'varchar', (a: string) => a),
  cast(T.text, T.name, 'implicit', 'name', fitName),
  cast(T.bpchar, T.name, 'implicit', 'name', (a: string) => fitName(withoutBlanks(a))),
  cast(T.varchar, T.name, 'implicit', 'name', fitName),
  entry(T.char, T.text, 'implicit', null),
  cast(T.bool, T.text, 'assignment', 'text', (a: boolean) => (a ? 'true' : 'false')),
  cast(T.bool, T.varchar, 'assignment', 'varchar', (a: boolean) => (a ? 'true' : 'false')),
  cast(T.bool, T.bpchar, 'assignment', 'bpchar', (a: boolean) => (a ? 'true' : 'false')),
  cast(T.text, T.char, 'assignment', 'char', charOf),
  cast(T.varchar, T.char, 'assignment', 'char', charOf),
  cast(T.bpchar, T.char, 'assignment', 'char', charOf),
  cast(T.char, T.varchar, 'assignment', 'varchar', (a: string) => a),
  cast(T.char, T.bpchar, 'assignment', 'bpchar', (a: string) => a),
];

/** A cast that asks the session for its time zone. */
function zoned(
  from: number,
  to: number,
  context: Context,
  name: string,
  call: (value: Value, zone: string, now: number) => Value,
): CastEntry {
  const fn = scalar(name, [from], to, (session, value) =>
    call(value ?? null, session.timeZone, session.transactionTime),
  );
  return entry(from, to, context, fn);
}

const times: readonly CastEntry[] = [
  cast(T.date, T.timestamp, 'implicit', 'timestamp', startOfDay),
  zoned(T.date, T.timestamptz, 'implicit', 'timestamptz', (a, zone) => toInstant(startOfDay(a as number), zone)),
  cast(T.timestamp, T.date, 'assignment', 'date', dateOf),
  cast(T.timestamp, T.time, 'assignment', 'time', timeOf),
  zoned(T.timestamp, T.timestamptz, 'implicit', 'timestamptz', toInstant),
  zoned(T.timestamptz, T.timestamp, 'assignment', 'timestamp', toLocal),
  zoned(T.timestamptz, T.date, 'assignment', 'date', (a, zone) => dateOf(toLocal(a, zone))),
  zoned(T.timestamptz, T.time, 'assignment', 'time', (a, zone) => timeOf(toLocal(a, zone))),
  zoned(T.timestamptz, T.timetz, 'assignment', 'timetz', (a, zone) =>
    isFiniteTime(a) ? timetzAt(asMicros(a), zone) : null,
  ),
  zoned(T.time, T.timetz, 'implicit', 'timetz', (a, zone, now) => {
    const today = Math.floor(localOf(now, zone) / MICROS_PER_DAY) * MICROS_PER_DAY;
    return new TimeTz(a as number, offsetOfLocal(zone, today + (a as number)));
  }),
  cast(T.timetz, T.time, 'assignment', 'time', (a: TimeTz) => a.micros),
  cast(T.time, T.interval, 'implicit', 'interval', (a: Value) => new Interval(0, 0, asMicros(a))),
  cast(T.interval, T.time, 'assignment', 'time', (a: Interval) => (a.timeRest + MICROS_PER_DAY) % MICROS_PER_DAY),
];

/** A bigint has room for every OID and gives no negative number another meaning. Throws 22003. */
function unsigned(value: Integer): number {
  if (value < 0) throw new DriftError('22003', 'OID out of range');
  return toOid(value);
}

/** Negative numbers are the unsigned ones with the same bits. Throws 22003. */
function toOid(value: Integer): number {
  const number = Number(value);
  if (number < -2147483648 || number > 4294967295) throw new DriftError('22003', 'OID out of range');
  return number < 0 ? number + 4294967296 : number;
}

export const casts: readonly CastEntry[] = [...integers, ...numbers, ...texts, ...times];

function toInteger(value: number, oid: (typeof INTEGERS)[number]): Integer {
  if (!Number.isFinite(value)) throw new DriftError('22003', `${typeName(oid)} out of range`);
  return fitInteger(BigInt(roundHalfEven(value)), oid);
}

/** A special value keeps its name in the other type; a number that is too great has none there. */
function toFloat(value: Numeric, single: boolean): number {
  const double = value.toNumber();
  const result = single ? Math.fround(double) : double;
  if (Number.isFinite(result) || value.special !== null) return result;
  throw new DriftError(
    '22003',
    `"${value.toString()}" is out of range for type ${single ? 'real' : 'double precision'}`,
  );
}

function typeName(oid: number): string {
  return oid === T.int2 ? 'smallint' : oid === T.int4 ? 'integer' : 'bigint';
}

function significant(value: number, digits: number): Numeric {
  return Number.isFinite(value) ? Numeric.fromNumber(Number(value.toPrecision(digits))) : Numeric.fromNumber(value);
}

/** Midnight on the local calendar; infinities stay. Throws 22008 where timestamps do not reach. */
export function startOfDay(days: number): Value {
  if (days === DATE_INFINITY) return TIME_INFINITY;
  if (days === DATE_MINUS_INFINITY) return TIME_MINUS_INFINITY;
  if (days > MAX_TIMESTAMP_DAY) throw new DriftError('22008', 'date out of range for timestamp');
  return microsOf(days, 0);
}

/** 294246-12-31. */
const MAX_TIMESTAMP_DAY = 106751980;

function dateOf(value: Value): number {
  return isFiniteTime(value) ? dayTimeOf(value).days : dayOf(asMicros(value));
}

function timeOf(value: Value): Value {
  return isFiniteTime(value) ? dayTimeOf(value).micros : null;
}

export function dayMicros(days: number): number {
  if (days === DATE_INFINITY) return Infinity;
  return days === DATE_MINUS_INFINITY ? -Infinity : days * MICROS_PER_DAY;
}

export function dayOf(micros: number): number {
  if (micros === Infinity) return DATE_INFINITY;
  return micros === -Infinity ? DATE_MINUS_INFINITY : Math.floor(micros / MICROS_PER_DAY);
}
