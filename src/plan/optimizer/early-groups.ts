/**
 * Partial aggregation: groups made below joins and unions, where rows are many, and put together above, where they are few.
 *
 *     SELECT c.country, sum(o.total) FROM orders o JOIN customer c ON o.customer = c.id GROUP BY c.country
 *
 *     final aggregate     c.country: sum(s)                    as many rows as different customers
 *       join              o.customer = c.id
 *         partial         o.customer: s := sum(o.total)        as many rows as orders, but none of them is joined
 *           scan orders
 *         scan customer
 *
 * All rows of a partial group have the same values in every column that the joins and conditions above look at, so they
 * find the same partners: what joins is the group, as often as each of its rows would have (Yan and Larson, "Eager
 * aggregation and lazy aggregation", 1995). Hence the side must be one whose rows the join keeps or drops whole, never one
 * that it pads with nulls; all arguments come from it; and the columns are of types whose equal values are the same value
 * (1.0 and 1.00 are equal numerics, but not for scale()). Below UNION ALL each member makes groups of its own.
 *
 * Aggregates: those of sql/functions/partial-aggregates.ts, without DISTINCT and ORDER BY. Arguments that may fail are not
 * computed for rows that a join would have dropped. Which place is best, if any, is a matter of cost: every place below the
 * aggregate is tried, joins above it are ordered anew.
 */
import { isUserType } from '../../catalog/user-types.ts';
import { type PartialAggregate, partialAggregate } from '../../sql/functions/partial-aggregates.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { AggregateCall, BoundExpression, ColumnId } from '../expression.ts';
import type { AggregateNode, JoinNode, PlanColumn, PlanNode, ProjectNode, SetOperationNode } from '../plan.ts';
import { collectColumns, dependsOnly, hasSubquery, idsOf, isVolatile } from '../walk-expression.ts';
import { mapInputs, somePlan, substitute } from '../walk-plan.ts';
import type { CostModel } from './cost.ts';
import { orderJoins } from './join-order.ts';
import { seekExtremes } from './min-max.ts';
import { neverFails } from './never-fails.ts';
import type { AccessContext } from './path-finder.ts';

/** Fewer rows are not worth the planning. */
const LEAST_ROWS = 1000;
/** Estimates of groups are rough: the plan must be that much cheaper. */
const GAIN = 0.85;

interface EarlyGroups {
  readonly cost: CostModel;
  readonly nextId: () => ColumnId;
  /** Rows a group that make it worth while; 0: wherever it can be done, for tests. */
  readonly leastSize: number;
  /** A plan as it would run: joins ordered, access paths chosen. */
  readonly physical: (plan: PlanNode) => PlanNode;
}

/** Splits aggregates in two steps where that is cheaper; `place` chooses access paths. */
export function groupEarly(
  root: PlanNode,
  access: AccessContext,
  nextId: () => ColumnId,
  place: (plan: PlanNode, access: AccessContext) => PlanNode,
): PlanNode {
  const setting = (name: string): string | undefined => access.hints?.settings.get(name) ?? access.eval.setting(name);
  if (!somePlan(root, isManySided) || setting('enable_eager_aggregate') === 'off') return root;
  const leastSize = Number(setting('min_eager_agg_group_size'));
  const { cost } = access;
  const extremes = (plan: PlanNode): PlanNode => seekExtremes(plan, cost, nextId);
  const physical = (plan: PlanNode): PlanNode => place(orderJoins(extremes(plan), access), access);
  return extremes(split(root, { cost, nextId, leastSize, physical }));
}

function isManySided({ kind }: PlanNode): boolean {
  return kind === 'join' || kind === 'setOperation';
}

function split(node: PlanNode, context: EarlyGroups): PlanNode {
  const inner = mapInputs(node, (input) => split(input, context));
  return inner.kind === 'aggregate' ? (splitAggregate(inner, context) ?? inner) : inner;
}

/** One of the parts that calls are made of, to be computed below. */
interface Part {
  readonly call: AggregateCall;
  readonly output: PlanColumn;
}

/** What a place below is to give: columns that are looked at above it, and the parts. */
interface Wanted {
  readonly columns: ReadonlySet<ColumnId>;
  readonly parts: readonly Part[];
  /** Without rows there are no groups above: a group of all rows is no harm below. */
  readonly ungrouped: boolean;
}

function splitAggregate(node: AggregateNode, context: EarlyGroups): PlanNode | null {
  const { cost, nextId } = context;
  const always = context.leastSize === 0;
  if (node.step !== undefined || (!always && cost.estimator.rows(node.source) < LEAST_ROWS)) return null;
  const below = idsOf(node.source);
  const own = (expression: BoundExpression): boolean =>
    !isVolatile(expression) && !hasSubquery(expression) && dependsOnly(expression, (id) => below.has(id));
  if (!node.groups.every(own)) return null;
  const parts: Part[] = [];
  const aggregates: AggregateCall[] = [];
  for (const call of node.aggregates) {
    const split = splitCall(call, own);
    if (split === null) return null;
    const first = parts.length;
    for (const fn of split.parts) {
      const output = { id: nextId(), name: fn.name, type: { oid: resultOf(fn.returns, call), typmod: -1 } };
      parts.push({ call: { ...call, fn, order: [], written: call }, output });
    }
    const args = parts.slice(first).map(({ output }) => columnOf(output));
    aggregates.push({ fn: split.whole, args, distinct: false, filter: null, order: [], written: call });
  }
  const columns = new Set<ColumnId>();
  for (const group of node.groups) collectColumns(group, columns);
  const ungrouped = node.groups.length === 0;
  let best: PlanNode | null = null;
  let least = always ? Infinity : cost.of(context.physical(node)).total * GAIN;
  for (const source of placesBelow(node.source, { columns, parts, ungrouped }, context)) {
    const candidate: AggregateNode = { ...node, source, aggregates, step: 'final' };
    const total = cost.of(context.physical(candidate)).total;
    if (total >= least) continue;
    least = total;
    best = candidate;
  }
  return best;
}

export function splitCall(call: AggregateCall, own: (expression: BoundExpression) => boolean): PartialAggregate | null {
  if (call.distinct || call.order.length > 0 || !call.args.every(own)) return null;
  if (call.filter !== null && !own(call.filter)) return null;
  return partialAggregate(
    call.fn,
    call.args.map(({ type }) => type.oid),
  );
}

/** Extremes of enums and arrays have the type of their argument. */
export function resultOf(returns: number, call: AggregateCall): number {
  return typeByOid(returns).category === 'P' ? (call.args[0]?.type.oid ?? returns) : returns;
}

export function columnOf({ id, name, type }: PlanColumn): BoundExpression {
  return { kind: 'column', id, name, type };
}

// ---- places ------------------------------------------------------------------------------------------------------

/** The plan with partial groups somewhere below this node, in every way that there is. */
function placesBelow(node: PlanNode, wanted: Wanted, context: EarlyGroups): PlanNode[] {
  switch (node.kind) {
    case 'filter': {
      const { condition } = node;
      if (isVolatile(condition) || hasSubquery(condition)) return [];
      const below = { ...wanted, columns: added(wanted.columns, [condition]) };
      return placesBelow(node.source, below, context).map((source) => ({ ...node, source, outputs: source.outputs }));
    }
    case 'project':
      return belowProject(node, wanted, context);
    case 'join':
      return [...belowJoin(node, 'left', wanted, context), ...belowJoin(node, 'right', wanted, context)];
    case 'setOperation': {
      if (node.operation !== 'union' || !node.all) return [];
      const columns = node.outputs.filter(({ id }) => wanted.columns.has(id));
      const grouped = groupMembers(node, { columns, parts: wanted.parts }, wanted.ungrouped, context);
      return grouped === null ? [] : [grouped];
    }
    default:
      return [];
  }
}

function added(columns: ReadonlySet<ColumnId>, expressions: readonly BoundExpression[]): Set<ColumnId> {
  const all = new Set(columns);
  for (const expression of expressions) collectColumns(expression, all);
  return all;
}

function belowProject(node: ProjectNode, wanted: Wanted, context: EarlyGroups): PlanNode[] {
  const moved = partsBelow(node, wanted.parts);
  if (moved === null) return [];
  const kept = node.outputs.map(({ id }) => wanted.columns.has(id));
  const expressions = node.expressions.filter((_, i) => kept[i]);
  if (expressions.some((expression) => isVolatile(expression) || hasSubquery(expression))) return [];
  const outputs = [...node.outputs.filter((_, i) => kept[i]), ...wanted.parts.map(({ output }) => output)];
  const all = [...expressions, ...wanted.parts.map(({ output }) => columnOf(output))];
  const below = { ...wanted, columns: added(new Set(), expressions), parts: moved };
  return placesBelow(node.source, below, context).map((source) => ({ ...node, source, expressions: all, outputs }));
}

/** The parts with a projection's expressions in place of its columns; null where these cannot move. */
function partsBelow({ outputs, expressions }: ProjectNode, parts: readonly Part[]): Part[] | null {
  const replacements = new Map<ColumnId, BoundExpression>();
  outputs.forEach(({ id }, i) => {
    const expression = expressions[i];
    if (expression !== undefined) replacements.set(id, expression);
  });
  const used = partColumns(parts);
  for (const [id, expression] of replacements)
    if (used.has(id) && (isVolatile(expression) || hasSubquery(expression))) return null;
  return parts.map((part) => replaced(part, replacements));
}

function replaced(part: Part, replacements: ReadonlyMap<ColumnId, BoundExpression>): Part {
  const { args, filter } = part.call;
  const call = {
    ...part.call,
    args: args.map((arg) => substitute(arg, replacements)),
    filter: filter === null ? null : substitute(filter, replacements),
  };
  return { ...part, call };
}

function partColumns(parts: readonly Part[]): Set<ColumnId> {
  const ids = new Set<ColumnId>();
  for (const { call } of parts) {
    for (const arg of call.args) collectColumns(arg, ids);
    if (call.filter !== null) collectColumns(call.filter, ids);
  }
  return ids;
}

/** Joins that keep or drop a side's rows whole. */
const KEPT: Readonly<Record<'left' | 'right', ReadonlySet<JoinNode['type']>>> = {
  left: new Set(['inner', 'left', 'semi', 'anti', 'mark', 'single'] as const),
  right: new Set(['inner', 'right'] as const),
};

function belowJoin(node: JoinNode, at: 'left' | 'right', wanted: Wanted, context: EarlyGroups): PlanNode[] {
  if (node.correlated.length > 0 || !KEPT[at].has(node.type)) return [];
  const side = node[at];
  const ids = idsOf(side);
  for (const id of partColumns(wanted.parts)) if (!ids.has(id)) return [];
  if (
    !wanted.parts.every(({ call }) => call.args.every(neverFails) && (call.filter === null || neverFails(call.filter)))
  )
    return [];
  const conditions = node.keys.flatMap((key) => [key.left, key.right]);
  if (node.residual !== null) conditions.push(node.residual);
  if (conditions.some((condition) => isVolatile(condition) || hasSubquery(condition))) return [];
  const looked = added(wanted.columns, conditions);
  const below: Wanted = { ...wanted, columns: new Set([...looked].filter((id) => ids.has(id))) };
  const here = groupedHere(side, below, context);
  const sides = [...(here === null ? [] : [here]), ...placesBelow(side, below, context)];
  const parts = wanted.parts.map(({ output }) => output);
  const outputs = [...node.outputs.filter(({ id }) => wanted.columns.has(id)), ...parts];
  return sides.map((source) => ({ ...node, [at]: source, outputs }));
}

function groupedHere(source: PlanNode, { columns, parts, ungrouped }: Wanted, context: EarlyGroups): PlanNode | null {
  const kept = source.outputs.filter(({ id }) => columns.has(id));
  const groups = kept.map((column) => columnOf(column));
  if (groups.length === 0 && !ungrouped) return null;
  const { estimator } = context.cost;
  const least = context.leastSize;
  const rows = estimator.rows(source);
  if ((rows < LEAST_ROWS && least > 0) || !groups.every(({ type }) => isOneValue(type.oid))) return null;
  const node = partialNode(source, groups, [...kept, ...parts.map(({ output }) => output)], parts);
  return estimator.rows(node) * least > rows ? null : node;
}

function partialNode(
  source: PlanNode,
  groups: readonly BoundExpression[],
  outputs: readonly PlanColumn[],
  parts: readonly Part[],
): AggregateNode {
  const aggregates = parts.map(({ call }) => call);
  return { kind: 'aggregate', source, groups, sets: null, sorted: false, aggregates, outputs, step: 'partial' };
}

/** boolean, bytea, "char", name, integers, text, oid, varchar, dates and times, uuid. */
const ONE_VALUE: ReadonlySet<number> = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 1043, 1082, 1083, 1114, 1184, 2950,
]);

/** Whether equal values of a type are the same value, whatever is computed of them. */
function isOneValue(oid: number): boolean {
  return ONE_VALUE.has(oid) || (isUserType(oid) && typeByOid(oid).category === 'E');
}

// ---- UNION ALL ---------------------------------------------------------------------------------------------------

/** As Wanted, with columns in the order of a union's outputs. */
interface Listed {
  readonly columns: readonly PlanColumn[];
  readonly parts: readonly Part[];
}

/** A member of a union, or a union inside of it, with groups of its own. */
function groupMembers(node: PlanNode, listed: Listed, ungrouped: boolean, context: EarlyGroups): PlanNode | null {
  const { columns, parts } = listed;
  const outputs = [...columns, ...parts.map(({ output }) => output)];
  if (node.kind === 'setOperation' && node.operation === 'union' && node.all) {
    const left = groupMembers(node.left, listedBelow(node, node.left, listed, context), ungrouped, context);
    const right = groupMembers(node.right, listedBelow(node, node.right, listed, context), ungrouped, context);
    return left === null || right === null ? null : { ...node, left, right, outputs };
  }
  if (columns.length === 0 && !ungrouped) return null;
  if (!columns.every(({ type }) => isOneValue(type.oid))) return null;
  const groups = columns.map((column) => columnOf(column));
  if (node.kind !== 'project' || node.expressions.some((expression) => isVolatile(expression)))
    return partialNode(node, groups, outputs, parts);
  const moved = partsBelow(node, parts);
  if (moved === null) return null;
  const byId = new Map(node.outputs.map(({ id }, i) => [id, node.expressions[i]]));
  const expressions = columns.map((column) => byId.get(column.id) ?? columnOf(column));
  return partialNode(node.source, expressions, outputs, moved);
}

function listedBelow(node: SetOperationNode, side: PlanNode, { columns, parts }: Listed, context: EarlyGroups): Listed {
  const below = new Map(node.outputs.map(({ id }, i) => [id, side.outputs[i] as PlanColumn]));
  const replacements = new Map([...below].map(([id, column]) => [id, columnOf(column)]));
  return {
    columns: columns.map(({ id }) => below.get(id) as PlanColumn),
    parts: parts.map((part) => ({
      ...replaced(part, replacements),
      output: { ...part.output, id: context.nextId() },
    })),
  };
}
