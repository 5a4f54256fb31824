/** Functions of enums (PostgreSQL's chapter 9.10): the first and last label, and all between two. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EnumLabel } from '../../catalog/schema.ts';
import { userType } from '../../catalog/user-types.ts';
import { SqlArray } from '../types/array.ts';
import { T, typedScalar } from './define.ts';
import type { ScalarFunction } from './function.ts';

const options = { strict: false, volatility: 'immutable' } as const;
const ANYENUM_ARRAY = T.anyarray;

function labelsOf(oid: number): readonly EnumLabel[] {
  const definition = userType(oid)?.definition;
  return definition?.form === 'enum' ? definition.labels : [];
}

function end(name: 'enum_first' | 'enum_last', at: 0 | -1): ScalarFunction {
  return typedScalar(
    name,
    [T.anyenum],
    T.anyenum,
    ([oid = 0]) =>
      () => {
        const label = labelsOf(oid).at(at);
        if (label === undefined) throw new DriftError('55000', 'enum type has no values');
        return label.order;
      },
    options,
  );
}

function between(oid: number, from: Value, to: Value): SqlArray {
  const orders = labelsOf(oid).map(({ order }) => order);
  const low = (from as number | null) ?? -Infinity;
  const high = (to as number | null) ?? Infinity;
  return SqlArray.of(
    orders.filter((order) => order >= low && order <= high),
    oid,
  );
}

export const enumFunctions: readonly ScalarFunction[] = [
  end('enum_first', 0),
  end('enum_last', -1),
  typedScalar(
    'enum_range',
    [T.anyenum],
    ANYENUM_ARRAY,
    ([oid = 0]) =>
      () =>
        between(oid, null, null),
    options,
  ),
  typedScalar(
    'enum_range',
    [T.anyenum, T.anyenum],
    ANYENUM_ARRAY,
    ([oid = 0]) =>
      (_context, from, to) =>
        between(oid, from as Value, to as Value),
    options,
  ),
];
