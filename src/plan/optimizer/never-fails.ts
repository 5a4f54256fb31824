/**
 * Expressions that no row can make fail, so that they may be computed for rows which the statement as written would not
 * have reached. A short list of what is common in aggregates' arguments; whatever is not on it counts as dangerous.
 */
import type { BoundExpression } from '../expression.ts';
import { childrenOf } from '../walk-expression.ts';

/** Sums and products of numeric overflow beyond 131072 digits only, which no stored columns reach. */
const SAFE_FUNCTIONS: ReadonlySet<string> = new Set(['numeric_add', 'numeric_sub', 'numeric_mul', 'numeric_uminus']);
const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '||']);
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23]);
const NUMERIC = 1700;

export function neverFails(expression: BoundExpression): boolean {
  if (!isSafe(expression)) return false;
  return childrenOf(expression).every((child) => neverFails(child));
}

function isSafe(expression: BoundExpression): boolean {
  switch (expression.kind) {
    case 'const':
    case 'parameter':
    case 'column':
    case 'and':
    case 'or':
    case 'not':
    case 'isNull':
    case 'booleanTest':
    case 'case':
    case 'coalesce':
      return true;
    case 'cast': {
      if (expression.type.typmod !== -1) return false;
      if (expression.method === 'relabel') return true;
      const from = expression.operand.type.oid;
      const to = expression.type.oid;
      return INTEGERS.has(from) && (to === NUMERIC || (INTEGERS.has(to) && widthOf(to) > widthOf(from)));
    }
    case 'call': {
      const { fn, operator } = expression;
      if (SAFE_FUNCTIONS.has(fn.name)) return true;
      // Values of two types and composite ones may not be comparable.
      const [left, right] = expression.args;
      return operator !== undefined && COMPARISONS.has(operator) && left?.type.oid === right?.type.oid && isPlain(left);
    }
    default:
      return false;
  }
}

function widthOf(oid: number): number {
  return oid === 21 ? 2 : oid === 23 ? 4 : 8;
}

const PLAIN: ReadonlySet<number> = new Set([
  16, 20, 21, 23, 25, 26, 700, 701, 1043, 1082, 1083, 1114, 1184, 1700, 2950,
]);

function isPlain(expression: BoundExpression | undefined): boolean {
  return expression !== undefined && PLAIN.has(expression.type.oid);
}
