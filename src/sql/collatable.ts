/** Which types have collations, and what a type says of its own. */
import type { TypeRef } from '../catalog/schema.ts';
import { DEFAULT } from './collations.ts';
import { typeByOid } from './types/registry.ts';
import { baseOfDomain } from './user-coercion.ts';

const NAME = 19;

/** Instead of a key: the collations that an output is made of contradict each other. */
export const UNDETERMINED = '';

/** Whether values of a type have collations: texts, and arrays of them. */
export function isCollatable(oid: number): boolean {
  const base = typeByOid(baseOfDomain(oid));
  const { category } = base.elementOid === 0 ? base : typeByOid(baseOfDomain(base.elementOid));
  return category === 'S' || base.name === 'unknown';
}

/** The key of a type's own collation: that of a name is "C". */
export function typeCollation(type: TypeRef): string {
  return type.collation ?? (baseOfDomain(type.oid) === NAME ? 'C' : DEFAULT);
}

/** A type under a collation; the same where it is the database's own. */
export function collatedType(type: TypeRef, key: string): TypeRef {
  if ((type.collation ?? DEFAULT) === key) return type;
  const { collation: _, ...plain } = type;
  return key === DEFAULT ? plain : { ...plain, collation: key };
}
