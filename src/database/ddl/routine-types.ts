/** Types as definitions of routines and variables name them: also `table.column%TYPE`, and tables by their name. */
import { DriftError } from '../../base/error.ts';
import type { Catalog, TypeRef } from '../../catalog/schema.ts';
import { resolveType } from '../../plan/binder/type-name.ts';
import type { TypeName } from '../../sql/ast.ts';
import { typeByOid } from '../../sql/types/registry.ts';

export interface NamedType {
  readonly type: TypeRef;
  /** Id of the table or view whose row type it is. */
  readonly row?: number | undefined;
}

export function namedType(name: TypeName, catalog: Catalog): NamedType {
  if (name.percentType) return { type: columnType(name, catalog) };
  const own = catalog.typeNamed(name.schema, name.name);
  const relation = name.arrayBounds.length > 0 ? undefined : catalog.relation(name.schema, name.name);
  const type = resolveType(name, catalog);
  // A row of a table follows its table.
  return relation?.kind === 'table' && type.oid === own ? { type, row: relation.id } : { type };
}

/** The type of a column, by `table.column%TYPE`. */
function columnType({ schema, name, arrayBounds, position }: TypeName, catalog: Catalog): TypeRef {
  const relation = catalog.relation(undefined, schema ?? '');
  if (relation?.kind !== 'table')
    throw new DriftError('42P01', `relation "${schema ?? ''}" does not exist`, { position });
  const column = relation.columns.find((candidate) => candidate.name === name && candidate.hidden !== true);
  if (column === undefined)
    throw new DriftError('42703', `column "${name}" of relation "${relation.name}" does not exist`, { position });
  if (arrayBounds.length === 0) return column.type;
  return { oid: typeByOid(column.type.oid).arrayOid, typmod: column.type.typmod };
}
