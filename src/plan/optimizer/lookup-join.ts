/**
 * Look-up joins: instead of building a hash table over a big table for a few rows, find their partners by key or index.
 *
 * A join whose one side is a scan and whose keys cover that table's primary key, or a prefix of it or of an index,
 * becomes a `lookup`: for each row of the small side the scan is opened with the key's values taken from that row.
 * Whether that is cheaper than a hash join is the cost model's to say.
 */
import type { BoundExpression } from '../expression.ts';
import type { JoinNode, PlanNode, ScanNode } from '../plan.ts';
import { conjunction, conjuncts } from '../walk-expression.ts';
import { correlationOf } from '../walk-plan.ts';
import { chooseAccess } from './access.ts';
import type { AccessContext } from './path-finder.ts';
import { conditionOf, swapKey } from './join-keys.ts';

/** The ways to do a join by look-up. */
export function lookupJoins(join: JoinNode, context: AccessContext): (JoinNode | null)[] {
  if (join.nullAware || join.keys.some((key) => key.nullsEqual)) return [];
  switch (join.type) {
    case 'inner':
      return [lookup(join, context), lookup(mirrored(join), context)];
    case 'left':
    case 'semi':
    case 'anti':
    case 'single':
      return [lookup(join, context)];
    case 'right': {
      // A right join was made from a left one to build on the small side: the left join by look-up may be better still.
      const left = mirrored(join);
      return left === null ? [] : [lookup({ ...left, type: 'left' }, context)];
    }
    default:
      return [];
  }
}

function mirrored(join: JoinNode): JoinNode | null {
  const keys = [];
  for (const key of join.keys) {
    const swapped = swapKey(key);
    if (swapped === null) return null;
    keys.push(swapped);
  }
  return { ...join, left: join.right, right: join.left, keys };
}

function lookup(join: JoinNode | null, context: AccessContext): JoinNode | null {
  if (join === null) return null;
  const right = scanBelow(join.right);
  if (right === null || right.access.kind !== 'full' || right.order !== null) return null;
  if (right.time.kind !== 'now' && right.time.kind !== 'asOf') return null;
  const conditions: BoundExpression[] = join.keys.map((key) => conditionOf(key));
  const filter = conjunction([...conditions, ...conjuncts(right.filter)]);
  const scan = chooseAccess({ ...right, filter }, context);
  const { access } = scan;
  if (access.kind !== 'key' && access.kind !== 'keyRange' && access.kind !== 'indexRange') return null;
  if (access.kind !== 'key' && access.prefix.length === 0) return null;
  const inner = replaceScan(join.right, scan);
  return {
    ...join,
    right: inner,
    keys: [],
    algorithm: 'lookup',
    correlated: correlationOf(join.left, inner),
  };
}

/** Under nothing but filters that the scan has not absorbed. */
function scanBelow(node: PlanNode): ScanNode | null {
  if (node.kind === 'scan') return node;
  return node.kind === 'filter' ? scanBelow(node.source) : null;
}

function replaceScan(node: PlanNode, scan: ScanNode): PlanNode {
  return node.kind === 'filter' ? { ...node, source: replaceScan(node.source, scan) } : scan;
}
