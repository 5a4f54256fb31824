/** The COLLATE clause, of expressions and of definitions. */
import { DriftError } from '../../base/error.ts';
import type { Catalog, TypeRef } from '../../catalog/schema.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import { collatedType, isCollatable } from '../../sql/collatable.ts';
import { DEFAULT, requireCollation } from '../../sql/collations.ts';
import { domainOf } from '../../sql/user-coercion.ts';
import { displayType } from '../binder/coerce.ts';
import type { BoundExpression } from '../expression.ts';

const UNKNOWN = 705;
const TEXT = 25;

/** `operand COLLATE name`. Throws 42804, 42704. */
export function bindCollate(
  operand: BoundExpression,
  name: QualifiedName,
  { catalog, position }: { readonly catalog: Catalog; readonly position: number },
): BoundExpression {
  const { key } = named(catalog, operand.type, name, position);
  const type = operand.type.oid === UNKNOWN ? { oid: TEXT, typmod: -1 } : operand.type;
  const text = operand.kind === 'const' ? { ...operand, type } : operand;
  return {
    kind: 'cast',
    operand: text,
    method: 'relabel',
    fn: null,
    element: null,
    explicit: true,
    collate: key,
    type,
    position,
  };
}

function named(catalog: Catalog, type: TypeRef, name: QualifiedName, position: number): { key: string } {
  if (!isCollatable(type.oid))
    throw new DriftError('42804', `collations are not supported by type ${displayType(type)}`, { position });
  return requireCollation(catalog, name);
}

/** A column's type under its COLLATE clause; without one that of its domain, or the database's. */
export function columnType(catalog: Catalog, type: TypeRef, name: QualifiedName | undefined): TypeRef {
  if (name === undefined) {
    const domain = domainOf(type.oid);
    return domain === null ? type : collatedType(type, domain.base.collation ?? DEFAULT);
  }
  const { key } = named(catalog, type, name, name.position);
  return collatedType(type, key);
}
