/**
 * Orders: sorts that a key or an index makes superfluous, and top-N sorts.
 *
 * A table is stored in key order and an index in its own, so ORDER BY on a prefix of either needs no sort, only an
 * ordered scan. A sort under a LIMIT needs to keep only the first rows: it is told how many.
 */
import { isUserType } from '../../catalog/user-types.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { baseOfDomain } from '../../sql/user-coercion.ts';
import type { IndexDef, TableDef } from '../../catalog/schema.ts';
import type { BoundExpression, ColumnId, SortKey } from '../expression.ts';
import type { LimitNode, PlanNode, ScanNode, SortNode } from '../plan.ts';
import type { ScanAccess } from '../scan-access.ts';
import { mapInputs } from '../walk-plan.ts';

export function chooseOrders(node: PlanNode): PlanNode {
  if (node.kind === 'limit') return { ...node, source: underLimit(node.source, node) };
  if (node.kind === 'sort') return sortOf(node, null);
  return mapInputs(node, chooseOrders);
}

/** Finds the sort under a limit through projections. */
function underLimit(node: PlanNode, limit: LimitNode): PlanNode {
  if (node.kind === 'project') return { ...node, source: underLimit(node.source, limit) };
  if (node.kind === 'sort') return sortOf(node, limit);
  return chooseOrders(node);
}

function sortOf(sort: SortNode, limit: LimitNode | null): PlanNode {
  const ordered = orderedSource(sort.source, sort.keys, limit !== null);
  if (ordered !== null) return ordered;
  const source = chooseOrders(sort.source);
  if (limit === null || limit.count === null || limit.ties !== null) return { ...sort, source };
  return { ...sort, source, limit: { count: limit.count, offset: limit.offset } };
}

/** The source with its scan ordered as the keys ask, or null. */
function orderedSource(node: PlanNode, keys: readonly SortKey[], limited: boolean): PlanNode | null {
  switch (node.kind) {
    case 'filter': {
      const source = orderedSource(node.source, keys, limited);
      return source === null ? null : { ...node, source };
    }
    case 'project': {
      const below: SortKey[] = [];
      for (const key of keys) {
        const expression = behind(key.expression, node.outputs, node.expressions);
        if (expression === null) return null;
        below.push({ ...key, expression });
      }
      const source = orderedSource(node.source, below, limited);
      return source === null ? null : { ...node, source };
    }
    case 'scan':
      return orderedScan(node, keys, limited);
    default:
      return null;
  }
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

function orderedScan(scan: ScanNode, keys: readonly SortKey[], limited: boolean): ScanNode | null {
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
  if (access.kind !== 'full' || !limited || scan.filter !== null) return null;
  for (const index of table.indexes) {
    const order = directionOf(scan, keys, indexOrder(table, index), 0);
    const whole: ScanAccess = { kind: 'indexRange', indexId: index.id, only: false, ...EVERYTHING };
    if (order !== null) return { ...scan, access: whole, order };
  }
  return null;
}

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
const BYTE_ORDERED = new Set([16, 17, 20, 21, 23, 25, 26, 700, 701, 1043, 1082, 1083, 1114, 1184, 1700, 2950]);

function ordinalOf(scan: ScanNode, expression: BoundExpression): number | null {
  if (expression.kind !== 'column') return null;
  const oid = baseOfDomain(expression.type.oid);
  if (!BYTE_ORDERED.has(oid) && !(isUserType(oid) && typeByOid(oid).category === 'E')) return null;
  return scan.columns.find((column) => column.id === expression.id)?.ordinal ?? null;
}
