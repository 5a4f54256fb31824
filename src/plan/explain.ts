/**
 * EXPLAIN: a plan as PostgreSQL shows it, as text, JSON, YAML or XML.
 *
 * Costs and rows are the optimizer's estimates (optimizer/cost.ts); EXPLAIN ANALYZE adds what execution counted: times,
 * rows and loops of each node, rows that filters removed, and with BUFFERS the row groups and segments that scans read
 * and skipped. What PostgreSQL has no words for is shown as well: the moment or the versions that a scan reads.
 */
import type { EvalContext } from '../sql/eval-context.ts';
import { asJson, asText, asXml, asYaml, type Property, type ShownPlan } from './explain/formats.ts';
import { shownTree } from './explain/tree.ts';
import type { NodeCounters } from './counters.ts';
import type { Plan, PlanNode } from './plan.ts';

export interface ExplainOptions {
  /** Counters by node, after execution. */
  readonly counters?: ReadonlyMap<PlanNode, NodeCounters> | undefined;
  readonly verbose?: boolean | undefined;
  /** Estimated costs, rows and widths; default on. */
  readonly costs?: boolean | undefined;
  /** Times of EXPLAIN ANALYZE; default on. */
  readonly timing?: boolean | undefined;
  readonly buffers?: boolean | undefined;
  /** Planner settings that differ from their defaults, shown where asked for. */
  readonly settings?: readonly (readonly [string, string])[] | undefined;
  readonly planningMs?: number | undefined;
  readonly executionMs?: number | undefined;
  /** Prints constants under the session's settings. */
  readonly eval?: EvalContext | undefined;
}

export function explainText(plan: Plan, options: ExplainOptions = {}): string[] {
  return asText(shown(plan, options));
}

export function explainJson(plan: Plan, options: ExplainOptions = {}): string {
  return asJson(shown(plan, options));
}

export function explainXml(plan: Plan, options: ExplainOptions = {}): string {
  return asXml(shown(plan, options));
}

export function explainYaml(plan: Plan, options: ExplainOptions = {}): string {
  return asYaml(shown(plan, options));
}

function shown(plan: Plan, options: ExplainOptions): ShownPlan {
  const root = shownTree(plan.root, {
    counters: options.counters,
    verbose: options.verbose === true,
    costs: options.costs !== false,
    timing: options.timing !== false,
    buffers: options.buffers === true,
    eval: options.eval,
  });
  const summary: Property[] = [];
  const settings = (options.settings ?? []).map(([name, value]) => `${name} = '${value}'`);
  if (settings.length > 0) summary.push({ name: 'Settings', value: settings });
  const { planningMs, executionMs } = options;
  if (planningMs !== undefined) summary.push(...time('Planning Time', planningMs));
  if (executionMs !== undefined) summary.push(...time('Execution Time', executionMs));
  return { root, summary };
}

/** The text says the unit, programs know it. */
function time(name: string, ms: number): Property[] {
  return [{ name, value: { number: ms.toFixed(3) }, unit: ' ms' }];
}
