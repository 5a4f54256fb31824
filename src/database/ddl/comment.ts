/** COMMENT ON: kept in the definitions, so that a comment has its history like everything else. */
import { DriftError } from '../../base/error.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { Comment } from '../../sql/ast-statement.ts';
import { collationNamed } from './collation.ts';
import { columnNamed } from './draft.ts';
import { type DdlContext, define, relationNamed, tableNamed, undefinedTable } from './context.ts';
import { roleNamed } from './role.ts';
import { routineNamed } from './routine.ts';
import { changeTrigger } from './trigger.ts';
import { typeObjectNamed } from './type-names.ts';

export function commentOn(context: DdlContext, statement: Comment): void {
  const { name } = statement.name;
  const comment = statement.text === '' ? undefined : statement.text;
  switch (statement.object) {
    case 'column': {
      const view = relationNamed(context, name);
      if (view?.kind === 'view') {
        if (!view.columns.includes(statement.column ?? '')) throw undefinedColumn(statement, view.name);
        define(context, { ...view, columnComments: noted(view.columnComments, statement.column ?? '', comment) });
        return;
      }
      const table = tableNamed(context, name, true);
      const column = columnNamed(table, statement.column ?? '');
      if (column === undefined) throw undefinedColumn(statement, table.name);
      const columns = table.columns.map((old) => (old === column ? { ...old, comment } : old));
      define(context, { ...table, columns });
      return;
    }
    case 'table':
    case 'view':
    case 'materializedView':
    case 'sequence': {
      const found = relationNamed(context, name);
      if (found === undefined) throw undefinedTable(context, name);
      const kind = statement.object === 'materializedView' ? 'table' : statement.object;
      if (found.kind !== kind)
        throw new DriftError('42809', `"${name.name}" is not a ${statement.object}`, { position: name.position });
      if (found.kind === 'table') tableNamed(context, name, true);
      define(context, { ...found, comment });
      return;
    }
    case 'index':
      commentOnIndex(context, statement, comment);
      return;
    case 'schema': {
      const schema = context.transaction.catalog.schema(name.name);
      if (schema === undefined)
        throw new DriftError('3F000', `schema "${name.name}" does not exist`, { position: name.position });
      define(context, { ...schema, comment });
      return;
    }
    case 'trigger':
      changeTrigger(context, statement.name, (old) => ({ ...old, comment }));
      return;
    case 'function':
    case 'procedure':
    case 'routine':
    case 'aggregate':
      define(context, { ...routineNamed(context, statement.object, statement.name), comment });
      return;
    case 'constraint': {
      const table: TableDef = tableNamed(context, statement.name.table ?? name);
      const named = [...table.checks, ...table.foreignKeys, ...table.indexes].some((item) => item.name === name.name);
      if (named || table.primaryKeyName === name.name) {
        define(context, { ...table, constraintComments: noted(table.constraintComments, name.name, comment) });
        return;
      }
      throw new DriftError('42704', `constraint "${name.name}" for table "${table.name}" does not exist`);
    }
    case 'type':
    case 'domain':
      define(context, { ...typeObjectNamed(context, name), comment });
      return;
    case 'collation':
      define(context, { ...collationNamed(context, name), comment });
      return;
    case 'role': {
      const role = roleNamed(context.transaction.catalog, name.name);
      if (role === undefined) throw new DriftError('42704', `role "${name.name}" does not exist`);
      define(context, { ...role, comment });
      return;
    }
    default:
      throw new DriftError('0A000', `COMMENT ON ${statement.object.toUpperCase()} is not supported`, {
        position: statement.position,
      });
  }
}

/** Comments by name with one more, or one less. */
function noted(
  comments: Readonly<Record<string, string>> | undefined,
  name: string,
  comment: string | undefined,
): Readonly<Record<string, string>> {
  const { [name]: _old, ...rest } = comments ?? {};
  return comment === undefined ? rest : { ...rest, [name]: comment };
}

function undefinedColumn(statement: Comment, relation: string): DriftError {
  return new DriftError('42703', `column "${statement.column ?? ''}" of relation "${relation}" does not exist`, {
    position: statement.position,
  });
}

function commentOnIndex(context: DdlContext, statement: Comment, comment: string | undefined): void {
  const { name } = statement.name;
  const table = context.transaction.catalog.tableOfIndex(name.schema, name.name);
  if (table === undefined) throw undefinedTable(context, name);
  if (table.primaryKeyName === name.name) {
    define(context, { ...table, keyComment: comment });
    return;
  }
  const indexes = table.indexes.map((index) => (index.name === name.name ? { ...index, comment } : index));
  define(context, { ...table, indexes });
}
