/** Type names to type references: OID and type modifier. */
import { DriftError } from '../../base/error.ts';
import type { Catalog, TypeRef } from '../../catalog/schema.ts';
import type { Expression, TypeName } from '../../sql/ast.ts';
import { refuseMissingSchema } from '../../sql/type-schema.ts';
import { resolveTypeName, typeByOid } from '../../sql/types/registry.ts';
import { located } from './coerce.ts';

export function typeRefOf(name: TypeName, catalog: Catalog): TypeRef {
  const { position } = name;
  if (name.percentType) throw new DriftError('0A000', '%TYPE references are not supported', { position });
  if (name.setOf) throw new DriftError('42601', 'SETOF is not allowed here', { position });
  return resolveType(name, catalog);
}

/** Resolves a type name; also for column definitions. */
export function resolveType(name: TypeName, catalog: Catalog): TypeRef {
  const { position } = name;
  if (name.schema !== undefined) refuseMissingSchema(name, catalog);
  // That there is no such type comes before what is wrong with its modifiers.
  if (name.modifiers.length > 0)
    located(position, () => resolveTypeName(name.schema, name.name, [], undefined, catalog));
  const modifiers = name.modifiers.map((modifier) => modifierValue(modifier));
  const type = located(position, () =>
    resolveTypeName(name.schema, name.name, modifiers, name.intervalFields, catalog),
  );
  if (name.arrayBounds.length === 0) return type;
  const { arrayOid } = typeByOid(type.oid);
  if (arrayOid === 0) throw new DriftError('42704', `type "${name.name}[]" does not exist`, { position });
  return { oid: arrayOid, typmod: type.typmod };
}

function modifierValue(syntax: Expression): number {
  if (syntax.kind === 'integer') return syntax.value;
  if (syntax.kind === 'unary' && syntax.operator === '-' && syntax.operand.kind === 'integer')
    return -syntax.operand.value;
  throw new DriftError('42601', 'type modifiers must be simple constants or identifiers', {
    position: syntax.position,
  });
}
