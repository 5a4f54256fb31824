/**
 * Join order.
 *
 * A maximal tree of inner joins is taken apart into its relations and its conditions, and put together anew: up to ten
 * linked relations in the cheapest order there is (join-search.ts), more of them, and parts that nothing links, greedily:
 * in each step the two parts whose join gives the fewest rows are joined (greedy operator ordering, Fegaras 1998). That
 * costs O(n³) for n relations, so that a join of 60 tables is planned in milliseconds. Both give bushy trees. The smaller
 * side becomes the right one, on which a hash join builds.
 *
 * Relations with an `apply` above them stay below it: what they mention must come from their left.
 */
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { JoinKey, JoinNode, PlanColumn, PlanNode } from '../plan.ts';
import { columnsOf, conjunction, conjuncts, idsOf } from '../walk-expression.ts';
import { mapInputs } from '../walk-plan.ts';
import { conditionOf, joinKeyOf } from './join-keys.ts';
import type { AccessContext } from './path-finder.ts';
import type { Leading } from './hints.ts';
import { type JoinGraph, joinGraph, looseConditions, lowest, stepBetween } from './join-graph.ts';
import { type JoinTree, MAX_SEARCHED, searchJoinOrder } from './join-search.ts';
import { filtered } from './push-down.ts';
import type { Estimator } from './statistics.ts';

interface Part {
  readonly node: PlanNode;
  readonly ids: ReadonlySet<ColumnId>;
  readonly rows: number;
}

export function orderJoins(node: PlanNode, context: AccessContext): PlanNode {
  const { estimator } = context.cost;
  if (node.kind === 'with') {
    const definition = orderJoins(node.definition, context);
    estimator.noteCte({ ...node, definition });
    return { ...node, definition, body: orderJoins(node.body, context) };
  }
  if (!isFree(node))
    return swapSides(
      mapInputs(node, (input) => orderJoins(input, context)),
      estimator,
    );
  const relations: PlanNode[] = [];
  const conditions: BoundExpression[] = [];
  takeApart(node, relations, conditions);
  const parts = relations.map((relation) => partOf(orderJoins(relation, context), estimator));
  const local = new Set(parts.flatMap((part) => [...part.ids]));
  const components = componentsOf(parts, conditions);
  const { hints } = context.cost;
  const joined = components.map((component) => {
    const own = conditions.filter((condition) => mentions(condition, component.ids));
    const given = { parts: component.parts, conditions: own };
    const leading = hints?.leading ?? null;
    const start = leading === null ? given : led(given, leading, estimator);
    return joinComponent(start.parts, start.conditions, context);
  });
  const free = conditions.filter((condition) => !mentions(condition, local));
  const [only] = joined;
  if (joined.length === 1 && only !== undefined) return withOutputs(filtered(only, free), node.outputs);
  const whole = joined.map((plan) => partOf(plan, estimator));
  return withOutputs(putTogether(whole, free, estimator), node.outputs);
}

function mentions(condition: BoundExpression, ids: ReadonlySet<ColumnId>): boolean {
  for (const id of columnsOf(condition)) if (ids.has(id)) return true;
  return false;
}

interface Component {
  readonly parts: readonly Part[];
  readonly ids: ReadonlySet<ColumnId>;
}

/** Parts that conditions link, directly or through others. */
function componentsOf(parts: readonly Part[], conditions: readonly BoundExpression[]): Component[] {
  let components: Component[] = parts.map((part) => ({ parts: [part], ids: part.ids }));
  for (const condition of conditions) {
    const linked = components.filter(({ ids }) => mentions(condition, ids));
    if (linked.length < 2) continue;
    const merged = {
      parts: linked.flatMap((component) => component.parts),
      ids: new Set(linked.flatMap(({ ids }) => [...ids])),
    };
    components = components.filter((component) => !linked.includes(component));
    components.push(merged);
  }
  const order = (component: Component): number => Math.min(...component.parts.map((part) => parts.indexOf(part)));
  return components
    .map(({ parts: own, ids }) => ({ parts: own.toSorted((a, b) => parts.indexOf(a) - parts.indexOf(b)), ids }))
    .sort((a, b) => order(a) - order(b));
}

function joinComponent(
  parts: readonly Part[],
  conditions: readonly BoundExpression[],
  context: AccessContext,
): PlanNode {
  const { estimator } = context.cost;
  const [single] = parts;
  if (parts.length === 1 && single !== undefined) return filtered(single.node, conditions);
  if (parts.length > MAX_SEARCHED) return putTogether(parts, conditions, estimator);
  const graph = joinGraph(parts, conditions);
  const tree = searchJoinOrder(graph, context);
  if (tree === null) return putTogether(parts, conditions, estimator);
  return filtered(joinTree(tree, graph, estimator).node, looseConditions(graph));
}

/** The relations that a hint gives an order for, joined in it: one part in place of them. */
function led(
  { parts, conditions }: { readonly parts: readonly Part[]; readonly conditions: readonly BoundExpression[] },
  leading: Leading,
  estimator: Estimator,
): { readonly parts: readonly Part[]; readonly conditions: readonly BoundExpression[] } {
  const used: Part[] = [];
  const decided = new Set<BoundExpression>();
  const build = (tree: Leading): Part | null => {
    if (typeof tree === 'string') {
      const part = parts.find(({ node }) => 'alias' in node && node.alias === tree);
      if (part !== undefined) used.push(part);
      return part ?? null;
    }
    const [first, second] = [build(tree[0]), build(tree[1])];
    if (first === null || second === null) return null;
    const both = new Set([...first.ids, ...second.ids]);
    const local = new Set(parts.flatMap((part) => [...part.ids]));
    const here = conditions.filter((condition) => {
      const ids = [...columnsOf(condition)].filter((id) => local.has(id));
      return (
        ids.every((id) => both.has(id)) && ids.some((id) => first.ids.has(id)) && ids.some((id) => second.ids.has(id))
      );
    });
    for (const condition of here) decided.add(condition);
    return partOf(join(first, second, here), estimator);
  };
  const joined = build(leading);
  if (joined === null) return { parts, conditions };
  return {
    parts: [joined, ...parts.filter((part) => !used.includes(part))],
    conditions: conditions.filter((condition) => !decided.has(condition)),
  };
}

function joinTree(tree: JoinTree, graph: JoinGraph, estimator: Estimator): Part {
  if (tree.parts === null) return graph.relations[lowest(tree.mask)] as Part;
  // As written: the part with the first relation comes first.
  const [a, b] = tree.parts;
  const [left, right] = lowest(a.mask) < lowest(b.mask) ? [a, b] : [b, a];
  const first = joinTree(left, graph, estimator);
  const second = joinTree(right, graph, estimator);
  const { keys, others } = stepBetween(
    graph,
    { mask: left.mask, ids: first.ids },
    { mask: right.mask, ids: second.ids },
  );
  return partOf(join(first, second, [...keys.map((key) => conditionOf(key)), ...others]), estimator);
}

function isFree(node: PlanNode): node is JoinNode {
  return node.kind === 'join' && node.type === 'inner' && (node.algorithm === 'hash' || node.algorithm === 'loop');
}

function takeApart(node: PlanNode, relations: PlanNode[], conditions: BoundExpression[]): void {
  if (!isFree(node)) {
    relations.push(node);
    return;
  }
  takeApart(node.left, relations, conditions);
  takeApart(node.right, relations, conditions);
  for (const key of node.keys) conditions.push(conditionOf(key));
  conditions.push(...conjuncts(node.residual));
}

function partOf(node: PlanNode, estimator: Estimator): Part {
  return { node, ids: idsOf(node), rows: estimator.rows(node) };
}

interface Pending {
  readonly condition: BoundExpression;
  readonly ids: ReadonlySet<ColumnId>;
}

function putTogether(start: readonly Part[], conditions: readonly BoundExpression[], estimator: Estimator): PlanNode {
  const parts = [...start];
  const local = new Set<ColumnId>();
  for (const part of parts) for (const id of part.ids) local.add(id);
  let pending: Pending[] = conditions.map((condition) => ({
    condition,
    ids: new Set([...columnsOf(condition)].filter((id) => local.has(id))),
  }));
  // shares[i][j] for i < j; only the rows of a part that has changed are worked out again.
  const shares = parts.map((part, i) =>
    parts.map((other, j) => (i < j ? shareBetween(part, other, pending, estimator) : null)),
  );
  while (parts.length > 1) {
    const [i, j] = cheapestPair(parts, shares);
    const first = parts[i] as Part;
    const second = parts[j] as Part;
    const rest: Pending[] = [];
    const here: BoundExpression[] = [];
    for (const item of pending) {
      let covered = true;
      for (const id of item.ids) if (!first.ids.has(id) && !second.ids.has(id)) covered = false;
      if (covered) here.push(item.condition);
      else rest.push(item);
    }
    pending = rest;
    const joined = partOf(join(first, second, here), estimator);
    parts[i] = joined;
    parts.splice(j, 1);
    shares.splice(j, 1);
    for (const row of shares) row.splice(j, 1);
    for (let k = 0; k < parts.length; k++) {
      if (k === i) continue;
      const [low, high] = k < i ? [k, i] : [i, k];
      (shares[low] as (number | null)[])[high] = shareBetween(
        parts[low] as Part,
        parts[high] as Part,
        pending,
        estimator,
      );
    }
  }
  return (parts[0] as Part).node;
}

function cheapestPair(parts: readonly Part[], shares: readonly (readonly (number | null)[])[]): [number, number] {
  let best: [number, number] = [0, 1];
  let bestConnected = false;
  let bestCost = Infinity;
  for (let i = 0; i < parts.length; i++) {
    for (let j = i + 1; j < parts.length; j++) {
      const share = shares[i]?.[j] ?? null;
      const connected = share !== null;
      if (bestConnected && !connected) continue;
      const cost = (parts[i] as Part).rows * (parts[j] as Part).rows * (share ?? 1);
      if (cost < bestCost || (connected && !bestConnected)) {
        best = [i, j];
        bestCost = cost;
        bestConnected = connected;
      }
    }
  }
  return best;
}

/** Share of the cross product that the conditions between two parts let through; null where there is none. */
function shareBetween(first: Part, second: Part, pending: readonly Pending[], estimator: Estimator): number | null {
  let share: number | null = null;
  const keys: JoinKey[] = [];
  for (const { condition, ids } of pending) {
    let inFirst = false;
    let inSecond = false;
    let elsewhere = false;
    for (const id of ids) {
      if (first.ids.has(id)) inFirst = true;
      else if (second.ids.has(id)) inSecond = true;
      else elsewhere = true;
    }
    if (elsewhere || !inFirst || !inSecond) continue;
    const key = joinKeyOf(condition, first.ids, second.ids);
    share ??= 1;
    if (key === null) share *= estimator.selectivity(condition);
    else keys.push(key);
  }
  return share === null ? null : share * estimator.keyShare(keys, first.rows, second.rows);
}

/** Below so many rows it does not matter on which side a hash join builds: the order as written stays. */
const SMALL_ROWS = 1000;

/** Joins two parts, the smaller on the right. */
function join(first: Part, second: Part, conditions: readonly BoundExpression[]): JoinNode {
  const [left, right] = first.rows >= second.rows || second.rows <= SMALL_ROWS ? [first, second] : [second, first];
  const keys: JoinKey[] = [];
  const residual: BoundExpression[] = [];
  for (const condition of conditions) {
    const key = joinKeyOf(condition, left.ids, right.ids);
    if (key === null) residual.push(condition);
    else keys.push(key);
  }
  return {
    kind: 'join',
    type: 'inner',
    left: left.node,
    right: right.node,
    keys,
    residual: conjunction(residual),
    mark: null,
    nullAware: false,
    algorithm: keys.length > 0 ? 'hash' : 'loop',
    correlated: [],
    outputs: [...left.node.outputs, ...right.node.outputs],
  };
}

/** A left join whose left side is far smaller than its right one builds on the left: it becomes a right join. */
function swapSides(node: PlanNode, estimator: Estimator): PlanNode {
  if (node.kind !== 'join' || node.type !== 'left' || node.algorithm !== 'hash') return node;
  if (estimator.rows(node.right) <= SMALL_ROWS || estimator.rows(node.left) * 4 > estimator.rows(node.right))
    return node;
  const left = idsOf(node.right);
  const right = idsOf(node.left);
  const keys: JoinKey[] = [];
  for (const key of node.keys) {
    const swapped = joinKeyOf(conditionOf(key), left, right);
    if (swapped === null) return node;
    keys.push(swapped);
  }
  return { ...node, type: 'right', left: node.right, right: node.left, keys };
}

/** The node's outputs in the order that its parent was built for. */
function withOutputs(node: PlanNode, outputs: readonly PlanColumn[]): PlanNode {
  return node.kind === 'join' ? { ...node, outputs } : node;
}
