/**
 * Gathers: where a big scan, and what is done with its rows, is worth doing by several at once (exec/operators/gather.ts).
 *
 *     aggregate                        aggregate  final        merges the groups of the parts
 *       filter                           gather
 *         scan sales          ─►           aggregate  partial  ┐
 *                                            filter            │ by each worker, over some leaves of sales
 *                                              scan sales      ┘
 *
 * An aggregate is done in two steps, with the functions of partial-aggregates.ts: those whose answer does not depend on how
 * the rows are parted. Elsewhere rows are gathered, in their order, where few pass: what crosses from a worker costs
 * more than most conditions do.
 *
 * The plan is cut at spines (spine.ts) that are expected to take long, and may travel (travel.ts); nothing is cut inside
 * of what runs more than once, or may end before all rows are there (LIMIT without a sort).
 */
import type { AggregateCall, BoundExpression, ColumnId } from '../expression.ts';
import type { AggregateNode, PlanColumn, PlanNode } from '../plan.ts';
import { inParts, spineJoins, spineScan, withBuilds } from '../spine.ts';
import { travels } from '../travel.ts';
import { hasSubquery } from '../walk-expression.ts';
import { isModify, somePlan } from '../walk-plan.ts';
import type { CostModel } from './cost.ts';
import { columnOf, resultOf, splitCall } from './early-groups.ts';
import { helperCount, type HelpOptions } from './helper-count.ts';
import type { AccessContext } from './path-finder.ts';

/** What a row takes to come from a worker and be merged, in the units of cost.ts. */
const CROSSING = 3;
/** Build sides are copied to each worker. */
const MOST_BUILD_ROWS = 1_000_000;
/** What `parallel_setup_cost` counts, in the units of cost.ts: 1000, the default, are 10 ms. */
const SETUP_UNIT = 100;

interface Gathering {
  readonly cost: CostModel;
  readonly nextId: () => ColumnId;
  readonly workers: number;
  /** Cheaper plans run alone. */
  readonly least: number;
}

/** Cuts a plan for the helpers that there may be. */
export function gatherParts(
  root: PlanNode,
  helpers: HelpOptions,
  access: AccessContext,
  nextId: () => ColumnId,
): PlanNode {
  const setting = (name: string): string | undefined => access.hints?.settings.get(name) ?? access.eval.setting(name);
  const workers = Math.min(helperCount(helpers), Number(setting('max_parallel_workers_per_gather') ?? '2'));
  if (workers <= 0 || somePlan(root, isModify)) return root;
  const least = Number(setting('parallel_setup_cost') ?? '1000') * SETUP_UNIT;
  return gathered(root, true, { cost: access.cost, nextId, workers, least });
}

/** `all`: whoever asks for the node's rows asks for all of them, once. */
function gathered(node: PlanNode, all: boolean, context: Gathering): PlanNode {
  if (all) {
    const found = node.kind === 'aggregate' ? partialGroups(node, context) : selectedRows(node, context);
    if (found !== null) return found;
  }
  switch (node.kind) {
    case 'aggregate':
    case 'sort':
    case 'window':
    case 'distinct':
    case 'distinctOn': {
      const whole = node.kind === 'sort' || node.kind === 'window' || (node.kind === 'aggregate' && !node.sorted);
      return { ...node, source: gathered(node.source, all || whole, context) };
    }
    case 'project':
    case 'filter':
    case 'projectSet':
      return { ...node, source: gathered(node.source, all, context) };
    case 'limit':
      return { ...node, source: gathered(node.source, false, context) };
    case 'join':
      if (node.algorithm !== 'hash' || node.correlated.length > 0) return node;
      return { ...node, left: gathered(node.left, all, context), right: gathered(node.right, true, context) };
    case 'setOperation': {
      const [left, right] = [gathered(node.left, all, context), gathered(node.right, all, context)];
      return { ...node, left, right };
    }
    case 'with':
      return { ...node, definition: gathered(node.definition, true, context), body: gathered(node.body, all, context) };
    default:
      return node;
  }
}

/** Whether parts of a plan's rows can be made by workers, and are enough work. */
function isWorth(node: PlanNode, spine: PlanNode, { cost, least }: Gathering): boolean {
  if (spineScan(spine) === null || cost.of(node).total < least) return false;
  // What is computed once for all counts for nobody.
  const joins = spineJoins(spine);
  let builds = 0;
  for (const { right } of joins) {
    if (cost.estimator.rows(right) > MOST_BUILD_ROWS) return false;
    builds += cost.of(right).total;
  }
  return cost.of(node).total - builds >= least;
}

/** Whether the node gives few enough rows for the work that they are. Without a least cost: whatever it gives, for tests. */
function isFew(node: PlanNode, { cost, least }: Gathering): boolean {
  return least === 0 || cost.estimator.rows(node) * CROSSING < cost.of(node).total / 2;
}

function selectedRows(node: PlanNode, context: Gathering): PlanNode | null {
  if (!isWorth(node, node, context) || !isChosen(node)) return null;
  if (!isFew(node, context) || !travels(withoutBuilds(node))) return null;
  return { kind: 'gather', source: inParts(node), ordered: true, workers: context.workers, outputs: node.outputs };
}

/** Whether a spine leaves rows out: those of a bare scan are nothing to make. */
function isChosen(node: PlanNode): boolean {
  switch (node.kind) {
    case 'scan':
      return node.filter !== null;
    case 'project':
      return isChosen(node.source);
    default:
      return true;
  }
}

function partialGroups(node: AggregateNode, context: Gathering): PlanNode | null {
  if (node.step !== undefined || node.sets !== null || node.sorted || !isWorth(node, node.source, context)) return null;
  const { nextId } = context;
  if (!isFew(node, context)) return null;
  const own = (expression: BoundExpression): boolean => !hasSubquery(expression);
  if (!node.groups.every(own)) return null;
  const groups = node.groups.map((group, i): PlanColumn => {
    const { name } = node.outputs[i] as PlanColumn;
    return { id: nextId(), name: group.kind === 'column' ? group.name : name, type: group.type };
  });
  const partial: { readonly call: AggregateCall; readonly output: PlanColumn }[] = [];
  const aggregates: AggregateCall[] = [];
  for (const call of node.aggregates) {
    const split = splitCall(call, own);
    if (split === null) return null;
    const args = split.parts.map((fn) => {
      const output = { id: nextId(), name: fn.name, type: { oid: resultOf(fn.returns, call), typmod: -1 } };
      partial.push({ call: { ...call, fn, written: call }, output });
      return columnOf(output);
    });
    aggregates.push({ fn: split.whole, args, distinct: false, filter: null, order: [], written: call });
  }
  const source: PlanNode = {
    ...node,
    source: inParts(node.source),
    aggregates: partial.map(({ call }) => call),
    outputs: [...groups, ...partial.map(({ output }) => output)],
    step: 'partial',
  };
  if (!travels(withoutBuilds(source))) return null;
  const gather: PlanNode = {
    kind: 'gather',
    source,
    ordered: false,
    workers: context.workers,
    outputs: source.outputs,
  };
  return { ...node, source: gather, groups: groups.map(columnOf), aggregates, step: 'final' };
}

/** What of a spine travels: its build sides come as rows. */
function withoutBuilds(node: PlanNode): PlanNode {
  return withBuilds(node, ({ right }) => ({ kind: 'empty', outputs: right.outputs }));
}
