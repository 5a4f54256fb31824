/**
 * The optimizer: a bound plan becomes one that runs fast, by rules applied one after another.
 *
 *     fold          constants computed, dead branches dropped             fold.ts
 *     unnest        subqueries to joins                                   unnest.ts, decorrelate.ts
 *     push down     conditions to where their columns first exist         push-down.ts, null-rejection.ts
 *     order joins   inner joins by estimated sizes                        join-order.ts, statistics.ts
 *     group early   partial groups below joins and unions                 early-groups.ts
 *     access        scans by key, index, zone maps; look-up joins         access.ts, lookup-join.ts
 *     order         sorts dropped or cut to the top rows                  order.ts
 *     prune         columns that nobody reads dropped                     prune.ts
 *     gather        parts of a big scan for helper workers                gather-parts.ts
 *
 * Each rule keeps the plan's meaning, so any subset of them gives the same rows (tests run plans with and without).
 * The order matters: joins cannot be ordered before WHERE's equalities have become their keys, and an access path can
 * only use conditions that have arrived at its scan.
 */
import type { EvalContext } from '../../sql/eval-context.ts';
import type { ColumnId } from '../expression.ts';
import type { Plan, PlanNode, PointAccess, ScanNode } from '../plan.ts';
import { equalPrefix } from '../scan-access.ts';
import { hasSubquery } from '../walk-expression.ts';
import { mapInputs, mapSubqueries, somePlan, visitExpressions } from '../walk-plan.ts';
import { chooseAccess } from './access.ts';
import type { AccessContext } from './path-finder.ts';
import { CostModel } from './cost.ts';
import { groupEarly } from './early-groups.ts';
import { foldPlan } from './fold.ts';
import { gatherParts } from './gather-parts.ts';
import type { HelpOptions } from './helper-count.ts';
import { parseHints } from './hints.ts';
import type { BindTableText } from './index-keys.ts';
import { orderJoins } from './join-order.ts';
import { chooseJoinMethod } from './join-method.ts';
import { seekExtremes } from './min-max.ts';
import { chooseOrders } from './order.ts';
import { prunePlan } from './prune.ts';
import { pushDown } from './push-down.ts';
import { Estimator, type Statistics } from './statistics.ts';
import { switchesOf } from './switches.ts';
import { unnest } from './unnest.ts';

export type { Statistics } from './statistics.ts';

const LARGE_ROWS = 16_384;

export interface OptimizerContext {
  readonly statistics: Statistics;
  readonly eval: EvalContext;
  /** Binds the text of an index's expression or predicate; without it only indexes over plain columns are used. */
  readonly bindTableText?: BindTableText | undefined;
  /** Text of a hint comment (hints.ts). */
  readonly hints?: string | undefined;
  /** Who may have helper workers. */
  readonly helpers?: HelpOptions | undefined;
  /** Nodes are to have estimates, for EXPLAIN. */
  readonly explains?: boolean | undefined;
}

/** Optimizes a plan; with the setting `drift.optimizer` at `off` returns it as it was bound, which runs as well. */
export function optimize(plan: Plan, context: OptimizerContext): Plan {
  if (context.eval.setting('drift.optimizer') === 'off') return plan;
  let nextColumn = plan.columnCount;
  const nextId = (): ColumnId => nextColumn++;
  const access = accessContext(context);
  let root = foldPlan(plan.root, context.eval);
  // What is the plan of most statements has nothing for the rules about joins and subqueries.
  if (hasJoins(root)) root = unnest(root, nextId);
  root = physical(root, access, nextId);
  root = prunePlan(root);
  if (context.helpers?.host.startHelper !== undefined && somePlan(root, isLarge(context.statistics)))
    root = gatherParts(root, context.helpers, access, nextId);
  if (context.explains === true) root = estimated(root, access.cost);
  const fields = plan.fields === null ? null : root.outputs;
  return { ...plan, root, fields, point: pointOf(root), columnCount: nextColumn };
}

/** Worth a look at whether helpers would make it faster (gather-parts.ts). */
function isLarge({ rowCount }: Statistics): (node: PlanNode) => boolean {
  return (node) => node.kind === 'scan' && node.access.kind === 'full' && rowCount(node.table.id) >= LARGE_ROWS;
}

function accessContext({
  statistics,
  eval: evaluation,
  bindTableText,
  hints: comment,
}: OptimizerContext): AccessContext {
  const hints = comment === undefined ? undefined : parseHints(comment);
  const switches = switchesOf(evaluation, hints?.settings);
  let cost: CostModel | undefined;
  return {
    eval: evaluation,
    get cost() {
      return (cost ??= new CostModel(new Estimator(statistics), switches, hints));
    },
    switches,
    hints,
    bindTableText,
  };
}

/** Whether a plan joins anything or has subqueries. */
function hasJoins(plan: PlanNode): boolean {
  return somePlan(plan, (node) => node.kind === 'join' || mentionsSubquery(node));
}

function mentionsSubquery(node: PlanNode): boolean {
  let found = false;
  visitExpressions(node, (expression) => {
    found ||= hasSubquery(expression);
  });
  return found;
}

/** The rules that work on one query level, then the same for the subqueries that are left in its expressions. */
function physical(plan: PlanNode, context: AccessContext, nextId: () => ColumnId): PlanNode {
  let root = prunePlan(pushDown(plan));
  if (somePlan(root, ({ kind }) => kind === 'aggregate')) root = seekExtremes(root, context.cost, nextId);
  if (hasJoins(root)) root = orderJoins(root, context);
  if (somePlan(root, ({ kind }) => kind === 'aggregate')) root = groupEarly(root, context, nextId, place);
  root = place(root, context);
  if (somePlan(root, ({ kind }) => kind === 'sort' || kind === 'limit' || kind === 'aggregate'))
    root = chooseOrders(root, context.cost);
  return subqueries(root, context, nextId);
}

function subqueries(node: PlanNode, context: AccessContext, nextId: () => ColumnId): PlanNode {
  const inner = mapInputs(node, (input) => subqueries(input, context, nextId));
  return mapSubqueries(inner, (plan) => physical(plan, context, nextId));
}

/** Access paths; a join decides about a look-up before its right side settles for a full scan. */
function place(node: PlanNode, context: AccessContext): PlanNode {
  if (node.kind === 'scan') return chooseAccess(node, context);
  const inner = mapInputs(node, (input) => place(input, context));
  return inner.kind === 'join' ? chooseJoinMethod(inner, context) : inner;
}

/** Every node with the rows that it is expected to give, what it costs and how wide its rows are. */
function estimated(node: PlanNode, cost: CostModel): PlanNode {
  const inner = mapSubqueries(
    mapInputs(node, (input) => estimated(input, cost)),
    (plan) => estimated(plan, cost),
  );
  const width = node.outputs.reduce((sum, output) => sum + cost.estimator.width(output), 0);
  return { ...inner, estimatedRows: Math.round(cost.estimator.rows(node)), cost: cost.of(node), width };
}

/** Recognises SELECT columns FROM table WHERE key = constants, and the same of the first columns of an index. */
function pointOf(root: PlanNode): PointAccess | null {
  const scan = root.kind === 'project' ? root.source : root;
  if (scan.kind !== 'scan' || scan.version !== null) return null;
  const { access } = scan;
  const values = access.kind === 'key' ? access.values : equalPrefix(access);
  if (values === null || scan.order !== null) return null;
  if (!values.every((value) => value.kind === 'const' || value.kind === 'parameter')) return null;
  const ordinals: number[] = [];
  const ids =
    root.kind === 'project'
      ? root.expressions.map((item) => (item.kind === 'column' ? item.id : -1))
      : scan.outputs.map((item) => item.id);
  for (const id of ids) {
    const ordinal = ordinalOf(scan, id);
    if (ordinal === undefined) return null;
    ordinals.push(ordinal);
  }
  return { scan, indexId: access.kind === 'indexRange' ? access.indexId : null, values, ordinals, filter: scan.filter };
}

function ordinalOf(scan: ScanNode, id: ColumnId): number | undefined {
  return scan.columns.find((column) => column.id === id)?.ordinal;
}
