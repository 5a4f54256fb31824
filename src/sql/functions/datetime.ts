/** Arithmetic and functions of dates, times and intervals (PostgreSQL's chapter 9.9). */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import {
  asMicros,
  civilFromDays,
  dayTimeOf,
  daysBetween,
  daysFromCivil,
  daysInMonth,
  isFiniteTime,
  localOf,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  microsOf,
  plusDays,
  toInstant,
  toLocal,
} from '../types/datetime.ts';
import { zoneArgument } from '../types/time-zone.ts';
import { Interval, makeInterval, plusInterval, scaleInterval, timeBetween } from '../types/interval.ts';
import { dayMicros, dayOf, startOfDay } from './casts.ts';
import { pure, scalar, T } from './define.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';

function op(
  name: string,
  left: number,
  right: number,
  returns: number,
  id: string,
  call: (a: never, b: never) => Value,
): OperatorEntry {
  return { name, left, right, fn: pure(id, [left, right], returns, call) };
}

/** A local timestamp moved by an interval, as a number: for series, which step through near centuries. */
export function addInterval(local: number, by: Interval): number {
  return asMicros(plusInterval(local, by));
}

function zoned(name: string, sign: 1 | -1): OperatorEntry {
  return {
    name,
    left: T.timestamptz,
    right: T.interval,
    fn: scalar(
      sign > 0 ? 'timestamptz_pl_interval' : 'timestamptz_mi_interval',
      [T.timestamptz, T.interval],
      T.timestamptz,
      (context, a, b) => {
        const by = b as Interval;
        const calendar = plusInterval(toLocal(a ?? null, context.timeZone), new Interval(by.months, by.days, 0), sign);
        return plusInterval(toInstant(calendar, context.timeZone), new Interval(0, 0, by.micros), sign);
      },
    ),
  };
}

const wrap = (micros: number): number => ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;

export const datetimeOperators: readonly OperatorEntry[] = [
  op('+', T.date, T.int4, T.date, 'date_pli', plusDays),
  op('+', T.int4, T.date, T.date, 'integer_pl_date', (a: number, b: number) => plusDays(b, a)),
  op('-', T.date, T.int4, T.date, 'date_mii', (a: number, b: number) => plusDays(a, -b)),
  op('-', T.date, T.date, T.int4, 'date_mi', daysBetween),
  op('+', T.date, T.interval, T.timestamp, 'date_pl_interval', (a: number, b: Interval) =>
    plusInterval(startOfDay(a), b),
  ),
  op('-', T.date, T.interval, T.timestamp, 'date_mi_interval', (a: number, b: Interval) =>
    plusInterval(startOfDay(a), b, -1),
  ),
  op('+', T.interval, T.date, T.timestamp, 'interval_pl_date', (a: Interval, b: number) =>
    plusInterval(startOfDay(b), a),
  ),
  op('+', T.date, T.time, T.timestamp, 'datetime_pl', (a: number, b: number) =>
    Number.isFinite(dayMicros(a)) ? microsOf(a, b) : dayMicros(a),
  ),
  op('+', T.timestamp, T.interval, T.timestamp, 'timestamp_pl_interval', (a: number, b: Interval) =>
    plusInterval(a, b),
  ),
  op('-', T.timestamp, T.interval, T.timestamp, 'timestamp_mi_interval', (a: number, b: Interval) =>
    plusInterval(a, b, -1),
  ),
  op('+', T.interval, T.timestamp, T.timestamp, 'interval_pl_timestamp', (a: Interval, b: number) =>
    plusInterval(b, a),
  ),
  op('-', T.timestamp, T.timestamp, T.interval, 'timestamp_mi', timeBetween),
  op('-', T.timestamptz, T.timestamptz, T.interval, 'timestamptz_mi', timeBetween),
  zoned('+', 1),
  zoned('-', -1),
  op('+', T.interval, T.interval, T.interval, 'interval_pl', (a: Interval, b: Interval) =>
    makeInterval(a.months + b.months, a.days + b.days, a.micros + b.micros),
  ),
  op('-', T.interval, T.interval, T.interval, 'interval_mi', (a: Interval, b: Interval) =>
    makeInterval(a.months - b.months, a.days - b.days, a.micros - b.micros),
  ),
  op('*', T.interval, T.float8, T.interval, 'interval_mul', (a: Interval, b: number) => scaleInterval(a, b)),
  op('*', T.float8, T.interval, T.interval, 'mul_d_interval', (a: number, b: Interval) => scaleInterval(b, a)),
  op('/', T.interval, T.float8, T.interval, 'interval_div', (a: Interval, b: number) => {
    if (b === 0) throw new DriftError('22012', 'division by zero');
    return scaleInterval(a, b, true);
  }),
  op('+', T.time, T.interval, T.time, 'time_pl_interval', (a: number, b: Interval) => wrap(a + b.micros)),
  op('-', T.time, T.interval, T.time, 'time_mi_interval', (a: number, b: Interval) => wrap(a - b.micros)),
  op('-', T.time, T.time, T.interval, 'time_mi_time', (a: number, b: number) => new Interval(0, 0, a - b)),
  {
    name: '-',
    left: 0,
    right: T.interval,
    fn: pure('interval_um', [T.interval], T.interval, (a: Interval) => makeInterval(-a.months, -a.days, -a.micros)),
  },
];

/** A field of a local calendar time; undefined for an unknown name. */
function field(name: string, local: Value): number | undefined {
  const { days, micros: time } = dayTimeOf(local);
  const { year, month, day } = civilFromDays(days);
  const weekday = (((days + 4) % 7) + 7) % 7;
  switch (name) {
    case 'year':
      return year > 0 ? year : year - 1;
    case 'isoyear':
      return civilFromDays(days - ((weekday + 6) % 7) + 3).year;
    case 'month':
      return month;
    case 'day':
      return day;
    case 'hour':
      return Math.floor(time / 3600e6);
    case 'minute':
      return Math.floor(time / 60e6) % 60;
    case 'second':
      return (time % 60e6) / 1e6;
    case 'milliseconds':
    case 'millisecond':
      return (time % 60e6) / 1e3;
    case 'microseconds':
    case 'microsecond':
      return time % 60e6;
    case 'dow':
      return weekday;
    case 'isodow':
      return weekday === 0 ? 7 : weekday;
    case 'doy':
      return days - daysFromCivil(year, 1, 1) + 1;
    case 'quarter':
      return Math.floor((month - 1) / 3) + 1;
    case 'week': {
      const thursday = days - ((weekday + 6) % 7) + 3;
      return Math.floor((thursday - daysFromCivil(civilFromDays(thursday).year, 1, 1)) / 7) + 1;
    }
    case 'decade':
      return Math.floor(year / 10);
    case 'century':
      return year > 0 ? Math.ceil(year / 100) : Math.floor((year - 1) / 100);
    case 'millennium':
      return year > 0 ? Math.ceil(year / 1000) : Math.floor((year - 1) / 1000);
    case 'epoch':
      return (days * MICROS_PER_DAY + time) / 1e6;
    case 'julian':
      return days + 2440588 + time / MICROS_PER_DAY;
    default:
      return undefined;
  }
}

function intervalField(name: string, { months, days, micros }: Interval): number | undefined {
  switch (name) {
    case 'year':
      return Math.trunc(months / 12);
    case 'month':
      return months % 12;
    case 'day':
      return days;
    case 'hour':
      return Math.trunc(micros / 3600e6);
    case 'minute':
      return Math.trunc(micros / 60e6) % 60;
    case 'second':
      return (micros % 60e6) / 1e6;
    case 'epoch':
      return Math.trunc(months / 12) * 31557600 + (months % 12) * 2592000 + days * 86400 + micros / 1e6;
    default:
      return undefined;
  }
}

function unknownField(name: string, type: string): DriftError {
  return new DriftError('22023', `unit "${name}" not recognized for type ${type}`);
}

function part(unit: string, value: number | undefined, type: string): number {
  if (value === undefined) throw unknownField(unit, type);
  return value;
}

const FRACTIONAL = new Set(['second', 'milliseconds', 'millisecond', 'epoch']);

/** extract gives numeric with the digits of microseconds. */
function extracted(unit: string, value: number | null): Numeric | null {
  if (value === null) return null;
  if (!FRACTIONAL.has(unit) || !Number.isFinite(value)) return Numeric.fromNumber(value);
  const scale = unit.startsWith('milli') ? 3 : 6;
  return Numeric.fromBigInt(BigInt(Math.round(value * 10 ** scale)), scale);
}

const LOCALS: readonly (readonly [number, string, (value: Value, zone: string) => Value])[] = [
  [T.timestamp, 'timestamp without time zone', (value) => value],
  [T.timestamptz, 'timestamp with time zone', toLocal],
  [T.date, 'date', (value) => dayMicros(value as number)],
  [T.time, 'time without time zone', (value) => value],
];

/** Fields that grow with time are infinite for an infinite time; the others it has not. */
const GROWING = new Set(['year', 'decade', 'century', 'millennium', 'julian', 'isoyear', 'epoch']);

function fieldFunctions(): ScalarFunction[] {
  return LOCALS.flatMap(([oid, type, local]) => {
    const of = (unit: Value, value: Value, zone: string): number | null => {
      const name = String(unit).toLowerCase();
      const moment = local(value, zone);
      if (!isFiniteTime(moment)) {
        part(name, field(name, 0), type);
        return GROWING.has(name) ? asMicros(moment) : null;
      }
      if (name === 'epoch' && oid === T.timestamptz) return asMicros(value) / 1e6;
      return part(name, field(name, moment), type);
    };
    return [
      scalar('date_part', [T.text, oid], T.float8, (context, unit, value) =>
        of(unit ?? null, value ?? null, context.timeZone),
      ),
      scalar('extract', [T.text, oid], T.numeric, (context, unit, value) =>
        extracted(String(unit).toLowerCase(), of(unit ?? null, value ?? null, context.timeZone)),
      ),
    ];
  });
}

function truncateTo(unit: string, local: Value): Value {
  if (!isFiniteTime(local)) return local;
  const { days, micros } = dayTimeOf(local);
  const { year, month } = civilFromDays(days);
  const start = (y: number, m = 1): Value => microsOf(daysFromCivil(y, m, 1), 0);
  const step = { microseconds: 1, milliseconds: 1e3, second: 1e6, minute: 60e6, hour: 3600e6, day: MICROS_PER_DAY }[
    unit
  ];
  if (step !== undefined) return microsOf(days, Math.floor(micros / step) * step);
  switch (unit) {
    case 'week':
      return microsOf(days - ((((days + 3) % 7) + 7) % 7), 0);
    case 'month':
      return start(year, month);
    case 'quarter':
      return start(year, Math.floor((month - 1) / 3) * 3 + 1);
    case 'year':
      return start(year);
    case 'decade':
      return start(Math.floor(year / 10) * 10);
    case 'century':
      return start(Math.floor((year - 1) / 100) * 100 + 1);
    case 'millennium':
      return start(Math.floor((year - 1) / 1000) * 1000 + 1);
    default:
      throw unknownField(unit, 'timestamp');
  }
}

const now = (name: string, returns: number, value: ScalarFunction['call']): ScalarFunction =>
  scalar(name, [], returns, value);

export const datetimeFunctions: readonly ScalarFunction[] = [
  ...fieldFunctions(),
  pure('date_part', [T.text, T.interval], T.float8, (unit: string, value: Interval) =>
    part(unit, intervalField(unit.toLowerCase(), value), 'interval'),
  ),
  pure('extract', [T.text, T.interval], T.numeric, (unit: string, value: Interval) =>
    extracted(unit.toLowerCase(), part(unit, intervalField(unit.toLowerCase(), value), 'interval')),
  ),
  pure('date_trunc', [T.text, T.timestamp], T.timestamp, (unit: string, value: Value) =>
    truncateTo(unit.toLowerCase(), value),
  ),
  scalar('date_trunc', [T.text, T.timestamptz], T.timestamptz, (context, unit, value) =>
    toInstant(truncateTo(String(unit).toLowerCase(), toLocal(value ?? null, context.timeZone)), context.timeZone),
  ),
  now('now', T.timestamptz, (context) => context.transactionTime),
  now('transaction_timestamp', T.timestamptz, (context) => context.transactionTime),
  now('statement_timestamp', T.timestamptz, (context) => context.statementTime),
  scalar('clock_timestamp', [], T.timestamptz, (context) => context.clock(), { volatility: 'volatile' }),
  now('current_date', T.date, (context) => dayOf(localOf(context.transactionTime, context.timeZone))),
  now('current_timestamp', T.timestamptz, (context) => context.transactionTime),
  now('localtimestamp', T.timestamp, (context) => localOf(context.transactionTime, context.timeZone)),
  scalar(
    'timezone',
    [T.text, T.timestamptz],
    T.timestamp,
    (_context, zone, value) => toLocal(value ?? null, zoneArgument(String(zone))),
    { volatility: 'immutable' },
  ),
  scalar(
    'timezone',
    [T.text, T.timestamp],
    T.timestamptz,
    (_context, zone, value) => toInstant(value ?? null, zoneArgument(String(zone))),
    { volatility: 'immutable' },
  ),
  pure('make_date', [T.int4, T.int4, T.int4], T.date, (year: number, month: number, day: number) => {
    if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month))
      throw new DriftError('22008', `date field value out of range: ${year}-${month}-${day}`);
    return daysFromCivil(year, month, day);
  }),
  pure(
    'make_timestamp',
    [T.int4, T.int4, T.int4, T.int4, T.int4, T.float8],
    T.timestamp,
    (y: number, mo: number, d: number, h: number, mi: number, s: number) =>
      daysFromCivil(y, mo, d) * MICROS_PER_DAY +
      (h * 3600 + mi * 60) * MICROS_PER_SECOND +
      Math.round(s * MICROS_PER_SECOND),
  ),
  pure('to_timestamp', [T.float8], T.timestamptz, (seconds: number) => Math.round(seconds * MICROS_PER_SECOND)),
  pure(
    'justify_days',
    [T.interval],
    T.interval,
    ({ months, days, micros }: Interval) => new Interval(months + Math.trunc(days / 30), days % 30, micros),
  ),
  pure(
    'justify_hours',
    [T.interval],
    T.interval,
    ({ months, days, micros }: Interval) =>
      new Interval(months, days + Math.trunc(micros / MICROS_PER_DAY), micros % MICROS_PER_DAY),
  ),
  pure('isfinite', [T.timestamptz], T.bool, (value: Value) => isFiniteTime(value)),
  pure('isfinite', [T.timestamp], T.bool, (value: Value) => isFiniteTime(value)),
  pure('age', [T.timestamp, T.timestamp], T.interval, age),
  scalar('age', [T.timestamptz, T.timestamptz], T.interval, (context, a, b) =>
    age(toLocal(a ?? null, context.timeZone), toLocal(b ?? null, context.timeZone)),
  ),
];

/** Years, months, days and time between two times; a day more is borrowed from the earlier one's month. */
function age(later: Value, earlier: Value): Interval {
  if (!isFiniteTime(later) || !isFiniteTime(earlier))
    throw new DriftError('22008', 'cannot subtract infinite timestamps');
  if (later < earlier) {
    const { months, days, micros } = age(earlier, later);
    return new Interval(-months + 0, -days + 0, -micros + 0);
  }
  const [end, start] = [dayTimeOf(later), dayTimeOf(earlier)];
  const [a, b] = [civilFromDays(end.days), civilFromDays(start.days)];
  const borrowed = end.micros < start.micros;
  const micros = end.micros - start.micros + (borrowed ? MICROS_PER_DAY : 0);
  let months = (a.year - b.year) * 12 + a.month - b.month;
  let days = a.day - b.day - (borrowed ? 1 : 0);
  if (days < 0) {
    months--;
    days += daysInMonth(b.year, b.month);
  }
  return new Interval(months, days, micros);
}
