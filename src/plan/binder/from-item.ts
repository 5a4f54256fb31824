/** What binding an item of FROM gives, and the aliases of its columns. */
import { DriftError } from '../../base/error.ts';
import type { PlanNode } from '../plan.ts';
import type { FromItem, Relation, VisibleColumn } from './scope.ts';

export interface BoundFrom {
  readonly plan: PlanNode;
  readonly item: FromItem;
}

export function single(plan: PlanNode, relation: Relation): BoundFrom {
  return { plan, item: { relations: [relation], columns: relation.columns } };
}

/** Columns under the names that the alias list gives them. Throws 42P10. */
export function renamed(
  columns: readonly VisibleColumn[],
  aliases: readonly string[],
  table: string,
  position: number,
): VisibleColumn[] {
  if (aliases.length > columns.length) {
    const message = `table "${table}" has ${columns.length} columns available but ${aliases.length} columns specified`;
    throw new DriftError('42P10', message, { position });
  }
  return columns.map((column, i) => {
    const alias = aliases[i];
    return alias === undefined ? column : { ...column, name: alias };
  });
}
