/**
 * Orders: sorts that a key or an index makes superfluous, and top-N sorts.
 *
 * A table is stored in key order and an index in its own, so ORDER BY on a prefix of either needs no sort, only an
 * ordered scan; joins keep the order of their left side, and a grouping of sorted rows is sorted, and finished group by
 * group. Under a LIMIT an ordered scan may stop early: whether that beats reading all and keeping the best is a matter
 * of cost. A sort under a LIMIT needs to keep only the first rows: it is told how many.
 */
import { isUserType } from '../../catalog/user-types.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { baseOfDomain } from '../../sql/user-coercion.ts';
import type { IndexDef, TableDef } from '../../catalog/schema.ts';
import type { BoundExpression, ColumnId, SortKey } from '../expression.ts';
import type { AggregateNode, JoinNode, LimitNode, PlanNode, ScanNode, SortNode } from '../plan.ts';
import type { ScanAccess } from '../scan-access.ts';
import { conjuncts } from '../walk-expression.ts';
import { mapInputs } from '../walk-plan.ts';
import { coversScan } from './path-finder.ts';
import { type CostModel, limitOf } from './cost.ts';

export function chooseOrders(node: PlanNode, cost: CostModel): PlanNode {
  if (node.kind === 'limit') return { ...node, source: underLimit(node.source, node, cost) };
  if (node.kind === 'sort') return sortOf(node, null, cost);
  const inner = mapInputs(node, (input) => chooseOrders(input, cost));
  return inner.kind === 'aggregate' ? grouping(inner, cost) : inner;
}

/** Finds the sort under a limit through projections. */
function underLimit(node: PlanNode, limit: LimitNode, cost: CostModel): PlanNode {
  if (node.kind === 'project') return { ...node, source: underLimit(node.source, limit, cost) };
  if (node.kind === 'sort') return sortOf(node, limit, cost);
  return chooseOrders(node, cost);
}

/** What an order is wanted for. */
interface Wanted {
  readonly cost: CostModel;
  /** Rows that will be asked for: a number, unknown but few (null), or all (Infinity). */
  readonly rows: number | null;
}

function sortOf(sort: SortNode, limit: LimitNode | null, cost: CostModel): PlanNode {
  const rows = limit === null || limit.count === null ? Infinity : limitOf(limit.count, limit.offset);
  const ordered = orderedSource(sort.source, sort.keys, { cost, rows });
  if (ordered !== null) return chooseOrders(ordered, cost);
  const source = chooseOrders(sort.source, cost);
  if (limit === null || limit.count === null || limit.ties !== null) return { ...sort, source };
  return { ...sort, source, limit: { count: limit.count, offset: limit.offset } };
}

/** Without hashing, groups are made of sorted rows. */
function grouping(node: AggregateNode, cost: CostModel): AggregateNode {
  if (cost.switches.hashagg || node.groups.length === 0 || node.sets !== null || node.sorted) return node;
  if (!node.groups.every(({ type }) => BYTE_ORDERED.has(type.oid))) return node;
  const keys = node.groups.map((group) => ascending(group));
  const source =
    orderedSource(node.source, keys, { cost, rows: Infinity }) ??
    ({ kind: 'sort', source: node.source, keys, limit: null, outputs: node.source.outputs } as const);
  return { ...node, source, sorted: true };
}

function ascending(expression: BoundExpression): SortKey {
  return { expression, descending: false, nullsFirst: false };
}

/** The source with its scan ordered as the keys ask, or null. */
export function orderedSource(node: PlanNode, keys: readonly SortKey[], wanted: Wanted | null): PlanNode | null {
  switch (node.kind) {
    case 'filter': {
      const source = orderedSource(node.source, keys, wanted);
      return source === null ? null : { ...node, source };
    }
    case 'project': {
      const below: SortKey[] = [];
      for (const key of keys) {
        const expression = behind(key.expression, node.outputs, node.expressions);
        if (expression === null) return null;
        below.push({ ...key, expression });
      }
      const source = orderedSource(node.source, below, wanted);
      return source === null ? null : { ...node, source };
    }
    case 'join':
      return orderedJoin(node, keys, wanted);
    case 'aggregate':
      return orderedGroups(node, keys, wanted);
    case 'scan':
      return orderedScan(node, keys, wanted);
    default:
      return null;
  }
}

/**
 * A join gives its left side's rows in their order; those without a partner come after the others of their batch, but
 * for hash joins that know them at once.
 */
function keepsOrder({ type, algorithm, keys, residual }: JoinNode): boolean {
  switch (type) {
    case 'inner':
    case 'semi':
    case 'anti':
    case 'mark':
      return algorithm !== 'merge';
    case 'left':
      return algorithm === 'hash' && residual === null && keys.every((key) => key.left.type.oid === key.right.type.oid);
    default:
      return false;
  }
}

function orderedJoin(node: JoinNode, keys: readonly SortKey[], wanted: Wanted | null): PlanNode | null {
  if (!keepsOrder(node)) return null;
  const left = new Set(node.left.outputs.map(({ id }) => id));
  if (!keys.every(({ expression }) => expression.kind === 'column' && left.has(expression.id))) return null;
  // How many left rows are needed is not known: few, or all.
  const inner = wanted === null ? null : { ...wanted, rows: wanted.rows === Infinity ? Infinity : null };
  const source = orderedSource(node.left, keys, inner);
  return source === null ? null : { ...node, left: source, inOrder: true };
}

/** Rows sorted by the group keys, those of ORDER BY first, make groups in that order. */
function orderedGroups(node: AggregateNode, keys: readonly SortKey[], wanted: Wanted | null): PlanNode | null {
  if (node.sets !== null || node.groups.length === 0) return null;
  const left = [...node.groups];
  const below: SortKey[] = [];
  for (const key of keys) {
    const { expression } = key;
    if (expression.kind !== 'column') return null;
    const group = node.groups[node.outputs.findIndex(({ id }) => id === expression.id)];
    if (group === undefined) return null;
    below.push({ ...key, expression: group });
    if (left.includes(group)) left.splice(left.indexOf(group), 1);
  }
  const inner = wanted === null ? null : { ...wanted, rows: wanted.rows === Infinity ? Infinity : null };
  const source = orderedSource(node.source, [...below, ...left.map((group) => ascending(group))], inner);
  return source === null ? null : { ...node, source, sorted: true };
}

/** What an output column of a projection stands for, if that is a column. */
function behind(
  expression: BoundExpression,
  outputs: readonly { readonly id: ColumnId }[],
  expressions: readonly BoundExpression[],
): BoundExpression | null {
  if (expression.kind !== 'column') return null;
  const index = outputs.findIndex((output) => output.id === expression.id);
  const inner = expressions[index];
  return inner?.kind === 'column' ? inner : null;
}

interface OrderColumn {
  readonly ordinal: number;
  readonly descending: boolean;
  /** Undefined: the column has no nulls. */
  readonly nullsFirst: boolean | undefined;
}

function orderedScan(scan: ScanNode, keys: readonly SortKey[], wanted: Wanted | null): ScanNode | null {
  if (scan.time.kind !== 'now' && scan.time.kind !== 'asOf') return null;
  const { table, access } = scan;
  if (access.kind === 'key') return scan;
  if (access.kind === 'full' || access.kind === 'keyRange') {
    const prefix = access.kind === 'keyRange' ? access.prefix.length : 0;
    const order = directionOf(scan, keys, keyOrder(table), prefix);
    if (order !== null) return { ...scan, order };
  }
  if (access.kind === 'indexRange') {
    const index = table.indexes.find((candidate) => candidate.id === access.indexId);
    const order = index === undefined ? null : directionOf(scan, keys, indexOrder(table, index), access.prefix.length);
    return order === null ? null : { ...scan, order };
  }
  return access.kind === 'full' && wanted !== null ? scanInOrder(scan, keys, wanted) : null;
}

/** A whole index in its order, where that is cheaper than reading the table and sorting it. */
function scanInOrder(scan: ScanNode, keys: readonly SortKey[], { cost, rows }: Wanted): ScanNode | null {
  const { table } = scan;
  for (const index of table.indexes) {
    const order = directionOf(scan, keys, indexOrder(table, index), 0);
    if (order === null) continue;
    const only = cost.switches.indexonlyscan && coversScan(scan, index);
    const all = cost.estimator.tableRows(table);
    const passing = Math.max(1, cost.estimator.rows(scan));
    const read = Math.min(all, ((rows ?? passing * SOME_SHARE) * all) / passing);
    const sorted =
      cost.full(all, conjuncts(scan.filter).length) +
      (rows === Infinity ? cost.sort(passing) : cost.topSort(passing, rows ?? passing * SOME_SHARE));
    if (cost.index(read, only) >= sorted) continue;
    const whole: ScanAccess = { kind: 'indexRange', indexId: index.id, only, ...EVERYTHING };
    return { ...scan, access: { ...whole, entries: all }, order, zones: [] };
  }
  return null;
}

/** Share of the rows that an unknown LIMIT asks for. */
const SOME_SHARE = 0.1;

/** All of an index. */
const EVERYTHING = { prefix: [], low: null, high: null, prefixShare: 1, entries: Infinity, conditions: [] } as const;

function keyOrder(table: TableDef): OrderColumn[] {
  return table.key.map((ordinal) => ({ ordinal, descending: false, nullsFirst: undefined }));
}

/** An index's columns, then the table's key. */
function indexOrder(table: TableDef, index: IndexDef): OrderColumn[] {
  const columns = index.columns.map((column) => {
    const notNull = table.columns.find((candidate) => candidate.id === column.column)?.notNull === true;
    return {
      ordinal: column.column,
      descending: column.descending,
      nullsFirst: notNull ? undefined : column.nullsFirst,
    };
  });
  return [...columns, ...keyOrder(table)];
}

/** The direction in which the stored order is the wanted one, or null. The first `fixed` columns are constant. */
function directionOf(
  scan: ScanNode,
  keys: readonly SortKey[],
  stored: readonly OrderColumn[],
  fixed: number,
): 'asc' | 'desc' | null {
  let direction: 'asc' | 'desc' | null = null;
  let position = fixed;
  const constant = new Set(stored.slice(0, fixed).map((column) => column.ordinal));
  for (const key of keys) {
    const ordinal = ordinalOf(scan, key.expression);
    if (ordinal === null) return null;
    if (constant.has(ordinal)) continue;
    const column = stored[position];
    // Past the end of the key all rows differ already.
    if (column === undefined) break;
    if (column.ordinal !== ordinal) return null;
    const wanted = column.descending === key.descending ? 'asc' : 'desc';
    if (direction !== null && direction !== wanted) return null;
    if (column.nullsFirst !== undefined && (wanted === 'asc') !== (column.nullsFirst === key.nullsFirst)) return null;
    direction = wanted;
    constant.add(ordinal);
    position++;
  }
  return direction ?? 'asc';
}

/** Types whose stored order is that of their comparison. */
export const BYTE_ORDERED: ReadonlySet<number> = new Set([
  16, 17, 20, 21, 23, 25, 26, 700, 701, 1043, 1082, 1083, 1114, 1184, 1700, 2950,
]);

function ordinalOf(scan: ScanNode, expression: BoundExpression): number | null {
  if (expression.kind !== 'column') return null;
  const oid = baseOfDomain(expression.type.oid);
  if (!BYTE_ORDERED.has(oid) && !(isUserType(oid) && typeByOid(oid).category === 'E')) return null;
  return scan.columns.find((column) => column.id === expression.id)?.ordinal ?? null;
}
