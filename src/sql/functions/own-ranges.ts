/** Functions and operators of the range types that CREATE TYPE makes, and of their multiranges: made when one is first used. */
import { isUserType, multirangeOf, userType } from '../../catalog/user-types.ts';
import { kindOfRange } from '../types/multirange.ts';
import { typeByOid } from '../types/registry.ts';
import { comparisonsOf } from './comparison.ts';
import type { OperatorEntry, SqlFunction } from './function.ts';
import {
  aggregatesOfRange,
  functionsOfMultirange,
  type MultirangeKind,
  operatorsOfMultirange,
  unnestOfMultirange,
} from './multiranges.ts';
import { functionsOfRange, operatorsOfRange } from './ranges.ts';

interface Own {
  readonly functions: readonly SqlFunction[];
  readonly operators: readonly OperatorEntry[];
}

const made = new Map<number, Own>();

/** What there is for a range type and its multirange, asked for by either; undefined for other types. */
function ownOf(oid: number): Own | undefined {
  if (!isUserType(oid)) return undefined;
  const type = userType(oid);
  if (type === undefined || type.oid !== oid) return undefined;
  const { definition } = type;
  if (definition.form !== 'range' && definition.form !== 'multirange') return undefined;
  const range = definition.form === 'range' ? oid : definition.range.oid;
  let own = made.get(range);
  if (own === undefined) made.set(range, (own = makeOwn(range)));
  return own;
}

function makeOwn(range: number): Own {
  const kind = kindOfRange(range, typeByOid);
  const set = multirangeOf(range);
  const plain = {
    functions: functionsOfRange(kind),
    operators: [...operatorsOfRange(kind), ...comparisonsOf(range, 'range_')],
  };
  if (set === undefined) return plain;
  const spec = { oid: set.oid, arrayOid: set.oid + 1, name: set.name, range };
  const multi: MultirangeKind = { spec, range: kind, subtype: kind.spec.subtype };
  return {
    functions: [
      ...plain.functions,
      ...functionsOfMultirange(multi),
      unnestOfMultirange(multi),
      ...aggregatesOfRange(multi),
    ],
    operators: [...plain.operators, ...operatorsOfMultirange(multi), ...comparisonsOf(set.oid, 'multirange_')],
  };
}

function* ownsOf(types: readonly number[]): Generator<Own> {
  const seen = new Set<Own>();
  for (const type of types) {
    const own = ownOf(type);
    if (own !== undefined && !seen.has(own)) yield own;
    if (own !== undefined) seen.add(own);
  }
}

const NONE: readonly never[] = [];

/** Of a name, for arguments of these types. REQUIRES (for speed): one of them is a user's. */
export function ownRangeFunctions(name: string, types: readonly number[]): readonly SqlFunction[] {
  return [...ownsOf(types)].flatMap(({ functions }) => functions.filter((fn) => fn.name === name));
}

export function ownRangeOperators(name: string, types: readonly number[]): readonly OperatorEntry[] {
  const known = name === '!=' ? '<>' : name;
  return [...ownsOf(types)].flatMap(({ operators }) => operators.filter((operator) => operator.name === known));
}

/** What makes values of a range type or multirange, by the type's number. */
export function rangeConstructors(oid: number): readonly SqlFunction[] {
  const name = userType(oid)?.name;
  return (ownOf(oid)?.functions ?? NONE).filter((fn) => fn.name === name && fn.returns === oid);
}
