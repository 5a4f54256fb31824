/**
 * The cost model: what a plan is expected to take, in units of 0.1 µs on the machine on which the constants were
 * measured (bench/README.md). Only ratios matter.
 *
 *     scan            open + rows · (ROW + conditions · CONDITION)
 *     key range       open + rows in range · the same
 *     index range     open + entries · FETCH, or entries · ROW where the index has all columns
 *     bitmap          entries · ENTRY + rows fetched · FETCH
 *     hash join       right · BUILD + left · PROBE + result · OUTPUT
 *     look-up join    left · LOOKUP (whole key, in batches), else left · APPLY + entries · FETCH
 *     merge join      (left + right) · MERGE, and the sorts
 *     loop join       left · right · PAIR
 *     sort            rows · log2(rows) · COMPARE; the first n: rows · PROBE + n · log2(n) · COMPARE
 *     projection      rows · computed columns · CONDITION
 *     grouping        rows · GROUP + groups · BUILD, or rows · MERGE where the rows come in order
 *
 * `startup` is spent before the first row comes, which counts under a LIMIT: it pays the share of the rest that it asks
 * for.
 */
import { conjuncts } from '../walk-expression.ts';
import { inputsOf } from '../walk-plan.ts';
import type { AggregateNode, JoinNode, LimitNode, PlanNode, ScanNode } from '../plan.ts';
import type { BitmapPart } from '../scan-access.ts';
import type { Estimator } from './statistics.ts';
import type { Hints } from './hints.ts';
import { DISABLED_COST, type Switches } from './switches.ts';

const OPEN = 30;
const ROW = 0.015;
const CONDITION = 0.02;
const FETCH = 9;
const ENTRY = 2;
const LOOKUP = 15;
const APPLY = 300;
const BUILD = 0.15;
const GROUP = 0.08;
const PROBE = 0.1;
const OUTPUT = 0.03;
const MERGE = 0.3;
const PAIR = 0.1;
const COMPARE = 0.25;
const FUNCTION_ROW = 1;

export interface Cost {
  readonly startup: number;
  readonly total: number;
}

export class CostModel {
  readonly estimator: Estimator;
  readonly switches: Switches;
  readonly hints: Hints | undefined;
  readonly #costs = new WeakMap<PlanNode, Cost>();

  constructor(estimator: Estimator, switches: Switches, hints?: Hints) {
    this.estimator = estimator;
    this.switches = switches;
    this.hints = hints;
  }

  /** The model for reading one table, where a hint says how. */
  forScan(alias: string): CostModel {
    const hint = this.hints?.scans.get(alias);
    return hint === undefined ? this : new CostModel(this.estimator, { ...this.switches, ...hint.switches });
  }

  /** The model for one join, where a hint says how. */
  forJoin(join: JoinNode): CostModel {
    if (this.hints === undefined || this.hints.joins.length === 0) return this;
    const aliases = aliasesOf(join);
    const hint = this.hints.joins.find(
      (candidate) =>
        candidate.aliases.size === aliases.size && [...aliases].every((alias) => candidate.aliases.has(alias)),
    );
    return hint === undefined ? this : new CostModel(this.estimator, { ...this.switches, ...hint.switches });
  }

  allowsIndex(alias: string, name: string): boolean {
    return this.hints?.scans.get(alias)?.indexes?.has(name) ?? true;
  }

  /** What a plan costs, its inputs included. */
  of(node: PlanNode): Cost {
    let cost = this.#costs.get(node);
    if (cost === undefined) this.#costs.set(node, (cost = this.#compute(node)));
    return cost;
  }

  // ---- scans -----------------------------------------------------------------------------------------------------

  /** Reading so many rows of a table in a run, under so many conditions. */
  sequential(rows: number, conditions: number): number {
    return OPEN + rows * (ROW + conditions * CONDITION);
  }

  full(rows: number, conditions: number): number {
    return this.sequential(rows, conditions) + (this.switches.seqscan ? 0 : DISABLED_COST);
  }

  /** Reading so many entries of an index, and their rows unless the index has all that is asked for. */
  index(entries: number, only: boolean): number {
    const cost = OPEN + entries * (only ? ROW : FETCH);
    return cost + (this.switches.indexscan && (!only || this.switches.indexonlyscan) ? 0 : DISABLED_COST);
  }

  keys(count: number): number {
    return count * LOOKUP + (this.switches.indexscan ? 0 : DISABLED_COST);
  }

  /** Collecting so many entries of several ranges, then fetching the rows that are left. */
  bitmap(ranges: number, entries: number, rows: number): number {
    const cost = ranges * OPEN + entries * ENTRY + rows * FETCH;
    return cost + (this.switches.bitmapscan ? 0 : DISABLED_COST);
  }

  #scan(node: ScanNode): Cost {
    const own = this.forScan(node.alias);
    return own === this ? this.#scanCost(node) : own.#scanCost(node);
  }

  #scanCost(node: ScanNode): Cost {
    const { access, table } = node;
    const { estimator } = this;
    const conditions = conjuncts(node.filter).length;
    const rows = estimator.tableRows(table);
    switch (access.kind) {
      case 'full':
        return { startup: 0, total: this.full(rows, conditions) };
      case 'key':
        return { startup: 0, total: this.keys(1) };
      case 'keys':
        return { startup: 0, total: this.keys(access.values.length) };
      case 'keyArray':
        return { startup: 0, total: this.keys(access.entries) };
      case 'keyRange': {
        const cost = this.sequential(estimator.entries(node), conditions);
        return { startup: 0, total: cost + (this.switches.indexscan ? 0 : DISABLED_COST) };
      }
      case 'indexRange':
        return { startup: 0, total: this.index(estimator.entries(node), access.only) };
      case 'bitmap': {
        const entries = estimator.entries(node);
        const total = this.bitmap(rangesOf(access.part), entries, entries);
        return { startup: OPEN + entries * ENTRY, total };
      }
    }
  }

  // ---- joins -----------------------------------------------------------------------------------------------------

  hashJoin(left: number, right: number, rows: number): number {
    return right * BUILD + left * PROBE + rows * OUTPUT + (this.switches.hashjoin ? 0 : DISABLED_COST);
  }

  loopJoin(left: number, right: number, rows: number): number {
    return left * right * PAIR + rows * OUTPUT + (this.switches.nestloop ? 0 : DISABLED_COST);
  }

  mergeJoin(left: number, right: number, rows: number): number {
    return (left + right) * MERGE + rows * OUTPUT + (this.switches.mergejoin ? 0 : DISABLED_COST);
  }

  /** Finding partners by key or index; `entries`: those of one look-up, null for one by whole key. */
  lookupJoin(left: number, entries: number | null, rows: number): number {
    const each = entries === null ? LOOKUP : APPLY + entries * FETCH;
    return left * each + rows * OUTPUT + (this.switches.nestloop && this.switches.indexscan ? 0 : DISABLED_COST);
  }

  sort(rows: number): number {
    return rows * Math.log2(Math.max(rows, 2)) * COMPARE + (this.switches.sort ? 0 : DISABLED_COST);
  }

  /** The first so many of so many rows. */
  topSort(rows: number, count: number): number {
    return rows * PROBE + this.sort(Math.min(rows, count));
  }

  #join(node: JoinNode): Cost {
    const left = this.of(node.left);
    const right = this.of(node.right);
    const { estimator } = this;
    const [l, r, rows] = [estimator.rows(node.left), estimator.rows(node.right), estimator.rows(node)];
    const own = this.forJoin(node);
    switch (node.algorithm) {
      case 'hash':
        return both(left, right, own.hashJoin(l, r, rows), true);
      case 'merge':
        return both(left, right, own.mergeJoin(l, r, rows), true);
      case 'loop':
        return both(left, right, own.loopJoin(l, r, rows), true);
      case 'lookup': {
        const scan = bottom(node.right);
        const byKey = scan?.access.kind === 'key';
        const entries = byKey || scan === null ? null : estimator.entries(scan);
        return both(left, NOTHING, own.lookupJoin(l, entries, rows), false);
      }
      case 'apply': {
        const total = left.total + l * (APPLY + right.total) + rows * OUTPUT;
        return { startup: left.startup, total: total + (this.switches.nestloop ? 0 : DISABLED_COST) };
      }
    }
  }

  // ---- the rest --------------------------------------------------------------------------------------------------

  #compute(node: PlanNode): Cost {
    const rows = this.estimator.rows(node);
    switch (node.kind) {
      case 'scan':
        return this.#scan(node);
      case 'join':
        return this.#join(node);
      case 'systemScan':
      case 'functionScan':
        return { startup: 0, total: OPEN + rows * FUNCTION_ROW };
      case 'oneRow':
      case 'empty':
        return { startup: 0, total: ROW };
      case 'values':
      case 'cteScan':
      case 'workScan':
        return { startup: 0, total: rows * ROW };
      case 'aggregate':
        return this.#aggregate(node);
      case 'sort': {
        const source = this.of(node.source);
        const input = this.estimator.rows(node.source);
        const bound = node.limit === null ? null : limitOf(node.limit.count, node.limit.offset);
        const top = bound === null ? null : Math.min(bound, input);
        const cost = top === null ? this.sort(input) : this.topSort(input, top);
        return { startup: source.total + cost, total: source.total + cost + rows * ROW };
      }
      case 'limit':
        return this.#limit(node);
      case 'gather':
        return this.of(node.source);
      case 'window':
        return after(this.of(node.source), this.sort(this.estimator.rows(node.source)) + rows * BUILD);
      case 'distinct':
        return after(this.of(node.source), this.estimator.rows(node.source) * BUILD);
      case 'setOperation': {
        const left = this.of(node.left);
        const right = this.of(node.right);
        if (node.operation === 'union' && node.all) return { startup: left.startup, total: left.total + right.total };
        const input = this.estimator.rows(node.left) + this.estimator.rows(node.right);
        return after({ startup: 0, total: left.total + right.total }, input * BUILD);
      }
      case 'with':
      case 'recursiveUnion': {
        const total = inputsOf(node).reduce((sum, input) => sum + this.of(input).total, 0);
        return { startup: 0, total };
      }
      case 'project': {
        // Columns are passed on as they are, a batch at a time.
        const source = this.of(node.source);
        const computed = node.expressions.filter(({ kind }) => kind !== 'column' && kind !== 'const').length;
        return { startup: source.startup, total: source.total + rows * computed * CONDITION };
      }
      case 'projectSet':
      case 'filter':
      case 'lockRows':
      case 'distinctOn': {
        const source = this.of(node.source);
        const conditions = node.kind === 'filter' ? conjuncts(node.condition).length : 1;
        const extra = this.estimator.rows(node.source) * (ROW + conditions * CONDITION);
        return { startup: source.startup, total: source.total + extra };
      }
      case 'insert':
      case 'update':
      case 'delete':
      case 'merge': {
        const source = this.of(node.source);
        return { startup: source.startup, total: source.total + rows * FETCH };
      }
    }
  }

  #aggregate(node: AggregateNode): Cost {
    const source = this.of(node.source);
    const input = this.estimator.rows(node.source);
    const calls = input * CONDITION * node.aggregates.length;
    if (node.sorted) return { startup: source.startup, total: source.total + input * MERGE + calls };
    if (node.groups.length === 0) return after(source, calls);
    const groups = this.estimator.rows(node);
    return after(source, input * GROUP + groups * BUILD + calls + (this.switches.hashagg ? 0 : DISABLED_COST));
  }

  #limit(node: LimitNode): Cost {
    const source = this.of(node.source);
    const input = this.estimator.rows(node.source);
    const wanted = limitOf(node.count, node.offset);
    const share = wanted === null ? 1 : Math.min(1, wanted / Math.max(input, 1));
    return { startup: source.startup, total: source.startup + (source.total - source.startup) * share };
  }
}

/** Ranges that a bitmap reads. */
export function rangesOf(part: BitmapPart): number {
  return part.kind === 'range' ? 1 : part.parts.reduce((sum, inner) => sum + rangesOf(inner), 0);
}

/** Aliases of the tables below a node. */
function aliasesOf(node: PlanNode): Set<string> {
  if ('alias' in node) return new Set([node.alias]);
  return new Set(inputsOf(node).flatMap((input) => [...aliasesOf(input)]));
}

const NOTHING: Cost = { startup: 0, total: 0 };

function both(left: Cost, right: Cost, own: number, waits: boolean): Cost {
  return { startup: left.startup + (waits ? right.total : 0), total: left.total + right.total + own };
}

/** What comes only when all of the source has been read. */
function after(source: Cost, own: number): Cost {
  return { startup: source.total + own, total: source.total + own };
}

function bottom(node: PlanNode): ScanNode | null {
  if (node.kind === 'scan') return node;
  return node.kind === 'filter' || node.kind === 'project' ? bottom(node.source) : null;
}

/** LIMIT and OFFSET together, where they are known. */
export function limitOf(count: LimitNode['count'], offset: LimitNode['offset']): number | null {
  if (count?.kind !== 'const' || typeof count.value !== 'number') return null;
  return count.value + (offset?.kind === 'const' && typeof offset.value === 'number' ? offset.value : 0);
}
