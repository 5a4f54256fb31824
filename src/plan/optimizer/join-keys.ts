/**
 * Join keys: finding the equalities between two sides of a join in a list of conditions.
 *
 * Keys are what a hash join hashes; whatever else mentions both sides stays a residual condition.
 */
import type { ScalarFunction } from '../../sql/functions/function.ts';
import { operatorsNamed } from '../../sql/functions/operators.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { JoinKey } from '../plan.ts';
import { columnsOf, hasSubquery, isVolatile } from '../walk-expression.ts';

export type Side = 'none' | 'left' | 'right' | 'both';

/** Which sides' columns an expression mentions. */
export function sideOf(expression: BoundExpression, left: ReadonlySet<ColumnId>, right: ReadonlySet<ColumnId>): Side {
  let onLeft = false;
  let onRight = false;
  for (const id of columnsOf(expression)) {
    if (left.has(id)) onLeft = true;
    else if (right.has(id)) onRight = true;
  }
  if (onLeft) return onRight ? 'both' : 'left';
  return onRight ? 'right' : 'none';
}

/** The condition as a key between the sides, or null where it is none. */
export function joinKeyOf(
  condition: BoundExpression,
  left: ReadonlySet<ColumnId>,
  right: ReadonlySet<ColumnId>,
): JoinKey | null {
  const equality = equalityOf(condition);
  if (equality === null || isVolatile(condition) || hasSubquery(condition)) return null;
  const first = sideOf(equality.left, left, right);
  const second = sideOf(equality.right, left, right);
  if (first === 'left' && second === 'right') return equality;
  if (first === 'right' && second === 'left') return swapKey(equality);
  return null;
}

/** The key with its sides exchanged; null where no equality for the exchanged types exists. */
export function swapKey(key: JoinKey): JoinKey | null {
  const equal = commuted(key.equal);
  return equal === null ? null : { left: key.right, right: key.left, equal, nullsEqual: key.nullsEqual };
}

function equalityOf(condition: BoundExpression): JoinKey | null {
  if (condition.kind === 'call' && condition.operator === '=') {
    const [left, right] = condition.args;
    if (left === undefined || right === undefined || condition.args.length !== 2) return null;
    return { left, right, equal: condition.fn, nullsEqual: false };
  }
  if (condition.kind === 'distinctFrom' && condition.negated) {
    return { left: condition.left, right: condition.right, equal: condition.equal, nullsEqual: true };
  }
  return null;
}

const commutedFunctions = new WeakMap<ScalarFunction, ScalarFunction>();

/** The equality function for exchanged argument types. */
function commuted(equal: ScalarFunction): ScalarFunction | null {
  const [left, right] = equal.args;
  if (left === undefined || right === undefined || left === right) return equal;
  let found = commutedFunctions.get(equal);
  if (found === undefined) {
    found = operatorsNamed('=').find((operator) => operator.left === right && operator.right === left)?.fn;
    if (found === undefined) return null;
    commutedFunctions.set(equal, found);
  }
  return found;
}

/** A key back as a condition. */
export function conditionOf(key: JoinKey): BoundExpression {
  const type = { oid: 16, typmod: -1 };
  if (key.nullsEqual)
    return { kind: 'distinctFrom', left: key.left, right: key.right, equal: key.equal, negated: true, type };
  return { kind: 'call', fn: key.equal, args: [key.left, key.right], operator: '=', type };
}
