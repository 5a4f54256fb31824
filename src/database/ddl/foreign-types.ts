/** Whether a foreign key's columns can be compared with those that they refer to. */
import { DriftError } from '../../base/error.ts';
import type { ForeignKeyDef, TableDef, TypeRef } from '../../catalog/schema.ts';
import { sameUserType } from '../../catalog/user-types.ts';
import { coercionPath } from '../../sql/resolve.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { baseOfDomain } from '../../sql/user-coercion.ts';
import type { DdlContext } from './context.ts';

/** Types whose values compare with one another through one index. */
const FAMILIES: readonly ReadonlySet<number>[] = [
  new Set([20, 21, 23]),
  new Set([700, 701]),
  new Set([1082, 1114, 1184]),
  new Set([19, 25]),
];

/** As PostgreSQL: by an operator of the key's family, or a conversion that needs not be asked for. */
function isComparable(foreign: number, own: number): boolean {
  const [key, value] = [baseOfDomain(foreign), baseOfDomain(own)];
  if (key === value || sameUserType(key, value)) return true;
  return FAMILIES.some((types) => types.has(key) && types.has(value)) || coercionPath(value, key, 'implicit') !== null;
}

/** Throws 42804. */
export function refuseIncompatible(table: TableDef, parent: TableDef, key: ForeignKeyDef): void {
  key.columns.forEach((id, i) => {
    const own = columnOf(table, id);
    const foreign = columnOf(parent, key.foreignColumns[i]);
    if (own === undefined || foreign === undefined || isComparable(foreign.type.oid, own.type.oid)) return;
    const [first, second] = [own, foreign].map(({ type }) => typeByOid(type.oid).display);
    throw new DriftError('42804', `foreign key constraint "${key.name}" cannot be implemented`, {
      detail: `Key columns "${own.name}" and "${foreign.name}" are of incompatible types: ${first ?? ''} and ${second ?? ''}.`,
      table: table.name,
      constraint: key.name,
    });
  });
}

function columnOf(
  table: TableDef,
  id: number | undefined,
): { readonly name: string; readonly type: TypeRef } | undefined {
  return table.columns.find((column) => column.id === id);
}

/** The same for all keys of a table and to it, before a column of it changes its type. */
export function refuseIncompatibleKeys({ transaction }: DdlContext, changed: TableDef): void {
  const current = (id: number): TableDef | undefined => {
    const found = id === changed.id ? changed : transaction.catalog.byId(id);
    return found?.kind === 'table' ? found : undefined;
  };
  for (const object of transaction.catalog.objects()) {
    if (object.kind !== 'table') continue;
    const table = object.id === changed.id ? changed : object;
    for (const key of table.foreignKeys) {
      const parent = current(key.foreignTableId);
      if (parent !== undefined && (table === changed || parent === changed)) refuseIncompatible(table, parent, key);
    }
  }
}
