/**
 * Null rejection: whether a condition can be true when given columns are all null.
 *
 * A WHERE condition that rejects the nulls which an outer join pads with makes the join an inner one (Galindo-Legaria
 * and Rosenthal, "Outerjoin simplification and reordering", TODS 1997).
 */
import type { BoundExpression, ColumnId } from '../expression.ts';

type Known = (id: ColumnId) => boolean;

/** Whether the condition is never true while all columns that satisfy `padded` are null. */
export function rejectsNulls(condition: BoundExpression, padded: Known): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.args.some((arg) => rejectsNulls(arg, padded));
    case 'or':
      return condition.args.every((arg) => rejectsNulls(arg, padded));
    case 'isNull':
      return condition.negated && isNullWith(condition.operand, padded);
    case 'booleanTest':
      return !condition.negated && condition.test !== 'unknown' && isNullWith(condition.operand, padded);
    case 'const':
      return condition.value !== true;
    default:
      return isNullWith(condition, padded);
  }
}

/** Whether the expression is null for certain while all columns that satisfy `padded` are null. */
function isNullWith(expression: BoundExpression, padded: Known): boolean {
  switch (expression.kind) {
    case 'column':
      return padded(expression.id);
    case 'const':
      return expression.value === null;
    case 'call':
      return expression.fn.strict && expression.args.some((arg) => isNullWith(arg, padded));
    case 'cast':
    case 'not':
    case 'inList':
    case 'quantified':
      return isNullWith(expression.operand, padded);
    case 'and':
    case 'or':
      return expression.args.every((arg) => isNullWith(arg, padded));
    default:
      return false;
  }
}
