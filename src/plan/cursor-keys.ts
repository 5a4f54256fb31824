/**
 * What lets UPDATE and DELETE … WHERE CURRENT OF find a cursor's row: the keys of the tables that a cursor reads, added
 * to the outputs of its plan.
 *
 * Two kinds of cursor know their rows (PostgreSQL, DECLARE). One FOR UPDATE or FOR SHARE knows a row of each table that
 * it locks, whatever it does with them. Another one must be a plain scan: of one table, filtered, projected, limited.
 * Whether it is sorted shows only in the optimized plan, because an index may give the order.
 */
import type { TableDef } from '../catalog/schema.ts';
import type { LockingClause, Query } from '../sql/ast-query.ts';
import type { BindableStatement } from './bind.ts';
import type { BoundExpression } from './expression.ts';
import type { Plan, PlanColumn, PlanNode, ScanNode } from './plan.ts';
import { somePlan } from './walk-plan.ts';

/** A table that the cursor reads; `outputs` are where its key stands among the plan's outputs. */
export interface CursorTable {
  readonly table: TableDef;
  readonly locked: boolean;
  readonly outputs: readonly number[];
}

/** How a statement's plan is made, in the place of optimizing it alone. */
export type Shape = (bound: Plan, statement: BindableStatement, optimized: (bound: Plan) => Plan) => Plan;

export interface KeyedPlan {
  readonly plan: Plan;
  /** The outputs from here on are keys. */
  readonly width: number;
  readonly tables: readonly CursorTable[];
}

/** REQUIRES: a plan that is not optimized yet. */
export function exposeKeys(plan: Plan, query: Query): KeyedPlan {
  const width = plan.root.outputs.length;
  const found: { scan: ScanNode; keys: readonly PlanColumn[] }[] = [];
  const root = exposed(plan.root, found, query.locking.length > 0);
  const tables = found.map(({ scan, keys }) => ({
    table: scan.table,
    locked: query.locking.some((clause) => locks(clause, scan)),
    outputs: keys.map(({ id }) => root.outputs.findIndex((output) => output.id === id)),
  }));
  return { plan: { ...plan, root }, width, tables };
}

function locks({ of }: LockingClause, { alias }: ScanNode): boolean {
  return of.length === 0 || of.some(({ name }) => name === alias);
}

/** The node with the keys of the scans below it among its outputs. `joined`: also through joins and sorts. */
function exposed(node: PlanNode, found: { scan: ScanNode; keys: readonly PlanColumn[] }[], joined: boolean): PlanNode {
  switch (node.kind) {
    case 'scan': {
      if (node.time.kind !== 'now' || node.table.schema === 'drift') return node;
      const keys = node.table.key.map((ordinal) => keyOutput(node, ordinal));
      found.push({ scan: node, keys });
      return node;
    }
    case 'project': {
      const source = exposed(node.source, found, joined);
      const keys = found.flatMap((entry) => entry.keys).filter(({ id }) => node.outputs.every((own) => own.id !== id));
      return {
        ...node,
        source,
        expressions: [...node.expressions, ...keys.map(reference)],
        outputs: [...node.outputs, ...keys],
      };
    }
    case 'filter':
    case 'limit': {
      const source = exposed(node.source, found, joined);
      return { ...node, source, outputs: source.outputs };
    }
    case 'sort': {
      const source = exposed(node.source, found, joined);
      return { ...node, source, outputs: source.outputs };
    }
    case 'lockRows': {
      const source = exposed(node.source, found, joined);
      const keys = found.flatMap((entry) => entry.keys).filter(({ id }) => node.outputs.every((own) => own.id !== id));
      return { ...node, source, outputs: [...node.outputs, ...keys] };
    }
    case 'join': {
      if (!joined || (node.type !== 'inner' && node.type !== 'left' && node.type !== 'right' && node.type !== 'full'))
        return node;
      const left = exposed(node.left, found, joined);
      const right = exposed(node.right, found, joined);
      return { ...node, left, right, outputs: [...left.outputs, ...right.outputs] };
    }
    default:
      return node;
  }
}

function keyOutput(scan: ScanNode, ordinal: number): PlanColumn {
  const id = scan.columns.find((column) => column.ordinal === ordinal)?.id;
  return scan.outputs.find((output) => output.id === id) as PlanColumn;
}

function reference({ id, name, type }: PlanColumn): BoundExpression {
  return { kind: 'column', id, name, type };
}

/** Whether a plan that ran gave its rows in the order of its scan. */
export function isPlainScan(plan: Plan): boolean {
  return !somePlan(plan.root, ({ kind }) => kind === 'sort' || kind === 'join' || kind === 'aggregate');
}

/** Whether PostgreSQL would let a cursor over such a plan go backwards without SCROLL (ExecSupportsBackwardScan). */
export function scansBackward(node: PlanNode): boolean {
  switch (node.kind) {
    case 'project':
    case 'filter':
    case 'limit':
      return scansBackward(node.source);
    case 'scan':
    case 'systemScan':
    case 'functionScan':
    case 'values':
    case 'sort':
    case 'cteScan':
      return true;
    default:
      return false;
  }
}
