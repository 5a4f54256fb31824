/** pg_advisory_lock and its kin: what each asks for. What locks is in txn/lock/advisory.ts; no expression reaches it. */
import { assert } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { scalar, T } from './define.ts';
import type { AdvisoryCall, ScalarFunction } from './function.ts';

const KEYS: readonly (readonly number[])[] = [[T.int8], [T.int4, T.int4]];

export const advisoryFunctions: readonly ScalarFunction[] = [
  ...[false, true].flatMap((shared) => {
    const end = shared ? '_shared' : '';
    return [
      ...[false, true].flatMap((transactional) => {
        const scope = transactional ? '_xact' : '';
        return [
          ...both(`pg_advisory${scope}_lock${end}`, T.void, { advisory: 'lock', shared, transactional }),
          ...both(`pg_try_advisory${scope}_lock${end}`, T.bool, { advisory: 'try', shared, transactional }),
        ];
      }),
      ...both(`pg_advisory_unlock${end}`, T.bool, { advisory: 'unlock', shared, transactional: false }),
    ];
  }),
  locking('pg_advisory_unlock_all', [], T.void, { advisory: 'unlock all', shared: false, transactional: false }),
];

function both(name: string, returns: number, call: AdvisoryCall): ScalarFunction[] {
  return KEYS.map((args) => locking(name, args, returns, call));
}

function locking(name: string, args: readonly number[], returns: number, advisory: AdvisoryCall): ScalarFunction {
  return {
    ...scalar(name, [...args], returns, unreachable, { volatility: 'volatile' }),
    waits: () => 0,
    engine: advisory,
  };
}

function unreachable(): Value {
  assert(false, 'an advisory lock is taken by the transaction');
  return null;
}
