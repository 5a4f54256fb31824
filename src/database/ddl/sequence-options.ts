/**
 * The options of CREATE and ALTER SEQUENCE and of identity columns: PostgreSQL's init_params (sequence.c). They count
 * together, in whatever order they are written: bounds that are not said follow from the type and the direction.
 */
import { DriftError } from '../../base/error.ts';
import type { SequenceDef } from '../../catalog/schema.ts';
import type { SequenceOption } from '../../sql/ast-table.ts';
import { typeByOid } from '../../sql/types/registry.ts';

/** Least and greatest value of the types that a sequence can have. */
export const SEQUENCE_LIMITS: Readonly<Record<number, readonly [string, string]>> = {
  21: ['-32768', '32767'],
  23: ['-2147483648', '2147483647'],
  20: ['-9223372036854775808', '9223372036854775807'],
};
const BIGINT = 20;
const INTEGERS: Readonly<Record<string, number>> = {
  int2: 21,
  int4: 23,
  int8: 20,
  smallint: 21,
  integer: 23,
  bigint: 20,
};

export function newSequence(id: number, schema: string, name: string, type: number = BIGINT): SequenceDef {
  const [, max] = limitsOf(type);
  return { kind: 'sequence', id, schema, name, type, increment: 1, min: '1', max, start: '1', cycle: false };
}

function limitsOf(type: number): readonly [string, string] {
  return SEQUENCE_LIMITS[type] ?? ['-9223372036854775808', '9223372036854775807'];
}

/** A sequence's type; older definitions don't say it: then what its bounds are the type's. */
export function sequenceType({ type, min, max }: Pick<SequenceDef, 'type' | 'min' | 'max'>): number {
  if (type !== undefined) return type;
  const wide = (limit: number): boolean => Number(max) > limit || Number(min) < -limit - 1;
  if (max === '32767' && !wide(32767)) return 21;
  return max === '2147483647' && !wide(2147483647) ? 23 : BIGINT;
}

type Valued = Extract<SequenceOption, { readonly value: string | undefined }>;

/** The sequence as the options have it. `isNew`: what is not said has its default, else it stays. */
export function withSequenceOptions(
  sequence: SequenceDef,
  options: readonly SequenceOption[],
  isNew: boolean,
): SequenceDef {
  refuseTwice(options);
  const valued = (kind: Valued['kind']): Valued | undefined =>
    options.find((option): option is Valued => option.kind === kind);
  const before = sequenceType(sequence);
  const type = typeOf(options) ?? before;
  const [least, most] = limitsOf(type);
  const [oldLeast, oldMost] = limitsOf(before);
  // Bounds that were the old type's become the new one's.
  const retyped = !isNew && type !== before;
  const resetMax = retyped && sequence.max === oldMost;
  const resetMin = retyped && sequence.min === oldLeast;

  const step = valued('increment');
  const increment = step?.value === undefined ? sequence.increment : Number(step.value);
  if (increment === 0) throw new DriftError('22023', 'INCREMENT must not be zero', { position: step?.position });
  const maxOption = valued('maxValue');
  const minOption = valued('minValue');
  const max =
    maxOption?.value ??
    (isNew || maxOption !== undefined || resetMax ? (increment > 0 || resetMax ? most : '-1') : sequence.max);
  const min =
    minOption?.value ??
    (isNew || minOption !== undefined || resetMin ? (increment < 0 || resetMin ? least : '1') : sequence.min);
  refuseBeyond('MAXVALUE', max, type, maxOption);
  refuseBeyond('MINVALUE', min, type, minOption);
  if (BigInt(min) >= BigInt(max))
    throw new DriftError('22023', `MINVALUE (${min}) must be less than MAXVALUE (${max})`);
  const start = valued('start')?.value ?? (isNew ? (increment > 0 ? min : max) : sequence.start);
  refuseOutside('START', start, min, max);
  const restart = valued('restart');
  if (restart !== undefined) refuseOutside('RESTART', restart.value ?? start, min, max);
  const cache = valued('cache');
  if (cache !== undefined && Number(cache.value) <= 0)
    throw new DriftError('22023', `CACHE (${cache.value ?? ''}) must be greater than zero`, {
      position: cache.position,
    });
  const cycle = options.find((option) => option.kind === 'cycle');
  return {
    ...sequence,
    type,
    increment,
    min,
    max,
    start,
    cycle: cycle?.kind === 'cycle' ? cycle.value : sequence.cycle,
    cache: cache?.value === undefined ? sequence.cache : Number(cache.value),
  };
}

function refuseTwice(options: readonly SequenceOption[]): void {
  options.forEach(({ kind, position }, i) => {
    if (options.findIndex((other) => other.kind === kind) !== i)
      throw new DriftError('42601', 'conflicting or redundant options', { position });
  });
}

function typeOf(options: readonly SequenceOption[]): number | undefined {
  const option = options.find(({ kind }) => kind === 'as');
  if (option?.kind !== 'as') return undefined;
  const type = INTEGERS[option.type.name];
  if (type !== undefined) return type;
  throw new DriftError('22023', 'sequence type must be smallint, integer, or bigint', { position: option.position });
}

function refuseBeyond(what: string, value: string, type: number, option: Valued | undefined): void {
  const [least, most] = limitsOf(type);
  if (BigInt(value) >= BigInt(least) && BigInt(value) <= BigInt(most)) return;
  throw new DriftError(
    '22023',
    `${what} (${value}) is out of range for sequence data type ${typeByOid(type).display}`,
    { position: option?.position },
  );
}

function refuseOutside(what: string, value: string, min: string, max: string): void {
  if (BigInt(value) < BigInt(min))
    throw new DriftError('22023', `${what} value (${value}) cannot be less than MINVALUE (${min})`);
  if (BigInt(value) > BigInt(max))
    throw new DriftError('22023', `${what} value (${value}) cannot be greater than MAXVALUE (${max})`);
}
