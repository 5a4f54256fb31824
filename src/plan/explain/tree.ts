/**
 * The tree that EXPLAIN shows, from a plan and what running it counted.
 *
 * Projections and filters are put together with the node below them; a filter above a node that PostgreSQL gives none
 * (Limit, WindowAgg …) is a Subquery Scan. A hash join's right side stands under a Hash node, a loop's under
 * Materialize. A WITH query and the subqueries of expressions are children with a label: `CTE x`, `InitPlan 1 (returns
 * $0)`, `SubPlan 1`.
 */
import type { BoundExpression } from '../expression.ts';
import type { NodeCounters } from '../counters.ts';
import type { PlanNode, ScanNode } from '../plan.ts';
import { hashDetails, keptRows } from './memory.ts';
import type { BitmapPart } from '../scan-access.ts';
import { conjunction, conjuncts } from '../walk-expression.ts';
import { inputsOf } from '../walk-plan.ts';
import { nameColumns, subqueryExpressions } from './columns.ts';
import { type PrintContext, Printer } from './expressions.ts';
import type { Property, ShownNode } from './formats.ts';
import { bitmapIndexShape, data, type Shape, shapeOf } from './shape.ts';

export interface TreeOptions {
  readonly counters?: ReadonlyMap<PlanNode, NodeCounters> | undefined;
  readonly verbose: boolean;
  readonly costs: boolean;
  readonly timing: boolean;
  readonly buffers: boolean;
  readonly eval?: PrintContext['eval'];
}

/** A node with the projections and filters that stand directly above it. */
interface Group {
  /** The outermost of them: its rows are the group's. */
  readonly top: PlanNode;
  readonly core: PlanNode;
  /** Outermost first. */
  readonly filters: readonly (PlanNode & { readonly kind: 'filter' })[];
  readonly nodes: readonly PlanNode[];
}

type Relationship = 'Outer' | 'Inner' | 'Member' | 'InitPlan' | 'SubPlan' | 'Subquery';

export function shownTree(root: PlanNode, options: TreeOptions): ShownNode {
  return new Tree(root, options).show(root, null, null);
}

/** Nodes that take no condition in PostgreSQL. */
const UNFILTERED = new Set([
  'limit',
  'window',
  'sort',
  'setOperation',
  'distinct',
  'distinctOn',
  'projectSet',
  'recursiveUnion',
]);

class Tree {
  readonly #options: TreeOptions;
  readonly #context: PrintContext & { readonly columns: Map<number, { text: string; computed: boolean }> };
  readonly #names = new Map<PlanNode, string>();
  readonly #labels = new Map<PlanNode, string>();
  #subplans = 0;
  #results = 0;

  constructor(root: PlanNode, options: TreeOptions) {
    this.#options = options;
    this.#context = {
      columns: new Map(),
      subqueryName: (plan) => this.#names.get(plan) ?? 'SubPlan',
      eval: options.eval,
    };
    this.#nameSubqueries(root);
    nameColumns(root, this.#context, options.verbose);
  }

  #nameSubqueries(node: PlanNode): void {
    for (const { plan, mode, correlated } of subqueryExpressions(node)) {
      if (!this.#names.has(plan)) {
        const initial = correlated.length === 0 && mode !== 'any' && mode !== 'all';
        this.#subplans++;
        this.#names.set(plan, initial ? `$${this.#results++}` : `SubPlan ${this.#subplans}`);
        this.#labels.set(
          plan,
          initial ? `InitPlan ${this.#subplans} (returns ${this.#names.get(plan)})` : `SubPlan ${this.#subplans}`,
        );
      }
      this.#nameSubqueries(plan);
    }
    for (const input of inputsOf(node)) this.#nameSubqueries(input);
  }

  show(node: PlanNode, relationship: Relationship | null, label: string | null): ShownNode {
    const group = grouped(node);
    const { core } = group;
    if (core.kind === 'with') {
      const body = this.show(core.body, relationship, label);
      const definition = this.show(core.definition, 'InitPlan', `CTE ${core.name}`);
      return { ...body, children: [definition, ...body.children] };
    }
    const own = new Set(core.kind === 'aggregate' ? core.outputs.map(({ id }) => id) : []);
    const printer = new Printer(this.#context, own);
    const shape = core.kind === 'filter' ? subqueryScan(core, printer) : shapeOf(core, printer);
    const details = [...shape.details, ...this.#filterDetails(group, printer)];
    if (this.#options.counters !== undefined) details.push(...this.#measured(group));
    const children = [
      ...this.#subqueries(group, true),
      ...this.#inputs(core, printer),
      ...this.#subqueries(group, false),
    ];
    return this.#shown({ ...shape, details }, group.top, { relationship, label, children });
  }

  #filterDetails({ core, filters }: Group, printer: Printer): Property[] {
    const conditions = filters.flatMap(({ condition }) => conjuncts(condition));
    if (core.kind === 'systemScan') conditions.push(...conjuncts(core.filter));
    if (core.kind === 'scan')
      conditions.push(...conjuncts(core.filter).filter((condition) => !isShown(core, condition)));
    const filter = conjunction(conditions);
    if (filter === null) return [];
    return [
      { name: core.kind === 'oneRow' ? 'One-Time Filter' : 'Filter', value: printer.print(filter) },
      ...this.#removed(core, filters),
    ];
  }

  /** How many rows the filters have dropped, on average of the loops. */
  #removed(core: PlanNode, filters: Group['filters']): Property[] {
    const { counters } = this.#options;
    const first = counters?.get(core);
    if (counters === undefined || first === undefined || first.loops === 0) return [];
    let removed = core.kind === 'scan' && core.filter !== null ? first.scanned - first.rows : 0;
    for (const filter of filters) {
      const [above, below] = [counters.get(filter), counters.get(filter.source)];
      if (above !== undefined && below !== undefined) removed += below.rows - above.rows;
    }
    const average = Math.round(removed / first.loops);
    return average <= 0 ? [] : [{ name: 'Rows Removed by Filter', value: { number: String(average) } }];
  }

  #measured({ core, top }: Group): Property[] {
    const counters = this.#options.counters?.get(core);
    if (counters === undefined) return [];
    const found: Property[] = [];
    if (core.kind === 'gather')
      found.push({ name: 'Workers Launched', value: { number: String(counters.workers ?? 0) } });
    found.push(...keptRows(core, counters, Math.max(1, top.width ?? 8)));
    if (core.kind === 'scan' && core.access.kind === 'indexRange' && core.access.only)
      found.push({ name: 'Heap Fetches', value: { number: '0' } });
    if (this.#options.buffers && core.kind === 'scan') {
      const { groupsRead, groupsSkipped, segments } = counters;
      if (groupsRead + groupsSkipped > 0)
        found.push({ name: 'Row Groups', value: `${groupsRead} read, ${groupsSkipped} skipped` });
      if (segments > 0) found.push({ name: 'Segments', value: { number: String(segments) } });
    }
    return found;
  }

  #subqueries({ nodes }: Group, initial: boolean): ShownNode[] {
    return nodes.flatMap((node) =>
      subqueryExpressions(node)
        .filter(({ plan }) => this.#context.subqueryName(plan).startsWith('$') === initial)
        .map(({ plan }) => this.show(plan, initial ? 'InitPlan' : 'SubPlan', this.#labels.get(plan) ?? null)),
    );
  }

  #inputs(core: PlanNode, printer: Printer): ShownNode[] {
    switch (core.kind) {
      case 'scan':
        return core.access.kind === 'bitmap' ? [this.#bitmap(core, core.access.part, printer, 'Outer')] : [];
      case 'join': {
        const left = this.show(core.left, 'Outer', null);
        const right = (relationship: Relationship): ShownNode => this.show(core.right, relationship, null);
        if (core.algorithm === 'hash') {
          const details = hashDetails(this.#options.counters?.get(core));
          return [left, this.#around('Hash', core.right, right('Outer'), details)];
        }
        if (core.algorithm === 'loop') return [left, this.#around('Materialize', core.right, right('Outer'))];
        return [left, right('Inner')];
      }
      case 'setOperation':
        return this.#members(core);
      case 'recursiveUnion':
        return [this.show(core.initial, 'Outer', null), this.show(core.step, 'Inner', null)];
      default:
        return inputsOf(core).map((input) => this.show(input, 'Outer', null));
    }
  }

  /** A union of unions is one Append. */
  #members(node: PlanNode & { readonly kind: 'setOperation' }): ShownNode[] {
    const members = (side: PlanNode): ShownNode[] =>
      side.kind === 'setOperation' && side.operation === 'union' && side.all && node.operation === 'union'
        ? this.#members(side)
        : [this.show(side, 'Member', null)];
    const inputs = [...members(node.left), ...members(node.right)];
    if (node.operation === 'union' && node.all) return inputs;
    const append: Shape = { type: 'Append', title: 'Append', facts: [], details: [] };
    return [this.#plain(append, inputs)];
  }

  #bitmap(scan: ScanNode, part: BitmapPart, printer: Printer, relationship: Relationship): ShownNode {
    const shape = bitmapIndexShape(scan, part, printer);
    const children =
      part.kind === 'range' ? [] : part.parts.map((inner) => this.#bitmap(scan, inner, printer, 'Member'));
    const rows = Math.round(part.kind === 'range' ? part.entries : 0);
    const costs = this.#options.costs ? `  (cost=0.00..0.00 rows=${rows} width=0)` : '';
    return {
      line: `${shape.title}${costs}`,
      label: null,
      properties: [...this.#identity(shape, relationship, null), ...shape.details],
      children,
    };
  }

  /** Hash and Materialize: nodes that have no plan node of their own here. */
  #around(type: string, node: PlanNode, child: ShownNode, details: readonly Property[] = []): ShownNode {
    return this.#shown({ type, title: type, facts: [], details }, grouped(node).top, {
      relationship: 'Inner',
      label: null,
      children: [child],
      waits: true,
    });
  }

  #plain(shape: Shape, children: readonly ShownNode[]): ShownNode {
    return { line: shape.title, label: null, properties: this.#identity(shape, 'Outer', null), children };
  }

  #identity(shape: Shape, relationship: Relationship | null, label: string | null): Property[] {
    const strategy = shape.facts.filter(({ name }) => EARLY.has(name));
    return [
      data('Node Type', shape.type),
      ...strategy,
      ...(relationship === null ? [] : [data('Parent Relationship', relationship)]),
      ...(label === null ? [] : [data('Subplan Name', label)]),
      data('Parallel Aware', shape.title.startsWith('Parallel ')),
      data('Async Capable', false),
      ...shape.facts.filter(({ name }) => !EARLY.has(name)),
    ];
  }

  #shown(
    shape: Shape,
    top: PlanNode,
    around: {
      readonly relationship: Relationship | null;
      readonly label: string | null;
      readonly children: readonly ShownNode[];
      /** Its first row comes when its input is at its end. */
      readonly waits?: boolean;
    },
  ): ShownNode {
    const numbers: Property[] = [];
    let line = shape.title;
    const { costs, counters, timing, verbose } = this.#options;
    if (costs && top.cost !== undefined) {
      const startup = around.waits === true ? top.cost.total : top.cost.startup;
      const width = Math.round(top.width ?? 0);
      const none = top.kind === 'empty' || (isModify(top) && top.outputs.length === 0);
      const rows = none ? 0 : Math.max(1, top.estimatedRows ?? 0);
      line += `  (cost=${startup.toFixed(2)}..${top.cost.total.toFixed(2)} rows=${rows} width=${width})`;
      numbers.push(
        data('Startup Cost', { number: startup.toFixed(2) }),
        data('Total Cost', { number: top.cost.total.toFixed(2) }),
        data('Plan Rows', { number: String(rows) }),
        data('Plan Width', { number: String(width) }),
      );
    }
    if (counters !== undefined) {
      const measured = actual(counters.get(top), timing, around.waits === true);
      line += measured.text;
      numbers.push(...measured.properties);
    }
    const output = verbose && around.waits !== true ? this.#output(top) : [];
    const identity = this.#identity(shape, around.relationship, around.label);
    const properties = [...identity, ...numbers, ...output, ...shape.details];
    return { line, label: around.label, properties, children: around.children };
  }

  #output(top: PlanNode): Property[] {
    if (top.outputs.length === 0) return [];
    const printer = new Printer(this.#context, new Set(top.outputs.map(({ id }) => id)));
    const value = top.outputs.map(({ id, name, type }) => printer.print({ kind: 'column', id, name, type }));
    return [{ name: 'Output', value }];
  }
}

/** Whether a condition is there to read as Index Cond or Recheck Cond already. */
function isShown({ access, table, columns }: ScanNode, condition: BoundExpression): boolean {
  switch (access.kind) {
    case 'full':
    case 'key':
      return false;
    case 'keys': {
      if (condition.kind !== 'inList' || condition.items !== access.values) return false;
      const { operand } = condition;
      return operand.kind === 'column' && columns.find(({ id }) => id === operand.id)?.ordinal === table.key[0];
    }
    default:
      return access.conditions.includes(condition);
  }
}

function subqueryScan(node: PlanNode & { readonly kind: 'filter' }, printer: Printer): Shape {
  const facts = [data('Alias', 'unnamed_subquery')];
  const details = [{ name: 'Filter', value: printer.print(node.condition) }];
  return { type: 'Subquery Scan', title: 'Subquery Scan on unnamed_subquery', facts, details };
}

function isModify({ kind }: PlanNode): boolean {
  return kind === 'insert' || kind === 'update' || kind === 'delete' || kind === 'merge';
}

/** Facts that PostgreSQL gives before a node's place in the tree. */
const EARLY = new Set(['Strategy', 'Partial Mode', 'Operation']);

function grouped(node: PlanNode): Group {
  const filters: (PlanNode & { readonly kind: 'filter' })[] = [];
  const nodes: PlanNode[] = [node];
  let core = node;
  while (core.kind === 'project' || core.kind === 'filter') {
    if (core.kind === 'filter') {
      if (UNFILTERED.has(core.source.kind)) break;
      filters.push(core);
    }
    core = core.source;
    nodes.push(core);
  }
  return { top: node, core, filters, nodes };
}

function actual(
  counters: NodeCounters | undefined,
  timing: boolean,
  waits: boolean,
): { readonly text: string; readonly properties: Property[] } {
  const loops = counters?.loops ?? 0;
  const each = Math.max(loops, 1);
  const rows = Math.round((counters?.rows ?? 0) / each);
  const total = (counters?.timeMs ?? 0) / each;
  const startup = waits ? total : Math.min((counters?.startupMs ?? 0) / each, total);
  const properties: Property[] = [];
  if (timing)
    properties.push(
      data('Actual Startup Time', { number: startup.toFixed(3) }),
      data('Actual Total Time', { number: total.toFixed(3) }),
    );
  properties.push(data('Actual Rows', { number: String(rows) }), data('Actual Loops', { number: String(loops) }));
  if (loops === 0) return { text: ' (never executed)', properties };
  const time = timing ? `time=${startup.toFixed(3)}..${total.toFixed(3)} ` : '';
  return { text: ` (actual ${time}rows=${rows} loops=${loops})`, properties };
}
