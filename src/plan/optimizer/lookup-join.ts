/**
 * Look-up joins: instead of building a hash table over a big table for a few rows, find their partners by key or index.
 *
 * A join whose one side is a scan and whose keys cover that table's primary key, or a prefix of it or of an index,
 * becomes a `lookup`: for each row of the small side the scan is opened with the key's values taken from that row.
 */
import type { BoundExpression } from '../expression.ts';
import type { JoinNode, PlanNode, ScanNode } from '../plan.ts';
import { conjunction, conjuncts } from '../walk-expression.ts';
import { correlationOf } from '../walk-plan.ts';
import { chooseAccess } from './access.ts';
import { conditionOf, swapKey } from './join-keys.ts';
import { isUnique, type Estimator } from './statistics.ts';

/** A look-up costs about as much as scanning and probing so many rows of a columnar table: by whole key, by a range. */
const LOOKUP_COST = 200;
const RANGE_LOOKUP_COST = 1000;

export function chooseLookup(join: JoinNode, estimator: Estimator): JoinNode {
  if (join.algorithm !== 'hash' || join.nullAware || join.keys.some((key) => key.nullsEqual)) return join;
  if (join.type === 'inner') return lookup(join, estimator) ?? lookup(mirrored(join), estimator) ?? join;
  if (join.type === 'left' || join.type === 'semi' || join.type === 'anti' || join.type === 'single')
    return lookup(join, estimator) ?? join;
  if (join.type !== 'right') return join;
  // A right join was made from a left one to build on the small side: the left join by look-up may be better still.
  const left = mirrored(join);
  return left === null ? join : (lookup({ ...left, type: 'left' }, estimator) ?? join);
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

function lookup(join: JoinNode | null, estimator: Estimator): JoinNode | null {
  if (join === null) return null;
  const right = scanBelow(join.right);
  if (right === null || right.access.kind !== 'full' || right.order !== null) return null;
  if (right.time.kind !== 'now' && right.time.kind !== 'asOf') return null;
  const outer = estimator.rows(join.left);
  if (outer * LOOKUP_COST > estimator.tableRows(right.table)) return null;
  const conditions: BoundExpression[] = join.keys.map((key) => conditionOf(key));
  const filter = conjunction([...conditions, ...conjuncts(right.filter)]);
  const scan = chooseAccess({ ...right, filter }, estimator);
  if (!isSelective(scan, estimator)) return null;
  if (scan.access.kind !== 'key' && outer * RANGE_LOOKUP_COST > estimator.tableRows(right.table)) return null;
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

/** The whole key, a unique index, or a prefix that few rows share. */
function isSelective(scan: ScanNode, estimator: Estimator): boolean {
  const { access, table } = scan;
  if (access.kind === 'key') return true;
  if (access.kind !== 'keyRange' && access.kind !== 'indexRange') return false;
  if (access.prefix.length === 0) return false;
  const columns =
    access.kind === 'keyRange'
      ? table.key
      : (table.indexes.find((index) => index.id === access.indexId)?.columns ?? []).map((item) => item.column);
  const fixed = columns.slice(0, access.prefix.length);
  return isUnique(table, fixed) || estimator.rows(scan) * LOOKUP_COST < estimator.tableRows(table);
}
