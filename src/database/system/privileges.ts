/** Privileges as the catalogs show them, and who would have which if they were enforced. */
import { OWNER_OID } from '../../catalog/oids.ts';
import type { AclEntry, Catalog, RoleDef } from '../../catalog/schema.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { SqlArray } from '../../sql/types/array.ts';
import { OWNER } from './constants.ts';

const ACLITEM = 1033;

/** How an aclitem writes the privileges that GRANT knows. */
export const PRIVILEGE_LETTERS: Readonly<Record<string, string>> = {
  INSERT: 'a',
  SELECT: 'r',
  UPDATE: 'w',
  DELETE: 'd',
  TRUNCATE: 'D',
  REFERENCES: 'x',
  TRIGGER: 't',
  EXECUTE: 'X',
  USAGE: 'U',
  CREATE: 'C',
};

export function* rolesOf(catalog: Catalog): Generator<RoleDef> {
  for (const object of catalog.objects()) if (object.kind === 'role') yield object;
}

export function roleName(catalog: Catalog, oid: number): string | undefined {
  if (oid === OWNER_OID) return OWNER;
  const role = catalog.byId(oid);
  return role?.kind === 'role' ? role.name : undefined;
}

/** `{drift=arwdDxt/drift,joe=r/drift}`; null where nothing was granted. */
export function aclArray(acl: readonly AclEntry[] | undefined, catalog: Catalog): SqlArray | null {
  if (acl === undefined) return null;
  const items = acl.map(({ role, privileges, grantable }) => {
    const name = role === 0 ? '' : quoteIdent(roleName(catalog, role) ?? String(role));
    const letters = [...privileges].map((letter) => (grantable.includes(letter) ? `${letter}*` : letter)).join('');
    return `${name}=${letters}/${OWNER}`;
  });
  return SqlArray.of(items, ACLITEM);
}

/** The roles whose privileges a role has: its own, and those of the roles it inherits from. */
export function inheritedRoles(catalog: Catalog, role: RoleDef): Set<number> {
  const found = new Set([0, role.id]);
  const waiting = [role];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!next.inherit) continue;
    for (const { role: id } of next.memberOf) {
      const other = catalog.byId(id);
      if (found.has(id)) continue;
      found.add(id);
      if (other?.kind === 'role') waiting.push(other);
    }
  }
  return found;
}

/** Whether a role has a privilege (a letter); the owner and superusers have all. */
export function hasPrivilege(
  catalog: Catalog,
  role: RoleDef | undefined,
  acl: readonly AclEntry[] | undefined,
  wanted: { readonly letter: string; readonly grantable: boolean },
): boolean {
  if (role === undefined || role.superuser) return true;
  const roles = inheritedRoles(catalog, role);
  if (roles.has(OWNER_OID)) return true;
  return (acl ?? []).some(
    (entry) => roles.has(entry.role) && (wanted.grantable ? entry.grantable : entry.privileges).includes(wanted.letter),
  );
}
