/** Functions, operators and casts of money, log positions and transaction ids. */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import { checkedCents } from '../types/system-values.ts';
import { aggregate, pure, T } from './define.ts';
import type { AggregateFunction, CastEntry, OperatorEntry } from './function.ts';

const MONEY = 790;
const LSN = 3220;

type Integer = number | bigint;

function operator(
  name: string,
  left: number,
  right: number,
  returns: number,
  id: string,
  call: (...args: never[]) => Value,
): OperatorEntry {
  return { name, left, right, fn: pure(id, [left, right], returns, call) };
}

const cents = (value: bigint): Value => checkedCents(value, String(value));

/** Half to even, as rint does. */
function nearest(value: number): Value {
  if (!Number.isFinite(value)) throw new DriftError('22003', 'money out of range');
  const floor = Math.floor(value);
  const rest = value - floor;
  return cents(BigInt(rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor));
}

function quotient(value: number, by: number): Value {
  if (by === 0) throw new DriftError('22012', 'division by zero');
  return nearest(value / by);
}

const HUNDRED = Numeric.fromBigInt(100n);

function fromNumeric(value: Numeric): Value {
  if (value.special !== null) throw new DriftError('22003', 'money out of range');
  const scaled = value.multiply(HUNDRED).round(0).toString();
  return checkedCents(BigInt(scaled), scaled);
}

const NUMBERS = [
  [T.int2, 'int2'],
  [T.int4, 'int4'],
  [T.int8, 'int8'],
  [T.float4, 'flt4'],
  [T.float8, 'flt8'],
] as const;

export const systemValueOperators: readonly OperatorEntry[] = [
  operator('+', MONEY, MONEY, MONEY, 'cash_pl', (a: Integer, b: Integer) => cents(BigInt(a) + BigInt(b))),
  operator('-', MONEY, MONEY, MONEY, 'cash_mi', (a: Integer, b: Integer) => cents(BigInt(a) - BigInt(b))),
  operator('/', MONEY, MONEY, T.float8, 'cash_div_cash', (a: Integer, b: Integer) => {
    if (Number(b) === 0) throw new DriftError('22012', 'division by zero');
    return Number(a) / Number(b);
  }),
  ...NUMBERS.flatMap(([oid, name]) => {
    const whole = name.startsWith('int');
    const times = (a: Integer, b: Integer): Value =>
      whole ? cents(BigInt(a) * BigInt(b)) : nearest(Number(a) * Number(b));
    const divided = (a: Integer, b: Integer): Value => {
      if (!whole || Number(b) === 0) return quotient(Number(a), Number(b));
      return cents(BigInt(a) / BigInt(b));
    };
    return [
      operator('*', MONEY, oid, MONEY, `cash_mul_${name}`, times),
      operator('*', oid, MONEY, MONEY, `${name}_mul_cash`, (a: Integer, b: Integer) => times(b, a)),
      operator('/', MONEY, oid, MONEY, `cash_div_${name}`, divided),
    ];
  }),
  operator('-', LSN, LSN, T.numeric, 'pg_lsn_mi', (a: Integer, b: Integer) =>
    Numeric.fromBigInt(BigInt(a) - BigInt(b)),
  ),
  operator('+', LSN, T.numeric, LSN, 'pg_lsn_pli', (a: Integer, b: Numeric) =>
    cents(BigInt(a) + BigInt(b.round(0).toString())),
  ),
];

export const systemValueAggregates: readonly AggregateFunction[] = [
  aggregate<bigint | null>('sum', [MONEY], MONEY, {
    init: () => null,
    step: (sum, [value]) => (sum ?? 0n) + BigInt(value as Integer),
    final: (sum) => (sum === null ? null : cents(sum)),
  }),
];

export const systemValueCasts: readonly CastEntry[] = [
  ...([T.int4, T.int8] as const).map((from): CastEntry => ({
    from,
    to: MONEY,
    context: 'assignment',
    fn: pure('money', [from], MONEY, (value: Integer) => cents(BigInt(value) * 100n)),
  })),
  { from: T.numeric, to: MONEY, context: 'assignment', fn: pure('money', [T.numeric], MONEY, fromNumeric) },
  {
    from: MONEY,
    to: T.numeric,
    context: 'assignment',
    fn: pure('numeric', [MONEY], T.numeric, (value: Integer) => new Numeric(BigInt(value), 2)),
  },
];
