/**
 * EXPLAIN: a plan as indented text in PostgreSQL's manner, or as a tree for programs (FORMAT JSON, the console's graph).
 *
 * EXPLAIN ANALYZE adds what execution counted: rows, loops, time, and for scans the segments and row groups that were
 * read and skipped.
 */
import type { PlanNode, NodeCounters, ScanNode, JoinNode, Plan } from './plan.ts';
import type { BoundExpression } from './expression.ts';
import { printExpression, printSortKey, type NameOf } from './print-expression.ts';
import { childrenOf } from './walk-expression.ts';
import { inputsOf, visitExpressions } from './walk-plan.ts';

export interface ExplainOptions {
  /** Counters by node, after execution. */
  readonly counters?: ReadonlyMap<PlanNode, NodeCounters> | undefined;
  readonly verbose?: boolean | undefined;
  /** Estimated rows; default on. */
  readonly costs?: boolean | undefined;
  /** Times of EXPLAIN ANALYZE; default on. */
  readonly timing?: boolean | undefined;
  readonly planningMs?: number | undefined;
  readonly executionMs?: number | undefined;
}

/** One node of the drawn tree; keys are those of PostgreSQL's JSON format where it has them. */
export interface ExplainNode {
  readonly 'Node Type': string;
  readonly 'Plan Rows'?: number;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Actual Total Time'?: number;
  readonly 'Subplan Name'?: string;
  readonly Details: Readonly<Record<string, string>>;
  readonly Plans: readonly ExplainNode[];
}

export function explainTree(plan: Plan, options: ExplainOptions = {}): ExplainNode {
  return nodeOf(plan.root, names(plan.root), options, undefined);
}

export function explainJson(plan: Plan, options: ExplainOptions = {}): string {
  const root: Record<string, unknown> = { Plan: explainTree(plan, options) };
  if (options.planningMs !== undefined) root['Planning Time'] = options.planningMs;
  if (options.executionMs !== undefined) root['Execution Time'] = options.executionMs;
  return JSON.stringify([root], null, 2);
}

export function explainText(plan: Plan, options: ExplainOptions = {}): string[] {
  const lines: string[] = [];
  write(explainTree(plan, options), 0, lines, options);
  if (options.planningMs !== undefined) lines.push(`Planning Time: ${options.planningMs.toFixed(3)} ms`);
  if (options.executionMs !== undefined) lines.push(`Execution Time: ${options.executionMs.toFixed(3)} ms`);
  return lines;
}

function write(node: ExplainNode, depth: number, lines: string[], options: ExplainOptions): void {
  const indent = ' '.repeat(depth === 0 ? 0 : depth * 6 - 4);
  const inner = ' '.repeat(depth * 6 + 2);
  if (node['Subplan Name'] !== undefined) lines.push(`${' '.repeat(depth * 6 - 4)}${node['Subplan Name']}`);
  const parts: string[] = [];
  if (options.costs !== false && node['Plan Rows'] !== undefined) parts.push(`(rows=${node['Plan Rows']})`);
  if (node['Actual Loops'] !== undefined) {
    const time = options.timing === false ? '' : `time=${(node['Actual Total Time'] ?? 0).toFixed(3)} `;
    parts.push(
      node['Actual Loops'] === 0
        ? '(never executed)'
        : `(actual ${time}rows=${node['Actual Rows']} loops=${node['Actual Loops']})`,
    );
  }
  const text = parts.length === 0 ? '' : `  ${parts.join(' ')}`;
  lines.push(`${indent}${depth === 0 ? '' : '->  '}${node['Node Type']}${text}`);
  for (const [key, value] of Object.entries(node.Details)) lines.push(`${inner}${key}: ${value}`);
  for (const child of node.Plans) write(child, depth + 1, lines, options);
}

/** Qualified names of scanned columns by id. */
function names(root: PlanNode): NameOf {
  const known = new Map<number, string>();
  const visit = (node: PlanNode): void => {
    if (node.kind === 'scan' || node.kind === 'systemScan') {
      for (const output of node.outputs) known.set(output.id, `${node.alias}.${output.name}`);
    }
    for (const input of inputsOf(node)) visit(input);
    for (const { plan } of subplansOf(node)) visit(plan);
  };
  visit(root);
  return (id, name) => known.get(id) ?? name;
}

function subplansOf(node: PlanNode): { plan: PlanNode; correlated: boolean }[] {
  const found: { plan: PlanNode; correlated: boolean }[] = [];
  const visit = (expression: BoundExpression): void => {
    if (expression.kind === 'subquery')
      found.push({ plan: expression.plan, correlated: expression.correlated.length > 0 });
    for (const child of childrenOf(expression)) visit(child);
  };
  visitExpressions(node, visit);
  return found;
}

function nodeOf(node: PlanNode, nameOf: NameOf, options: ExplainOptions, subplan: string | undefined): ExplainNode {
  const counters = options.counters?.get(node);
  const details = detailsOf(node, nameOf);
  if (options.verbose === true)
    details['Output'] = node.outputs.map((output) => nameOf(output.id, output.name)).join(', ');
  if (counters !== undefined && node.kind === 'scan') {
    details['Segments'] = String(counters.segments);
    details['Row Groups'] = `${counters.groupsRead} read, ${counters.groupsSkipped} skipped`;
  }
  const plans = inputsOf(node).map((input) => nodeOf(input, nameOf, options, undefined));
  subplansOf(node).forEach(({ plan, correlated }, i) => {
    plans.push(nodeOf(plan, nameOf, options, `${correlated ? 'SubPlan' : 'InitPlan'} ${i + 1}`));
  });
  return {
    'Node Type': titleOf(node),
    ...(node.estimatedRows === undefined ? {} : { 'Plan Rows': node.estimatedRows }),
    ...(counters === undefined
      ? {}
      : { 'Actual Rows': counters.rows, 'Actual Loops': counters.loops, 'Actual Total Time': counters.timeMs }),
    ...(subplan === undefined ? {} : { 'Subplan Name': subplan }),
    Details: details,
    Plans: plans,
  };
}

function titleOf(node: PlanNode): string {
  switch (node.kind) {
    case 'scan':
      return scanTitle(node);
    case 'systemScan':
      return `System Scan on ${node.systemTable}${node.alias === node.systemTable ? '' : ` ${node.alias}`}`;
    case 'functionScan':
      return `Function Scan on ${node.alias}`;
    case 'values':
      return 'Values Scan';
    case 'oneRow':
      return 'Result';
    case 'empty':
      return 'Empty Result';
    case 'project':
      return 'Project';
    case 'projectSet':
      return 'ProjectSet';
    case 'filter':
      return 'Filter';
    case 'join':
      return joinTitle(node);
    case 'aggregate':
      return node.groups.length === 0 ? 'Aggregate' : node.sets === null ? 'HashAggregate' : 'MixedAggregate';
    case 'window':
      return 'WindowAgg';
    case 'sort':
      return node.limit === null ? 'Sort' : 'Top-N Sort';
    case 'limit':
      return 'Limit';
    case 'distinct':
      return 'HashDistinct';
    case 'distinctOn':
      return 'Unique';
    case 'setOperation':
      return node.operation === 'union'
        ? node.all
          ? 'Append'
          : 'HashUnion'
        : `HashSetOp ${capital(node.operation)}${node.all ? ' All' : ''}`;
    case 'with':
      return `CTE ${node.name}`;
    case 'cteScan':
      return `CTE Scan on ${node.name}`;
    case 'recursiveUnion':
      return 'Recursive Union';
    case 'workScan':
      return `WorkTable Scan on ${node.name}`;
    case 'insert':
      return `Insert on ${node.table.name}`;
    case 'update':
      return `Update on ${node.table.name}`;
    case 'delete':
      return `Delete on ${node.table.name}`;
    case 'merge':
      return `Merge on ${node.table.name}`;
  }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function scanTitle(node: ScanNode): string {
  const { access, table } = node;
  const name = table.name + (node.alias === table.name ? '' : ` ${node.alias}`);
  const backward = node.order === 'desc' ? ' Backward' : '';
  const versions = node.time.kind === 'versions' || node.time.kind === 'contained' ? 'Version ' : '';
  switch (access.kind) {
    case 'full':
      return `${versions}Seq Scan${backward} on ${name}`;
    case 'key':
    case 'keys':
      return `${versions}Key Lookup on ${name}`;
    case 'keyRange':
      return `${versions}Key Range Scan${backward} on ${name}`;
    case 'indexRange': {
      const index = table.indexes.find((candidate) => candidate.id === access.indexId);
      return `Index ${access.only ? 'Only ' : ''}Scan${backward} using ${index?.name ?? String(access.indexId)} on ${name}`;
    }
    case 'bitmap':
      return `Bitmap Heap Scan on ${name}`;
  }
}

const JOIN_WORDS = {
  inner: '',
  left: ' Left',
  right: ' Right',
  full: ' Full',
  semi: ' Semi',
  anti: ' Anti',
  mark: ' Mark',
  single: ' Single',
};

function joinTitle(node: JoinNode): string {
  const word = (node.nullAware ? ' Null-Aware' : '') + JOIN_WORDS[node.type];
  switch (node.algorithm) {
    case 'hash':
      return `Hash${word} Join`;
    case 'loop':
      return `Nested Loop${word}${word === '' ? '' : ' Join'}`;
    case 'apply':
      return `Apply${word}${word === '' ? '' : ' Join'}`;
    case 'lookup':
      return `Lookup${word} Join`;
    case 'merge':
      return `Merge${word} Join`;
  }
}

function detailsOf(node: PlanNode, nameOf: NameOf): Record<string, string> {
  const details: Record<string, string> = {};
  const print = (expression: BoundExpression): string => printExpression(expression, nameOf);
  const list = (items: readonly BoundExpression[]): string => items.map((item) => print(item)).join(', ');
  switch (node.kind) {
    case 'scan':
      scanDetails(node, details, print);
      break;
    case 'systemScan':
      if (node.filter !== null) details['Filter'] = print(node.filter);
      break;
    case 'project':
      break;
    case 'filter':
      details['Filter'] = print(node.condition);
      break;
    case 'join':
      if (node.keys.length > 0)
        details['Hash Cond'] = node.keys
          .map((key) => `(${print(key.left)} ${key.nullsEqual ? 'IS NOT DISTINCT FROM' : '='} ${print(key.right)})`)
          .join(' AND ');
      if (node.residual !== null) details['Join Filter'] = print(node.residual);
      break;
    case 'aggregate':
      if (node.groups.length > 0) details['Group Key'] = list(node.groups);
      if (node.aggregates.length > 0) {
        details['Aggregates'] = node.aggregates
          .map((call) => `${call.fn.name}(${call.distinct ? 'DISTINCT ' : ''}${list(call.args) || '*'})`)
          .join(', ');
      }
      break;
    case 'window':
      if (node.window.partition.length > 0) details['Partition By'] = list(node.window.partition);
      if (node.window.order.length > 0)
        details['Order By'] = node.window.order.map((key) => printSortKey(key, nameOf)).join(', ');
      break;
    case 'sort':
      details['Sort Key'] = node.keys.map((key) => printSortKey(key, nameOf)).join(', ');
      break;
    case 'limit':
      if (node.count !== null) details['Count'] = print(node.count);
      if (node.offset !== null) details['Offset'] = print(node.offset);
      break;
    case 'distinctOn':
      details['On'] = list(node.on);
      break;
    default:
      break;
  }
  return details;
}

function scanDetails(
  node: ScanNode,
  details: Record<string, string>,
  print: (expression: BoundExpression) => string,
): void {
  const { access, table, time } = node;
  const columnName = (ordinal: number | undefined): string =>
    table.columns.find((column) => column.id === ordinal)?.name ?? '?';
  if (time.kind === 'asOf') details['As Of'] = `sequence number ${time.seq}`;
  if (time.kind === 'versions' || time.kind === 'contained')
    details['Versions'] = `${time.kind === 'contained' ? 'within' : 'in'} ${time.fromSeq} … ${time.toSeq}`;
  if (access.kind === 'key' || access.kind === 'keys') {
    details['Key'] =
      access.kind === 'keys'
        ? `${columnName(table.key[0])} IN (${access.values.length} values)`
        : access.values.map((value, i) => `(${columnName(table.key[i])} = ${print(value)})`).join(' AND ');
  }
  if (access.kind === 'keyRange' || access.kind === 'indexRange') {
    const columns =
      access.kind === 'keyRange'
        ? table.key
        : (table.indexes.find((index) => index.id === access.indexId)?.columns ?? []).map((item) => item.column);
    const parts = access.prefix.map((value, i) => `(${columnName(columns[i])} = ${print(value)})`);
    const next = columnName(columns[access.prefix.length]);
    if (access.low !== null) parts.push(`(${next} ${access.low.inclusive ? '>=' : '>'} ${print(access.low.value)})`);
    if (access.high !== null) parts.push(`(${next} ${access.high.inclusive ? '<=' : '<'} ${print(access.high.value)})`);
    if (parts.length > 0) details[access.kind === 'keyRange' ? 'Key Cond' : 'Index Cond'] = parts.join(' AND ');
  }
  if (node.filter !== null) details['Filter'] = print(node.filter);
}
