/**
 * Predicate push-down: every condition is checked as early as its columns exist.
 *
 * `pushDown(node, conditions)` returns a plan for "node, where all conditions hold" with the conditions as deep as they
 * may go: through projections (columns replaced by what they stand for), into the sides of joins, below grouping and
 * windows where they speak of whole groups and partitions, into both sides of set operations, and at last into scans,
 * where zone maps and keys can use them. On the way outer joins whose padding a condition rejects become inner ones,
 * and comma joins with an equality in WHERE become joins with keys.
 *
 * What may not move: volatile conditions (they stay where they were written), conditions past LIMIT or DISTINCT ON,
 * and ON conditions of an outer join that speak of its preserved side.
 */
import type { BoundExpression, ColumnId } from '../expression.ts';
import type {
  AggregateNode,
  JoinNode,
  JoinType,
  PlanNode,
  ProjectNode,
  ScanNode,
  SetOperationNode,
  SystemScanNode,
  WindowNode,
} from '../plan.ts';
import { conjunction, conjuncts, columnsOf, dependsOnly, hasSubquery, idsOf, isVolatile } from '../walk-expression.ts';
import { mapInputs, substitute } from '../walk-plan.ts';
import { impliedBy } from './factor.ts';
import { conditionOf, joinKeyOf, sideOf } from './join-keys.ts';
import { rejectsNulls } from './null-rejection.ts';

export function pushDown(node: PlanNode, conditions: readonly BoundExpression[] = []): PlanNode {
  if (conditions.some(isNever)) return { kind: 'empty', outputs: node.outputs };
  switch (node.kind) {
    case 'filter':
      return pushThroughFilter(node.source, conjuncts(node.condition), conditions);
    case 'project':
      return pushThroughProject(node, conditions);
    case 'join':
      return pushIntoJoin(node, conditions);
    case 'aggregate':
      return pushThroughAggregate(node, conditions);
    case 'window':
      return pushThroughWindow(node, conditions);
    case 'sort':
      if (node.limit !== null) return keepAbove(node, conditions);
      return { ...node, source: pushDown(node.source, conditions) };
    case 'distinct':
      return split(
        conditions,
        (condition) => !isVolatile(condition),
        (inner) => ({ ...node, source: pushDown(node.source, inner) }),
      );
    case 'setOperation':
      return pushIntoSetOperation(node, conditions);
    case 'with':
      return { ...node, definition: pushDown(node.definition), body: pushDown(node.body, conditions) };
    case 'scan':
    case 'systemScan':
      return pushIntoScan(node, conditions);
    case 'empty':
      return node;
    default:
      return keepAbove(node, conditions);
  }
}

function isNever(condition: BoundExpression): boolean {
  return condition.kind === 'const' && condition.value !== true;
}

/** The node with its inputs done, and the conditions in a filter on top. */
function keepAbove(node: PlanNode, conditions: readonly BoundExpression[]): PlanNode {
  return filtered(
    mapInputs(node, (input) => pushDown(input)),
    conditions,
  );
}

export function filtered(node: PlanNode, conditions: readonly BoundExpression[]): PlanNode {
  const condition = conjunction(conditions.filter((item) => item.kind !== 'const' || item.value !== true));
  return condition === null ? node : { kind: 'filter', source: node, condition, outputs: node.outputs };
}

/** Passes the conditions that satisfy `movable` to `inner`, keeps the others above. */
function split(
  conditions: readonly BoundExpression[],
  movable: (condition: BoundExpression) => boolean,
  inner: (conditions: readonly BoundExpression[]) => PlanNode,
): PlanNode {
  const below: BoundExpression[] = [];
  const above: BoundExpression[] = [];
  for (const condition of conditions) (movable(condition) ? below : above).push(condition);
  return filtered(inner(below), above);
}

function pushThroughFilter(
  source: PlanNode,
  own: readonly BoundExpression[],
  conditions: readonly BoundExpression[],
): PlanNode {
  const all = [...own, ...conditions];
  return split(
    all,
    (condition) => !isVolatile(condition),
    (inner) => pushDown(source, inner),
  );
}

function pushThroughProject(node: ProjectNode, conditions: readonly BoundExpression[]): PlanNode {
  const replacements = new Map<ColumnId, BoundExpression>();
  const fixed = new Set<ColumnId>();
  node.outputs.forEach((output, index) => {
    const expression = node.expressions[index];
    if (expression === undefined) return;
    if (expression.kind === 'column' && expression.id === output.id) return;
    if (isVolatile(expression) || hasSubquery(expression)) fixed.add(output.id);
    else replacements.set(output.id, expression);
  });
  return split(
    conditions,
    (condition) => !isVolatile(condition) && dependsOnly(condition, (id) => !fixed.has(id)),
    (inner) => ({
      ...node,
      source: pushDown(
        node.source,
        inner.map((condition) => substitute(condition, replacements)),
      ),
    }),
  );
}

function pushThroughAggregate(node: AggregateNode, conditions: readonly BoundExpression[]): PlanNode {
  const replacements = new Map<ColumnId, BoundExpression>();
  if (node.sets === null) {
    node.groups.forEach((group, index) => {
      const output = node.outputs[index];
      if (output !== undefined && !isVolatile(group)) replacements.set(output.id, group);
    });
  }
  const own = idsOf(node);
  // The group of all rows is there without any: what filters rows must not filter it.
  const always = node.groups.length === 0 || (node.sets?.some((set) => set.length === 0) ?? false);
  return split(
    conditions,
    (condition) =>
      !always && !isVolatile(condition) && dependsOnly(condition, (id) => replacements.has(id) || !own.has(id)),
    (inner) => ({
      ...node,
      source: pushDown(
        node.source,
        inner.map((condition) => substitute(condition, replacements)),
      ),
    }),
  );
}

/** A condition on a window's partition keys drops whole partitions, so it may come first. */
function pushThroughWindow(node: WindowNode, conditions: readonly BoundExpression[]): PlanNode {
  const keys = new Set<ColumnId>();
  for (const key of node.window.partition) if (key.kind === 'column') keys.add(key.id);
  const own = idsOf(node);
  return split(
    conditions,
    (condition) => !isVolatile(condition) && dependsOnly(condition, (id) => keys.has(id) || !own.has(id)),
    (inner) => ({ ...node, source: pushDown(node.source, inner) }),
  );
}

function pushIntoSetOperation(node: SetOperationNode, conditions: readonly BoundExpression[]): PlanNode {
  const into = (side: PlanNode, inner: readonly BoundExpression[]): PlanNode => {
    const replacements = new Map<ColumnId, BoundExpression>();
    node.outputs.forEach((output, index) => {
      const column = side.outputs[index];
      if (column !== undefined)
        replacements.set(output.id, { kind: 'column', id: column.id, name: column.name, type: column.type });
    });
    return pushDown(
      side,
      inner.map((condition) => substitute(condition, replacements)),
    );
  };
  return split(
    conditions,
    (condition) => !isVolatile(condition) && !hasSubquery(condition),
    (inner) => ({ ...node, left: into(node.left, inner), right: into(node.right, inner) }),
  );
}

function pushIntoScan(node: ScanNode | SystemScanNode, conditions: readonly BoundExpression[]): PlanNode {
  return split(
    conditions,
    (condition) => !isVolatile(condition) && !hasSubquery(condition),
    (inner) => {
      const filter = conjunction([
        ...conjuncts(node.filter),
        ...inner.filter((item) => item.kind !== 'const' || item.value !== true),
      ]);
      return filter === node.filter ? node : { ...node, filter };
    },
  );
}

function pushIntoJoin(join: JoinNode, conditions: readonly BoundExpression[]): PlanNode {
  if (join.type === 'right') return pushIntoJoin(mirrored(join), conditions);
  const left = idsOf(join.left);
  const right = idsOf(join.right);
  const type = simplified(join, conditions, left, right);
  const on = [...join.keys.map((key) => conditionOf(key)), ...conjuncts(join.residual)];
  const above: BoundExpression[] = [];
  const toLeft: BoundExpression[] = [];
  const toRight: BoundExpression[] = [];
  const matching: BoundExpression[] = [];

  for (const condition of conditions) {
    const side = sideOf(condition, left, right);
    const mentionsMark = join.mark !== null && columnsOf(condition).has(join.mark);
    if (isVolatile(condition) || mentionsMark) above.push(condition);
    else if ((side === 'left' || side === 'none') && type !== 'full') toLeft.push(condition);
    else if (type === 'inner') (side === 'right' ? toRight : matching).push(condition);
    else above.push(condition);
  }
  for (const condition of on) {
    const side = sideOf(condition, left, right);
    if (isVolatile(condition)) matching.push(condition);
    else if (side === 'right' && type !== 'full') toRight.push(condition);
    else if (side === 'none' && type === 'inner') toLeft.push(condition);
    else if (side === 'left' && (type === 'inner' || type === 'semi')) toLeft.push(condition);
    else matching.push(condition);
  }
  if (join.nullAware) return pushNullAware(join, { above, toLeft });
  if (type === 'inner') {
    derive(matching, toLeft, toRight, left, right);
    for (const condition of matching) {
      const [aboutLeft, aboutRight] = [impliedBy(condition, left), impliedBy(condition, right)];
      if (aboutLeft !== null) toLeft.push(aboutLeft);
      if (aboutRight !== null) toRight.push(aboutRight);
    }
  }

  const keys = [];
  const residual: BoundExpression[] = [];
  for (const condition of matching) {
    const key = joinKeyOf(condition, left, right);
    if (key === null) residual.push(condition);
    else keys.push(key);
  }
  const correlated = join.correlated;
  const algorithm = correlated.length > 0 ? join.algorithm : keys.length > 0 ? 'hash' : 'loop';
  const pushed: JoinNode = {
    ...join,
    type,
    left: pushDown(join.left, toLeft),
    right: pushDown(join.right, toRight),
    keys,
    residual: conjunction(residual.filter((item) => item.kind !== 'const' || item.value !== true)),
    algorithm,
  };
  if (type === 'inner' && (pushed.left.kind === 'empty' || pushed.right.kind === 'empty' || residual.some(isNever))) {
    return { kind: 'empty', outputs: join.outputs };
  }
  return filtered(pushed, above);
}

/** NOT IN and three-valued marks: every row of the right side counts, so nothing but left conditions moves. */
function pushNullAware(
  join: JoinNode,
  moved: { above: readonly BoundExpression[]; toLeft: readonly BoundExpression[] },
): PlanNode {
  const node: JoinNode = { ...join, left: pushDown(join.left, moved.toLeft), right: pushDown(join.right) };
  return filtered(node, moved.above);
}

function mirrored(join: JoinNode): JoinNode {
  const keys = [];
  const rest: BoundExpression[] = [];
  const left = idsOf(join.right);
  const right = idsOf(join.left);
  for (const key of join.keys) {
    const swapped = joinKeyOf(conditionOf(key), left, right);
    if (swapped === null) rest.push(conditionOf(key));
    else keys.push(swapped);
  }
  return {
    ...join,
    type: 'left',
    left: join.right,
    right: join.left,
    keys,
    residual: conjunction([...rest, ...conjuncts(join.residual)]),
  };
}

function simplified(
  join: JoinNode,
  conditions: readonly BoundExpression[],
  left: ReadonlySet<ColumnId>,
  right: ReadonlySet<ColumnId>,
): JoinType {
  const rejects = (ids: ReadonlySet<ColumnId>): boolean =>
    conditions.some((item) => rejectsNulls(item, (id) => ids.has(id)));
  if (join.type === 'left') return rejects(right) ? 'inner' : 'left';
  if (join.type !== 'full') return join.type;
  // A condition that rejects the left's nulls drops the rows that are padded on the left.
  const dropsRightOnly = rejects(left);
  const dropsLeftOnly = rejects(right);
  if (dropsRightOnly && dropsLeftOnly) return 'inner';
  return dropsRightOnly ? 'left' : 'full';
}

/** From a = b and a = constant follows b = constant, which the other side's keys and zone maps can use. */
function derive(
  matching: readonly BoundExpression[],
  toLeft: BoundExpression[],
  toRight: BoundExpression[],
  left: ReadonlySet<ColumnId>,
  right: ReadonlySet<ColumnId>,
): void {
  const leftCount = toLeft.length;
  const rightCount = toRight.length;
  for (const condition of matching) {
    const key = joinKeyOf(condition, left, right);
    if (key === null || key.left.kind !== 'column' || key.right.kind !== 'column') continue;
    if (key.left.type.oid !== key.right.type.oid) continue;
    for (let i = 0; i < leftCount; i++) carryOver(toLeft[i], key.left.id, key.right, toRight);
    for (let i = 0; i < rightCount; i++) carryOver(toRight[i], key.right.id, key.left, toLeft);
  }
}

function carryOver(
  condition: BoundExpression | undefined,
  from: ColumnId,
  to: BoundExpression,
  into: BoundExpression[],
): void {
  if (condition === undefined || condition.kind !== 'call' || condition.operator !== '=' || condition.args.length !== 2)
    return;
  const [first, second] = condition.args;
  if (first?.kind !== 'column' || first.id !== from || second === undefined) return;
  if (second.kind !== 'const' && second.kind !== 'parameter') return;
  into.push({ ...condition, args: [to, second] });
}
