/** Functions about waiting, the connection and the server that programs written for PostgreSQL call. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../types/array.ts';
import type { EvalContext } from '../eval-context.ts';
import type { Interval } from '../types/interval.ts';
import { addInterval } from './datetime.ts';
import { pure, scalar, setFunction, T } from './define.ts';
import type { ScalarFunction, SetFunction } from './function.ts';
import { timeFormats } from './format-time.ts';

const INET = 869;
const volatile = { volatility: 'volatile' } as const;

/** A function that gives nothing, after a wait of so many milliseconds. */
function sleep(name: string, oid: number, waits: (context: EvalContext, value: Value) => number): ScalarFunction {
  return {
    ...scalar(name, [oid], T.void, () => '', volatile),
    waits: (context, value = null) => Math.max(0, waits(context, value)),
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 0, b: 0, bytes: 0, kb: 1, mb: 2, gb: 3, tb: 4, pb: 5 };
const INT8_MAX = 2 ** 63;

function sizeBytes(text: string): Value {
  const [, digits, unit = ''] = /^\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  if (digits === undefined) throw new DriftError('22023', `invalid size: "${text}"`);
  const power = UNITS[unit.toLowerCase()];
  if (power === undefined)
    throw new DriftError('22023', `invalid size: "${text}"`, {
      detail: `Invalid size unit: "${unit}".`,
      hint: 'Valid units are "bytes", "kB", "MB", "GB", "TB", and "PB".',
    });
  const size = Math.round(Number(digits) * 1024 ** power);
  if (Math.abs(size) >= INT8_MAX) throw new DriftError('22003', 'bigint out of range');
  return Number.isSafeInteger(size) ? size : BigInt(size);
}

/** PostgreSQL converts from a few encodings of one byte a character only, and texts are UTF-8 here. */
function ascii(): never {
  throw new DriftError('0A000', 'encoding conversion from UTF8 to ASCII not supported');
}

const toChar = timeFormats.find(({ args }) => args[0] === T.timestamptz) as ScalarFunction;

/** What there is no connection over a network for, and no server's files. */
const NOTHING: readonly (readonly [name: string, returns: number])[] = [
  ['inet_client_addr', INET],
  ['inet_client_port', T.int4],
  ['inet_server_addr', INET],
  ['inet_server_port', T.int4],
];

export const sessionFunctions: readonly ScalarFunction[] = [
  sleep('pg_sleep', T.float8, (_context, seconds) => Number(seconds) * 1000),
  sleep('pg_sleep_for', T.interval, (_context, span) => addInterval(0, span as Interval) / 1000),
  sleep('pg_sleep_until', T.timestamptz, (context, moment) => (Number(moment) - context.clock()) / 1000),
  scalar(
    'timeofday',
    [],
    T.text,
    (context) => toChar.call(context, context.clock(), 'Dy Mon DD HH24:MI:SS.US YYYY TZ'),
    volatile,
  ),
  pure('to_ascii', [T.text], T.text, ascii),
  pure('to_ascii', [T.text, T.name], T.text, ascii),
  pure('pg_size_bytes', [T.text], T.int8, sizeBytes),
  scalar('pg_notify', [T.text, T.text], T.void, () => '', { ...volatile, strict: false }),
  ...NOTHING.map(([name, returns]) => scalar(name, [], returns, () => null)),
  scalar('pg_jit_available', [], T.bool, () => false),
  scalar('pg_stat_clear_snapshot', [], T.void, () => '', volatile),
  pure('textlen', [T.text], T.int4, (text: string) => [...text].length),
  pure('pg_encoding_max_length', [T.int4], T.int4, (encoding: number) => (encoding === 6 ? 4 : null)),
];

export const sessionSets: readonly SetFunction[] = [
  setFunction('pg_listening_channels', [], [{ name: 'pg_listening_channels', oid: T.text }], () => []),
  setFunction(
    'pg_options_to_table',
    [T.textArray],
    [
      { name: 'option_name', oid: T.text },
      { name: 'option_value', oid: T.text },
    ],
    (_context, options) =>
      (options as SqlArray).elements.map((option) => {
        const [name = '', ...value] = String(option).split('=');
        return [name, value.length === 0 ? null : value.join('=')];
      }),
  ),
];
