/**
 * Where a recursive query may mention itself (PostgreSQL's checkWellFormedRecursion): once, in FROM, where each of its
 * rows can only add rows. Checked on the bound step, in which the mention is a scan of the working table.
 */
import { DriftError } from '../../base/error.ts';
import type { BoundExpression } from '../expression.ts';
import type { PlanNode } from '../plan.ts';
import { someExpression } from '../walk-expression.ts';
import { inputsOf, somePlan, visitExpressions } from '../walk-plan.ts';

/** Throws 42P19. */
export function checkRecursion(step: PlanNode, { name, work, references }: Recursion, position: number): void {
  const fail = (where: string): never => {
    throw new DriftError('42P19', `recursive reference to query "${name}" must not appear ${where}`, { position });
  };
  const mentions = (plan: PlanNode): boolean =>
    somePlan(plan, (node) => node.kind === 'workScan' && node.work === work);
  const inSubquery = (expression: BoundExpression): boolean =>
    someExpression(expression, (part) => part.kind === 'subquery' && mentions(part.plan));
  const visit = (node: PlanNode): void => {
    visitExpressions(node, (expression) => {
      if (inSubquery(expression)) fail('within a subquery');
    });
    if (node.kind === 'join' && node.type !== 'inner') {
      const nullable = [...(node.type === 'left' ? [] : [node.left]), ...(node.type === 'right' ? [] : [node.right])];
      if ((node.type === 'left' || node.type === 'right' || node.type === 'full') && nullable.some(mentions))
        fail('within an outer join');
    }
    if (node.kind === 'setOperation') {
      if (node.operation === 'intersect' && node.all && mentions(node)) fail('within INTERSECT');
      if (node.operation === 'except' && mentions(node.all ? node : node.right)) fail('within EXCEPT');
    }
    if (node.kind === 'aggregate' && mentions(node.source)) {
      throw new DriftError('42P19', "aggregate functions are not allowed in a recursive query's recursive term", {
        position,
      });
    }
    for (const input of inputsOf(node)) visit(input);
  };
  visit(step);
  if (references > 1) fail('more than once');
}

export interface Recursion {
  readonly name: string;
  /** Of the working table. */
  readonly work: number;
  readonly references: number;
}
