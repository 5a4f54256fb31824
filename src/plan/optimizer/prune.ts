/**
 * Projection pruning: no node computes, reads or passes up a column that nobody above it asks for.
 *
 * In a columnar store this is the rule that pays most: a scan reads only the columns named here. `prune(node, needed)`
 * keeps at least the outputs in `needed`; where a node's outputs have a meaning by position (set operations, distinct
 * rows, CTEs read elsewhere) all of them are needed.
 */
import type { BoundExpression, ColumnId } from '../expression.ts';
import type {
  AggregateNode,
  JoinNode,
  PlanColumn,
  PlanNode,
  ProjectNode,
  ScanNode,
  SetOperationNode,
} from '../plan.ts';
import { collectColumns, idsOf } from '../walk-expression.ts';
import { mapInputs, mapSubqueries, visitExpressions } from '../walk-plan.ts';

type Needed = ReadonlySet<ColumnId>;

/** Prunes a plan all of whose outputs are wanted. */
export function prunePlan(plan: PlanNode): PlanNode {
  return prune(plan, idsOf(plan));
}

function prune(node: PlanNode, needed: Needed): PlanNode {
  return mapSubqueries(pruneNode(node, needed), prunePlan);
}

function pruneNode(node: PlanNode, needed: Needed): PlanNode {
  switch (node.kind) {
    case 'scan':
      return pruneScan(node, needed);
    case 'systemScan': {
      const used = withOwn(node, needed);
      const kept = node.outputs.map((output) => used.has(output.id));
      return {
        ...node,
        outputs: node.outputs.filter((_, i) => kept[i]),
        columns: node.columns.filter((_, i) => kept[i]),
      };
    }
    case 'cteScan':
    case 'workScan': {
      const kept = node.outputs.map((output) => needed.has(output.id));
      return {
        ...node,
        outputs: node.outputs.filter((_, i) => kept[i]),
        columns: node.columns.filter((_, i) => kept[i]),
      };
    }
    case 'values': {
      const kept = node.outputs.map((output) => needed.has(output.id));
      if (!kept.includes(false)) return node;
      return {
        ...node,
        outputs: node.outputs.filter((_, i) => kept[i]),
        rows: node.rows.map((row) => row.filter((_, i) => kept[i])),
        constants: node.constants && {
          ...node.constants,
          columns: node.constants.columns.filter((_, i) => kept[i]),
        },
      };
    }
    case 'empty':
      return { ...node, outputs: node.outputs.filter((output) => needed.has(output.id)) };
    case 'functionScan':
    case 'oneRow':
      return node;
    case 'project':
      return pruneProject(node, needed);
    case 'join':
      return pruneJoin(node, needed);
    case 'aggregate':
      return pruneAggregate(node, needed);
    case 'projectSet': {
      const source = prune(node.source, withOwn(node, needed));
      return { ...node, source, outputs: [...source.outputs, ...node.outputs.slice(node.source.outputs.length)] };
    }
    case 'window': {
      const first = node.source.outputs.length;
      const kept = node.calls.map((_, i) => needed.has(node.outputs[first + i]?.id ?? -1));
      const calls = node.calls.filter((_, i) => kept[i]);
      if (calls.length === 0) return prune(node.source, needed);
      const slim = { ...node, calls };
      const source = prune(node.source, withOwn(slim, needed));
      return { ...slim, source, outputs: [...source.outputs, ...node.outputs.slice(first).filter((_, i) => kept[i])] };
    }
    case 'filter':
    case 'sort':
    case 'limit':
    case 'distinctOn': {
      const source = prune(node.source, withOwn(node, needed));
      return { ...node, source, outputs: source.outputs };
    }
    case 'lockRows': {
      const source = prune(node.source, withOwn(node, needed));
      return { ...node, source, outputs: node.outputs.filter(({ id }) => needed.has(id)) };
    }
    case 'distinct':
    case 'gather':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return pruneModified(node);
    case 'setOperation':
      return node.operation === 'union' && node.all ? pruneUnion(node, needed) : mapInputs(node, prunePlan);
    case 'with':
      return { ...node, definition: prunePlan(node.definition), ...bodyOf(node.body, needed) };
    case 'recursiveUnion':
      return mapInputs(node, prunePlan);
  }
}

function bodyOf(body: PlanNode, needed: Needed): { body: PlanNode; outputs: readonly PlanColumn[] } {
  const pruned = prune(body, needed);
  return { body: pruned, outputs: pruned.outputs };
}

/** What the node's own expressions mention, besides what is needed above. */
function withOwn(node: PlanNode, needed: Needed): Set<ColumnId> {
  const all = new Set(needed);
  visitExpressions(node, (expression) => collectColumns(expression, all));
  return all;
}

function pruneModified(node: PlanNode): PlanNode {
  if (node.kind === 'distinct' || node.kind === 'gather') return { ...node, source: prunePlan(node.source) };
  const used = withOwn(node, new Set());
  if (node.kind === 'update' || node.kind === 'delete' || node.kind === 'merge')
    for (const id of node.oldRow) used.add(id);
  return mapInputs(node, (input) => prune(input, used));
}

/** UNION ALL compares nothing: columns that nobody reads go, at the same places of both sides. */
function pruneUnion(node: SetOperationNode, needed: Needed): PlanNode {
  const kept = node.outputs.map(({ id }) => needed.has(id));
  const side = (input: PlanNode): PlanNode => {
    const outputs = input.outputs.filter((_, i) => kept[i]);
    const source = prune(input, new Set(outputs.map(({ id }) => id)));
    const same = source.outputs.length === outputs.length && outputs.every(({ id }, i) => source.outputs[i]?.id === id);
    if (same) return source;
    const expressions = outputs.map(({ id, name, type }): BoundExpression => ({ kind: 'column', id, name, type }));
    return { kind: 'project', source, expressions, outputs };
  };
  return { ...node, left: side(node.left), right: side(node.right), outputs: node.outputs.filter((_, i) => kept[i]) };
}

function pruneScan(scan: ScanNode, needed: Needed): PlanNode {
  const used = withOwn(scan, needed);
  const columns = scan.columns.filter((column) => used.has(column.id));
  const version = scan.version;
  const kept =
    version === null
      ? null
      : {
          seqFrom: keep(version.seqFrom, used),
          seqTo: keep(version.seqTo, used),
          sysFrom: keep(version.sysFrom, used),
          sysTo: keep(version.sysTo, used),
        };
  const none =
    kept === null || (kept.seqFrom === null && kept.seqTo === null && kept.sysFrom === null && kept.sysTo === null);
  return {
    ...scan,
    columns,
    version: none ? null : kept,
    outputs: scan.outputs.filter((output) => used.has(output.id)),
  };
}

function keep(id: ColumnId | null, used: Needed): ColumnId | null {
  return id !== null && used.has(id) ? id : null;
}

function pruneProject(node: ProjectNode, needed: Needed): PlanNode {
  const kept = node.outputs.map((output) => needed.has(output.id));
  const outputs = node.outputs.filter((_, i) => kept[i]);
  const expressions = node.expressions.filter((_, i) => kept[i]);
  const slim = { ...node, outputs, expressions };
  const source = prune(node.source, withOwn(slim, new Set()));
  return isIdentity(source, outputs, expressions) ? source : { ...slim, source };
}

/** A projection that passes its source's columns through unchanged, in order and under their names. */
function isIdentity(
  source: PlanNode,
  outputs: readonly PlanColumn[],
  expressions: readonly BoundExpression[],
): boolean {
  if (source.outputs.length !== outputs.length) return false;
  for (let i = 0; i < outputs.length; i++) {
    const expression = expressions[i];
    if (expression?.kind !== 'column' || expression.id !== outputs[i]?.id) return false;
    if (source.outputs[i]?.id !== expression.id || source.outputs[i]?.name !== outputs[i]?.name) return false;
  }
  return true;
}

function pruneJoin(join: JoinNode, needed: Needed): PlanNode {
  const used = withOwn(join, needed);
  for (const id of join.correlated) used.add(id);
  return {
    ...join,
    left: prune(join.left, used),
    right: prune(join.right, used),
    outputs: join.outputs.filter((output) => needed.has(output.id)),
  };
}

function pruneAggregate(node: AggregateNode, needed: Needed): PlanNode {
  const first = node.groups.length;
  const kept = node.aggregates.map((_, i) => needed.has(node.outputs[first + i]?.id ?? -1));
  const slim: AggregateNode = {
    ...node,
    aggregates: node.aggregates.filter((_, i) => kept[i]),
    outputs: node.outputs.filter((_, i) => i < first || i >= first + kept.length || kept[i - first]),
  };
  return { ...slim, source: prune(node.source, withOwn(slim, new Set())) };
}
