/**
 * Join order by dynamic programming over sets of relations (Selinger et al. 1979; bushy trees as in Moerkotte and
 * Neumann 2006): the best plan of each connected set is the cheapest way to join two disjoint connected parts of it.
 *
 * A set's rows do not depend on how it was joined; its cost is that of its parts and of the cheapest join between them:
 * by hash, by look-up where one part is a table with a fitting key or index, by loop where there is no equality. For ten
 * relations that are at most 29,524 pairs of sets, a few milliseconds; most graphs have far fewer connected ones.
 */
import { conjuncts } from '../walk-expression.ts';
import type { ColumnId } from '../expression.ts';
import type { PlanNode, ScanNode } from '../plan.ts';
import { chooseAccess } from './access.ts';
import type { AccessContext } from './path-finder.ts';
import type { CostModel } from './cost.ts';
import { hasKey, isLinked, type JoinGraph, lowest, stepBetween } from './join-graph.ts';
import { SargFinder } from './sargs.ts';
import { isUnique } from './statistics.ts';

export const MAX_SEARCHED = 10;
/** Graphs up to this size may also join relations that nothing links (two small dimensions before a big table). */
const MAX_CROSSED = 5;

/** How a set of relations is best joined. */
export interface JoinTree {
  readonly mask: number;
  readonly rows: number;
  readonly cost: number;
  /** Null for one relation. */
  readonly parts: readonly [JoinTree, JoinTree] | null;
}

/** The best way to join all relations, or null if some are linked to none of the others. */
export function searchJoinOrder(graph: JoinGraph, context: AccessContext): JoinTree | null {
  return new Search(graph, context).run();
}

/** A way to find rows of a relation by equal values of leading columns of a key or index. */
interface LookupWay {
  readonly ordinals: readonly number[];
  /** Entries that so many leading columns find; null: one row by whole key, in batches. */
  readonly entries: readonly (number | null)[];
}

class Search {
  readonly #graph: JoinGraph;
  readonly #cost: CostModel;
  readonly #best: (JoinTree | undefined)[] = [];
  readonly #ids: (ReadonlySet<ColumnId> | undefined)[] = [];
  readonly #ways: readonly (readonly LookupWay[])[];
  readonly #fixed: readonly ReadonlySet<number>[];

  constructor(graph: JoinGraph, context: AccessContext) {
    this.#graph = graph;
    this.#cost = context.cost;
    graph.relations.forEach((relation, i) => {
      const placed = relation.node.kind === 'scan' ? chooseAccess(relation.node, context) : relation.node;
      this.#best[1 << i] = { mask: 1 << i, rows: relation.rows, cost: context.cost.of(placed).total, parts: null };
      this.#ids[1 << i] = relation.ids;
    });
    this.#ways = graph.relations.map(({ node }) => lookupWays(node, context.cost));
    this.#fixed = graph.relations.map(({ node }) => fixedOrdinals(node));
  }

  run(): JoinTree | null {
    const count = this.#graph.relations.length;
    const all = (1 << count) - 1;
    const crosses = count <= MAX_CROSSED;
    for (let mask = 3; mask <= all; mask++) {
      if ((mask & (mask - 1)) === 0) continue;
      let best: JoinTree | undefined;
      let rows = -1;
      for (let part = (mask - 1) & mask; part > 0; part = (part - 1) & mask) {
        const other = mask ^ part;
        if (part < other) continue;
        const first = this.#best[part];
        const second = this.#best[other];
        if (first === undefined || second === undefined) continue;
        if (!crosses && !isLinked(this.#graph, part, other)) continue;
        if (rows < 0) rows = this.#rowsOf(first, second);
        const cost = this.#joinCost(first, second, rows);
        if (best === undefined || cost < best.cost) best = { mask, rows, cost, parts: [first, second] };
      }
      this.#best[mask] = best;
    }
    return this.#best[all] ?? null;
  }

  #idsOf(mask: number): ReadonlySet<ColumnId> {
    let ids = this.#ids[mask];
    if (ids === undefined) {
      const one = mask & -mask;
      this.#ids[mask] = ids = new Set([...this.#idsOf(one), ...this.#idsOf(mask ^ one)]);
    }
    return ids;
  }

  #rowsOf(first: JoinTree, second: JoinTree): number {
    const step = stepBetween(
      this.#graph,
      { mask: first.mask, ids: this.#idsOf(first.mask) },
      { mask: second.mask, ids: this.#idsOf(second.mask) },
    );
    const { estimator } = this.#cost;
    const share = estimator.keyShare(step.keys, first.rows, second.rows) * estimator.together(step.others);
    return Math.max(1, first.rows * second.rows * share);
  }

  #joinCost(first: JoinTree, second: JoinTree, rows: number): number {
    const inputs = first.cost + second.cost;
    const [more, fewer] = [Math.max(first.rows, second.rows), Math.min(first.rows, second.rows)];
    let cost = inputs + this.#cost.loopJoin(more, fewer, rows);
    if (hasKey(this.#graph, first.mask, second.mask)) {
      cost = Math.min(cost, inputs + this.#cost.hashJoin(more, fewer, rows));
      cost = Math.min(cost, inputs + this.#cost.mergeJoin(more, fewer, rows) + this.#cost.sort(more + fewer));
      cost = Math.min(cost, this.#lookupCost(first, second, rows), this.#lookupCost(second, first, rows));
    }
    return cost;
  }

  /** The outer side's rows looked up in the inner one, where that is one table. */
  #lookupCost(outer: JoinTree, inner: JoinTree, rows: number): number {
    if (inner.parts !== null) return Infinity;
    const relation = lowest(inner.mask);
    const ways = this.#ways[relation] ?? [];
    if (ways.length === 0) return Infinity;
    const available = this.#linkedOrdinals(relation, outer.mask);
    let cost = Infinity;
    for (const { ordinals, entries } of ways) {
      let length = 0;
      while (length < ordinals.length && available.has(ordinals[length] as number)) length++;
      const found = entries[length - 1];
      if (found !== undefined) cost = Math.min(cost, this.#cost.lookupJoin(outer.rows, found, rows));
    }
    return outer.cost + cost;
  }

  /** Columns of a relation that equal columns of the others, or constants. */
  #linkedOrdinals(relation: number, others: number): Set<number> {
    const ordinals = new Set(this.#fixed[relation]);
    const { node } = this.#graph.relations[relation] as { readonly node: PlanNode };
    if (node.kind !== 'scan') return ordinals;
    for (const { mask, members } of this.#graph.classes) {
      const member = members[relation];
      if (member === undefined || (mask & others) === 0) continue;
      const ordinal = node.columns.find(({ id }) => id === member.id)?.ordinal;
      if (ordinal !== undefined) ordinals.add(ordinal);
    }
    return ordinals;
  }
}

function lookupWays(node: PlanNode, cost: CostModel): LookupWay[] {
  if (node.kind !== 'scan' || (node.time.kind !== 'now' && node.time.kind !== 'asOf')) return [];
  const { table } = node;
  const rows = cost.estimator.tableRows(table);
  const way = (ordinals: readonly number[], isKey: boolean): LookupWay => {
    let entries = rows;
    return {
      ordinals,
      entries: ordinals.map((ordinal, i) => {
        if (isKey && i === ordinals.length - 1) return null;
        entries = isUnique(table, ordinals.slice(0, i + 1))
          ? 1
          : Math.max(1, entries / cost.estimator.distinctValues(table, ordinal));
        return entries;
      }),
    };
  };
  const plain = table.indexes.filter((index) => index.keys === undefined && index.where === undefined);
  return [
    way(table.key, true),
    ...plain.map((index) =>
      way(
        index.columns.map(({ column }) => column),
        false,
      ),
    ),
  ];
}

function fixedOrdinals(node: PlanNode): Set<number> {
  const scan: ScanNode | null = node.kind === 'scan' ? node : null;
  if (scan === null || scan.filter === null) return new Set();
  const { comparisons } = new SargFinder(scan).find(conjuncts(scan.filter));
  return new Set(comparisons.filter(({ op }) => op === '=').map(({ ordinal }) => ordinal));
}
