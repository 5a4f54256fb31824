/** A type's name with a schema: of another database, or of a schema that is not there, it is refused. */
import { DriftError } from '../base/error.ts';
import { DATABASE, schemaOidOf } from '../catalog/oids.ts';
import type { Catalog } from '../catalog/schema.ts';
import type { TypeName } from './ast.ts';
import { refuseOtherDatabase } from './other-database.ts';

/** Throws 0A000 and 3F000. */
export function refuseMissingSchema(name: TypeName, catalog: Catalog): void {
  const { schema, position } = name;
  refuseOtherDatabase({ ...name, catalog: name.catalog }, DATABASE, '');
  if (schema !== undefined && schema !== 'pg_temp' && schemaOidOf(catalog, schema) === undefined)
    throw new DriftError('3F000', `schema "${schema}" does not exist`, { position });
}
