/**
 * Identities of user-defined types: enums, domains, composite types, and the row types of tables.
 *
 * The catalog keeps a type under the OID that users see: 16384 + 2 × the object's id, and one more for arrays of it. That
 * OID does not say enough to compute with: another database of this process has another type under it, and a query AS OF
 * a time before ALTER TYPE means the type as it was then. So every *definition* that comes up has a number of its own for
 * as long as the process lives, from 2^30 on (two, the second one for arrays), and everything above the catalog works
 * with these numbers only:
 *
 *     on disk, pg_type, results     16384 + 2 × id       (`publicTypeOid`)
 *     catalog in memory, plans      2^30 + 2 × n         (`internType`; made when a CatalogState is)
 *
 * Invariant: one number means one definition; equal definitions under one public OID have one number.
 */
import type { TypeForm, TypeRef } from './schema.ts';

const FIRST_PUBLIC = 16384;
const FIRST_INTERNAL = 0x4000_0000;

export interface UserType {
  /** Internal number; the array type's is one more. */
  readonly oid: number;
  readonly publicOid: number;
  readonly schema: string;
  readonly name: string;
  readonly definition: TypeForm;
}

const byKey = new Map<string, UserType>();
/** Multirange types by the numbers of their range types. */
const multiranges = new Map<number, UserType>();
const byNumber: UserType[] = [];

/** The OID users see of a catalog object's type: an own type's, or a table's row type's. */
export function publicOidOf(objectId: number): number {
  return FIRST_PUBLIC + 2 * objectId;
}

/** The object behind a public OID. */
export function objectOfType(publicOid: number): { readonly id: number; readonly array: boolean } {
  return { id: (publicOid - FIRST_PUBLIC) >> 1, array: (publicOid & 1) === 1 };
}

export function isPublicUserOid(oid: number): boolean {
  return oid >= FIRST_PUBLIC && oid < FIRST_INTERNAL;
}

export function isUserType(oid: number): boolean {
  return oid >= FIRST_INTERNAL;
}

/** The number of a definition. */
export function internType(publicOid: number, schema: string, name: string, definition: TypeForm): UserType {
  const key = JSON.stringify([publicOid, schema, name, definition]);
  let known = byKey.get(key);
  if (known === undefined) {
    known = { oid: FIRST_INTERNAL + 2 * byNumber.length, publicOid, schema, name, definition };
    byNumber.push(known);
    byKey.set(key, known);
    if (definition.form === 'multirange') multiranges.set(definition.range.oid, known);
  }
  return known;
}

/** The type behind an internal number, its own or its array's; undefined for all other OIDs. */
export function userType(oid: number): UserType | undefined {
  return oid < FIRST_INTERNAL ? undefined : byNumber[(oid - FIRST_INTERNAL) >> 1];
}

/** The type of sets of a range type's values. */
export function multirangeOf(range: number): UserType | undefined {
  return multiranges.get(range);
}

/** Any OID as users see it. */
export function publicTypeOid(oid: number): number {
  const type = userType(oid);
  return type === undefined ? oid : type.publicOid + (oid - type.oid);
}

/** A type as results name it: a domain by the type it stands on, others by their public OIDs. */
export function resultType(type: TypeRef): TypeRef {
  const user = userType(type.oid);
  if (user === undefined) return type;
  if (user.oid === type.oid && user.definition.form === 'domain') return resultType(user.definition.base);
  return { oid: publicTypeOid(type.oid), typmod: type.typmod };
}

/** Whether both are versions of one type of one database. */
export function sameUserType(a: number, b: number): boolean {
  return isUserType(a) && isUserType(b) && publicTypeOid(a) === publicTypeOid(b);
}

const FLOAT8 = 701;
const RECORD = 2249;

/** The built-in type in whose form values are stored: also known when a user-defined type itself is no more. */
export function storedType(type: TypeRef): number {
  if (type.storedAs !== undefined) return type.storedAs;
  const user = userType(type.oid);
  if (user === undefined) return type.oid;
  if (type.oid !== user.oid) return RECORD;
  switch (user.definition.form) {
    case 'enum':
      return FLOAT8;
    case 'composite':
    case 'range':
    case 'multirange':
      return RECORD;
    case 'domain':
      return storedType(user.definition.base);
  }
}

/** A definition as the catalog's table holds it: types by their public OIDs, and how they are stored. */
export function definitionText(object: object): string {
  return JSON.stringify(object, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('oid' in value) || typeof value.oid !== 'number') return value;
    if (!isUserType(value.oid)) return value;
    const ref = value as TypeRef;
    return { ...ref, oid: publicTypeOid(ref.oid), storedAs: storedType(ref) };
  });
}
