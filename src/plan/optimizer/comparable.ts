/** Which values can be looked up among stored ones of another type. */
import { baseOfDomain } from '../../sql/user-coercion.ts';
import type { BoundExpression } from '../expression.ts';

export function unlabelled(expression: BoundExpression): BoundExpression {
  return expression.kind === 'cast' && expression.method === 'relabel' ? unlabelled(expression.operand) : expression;
}

const INT8 = 20;
const INTEGERS = new Set([INT8, 21, 23]);
export const TEXTS: ReadonlySet<number> = new Set([25, 1043]);
const PADDED_CHAR = 1042;

/** Whether a value orders and compares like stored values of a column's type, and has a key in their physical form. */
export function comparable(columnType: number, value: BoundExpression): boolean {
  const column = baseOfDomain(columnType);
  const oid = baseOfDomain(value.type.oid);
  if (column === PADDED_CHAR) return false;
  if (column === oid) return true;
  if (INTEGERS.has(column) && INTEGERS.has(oid)) return column === INT8 || oid !== INT8 || isInt32(value);
  return TEXTS.has(column) && TEXTS.has(oid);
}

/** A bigint beyond int4 has no key among those of an int4 column. */
function isInt32(value: BoundExpression): boolean {
  return value.kind === 'const' && typeof value.value === 'number' && value.value === (value.value | 0);
}
