/** Names of result columns that have no alias: PostgreSQL's FigureColname (parse_target.c). */
import type { Expression, Query } from '../../sql/ast.ts';

const NONE = '?column?';

/** The name a select list's expression gets. */
export function columnName(syntax: Expression): string {
  return figure(syntax)?.name ?? NONE;
}

interface Figured {
  readonly name: string;
  /** A weak name (a type's, CASE) gives way to a better one further out. */
  readonly weak: boolean;
}

const strong = (name: string): Figured => ({ name, weak: false });

function figure(syntax: Expression): Figured | null {
  switch (syntax.kind) {
    case 'column':
      return strong(syntax.names[syntax.names.length - 1] as string);
    case 'field':
      return strong(syntax.name);
    case 'subscript':
    case 'collate':
      return figure(syntax.operand);
    case 'call':
      return strong(syntax.name.name);
    case 'conditional':
      return strong(syntax.name);
    case 'sqlValue':
      return strong(syntax.name);
    case 'cast': {
      const inner = figure(syntax.operand);
      return inner !== null && !inner.weak ? inner : { name: syntax.type.name, weak: true };
    }
    case 'boolean':
      return { name: 'bool', weak: true };
    case 'case': {
      const inner = syntax.otherwise === undefined ? null : figure(syntax.otherwise);
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
      return firstTarget(syntax.query);
    default:
      return null;
  }
}

function firstTarget(query: Query): Figured | null {
  let { body } = query;
  while (body.kind === 'query' || body.kind === 'setOperation') body = body.kind === 'query' ? body.body : body.left;
  if (body.kind === 'values') return strong('column1');
  const [target] = body.targets;
  if (target === undefined) return null;
  return target.alias !== undefined ? strong(target.alias) : figure(target.expression);
}
