/** Names of result columns that have no alias: PostgreSQL's FigureColname (parse_target.c). */
import type { Expression } from '../../sql/ast.ts';
import type { BoundExpression } from '../expression.ts';
import { childrenOf } from '../walk-expression.ts';

const NONE = '?column?';

/** The name a select list's expression gets; a scalar subquery's is that of its column, known once it is bound. */
export function columnName(syntax: Expression, bound: BoundExpression): string {
  return figure(syntax, bound)?.name ?? NONE;
}

interface Figured {
  readonly name: string;
  /** A weak name (a type's, CASE) gives way to a better one further out. */
  readonly weak: boolean;
}

const strong = (name: string): Figured => ({ name, weak: false });

function figure(syntax: Expression, bound: BoundExpression): Figured | null {
  switch (syntax.kind) {
    case 'column':
      return strong(syntax.names[syntax.names.length - 1] as string);
    case 'field':
      return strong(syntax.name);
    case 'subscript':
    case 'collate':
      return figure(syntax.operand, bound);
    case 'call':
      return strong(syntax.name.name);
    case 'conditional':
      return strong(syntax.name);
    case 'sqlValue':
      return strong(syntax.name);
    case 'cast': {
      const inner = figure(syntax.operand, bound);
      return inner !== null && !inner.weak ? inner : { name: syntax.type.name, weak: true };
    }
    case 'case': {
      const inner =
        syntax.otherwise === undefined
          ? null
          : figure(syntax.otherwise, bound.kind === 'case' && bound.otherwise !== null ? bound.otherwise : bound);
      return inner !== null && !inner.weak ? inner : { name: 'case', weak: true };
    }
    case 'array':
    case 'arraySubquery':
      return strong('array');
    case 'row':
      return strong('row');
    case 'exists':
      return strong('exists');
    case 'grouping':
      return strong('grouping');
    case 'subquery':
      return strong(subqueryColumn(bound) ?? NONE);
    default:
      return null;
  }
}

/** The column name of the scalar subquery inside an expression that is a subquery under casts and the like. */
function subqueryColumn(bound: BoundExpression): string | undefined {
  if (bound.kind === 'subquery') return bound.plan.outputs[0]?.name;
  for (const child of childrenOf(bound)) {
    const name = subqueryColumn(child);
    if (name !== undefined) return name;
  }
  return undefined;
}
