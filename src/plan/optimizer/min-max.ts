/**
 * min and max of an indexed column: its first or last entry, instead of a look at every row.
 *
 *     SELECT min(x), max(x) FROM t   →   SELECT (SELECT x FROM t WHERE x IS NOT NULL ORDER BY x LIMIT 1),
 *                                               (SELECT x FROM t WHERE x IS NOT NULL ORDER BY x DESC LIMIT 1)
 *
 * Whether each is then an ordered scan is for order.ts to say. For tables of some size only, without a condition.
 */
import type { AggregateCall, BoundExpression, ColumnId } from '../expression.ts';
import type { AggregateNode, PlanColumn, PlanNode, ScanNode } from '../plan.ts';
import { mapInputs } from '../walk-plan.ts';
import type { CostModel } from './cost.ts';
import { BYTE_ORDERED } from './order.ts';

/** Below so many rows a look at all of them is as good. */
const LEAST_ROWS = 1000;

export function seekExtremes(node: PlanNode, cost: CostModel, nextId: () => ColumnId): PlanNode {
  const inner = mapInputs(node, (input) => seekExtremes(input, cost, nextId));
  return inner.kind === 'aggregate' ? (sought(inner, cost, nextId) ?? inner) : inner;
}

function sought(node: AggregateNode, cost: CostModel, nextId: () => ColumnId): PlanNode | null {
  const { source, groups, sets, aggregates, outputs } = node;
  if (groups.length > 0 || sets !== null || source.kind !== 'scan' || aggregates.length === 0) return null;
  if (source.filter !== null || source.version !== null) return null;
  if (source.time.kind !== 'now' && source.time.kind !== 'asOf') return null;
  if (cost.estimator.tableRows(source.table) < LEAST_ROWS) return null;
  const expressions: BoundExpression[] = [];
  for (const [i, call] of aggregates.entries()) {
    const found = extreme(source, call, outputs[i] as PlanColumn, nextId);
    if (found === null) return null;
    expressions.push(found);
  }
  return { kind: 'project', source: { kind: 'oneRow', outputs: [] }, expressions, outputs };
}

function extreme(
  scan: ScanNode,
  { fn, args, distinct, filter }: AggregateCall,
  output: PlanColumn,
  nextId: () => ColumnId,
): BoundExpression | null {
  const [arg] = args;
  if ((fn.name !== 'min' && fn.name !== 'max') || args.length !== 1 || distinct || filter !== null) return null;
  if (arg?.kind !== 'column' || arg.type.oid !== output.type.oid || !BYTE_ORDERED.has(arg.type.oid)) return null;
  const ordinal = scan.columns.find(({ id }) => id === arg.id)?.ordinal;
  if (ordinal === undefined || !isLeading(scan, ordinal)) return null;
  // Each look-up is a scan of its own, with columns of its own.
  const column: PlanColumn = { id: nextId(), name: arg.name, type: arg.type };
  const value: BoundExpression = { kind: 'column', id: column.id, name: arg.name, type: arg.type };
  const outputs = [column];
  const own: ScanNode = {
    ...scan,
    columns: [{ id: column.id, ordinal }],
    outputs,
    filter: { kind: 'isNull', operand: value, negated: true, type: { oid: 16, typmod: -1 } },
  };
  const descending = fn.name === 'max';
  const keys = [{ expression: value, descending, nullsFirst: descending }];
  const sort: PlanNode = { kind: 'sort', source: own, keys, limit: null, outputs };
  const one: BoundExpression = { kind: 'const', value: 1, type: { oid: 20, typmod: -1 } };
  const plan: PlanNode = { kind: 'limit', source: sort, count: one, offset: null, ties: null, outputs };
  return { kind: 'subquery', mode: 'scalar', plan, correlated: [], test: null, type: output.type };
}

function isLeading({ table }: ScanNode, ordinal: number): boolean {
  if (table.key[0] === ordinal) return true;
  return table.indexes.some(({ columns, where }) => columns[0]?.column === ordinal && where === undefined);
}
