/** Operators and functions of times with a zone. */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import { MICROS_PER_DAY, MICROS_PER_SECOND, microsOf } from '../types/datetime.ts';
import type { Interval } from '../types/interval.ts';
import { TimeTz } from '../types/time.ts';
import { offsetAt, zoneArgument } from '../types/time-zone.ts';
import { dayMicros, startOfDay } from './casts.ts';
import { pure, scalar, T } from './define.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';

/** Whole days leave a time as it is, and it wraps at midnight. */
function plus(time: TimeTz, by: Interval, sign: 1 | -1): TimeTz {
  const micros = (time.micros + sign * by.timeRest) % MICROS_PER_DAY;
  return new TimeTz(micros < 0 ? micros + MICROS_PER_DAY : micros, time.offset);
}

export const timetzOperators: readonly OperatorEntry[] = [
  {
    name: '+',
    left: T.timetz,
    right: T.interval,
    fn: pure('timetz_pl_interval', [T.timetz, T.interval], T.timetz, (a: TimeTz, b: Interval) => plus(a, b, 1)),
  },
  {
    name: '-',
    left: T.timetz,
    right: T.interval,
    fn: pure('timetz_mi_interval', [T.timetz, T.interval], T.timetz, (a: TimeTz, b: Interval) => plus(a, b, -1)),
  },
  {
    name: '+',
    left: T.interval,
    right: T.timetz,
    fn: pure('interval_pl_timetz', [T.interval, T.timetz], T.timetz, (a: Interval, b: TimeTz) => plus(b, a, 1)),
  },
  {
    name: '+',
    left: T.date,
    right: T.timetz,
    fn: pure('datetimetz_pl', [T.date, T.timetz], T.timestamptz, instantOn),
  },
  {
    name: '+',
    left: T.timetz,
    right: T.date,
    fn: pure('timetzdate_pl', [T.timetz, T.date], T.timestamptz, (a: TimeTz, b: number) => instantOn(b, a)),
  },
];

function instantOn(day: number, time: TimeTz): Value {
  if (!Number.isFinite(dayMicros(day))) return startOfDay(day);
  const carry = Math.floor(time.utc / MICROS_PER_DAY);
  return microsOf(day + carry, time.utc - carry * MICROS_PER_DAY);
}

/** A field of a time; undefined for an unknown name. Seconds have their fraction. */
function field(unit: string, { micros, offset, utc }: TimeTz): Numeric | undefined {
  const whole = (value: number): Numeric => Numeric.fromBigInt(BigInt(value));
  switch (unit) {
    case 'hour':
      return whole(Math.floor(micros / 3600e6));
    case 'minute':
      return whole(Math.floor(micros / 60e6) % 60);
    case 'second':
      return Numeric.fromBigInt(BigInt(micros % 60e6), 6);
    case 'millisecond':
    case 'milliseconds':
      return Numeric.fromBigInt(BigInt(micros % 60e6), 3);
    case 'microsecond':
    case 'microseconds':
      return whole(micros % 60e6);
    case 'timezone':
      return whole(offset);
    case 'timezone_hour':
      return whole(Math.trunc(offset / 3600) + 0);
    case 'timezone_minute':
      return whole(Math.trunc((offset % 3600) / 60) + 0);
    case 'epoch':
      return Numeric.fromBigInt(BigInt(utc), 6);
    default:
      return undefined;
  }
}

function fieldOf(unit: string, time: TimeTz): Numeric {
  const value = field(unit.toLowerCase(), time);
  if (value !== undefined) return value;
  const known = /^(year|month|day|dow|isodow|doy|week|quarter|century|decade|millennium|julian|isoyear)s?$/i.test(unit);
  throw known
    ? new DriftError('0A000', `unit "${unit}" not supported for type time with time zone`)
    : new DriftError('22023', `unit "${unit}" not recognized for type time with time zone`);
}

export const timetzFunctions: readonly ScalarFunction[] = [
  pure('extract', [T.text, T.timetz], T.numeric, fieldOf),
  pure('date_part', [T.text, T.timetz], T.float8, (unit: string, time: TimeTz) => fieldOf(unit, time).toNumber()),
  scalar('timezone', [T.text, T.timetz], T.timetz, (context, zone, time) =>
    (time as TimeTz).at(offsetAt(zoneArgument(String(zone)), context.transactionTime)),
  ),
  pure('timezone', [T.interval, T.timetz], T.timetz, (zone: Interval, time: TimeTz) => {
    if (zone.months !== 0 || zone.days !== 0)
      throw new DriftError('22023', `interval time zone "${String(zone)}" must not include months or days`);
    return time.at(Math.trunc(zone.micros / MICROS_PER_SECOND));
  }),
];
