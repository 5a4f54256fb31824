/**
 * Join methods: by hash, by look-up (lookup-join.ts), by merging sorted inputs, by loop; the cheapest is taken.
 *
 * A hash join is what a join with keys begins as. A merge join costs more than a hash join in memory, so it is considered
 * only where hash joins are switched off; its inputs are read in key order where that is stored, else sorted.
 */
import type { BoundExpression, SortKey } from '../expression.ts';
import type { JoinNode, PlanNode } from '../plan.ts';
import { conjunction, conjuncts } from '../walk-expression.ts';
import type { AccessContext } from './path-finder.ts';
import { conditionOf } from './join-keys.ts';
import { lookupJoins } from './lookup-join.ts';
import { orderedSource } from './order.ts';

export function chooseJoinMethod(join: JoinNode, context: AccessContext): JoinNode {
  if (join.algorithm !== 'hash') return join;
  const { cost } = context;
  const others = lookupJoins(join, context);
  if (!cost.forJoin(join).switches.hashjoin) others.push(mergeJoin(join), loopJoin(join));
  let best = join;
  for (const other of others) if (other !== null && cost.of(other).total < cost.of(best).total) best = other;
  return best;
}

/** Types whose order is that of their equality. */
function isOrdered(left: number, right: number): boolean {
  return left === right ? !UNORDERED.has(left) : INTEGERS.has(left) && INTEGERS.has(right);
}
const INTEGERS = new Set([20, 21, 23]);
/** json and the geometric types have no order; padded chars have one that ignores blanks. */
const UNORDERED = new Set([114, 142, 600, 601, 602, 603, 604, 628, 718, 1042, 2249]);

function mergeJoin(join: JoinNode): JoinNode | null {
  if (join.nullAware || join.keys.some(({ nullsEqual }) => nullsEqual)) return null;
  if (!join.keys.every(({ left, right }) => isOrdered(left.type.oid, right.type.oid))) return null;
  return {
    ...join,
    algorithm: 'merge',
    left: sorted(
      join.left,
      join.keys.map(({ left }) => left),
    ),
    right: sorted(
      join.right,
      join.keys.map(({ right }) => right),
    ),
  };
}

function sorted(node: PlanNode, expressions: readonly BoundExpression[]): PlanNode {
  const keys: SortKey[] = expressions.map((expression) => ({ expression, descending: false, nullsFirst: false }));
  return orderedSource(node, keys, null) ?? { kind: 'sort', source: node, keys, limit: null, outputs: node.outputs };
}

function loopJoin(join: JoinNode): JoinNode | null {
  // NOT IN by loop needs its keys apart, and nulls that equal nulls are conditions of their own.
  if (join.nullAware) return null;
  const conditions = [...join.keys.map((key) => conditionOf(key)), ...conjuncts(join.residual)];
  return { ...join, algorithm: 'loop', keys: [], residual: conjunction(conditions) };
}
