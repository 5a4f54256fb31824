/** EXPLAIN: the plan of a statement, and with ANALYZE what running it counted. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { vectorFromValues } from '../exec/vectors.ts';
import { type BindableStatement, isBindable } from '../plan/bind.ts';
import { explainJson, type ExplainOptions, explainText, explainXml, explainYaml } from '../plan/explain.ts';
import type { NodeCounters } from '../plan/counters.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import type { Explain } from '../sql/ast-statement.ts';
import type { Execute } from '../sql/ast-table.ts';
import type { Option } from '../sql/ast-table.ts';
import type { ResultSet } from './api.ts';
import { planOf, runPlan, type Scene } from './statement.ts';

const TEXT = 25;
const JSON_OID = 114;

/** Gives the plan of a prepared statement, and the scene with its arguments. */
export type ReadyStatement = (statement: Execute) => Task<{ readonly scene: Scene; readonly plan: Plan }>;

interface Options {
  analyze: boolean;
  verbose: boolean;
  costs: boolean;
  settings: boolean;
  buffers: boolean | undefined;
  wal: boolean;
  timing: boolean | undefined;
  summary: boolean | undefined;
  format: string;
}

export function* explain(scene: Scene, statement: Explain, ready: ReadyStatement): Task<ResultSet> {
  const options = optionsOf(statement.options);
  const { host } = scene.core;
  const start = host.monotonicMs();
  const planned = yield* plannedStatement(scene, statement, options, ready);
  const planningMs = host.monotonicMs() - start;
  let counters: Map<PlanNode, NodeCounters> | undefined;
  let executionMs: number | undefined;
  if (options.analyze) {
    counters = new Map();
    const started = host.monotonicMs();
    yield* runPlan(planned.scene, planned.plan, counters);
    executionMs = host.monotonicMs() - started;
  }
  const summary = options.summary ?? options.analyze;
  const shown: ExplainOptions = {
    counters,
    verbose: options.verbose,
    costs: options.costs,
    timing: options.timing,
    // On by default, unlike in PostgreSQL 15: what was skipped is what a columnar scan is about.
    buffers: options.buffers ?? options.analyze,
    settings: options.settings ? [...planned.scene.settings.planner()] : undefined,
    planningMs: summary ? planningMs : undefined,
    executionMs: summary ? executionMs : undefined,
    eval: scene.eval,
  };
  return asResult(planned.plan, options.format, shown);
}

/** What prints a plan whole; text has a row for each line. */
const PRINTERS: Readonly<Record<string, typeof explainJson>> = {
  json: explainJson,
  xml: explainXml,
  yaml: explainYaml,
};

function asResult(plan: Plan, format: string, shown: ExplainOptions): ResultSet {
  const json = format === 'json';
  const print = PRINTERS[format];
  const lines = print === undefined ? explainText(plan, shown) : [print(plan, shown)];
  return {
    command: 'EXPLAIN',
    fields: [{ name: 'QUERY PLAN', dataTypeID: json ? JSON_OID : TEXT, typeModifier: -1, tableID: 0, columnID: 0 }],
    columns: [vectorFromValues(lines, TEXT)],
    rowCount: lines.length,
    affectedRows: null,
  };
}

function* plannedStatement(
  scene: Scene,
  { statement, position }: Explain,
  { analyze }: Options,
  ready: ReadyStatement,
): Task<{ readonly scene: Scene; readonly plan: Plan }> {
  if (statement.kind === 'execute') return yield* ready(statement);
  let bindable: BindableStatement | null = null;
  if (isBindable(statement)) bindable = statement;
  // Without ANALYZE a definition's query is all there is to show; with it the definition would have to be made.
  else if (!analyze && statement.kind === 'createTableAs' && statement.query.kind !== 'execute')
    bindable = statement.query;
  else if (!analyze && statement.kind === 'declareCursor') bindable = statement.query;
  if (bindable === null)
    throw new DriftError('0A000', `EXPLAIN${analyze ? ' ANALYZE' : ''} of this statement is not supported`, {
      position,
    });
  return { scene, plan: yield* planOf(scene, bindable, undefined, true) };
}

/** Throws 42601 for an option that EXPLAIN does not have, 22023 for what does not go together. */
function optionsOf(given: readonly Option[]): Options {
  const options: Options = {
    analyze: false,
    verbose: false,
    costs: true,
    settings: false,
    buffers: undefined,
    wal: false,
    timing: undefined,
    summary: undefined,
    format: 'text',
  };
  for (const option of given) {
    if (option.name === 'format') options.format = formatOf(option);
    else if (isSwitch(option.name)) options[option.name] = flag(option);
    else throw new DriftError('42601', `unrecognized EXPLAIN option "${option.name}"`, { position: option.position });
  }
  if (options.wal && !options.analyze) throw new DriftError('22023', 'EXPLAIN option WAL requires ANALYZE');
  if (options.timing === true && !options.analyze)
    throw new DriftError('22023', 'EXPLAIN option TIMING requires ANALYZE');
  return options;
}

type Switch = Exclude<keyof Options, 'format'>;
const SWITCHES: ReadonlySet<string> = new Set([
  'analyze',
  'verbose',
  'costs',
  'settings',
  'buffers',
  'wal',
  'timing',
  'summary',
]);

function isSwitch(name: string): name is Switch {
  return SWITCHES.has(name);
}

function flag({ name, value, position }: Option): boolean {
  const word = (value ?? 'true').toLowerCase();
  if (word === 'true' || word === 'on' || word === '1') return true;
  if (word === 'false' || word === 'off' || word === '0') return false;
  throw new DriftError('42601', `${name} requires a Boolean value`, { position });
}

function formatOf({ value, position }: Option): string {
  if (value === undefined) throw new DriftError('42601', 'format requires a parameter', { position });
  const format = value.toLowerCase();
  if (format === 'text' || format in PRINTERS) return format;
  throw new DriftError('22023', `unrecognized value for EXPLAIN option "format": "${value}"`, { position });
}
