/** The units that extract, date_part and date_trunc know, under all their names, and calendar arithmetic on them. */
import { DriftError } from '../../base/error.ts';

const UNITS = {
  microsecond: 'us usec usecs usecond useconds microsecon microsecond microseconds',
  millisecond: 'ms msec msecs msecond mseconds millisecon millisecond milliseconds',
  second: 's sec secs second seconds',
  minute: 'm min mins minute minutes',
  hour: 'h hr hrs hour hours',
  day: 'd day days',
  week: 'w week weeks',
  month: 'mon mons month months',
  quarter: 'qtr quarter',
  year: 'y yr yrs year years',
  decade: 'dec decs decade decades',
  century: 'c cent century centuries',
  millennium: 'mil mils millennia millennium',
  epoch: 'epoch',
  julian: 'j jd julian',
  dow: 'dow',
  isodow: 'isodow',
  doy: 'doy',
  isoyear: 'isoyear',
  timezone: 'timezone',
  timezone_hour: 'timezone_h timezone_hour',
  timezone_minute: 'timezone_m timezone_minute',
} as const;

export type TimeUnit = keyof typeof UNITS;

const byName = new Map<string, TimeUnit>(
  Object.entries(UNITS).flatMap(([unit, names]) => names.split(' ').map((name) => [name, unit as TimeUnit] as const)),
);

/** Throws 22023 for a name that is no unit's. */
export function timeUnit(name: string, type: string): TimeUnit {
  const unit = byName.get(name.toLowerCase());
  if (unit === undefined) throw new DriftError('22023', `unit "${name.toLowerCase()}" not recognized for type ${type}`);
  return unit;
}

export function unsupportedUnit(name: string, type: string, detail?: string): DriftError {
  return new DriftError('0A000', `unit "${name.toLowerCase()}" not supported for type ${type}`, { detail });
}

/** Decades, centuries and millennia of years counted with a year 0, as PostgreSQL numbers them. */
export function decadeOf(year: number): number {
  return year >= 0 ? Math.trunc(year / 10) : -Math.trunc((8 - (year - 1)) / 10);
}

export function spanOf(year: number, length: 100 | 1000): number {
  return year > 0 ? Math.trunc((year + length - 1) / length) : -Math.trunc((length - 1 - (year - 1)) / length);
}

/** 0 for Sunday … 6 for Saturday. */
export function weekdayOf(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

/** The Monday at or before a day. */
export function mondayOf(days: number): number {
  return days - ((weekdayOf(days) + 6) % 7);
}
