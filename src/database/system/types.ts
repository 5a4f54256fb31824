/** Types as the catalogs show them: their OIDs and their names with modifiers. */
import type { TypeRef } from '../../catalog/schema.ts';
import { publicOidOf } from '../../catalog/user-types.ts';
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

const DEFAULT_COLLATION = 100;
const C_COLLATION = 950;
const NAME = 19;

/** Collation of a type's values; 0 where the type has none. */
export function collationOf(oid: number): number {
  if (oid === NAME) return C_COLLATION;
  const { category, elementOid } = typeByOid(oid);
  return category === 'S' || (elementOid !== 0 && typeByOid(elementOid).category === 'S') ? DEFAULT_COLLATION : 0;
}
