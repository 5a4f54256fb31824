/** Items that a path meets: jsonb values, and the dates and times that datetime() makes of strings. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { microsOf, shifted, timestampText, toInstant } from '../types/datetime.ts';
import { typeByOid } from '../types/registry.ts';
import { T } from './define.ts';
import { jsonKind } from './json-text.ts';
import { parseTime } from './parse-time.ts';

/** A part of a jsonb text. */
export type PathItem = string | PathMoment;

export class PathMoment {
  readonly oid: number;
  readonly value: Value;
  /** Seconds east of UTC that a timestamptz was written with, and is printed with. */
  readonly offset: number;

  constructor(oid: number, value: Value, offset = 0) {
    this.oid = oid;
    this.value = value;
    this.offset = offset;
  }
}

/** An error that `silent` suppresses and predicates take for unknown. */
export class PathError extends DriftError {}

/** What to_json makes of a moment, as a jsonb string. */
export function itemJson(item: PathItem, context: EvalContext): string {
  if (typeof item === 'string') return item;
  if (item.oid === T.timestamptz) {
    const local = timestampText(shifted(item.value, item.offset)).replace(' ', 'T');
    return JSON.stringify(local + zoneText(item.offset));
  }
  const text = typeByOid(item.oid).output(item.value, context).replace(' ', 'T');
  return JSON.stringify(item.oid === T.timetz ? withMinutes(text) : text);
}

function zoneText(seconds: number): string {
  const [hours, minutes] = [Math.floor(Math.abs(seconds) / 3600), Math.floor(Math.abs(seconds) / 60) % 60];
  return `${seconds < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}

function withMinutes(text: string): string {
  return /[+-]\d\d$/.test(text) ? `${text}:00` : text;
}

export function itemType(item: PathItem): string {
  if (typeof item === 'string') return jsonKind(item);
  return typeByOid(item.oid).display;
}

// ---- reading ---------------------------------------------------------------------------------------------------

const DATE = String.raw`\d{4}-\d{1,2}-\d{1,2}`;
const CLOCK = String.raw`\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,6})?`;
const ZONE = String.raw`[+-]\d{1,2}(?::?\d{1,2})?`;
const SHAPES: readonly (readonly [RegExp, number])[] = [
  [new RegExp(`^${DATE}$`), T.date],
  [new RegExp(`^${CLOCK}$`), T.time],
  [new RegExp(`^${CLOCK} ?${ZONE}$`), T.timetz],
  [new RegExp(`^${DATE}[ T]${CLOCK}$`), T.timestamp],
  [new RegExp(`^${DATE}[ T]${CLOCK} ?${ZONE}$`), T.timestamptz],
];

/** datetime() and datetime(template) of a string's text. */
export function readMoment(text: string, template: string | null, context: EvalContext): PathMoment {
  try {
    if (template !== null) return byTemplate(text, template, context);
    const shape = SHAPES.find(([pattern]) => pattern.test(text));
    if (shape !== undefined) return byShape(text, shape[1], context);
  } catch (error) {
    if (!(error instanceof DriftError) || !error.code.startsWith('22')) throw error;
    if (template !== null) throw new PathError(error.code, error.message);
  }
  throw new PathError('22031', `datetime format is not recognized: "${text}"`, {
    hint: 'Use a datetime template argument to specify the input data format.',
  });
}

function byShape(text: string, oid: number, context: EvalContext): PathMoment {
  const value = typeByOid(oid).input(text, -1, context);
  const zone = oid === T.timestamptz ? /([+-])(\d{1,2}):?(\d{2})?$/.exec(text) : null;
  if (zone === null) return new PathMoment(oid, value);
  const [, sign, hours = '0', minutes = '0'] = zone;
  return new PathMoment(oid, value, (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60));
}

function byTemplate(text: string, template: string, context: EvalContext): PathMoment {
  const letters = template.replace(/"[^"]*"/g, '').toUpperCase();
  const zoned = /TZ|OF/.test(letters);
  const timed = /HH|MI|SS|MS|US|FF|AM|PM|A\.M|P\.M/.test(letters);
  const dated = /Y|MM|MON|RM|D|J|Q|W/.test(letters.replace(/TZM/g, ''));
  const { days, micros, offset } = parseTime(text, template);
  if (dated && !timed && !zoned) return new PathMoment(T.date, days);
  if (!dated) {
    if (!zoned) return new PathMoment(T.time, micros);
    const seconds = Math.abs(offset ?? 0);
    const zone = `${(offset ?? 0) < 0 ? '-' : '+'}${Math.floor(seconds / 3600)}:${Math.floor(seconds / 60) % 60}`;
    const clock = typeByOid(T.time).output(micros, context);
    return new PathMoment(T.timetz, typeByOid(T.timetz).input(clock + zone, -1, context));
  }
  const local = microsOf(days, micros);
  if (!zoned) return new PathMoment(T.timestamp, local);
  return new PathMoment(
    T.timestamptz,
    offset === undefined ? toInstant(local, context.timeZone) : shifted(local, -offset),
    offset ?? 0,
  );
}

// ---- comparing -------------------------------------------------------------------------------------------------

/** Undefined: a date and a time of day have no order. Throws 0A000 where a time zone would be needed and may not be used. */
export function compareMoments(
  a: PathMoment,
  b: PathMoment,
  { context, zones }: { context: EvalContext; zones: boolean },
): number | undefined {
  const oid = commonOid(a.oid, b.oid);
  if (oid === undefined) return undefined;
  const type = typeByOid(oid);
  const convert = ({ oid: from, value }: PathMoment): Value => {
    if (from === oid) return value;
    if ((oid === T.timestamptz || oid === T.timetz) && !zones) {
      const message = `cannot convert value from ${shortName(from)} to ${shortName(oid)} without time zone usage`;
      throw new DriftError('0A000', message, { hint: 'Use *_tz() function for time zone support.' });
    }
    if (oid === T.timetz) return type.input(typeByOid(from).output(value, context), -1, context);
    const local = from === T.date ? microsOf(value as number, 0) : value;
    return oid === T.timestamptz ? toInstant(local, context.timeZone) : local;
  };
  return type.compare?.(convert(a), convert(b));
}

function commonOid(a: number, b: number): number | undefined {
  if (a === b) return a;
  const ranks = [T.date, T.timestamp, T.timestamptz] as readonly number[];
  if (ranks.includes(a) && ranks.includes(b)) return ranks[Math.max(ranks.indexOf(a), ranks.indexOf(b))];
  const times = [T.time, T.timetz] as readonly number[];
  return times.includes(a) && times.includes(b) ? T.timetz : undefined;
}

function shortName(oid: number): string {
  return typeByOid(oid).name;
}
