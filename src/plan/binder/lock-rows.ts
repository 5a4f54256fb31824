/**
 * FOR UPDATE and its kin in a plan: which tables' rows are locked, and their keys carried up to where that happens,
 * behind sorting and before LIMIT.
 *
 * Tables of FROM are locked, also inside of its subqueries and views, where each row comes from one of the table's.
 */
import type { LockingClause, Query } from '../../sql/ast-query.ts';
import type { ColumnId } from '../expression.ts';
import type { LockRowsNode, PlanColumn, PlanNode, RowLock, ScanNode } from '../plan.ts';
import { columnOf } from './scope.ts';

/** Strengths from the weakest: of several clauses for a table the strongest counts. */
const STRENGTHS: readonly LockingClause['strength'][] = ['key share', 'share', 'no key update', 'update'];

export function lockRows(plan: PlanNode, query: Query): PlanNode {
  const scans = scansOf(plan);
  const locks: RowLock[] = [];
  const keys = new Map<ColumnId, PlanColumn>();
  for (const scan of scans) {
    const clause = clauseFor(scan, scans, query.locking);
    if (clause === null) continue;
    const key = scan.table.key.map((ordinal) => {
      const id = scan.columns.find((column) => column.ordinal === ordinal)?.id;
      return scan.outputs.find((output) => output.id === id);
    });
    if (!key.every((column) => column !== undefined)) continue;
    for (const column of key) keys.set(column.id, column);
    locks.push({
      table: scan.table,
      key: key.map(({ id, name, type }) => columnOf(id, name, type)),
      column: key[0]?.id ?? 0,
      strength: clause.strength,
      wait: clause.wait,
    });
  }
  if (locks.length === 0) return plan;
  const node: LockRowsNode = {
    kind: 'lockRows',
    source: carrying(plan, [...keys.values()]),
    locks,
    oneByOne: query.limit !== undefined,
    outputs: plan.outputs,
  };
  return node;
}

/** Scans of tables as they are now, whose rows make the plan's. */
function scansOf(node: PlanNode): ScanNode[] {
  switch (node.kind) {
    case 'scan':
      return node.time.kind === 'now' ? [node] : [];
    case 'project':
    case 'filter':
    case 'sort':
    case 'limit':
      return scansOf(node.source);
    case 'join':
      return node.type === 'semi' || node.type === 'anti' || node.type === 'mark'
        ? scansOf(node.left)
        : [...scansOf(node.left), ...scansOf(node.right)];
    default:
      return [];
  }
}

/** What the clauses say of a table: the strongest, and of what to do about others NOWAIT before SKIP LOCKED. */
function clauseFor(
  scan: ScanNode,
  scans: readonly ScanNode[],
  clauses: readonly LockingClause[],
): Pick<LockingClause, 'strength' | 'wait'> | null {
  const concerning = clauses.filter(({ of }) => {
    if (of.length === 0 || of.some(({ name }) => name === scan.alias)) return true;
    // A view or a subquery is named: its tables have names of their own.
    return of.some(({ name }) => !scans.some(({ alias }) => alias === name));
  });
  if (concerning.length === 0) return null;
  const strongest = Math.max(...concerning.map(({ strength }) => STRENGTHS.indexOf(strength)));
  const wait = (['nowait', 'skip locked'] as const).find((one) => concerning.some((clause) => clause.wait === one));
  return { strength: STRENGTHS[strongest] ?? 'update', wait: wait ?? 'block' };
}

/** The plan with further columns of its scans among its outputs. */
function carrying(node: PlanNode, wanted: readonly PlanColumn[]): PlanNode {
  const has = new Set(node.outputs.map(({ id }) => id));
  const missing = wanted.filter(({ id }) => !has.has(id));
  if (missing.length === 0) return node;
  switch (node.kind) {
    case 'project': {
      const source = carrying(node.source, missing);
      const there = missing.filter(({ id }) => source.outputs.some((output) => output.id === id));
      return {
        ...node,
        source,
        expressions: [...node.expressions, ...there.map(({ id, name, type }) => columnOf(id, name, type))],
        outputs: [...node.outputs, ...there],
      };
    }
    case 'filter':
    case 'sort':
    case 'limit': {
      const source = carrying(node.source, missing);
      return { ...node, source, outputs: source.outputs };
    }
    case 'join': {
      const [left, right] = [carrying(node.left, missing), carrying(node.right, missing)];
      const there = missing.filter(({ id }) => [...left.outputs, ...right.outputs].some((output) => output.id === id));
      return { ...node, left, right, outputs: [...node.outputs, ...there] };
    }
    default:
      return node;
  }
}
