/**
 * Commands that mean nothing here are refused by name; but what they name and is not there comes first, as in
 * PostgreSQL: a caller who mistyped a name learns of it.
 */
import { DriftError } from '../../base/error.ts';
import type { Catalog } from '../../catalog/schema.ts';
import type { MissingSubject } from '../../sql/ast-role.ts';
import type { UnsupportedStatement } from '../../sql/ast-statement.ts';
import { roleExists } from './role.ts';

/** Throws 0A000, or what is wrong with the names of the statement. */
export function refuseUnsupported(
  { feature, position, subjects = [] }: UnsupportedStatement,
  catalog: Catalog,
  database: string,
): never {
  for (const subject of subjects) refuseSubject(subject, catalog, database);
  throw new DriftError('0A000', `${feature} is not supported`, { position });
}

/** Locales by which PostgreSQL sorts and which DriftDB knows by that name. */
const LOCALES = /^(?:C|POSIX|)$|^[a-z]{2,3}_[A-Z]{2}(?:[.@].*)?$/;
const ENCODINGS =
  /^(?:utf-?8|unicode|sql_?ascii|latin-?\d+|iso_?8859.?\d+|win\d+|windows\d+|koi8.?[ru]?|euc_?\w+|big5|gbk?|gb18030|sjis|shift_?jis|uhc|johab|mule_?internal|tcvn\w*|abc|alt|vscii)$/i;

function refuseSubject({ kind, name }: MissingSubject, catalog: Catalog, database: string): void {
  switch (kind) {
    case 'role':
      if (!roleExists(catalog, name)) throw new DriftError('42704', `role "${name}" does not exist`);
      return;
    case 'schema':
      if (catalog.schema(name) === undefined) throw new DriftError('3F000', `schema "${name}" does not exist`);
      return;
    case 'database':
      if (name !== database) throw new DriftError('3D000', `database "${name}" does not exist`);
      return;
    case 'newDatabase':
      if (name === database) throw new DriftError('42P04', `database "${name}" already exists`);
      return;
    case 'template':
      if (name !== database && !/^template[01]$/.test(name))
        throw new DriftError('3D000', `template database "${name}" does not exist`);
      return;
    case 'encoding':
      if (!ENCODINGS.test(name) && !/^\d+$/.test(name))
        throw new DriftError('42704', `${name} is not a valid encoding name`);
      return;
    case 'locale':
      if (!LOCALES.test(name)) throw new DriftError('42809', `invalid locale name: "${name}"`);
      return;
    case 'library':
      throw new DriftError('42501', `access to library "${name}" is not allowed`);
    case 'invalid':
      throw new DriftError('0LP01', name);
  }
}
