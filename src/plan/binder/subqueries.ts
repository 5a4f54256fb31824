/**
 * Subqueries in expressions: scalar, EXISTS, IN, ANY/ALL, ARRAY(…).
 *
 * What a subquery needs from enclosing queries is read off its finished plan: the ids that it mentions and does not
 * produce.
 */
import { DriftError } from '../../base/error.ts';
import type {
  ArraySubquery,
  ExistsExpression,
  InSubqueryExpression,
  QuantifiedSubquery,
  ScalarSubquery,
} from '../../sql/ast.ts';
import type { Query } from '../../sql/ast-query.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression, SubqueryExpression } from '../expression.ts';
import type { PlanNode } from '../plan.ts';
import { freeColumns } from '../walk-plan.ts';
import { BOOL, displayType } from './coerce.ts';
import { negate, operate } from './operators.ts';
import { CLAUSES, columnOf, type Scope } from './scope.ts';

/** Binds a subquery where the clause allows one. */
function bindInner(query: Query, scope: Scope): PlanNode {
  const { clause } = scope;
  if (clause.stored === true) {
    const where =
      clause === CLAUSES.check
        ? 'check constraint'
        : clause === CLAUSES.default
          ? 'DEFAULT expression'
          : clause.name.replace(/s$/, '');
    throw new DriftError('0A000', `cannot use subquery in ${where}`, { position: query.position });
  }
  return scope.hooks.query(query, scope);
}

function subquery(
  mode: SubqueryExpression['mode'],
  plan: PlanNode,
  rest: Pick<SubqueryExpression, 'test' | 'type' | 'position'>,
): SubqueryExpression {
  return { kind: 'subquery', mode, plan, correlated: freeColumns(plan), ...rest };
}

export function bindExists(syntax: ExistsExpression, scope: Scope): BoundExpression {
  return subquery('exists', bindInner(syntax.query, scope), { test: null, type: BOOL, position: syntax.position });
}

export function bindScalarSubquery(syntax: ScalarSubquery, scope: Scope): BoundExpression {
  const plan = singleColumn(syntax.query, scope);
  return subquery('scalar', plan, { test: null, type: plan.outputs[0]?.type ?? BOOL, position: syntax.position });
}

export function bindArraySubquery(syntax: ArraySubquery, scope: Scope): BoundExpression {
  const plan = singleColumn(syntax.query, scope);
  const element = plan.outputs[0]?.type ?? BOOL;
  const type = typeByOid(element.oid);
  const oid = type.category === 'A' ? element.oid : type.arrayOid;
  if (oid === 0) {
    throw new DriftError('42704', `could not find array type for data type ${displayType(element)}`, {
      position: syntax.position,
    });
  }
  return subquery('array', plan, { test: null, type: { oid, typmod: -1 }, position: syntax.position });
}

function singleColumn(query: Query, scope: Scope): PlanNode {
  const plan = bindInner(query, scope);
  if (plan.outputs.length !== 1)
    throw new DriftError('42601', 'subquery must return only one column', { position: query.position });
  return plan;
}

export function bindInSubquery(syntax: InSubqueryExpression, scope: Scope): BoundExpression {
  const test = quantified(syntax.operand, { ...syntax, operator: '=', quantifier: 'any' }, scope);
  return syntax.negated ? negate(test) : test;
}

export function bindQuantifiedSubquery(syntax: QuantifiedSubquery, scope: Scope): BoundExpression {
  return quantified(syntax.operand, syntax, scope);
}

interface Quantified {
  readonly query: Query;
  readonly operator: string;
  readonly quantifier: 'any' | 'all';
  readonly position: number;
}

function quantified(operandSyntax: QuantifiedSubquery['operand'], syntax: Quantified, scope: Scope): BoundExpression {
  const operand = scope.bind(operandSyntax);
  const plan = bindInner(syntax.query, scope);
  const { position } = syntax;
  const width = operand.kind === 'row' ? operand.fields.length : 1;
  if (plan.outputs.length < width) throw new DriftError('42601', 'subquery has too few columns', { position });
  if (plan.outputs.length > width) throw new DriftError('42601', 'subquery has too many columns', { position });
  const columns = plan.outputs.map((output) => columnOf(output.id, output.name, output.type));
  const right: BoundExpression =
    operand.kind === 'row'
      ? { kind: 'row', fields: columns, names: plan.outputs.map((output) => output.name), type: operand.type }
      : (columns[0] as BoundExpression);
  const test = operate(syntax.operator, operand, right, { scope, position });
  if (test.type.oid !== BOOL.oid) {
    throw new DriftError('42804', 'row comparison operator must yield type boolean', { position });
  }
  return subquery(syntax.quantifier, plan, { test, type: BOOL, position });
}
