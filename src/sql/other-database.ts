/** Names of three parts: there is one database, and a name that begins with another one is refused. */
import { DriftError } from '../base/error.ts';
import type { QualifiedName } from './ast.ts';

/** Throws 0A000. PostgreSQL puts the names of relations into quotes, and no others. */
export function refuseOtherDatabase(name: QualifiedName, database: string, quote = '"'): void {
  if (name.catalog === undefined || name.catalog === database) return;
  const written = [name.catalog, name.schema, name.name].join('.');
  const { position } = name;
  throw new DriftError('0A000', `cross-database references are not implemented: ${quote}${written}${quote}`, {
    position,
  });
}
