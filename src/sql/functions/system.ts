/** Set-returning functions, sequences, and functions about the session. */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { schemaOidOf } from '../../catalog/oids.ts';
import { nameParts } from '../types/catalog-types.ts';
import { hexText } from '../types/basic.ts';
import { Interval } from '../types/interval.ts';
import { addInterval, addZoned } from './datetime.ts';
import { scalar, setFunction, T } from './define.ts';
import type { ScalarFunction, SetFunction } from './function.ts';

function* integers(from: number | bigint, to: number | bigint, step: number | bigint): Generator<readonly Value[]> {
  if (step === 0 || step === 0n) throw new DriftError('22023', 'step size cannot equal zero');
  if ([from, to, step].every((value) => typeof value === 'number')) {
    for (let at = from as number; step > 0 ? at <= to : at >= to; at += step as number) yield [at];
    return;
  }
  for (let at = BigInt(from); step > 0 ? at <= BigInt(to) : at >= BigInt(to); at += BigInt(step))
    yield [Number.isSafeInteger(Number(at)) ? Number(at) : at];
}

function* decimals(from: Numeric, to: Numeric, step: Numeric): Generator<readonly Value[]> {
  for (const [what, value] of [
    ['start value', from],
    ['stop value', to],
    ['step size', step],
  ] as const)
    if (value.special !== null)
      throw new DriftError('22023', `${what} cannot be ${value.special === 'NaN' ? 'NaN' : 'infinity'}`);
  if (step.sign() === 0) throw new DriftError('22023', 'step size cannot equal zero');
  for (let at = from; at.compare(to) * step.sign() <= 0; at = at.add(step)) yield [at];
}

/** `zone`: of moments, whose months and days are those of its calendar. */
function* moments(from: number, to: number, step: Interval, zone: string | null): Generator<readonly Value[]> {
  if (step.length === 0) throw new DriftError('22023', 'step size cannot equal zero');
  const next = (at: number): number => (zone === null ? addInterval(at, step) : addZoned(at, step, zone));
  for (let at = from; step.length > 0 ? at <= to : at >= to; at = next(at)) yield [at];
}

const series = (oid: number): readonly { name: string; oid: number }[] => [{ name: 'generate_series', oid }];

export const setFunctions: readonly SetFunction[] = [
  ...([T.int4, T.int8] as const).flatMap((oid) => [
    setFunction('generate_series', [oid, oid], series(oid), (_context, from, to) =>
      integers(from as number, to as number, 1),
    ),
    setFunction('generate_series', [oid, oid, oid], series(oid), (_context, from, to, step) =>
      integers(from as number, to as number, step as number),
    ),
  ]),
  setFunction('generate_series', [T.numeric, T.numeric], series(T.numeric), (_c, from, to) =>
    decimals(from as Numeric, to as Numeric, Numeric.fromBigInt(1n)),
  ),
  setFunction('generate_series', [T.numeric, T.numeric, T.numeric], series(T.numeric), (_c, from, to, step) =>
    decimals(from as Numeric, to as Numeric, step as Numeric),
  ),
  ...([T.timestamp, T.timestamptz] as const).map((oid) =>
    setFunction('generate_series', [oid, oid, T.interval], series(oid), (context, from, to, step) =>
      moments(from as number, to as number, step as Interval, oid === T.timestamptz ? context.timeZone : null),
    ),
  ),
];

function sequenceId(context: EvalContext, name: Value): number {
  if (typeof name === 'number') return name;
  const [relation = '', schema] = nameParts(String(name));
  const found = context.catalog.relation(schema, relation);
  if (found === undefined && schema !== undefined && schemaOidOf(context.catalog, schema) === undefined)
    throw new DriftError('3F000', `schema "${schema}" does not exist`);
  if (found === undefined) throw new DriftError('42P01', `relation "${String(name)}" does not exist`);
  if (found.kind !== 'sequence') throw new DriftError('42809', `"${String(name)}" is not a sequence`);
  return found.id;
}

/** Throws 25006 in a read-only transaction, but for a temporary sequence. */
function changedSequence(context: EvalContext, name: Value, by: string): number {
  const id = sequenceId(context, name);
  const found = context.catalog.byId(id);
  const temporary = found?.kind === 'sequence' && found.schema === context.catalog.temp;
  if (context.readOnly === true && !temporary)
    throw new DriftError('25006', `cannot execute ${by}() in a read-only transaction`);
  return id;
}

const session = (name: string, value: ScalarFunction['call'], returns: number = T.text): ScalarFunction =>
  scalar(name, [], returns, value);
const volatile = { volatility: 'volatile' } as const;

export const systemFunctions: readonly ScalarFunction[] = [
  ...([T.text, T.regclass] as const).flatMap((oid) => [
    scalar(
      'nextval',
      [oid],
      T.int8,
      (context, name) => context.nextval(changedSequence(context, name ?? null, 'nextval')),
      volatile,
    ),
    scalar('currval', [oid], T.int8, (context, name) => context.currval(sequenceId(context, name ?? null)), volatile),
    scalar(
      'setval',
      [oid, T.int8],
      T.int8,
      (context, name, value) => setval(context, name ?? null, value ?? null, true),
      volatile,
    ),
    scalar(
      'setval',
      [oid, T.int8, T.bool],
      T.int8,
      (context, name, value, called) => setval(context, name ?? null, value ?? null, called === true),
      volatile,
    ),
  ]),
  scalar('lastval', [], T.int8, (context) => context.lastval(), volatile),
  session('version', () => 'PostgreSQL 15.0 compatible (DriftDB 0.1.0)'),
  session('current_user', (context) => context.user, T.name),
  session('session_user', (context) => context.setting('session_authorization') ?? context.user, T.name),
  session('user', (context) => context.user, T.name),
  session('current_role', (context) => context.user, T.name),
  session('current_database', (context) => context.database, T.name),
  session('current_catalog', (context) => context.database, T.name),
  session('pg_backend_pid', (context) => context.sessionId, T.int4),
  scalar(
    'pg_cancel_backend',
    [T.int4],
    T.bool,
    (context, id) => context.catalogFunction('pg_cancel_backend', [id ?? null]),
    volatile,
  ),
  scalar(
    'pg_blocking_pids',
    [T.int4],
    T.int4Array,
    (context, id) => context.catalogFunction('pg_blocking_pids', [id ?? null]),
    volatile,
  ),
  ...[[T.int4], [T.int4, T.int8]].map((args) =>
    scalar(
      'pg_terminate_backend',
      args,
      T.bool,
      (context, id) => context.catalogFunction('pg_terminate_backend', [id ?? null]),
      volatile,
    ),
  ),
  session('drift_seq', (context) => context.snapshot, T.int8),
  scalar('current_setting', [T.text], T.text, (context, name) => {
    const value = context.setting(String(name));
    if (value === undefined) throw new DriftError('42704', `unrecognized configuration parameter "${String(name)}"`);
    return value;
  }),
  scalar('current_setting', [T.text, T.bool], T.text, (context, name, missing) => {
    const value = context.setting(String(name));
    if (value === undefined && missing !== true)
      throw new DriftError('42704', `unrecognized configuration parameter "${String(name)}"`);
    return value ?? null;
  }),
  scalar(
    'set_config',
    [T.text, T.text, T.bool],
    T.text,
    (context, name, value, local) => {
      if (name === null || name === undefined) throw new DriftError('22004', 'SET requires parameter name');
      context.setSetting(String(name), value === null || value === undefined ? null : String(value), local === true);
      return context.setting(String(name)) ?? null;
    },
    { volatility: 'volatile', strict: false },
  ),
  scalar(
    'gen_random_uuid',
    [],
    T.uuid,
    (context) => {
      const bytes = context.randomBytes(16);
      bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
      const hex = hexText(bytes);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
    volatile,
  ),
];

function setval(context: EvalContext, name: Value, value: Value, called: boolean): Value {
  context.setval(changedSequence(context, name, 'setval'), value as number, called);
  return value;
}
