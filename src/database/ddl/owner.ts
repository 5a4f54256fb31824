/**
 * ALTER … OWNER TO: one user owns everything, so the owner stays who it is. The object must be there; the role need not
 * be, so that a dump loads whose roles were not made here.
 */
import { DriftError } from '../../base/error.ts';
import type { AlterOwner } from '../../sql/ast-statement.ts';
import { type DdlContext, relationNamed, undefinedTable } from './context.ts';
import { routineNamed } from './routine.ts';
import { typeObjectNamed } from './type-names.ts';

export function alterOwner(context: DdlContext, { object, name }: AlterOwner): void {
  switch (object) {
    case 'schema':
      if (context.transaction.catalog.schema(name.name.name) === undefined)
        throw new DriftError('3F000', `schema "${name.name.name}" does not exist`, { position: name.name.position });
      return;
    case 'sequence':
      if (relationNamed(context, name.name) === undefined) throw undefinedTable(context, name.name);
      return;
    case 'function':
    case 'procedure':
    case 'routine':
      routineNamed(context, object, name);
      return;
    default:
      typeObjectNamed(context, name.name);
  }
}
