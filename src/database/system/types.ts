/** Types as the catalogs show them: their OIDs and their names with modifiers. */
import type { TypeRef } from '../../catalog/schema.ts';
import { publicOidOf } from '../../catalog/user-types.ts';
import { isCollatable, typeCollation } from '../../sql/collatable.ts';
import { collationOid } from '../../sql/collations.ts';
import { typeByOid } from '../../sql/types/registry.ts';

/** "character varying(40)", "timestamp(3) with time zone". */
export function typeText({ oid, typmod }: TypeRef): string {
  const type = typeByOid(oid);
  if (typmod < 0) return type.display;
  const modifier = type.typmodText(typmod);
  if (type.elementOid !== 0) return type.display.replace('[]', `${typeByOid(type.elementOid).typmodText(typmod)}[]`);
  return / with/.test(type.display) ? type.display.replace(' with', `${modifier} with`) : type.display + modifier;
}

/** The row type of a table or view, by the scheme of user-defined types. */
export function rowTypeOid(relation: { readonly id: number }): number {
  return publicOidOf(relation.id);
}

/** Collation of a type's values; 0 where the type has none. */
export function collationOf(type: TypeRef | number): number {
  const ref = typeof type === 'number' ? { oid: type, typmod: -1 } : type;
  return isCollatable(ref.oid) && ref.oid !== UNKNOWN ? collationOid(typeCollation(ref)) : 0;
}

const UNKNOWN = 705;
