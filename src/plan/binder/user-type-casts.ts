/**
 * Casts that look at more than a value: into domains, where a null has to be checked too, and from row constructors to
 * composite types, which go field by field.
 */
import type { TypeRef } from '../../catalog/schema.ts';
import { userType } from '../../catalog/user-types.ts';
import { baseOfDomain, domainCast, domainOf, isConstrained } from '../../sql/user-coercion.ts';
import { DriftError } from '../../base/error.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression, RowExpression } from '../expression.ts';

const UNKNOWN = 705;
const RECORD = 2249;

type Convert = (expression: BoundExpression, target: TypeRef) => BoundExpression | null;

/** For a type of the user on either side: undefined where the general way is right; null where there is no conversion. */
export function userTypeCast(
  expression: BoundExpression,
  target: TypeRef,
  convert: Convert,
): BoundExpression | null | undefined {
  const from = expression.type.oid;
  const domain = domainOf(target.oid);
  if (domain !== null) {
    if (userType(from)?.publicOid === userType(target.oid)?.publicOid && domainOf(from) !== null) return undefined;
    const inner = convert(expression, domain.base);
    return inner === null ? null : intoDomain(inner, target);
  }
  if (from !== UNKNOWN && domainOf(from) !== null && baseOfDomain(from) !== target.oid) {
    const base = { oid: (domainOf(from) as NonNullable<ReturnType<typeof domainOf>>).base.oid, typmod: -1 };
    return convert(relabel(expression, base), target);
  }
  if (expression.kind === 'row' && from === RECORD) {
    const type = userType(target.oid);
    if (type?.oid === target.oid && type.definition.form === 'composite') return rowAs(expression, target, convert);
  }
  return undefined;
}

export function relabel(expression: BoundExpression, type: TypeRef): BoundExpression {
  const { position } = expression;
  return {
    kind: 'cast',
    operand: expression,
    method: 'relabel',
    fn: null,
    element: null,
    explicit: false,
    type,
    position,
  };
}

/** A value of the base type as one of the domain. */
function intoDomain(value: BoundExpression, target: TypeRef): BoundExpression {
  if (!isConstrained(target.oid)) return relabel(value, target);
  const fn = domainCast(target.oid, value.type.oid, { method: 'relabel', fn: null, element: null });
  return { kind: 'call', fn, args: [value], type: target, position: value.position };
}

function rowAs(row: RowExpression, target: TypeRef, convert: Convert): BoundExpression {
  const type = userType(target.oid);
  if (type?.definition.form !== 'composite') return row;
  const { attributes } = type.definition;
  const fail = (detail: string): never => {
    throw new DriftError('42846', `cannot cast type record to ${typeByOid(target.oid).display}`, {
      position: row.position,
      detail,
    });
  };
  if (row.fields.length < attributes.length) fail('Input has too few columns.');
  if (row.fields.length > attributes.length) fail('Input has too many columns.');
  const fields = attributes.map((attribute, i): BoundExpression => {
    const field = row.fields[i] as BoundExpression;
    const converted = convert(field, attribute.type);
    if (converted !== null) return converted;
    const [from, to] = [typeByOid(field.type.oid).display, typeByOid(attribute.type.oid).display];
    return fail(`Cannot cast type ${from} to ${to} in column ${i + 1}.`);
  });
  return { ...row, fields, names: attributes.map(({ name }) => name), type: target };
}
