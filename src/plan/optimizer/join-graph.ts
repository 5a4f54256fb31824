/**
 * The graph of an inner join: its relations, and the conditions that link them.
 *
 * Columns that equalities make equal form a *class*: from a = b and b = c follows a = c, so the join may begin with a
 * and c, and between two sets of relations a class gives one key, however many of its columns they have. Equalities
 * that do not fit (other types, expressions, two columns of one relation) stay conditions of their own.
 */
import type { BoundExpression, ColumnExpression, ColumnId } from '../expression.ts';
import type { JoinKey, PlanNode } from '../plan.ts';
import type { ScalarFunction } from '../../sql/functions/function.ts';
import { columnsOf } from '../walk-expression.ts';
import { conditionOf, joinKeyOf } from './join-keys.ts';

/** Relations are numbered; a set of them is a bit mask. */
export interface Relation {
  readonly node: PlanNode;
  readonly ids: ReadonlySet<ColumnId>;
  readonly rows: number;
}

/** Equal columns, at most one of each relation. */
export interface ColumnClass {
  readonly mask: number;
  /** By relation. */
  readonly members: readonly (ColumnExpression | undefined)[];
  readonly equal: ScalarFunction;
}

export interface LinkCondition {
  readonly condition: BoundExpression;
  readonly mask: number;
  /** Relations of the two sides of an equality; 0 where it is none. */
  readonly left: number;
  readonly right: number;
}

export interface JoinGraph {
  readonly relations: readonly Relation[];
  readonly classes: readonly ColumnClass[];
  readonly conditions: readonly LinkCondition[];
}

export function joinGraph(relations: readonly Relation[], conditions: readonly BoundExpression[]): JoinGraph {
  const relationOf = new Map<ColumnId, number>();
  relations.forEach(({ ids }, i) => {
    for (const id of ids) relationOf.set(id, i);
  });
  const maskOf = (expression: BoundExpression): number => {
    let mask = 0;
    for (const id of columnsOf(expression)) {
      const relation = relationOf.get(id);
      if (relation !== undefined) mask |= 1 << relation;
    }
    return mask;
  };
  const groups: { columns: ColumnExpression[]; conditions: BoundExpression[]; equal: ScalarFunction }[] = [];
  const links: LinkCondition[] = [];
  for (const condition of conditions) {
    const pair = columnPair(condition, relationOf);
    if (pair === null) {
      links.push(linkOf(condition, maskOf));
      continue;
    }
    const { left, right, equal } = pair;
    const touching = groups.filter((group) => group.columns.some(({ id }) => id === left.id || id === right.id));
    const merged = { columns: [left, right], conditions: [condition], equal };
    for (const group of touching) {
      groups.splice(groups.indexOf(group), 1);
      merged.columns.push(...group.columns);
      merged.conditions.push(...group.conditions);
    }
    groups.push(merged);
  }
  const classes: ColumnClass[] = [];
  for (const group of groups) {
    const found = classOf(group.columns, group.equal, relationOf, relations.length);
    if (found !== null) classes.push(found);
    else for (const condition of group.conditions) links.push(linkOf(condition, maskOf));
  }
  return { relations, classes, conditions: links };
}

function columnPair(
  condition: BoundExpression,
  relationOf: ReadonlyMap<ColumnId, number>,
): { left: ColumnExpression; right: ColumnExpression; equal: ScalarFunction } | null {
  if (condition.kind !== 'call' || condition.operator !== '=' || condition.args.length !== 2) return null;
  const [left, right] = condition.args;
  if (left?.kind !== 'column' || right?.kind !== 'column' || left.type.oid !== right.type.oid) return null;
  const [first, second] = [relationOf.get(left.id), relationOf.get(right.id)];
  return first === undefined || second === undefined || first === second ? null : { left, right, equal: condition.fn };
}

/** Null where two columns are of one relation: then the class says something about that relation alone as well. */
function classOf(
  columns: readonly ColumnExpression[],
  equal: ScalarFunction,
  relationOf: ReadonlyMap<ColumnId, number>,
  relations: number,
): ColumnClass | null {
  const members: (ColumnExpression | undefined)[] = new Array<undefined>(relations).fill(undefined);
  let mask = 0;
  for (const column of columns) {
    const relation = relationOf.get(column.id) as number;
    const known = members[relation];
    if (known !== undefined && known.id !== column.id) return null;
    members[relation] = column;
    mask |= 1 << relation;
  }
  return { mask, members, equal };
}

function linkOf(condition: BoundExpression, maskOf: (expression: BoundExpression) => number): LinkCondition {
  const mask = maskOf(condition);
  if (condition.kind !== 'call' || condition.operator !== '=' || condition.args.length !== 2)
    return { condition, mask, left: 0, right: 0 };
  const [left, right] = condition.args.map((arg) => maskOf(arg));
  const separate = left !== undefined && right !== undefined && left !== 0 && right !== 0 && (left & right) === 0;
  return { condition, mask, left: separate ? left : 0, right: separate ? right : 0 };
}

/** What a step that joins two sets of relations has to check: keys, and conditions that both sides together decide. */
export interface Step {
  readonly keys: readonly JoinKey[];
  readonly others: readonly BoundExpression[];
}

export function isLinked(graph: JoinGraph, first: number, second: number): boolean {
  for (const { mask } of graph.classes) if ((mask & first) !== 0 && (mask & second) !== 0) return true;
  const both = first | second;
  for (const { mask } of graph.conditions)
    if ((mask & first) !== 0 && (mask & second) !== 0 && (mask & ~both) === 0) return true;
  return false;
}

export function hasKey(graph: JoinGraph, first: number, second: number): boolean {
  for (const { mask } of graph.classes) if ((mask & first) !== 0 && (mask & second) !== 0) return true;
  for (const { left, right } of graph.conditions) {
    if (left === 0) continue;
    if ((left & ~first) === 0 && (right & ~second) === 0) return true;
    if ((left & ~second) === 0 && (right & ~first) === 0) return true;
  }
  return false;
}

export function stepBetween(
  graph: JoinGraph,
  first: { readonly mask: number; readonly ids: ReadonlySet<ColumnId> },
  second: { readonly mask: number; readonly ids: ReadonlySet<ColumnId> },
): Step {
  const keys: JoinKey[] = [];
  const others: BoundExpression[] = [];
  for (const { mask, members, equal } of graph.classes) {
    if ((mask & first.mask) === 0 || (mask & second.mask) === 0) continue;
    const left = members[lowest(mask & first.mask)];
    const right = members[lowest(mask & second.mask)];
    if (left !== undefined && right !== undefined) keys.push({ left, right, equal, nullsEqual: false });
  }
  const both = first.mask | second.mask;
  for (const { condition, mask } of graph.conditions) {
    if ((mask & ~both) !== 0 || (mask & first.mask) === 0 || (mask & second.mask) === 0) continue;
    const key = joinKeyOf(condition, first.ids, second.ids);
    if (key === null) others.push(condition);
    else keys.push(key);
  }
  return { keys, others };
}

/** Conditions that no step decides: about one relation, or none. */
export function looseConditions(graph: JoinGraph): BoundExpression[] {
  return graph.conditions.filter(({ mask }) => (mask & (mask - 1)) === 0).map(({ condition }) => condition);
}

/** Everything that the graph links, as conditions again. */
export function allConditions(graph: JoinGraph): BoundExpression[] {
  const conditions = graph.conditions.map(({ condition }) => condition);
  for (const { members, equal } of graph.classes) {
    const present = members.filter((member) => member !== undefined);
    for (let i = 1; i < present.length; i++) {
      const [left, right] = [present[i - 1] as ColumnExpression, present[i] as ColumnExpression];
      conditions.push(conditionOf({ left, right, equal, nullsEqual: false }));
    }
  }
  return conditions;
}

export function lowest(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
