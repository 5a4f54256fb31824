/** Tables of the database's own, in the schema `drift`: ordinary ones that a statement makes when it first needs them. */
import type { TableDef } from '../../catalog/schema.ts';
import { systemTable } from '../../catalog/system-objects.ts';
import { ddlContext } from '../definition.ts';
import type { Scene } from '../statement.ts';
import { createStructure } from '../structure.ts';
import { define } from './context.ts';

/** Finds or makes a table with these columns (name, type's OID), of which the first is the key and takes no nulls. */
export function ownTable(scene: Scene, name: string, columns: readonly (readonly [string, number])[]): TableDef {
  const found = scene.transaction.catalog.relation('drift', name);
  if (found?.kind === 'table') return found;
  const context = ddlContext(scene);
  const definitions = columns.map(([column, oid], id) => ({
    id,
    name: column,
    type: { oid, typmod: -1 },
    notNull: id === 0,
  }));
  const def = systemTable(context.nextId(), name, definitions);
  createStructure(context.store, def, context.eval);
  define(context, def, () => context.store.removeTable(def.id));
  return def;
}
