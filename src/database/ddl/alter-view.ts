/** ALTER VIEW: names of columns, defaults for rows that are inserted through it, the check option. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ViewDef } from '../../catalog/schema.ts';
import type { AlterTable, AlterTableAction, RenameObject } from '../../sql/ast-table.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { type DdlContext, define } from './context.ts';
import { tableText } from './names.ts';
import { checkOptionOf, renameInViews, requireUpdatable } from './view.ts';

export function* alterView(context: DdlContext, view: ViewDef, { actions, name }: AlterTable): Task<void> {
  let next = view;
  for (const action of actions) next = yield* changed(context, next, action, name.position);
  if (next !== view) define(context, next);
}

function* changed(context: DdlContext, view: ViewDef, action: AlterTableAction, position: number): Task<ViewDef> {
  switch (action.kind) {
    case 'setDefault':
    case 'dropDefault': {
      if (!view.columns.includes(action.name)) throw missingColumn(view, action.name, action.position);
      const { [action.name]: _old, ...rest } = view.defaults ?? {};
      const defaults =
        'expression' in action ? { ...rest, [action.name]: printRestrictedExpression(action.expression) } : rest;
      return { ...view, defaults: Object.keys(defaults).length === 0 ? undefined : defaults };
    }
    case 'setOptions': {
      const checkOption = checkOptionOf(action.options) ?? view.checkOption;
      if (checkOption !== undefined) yield* requireUpdatable(context, tableText(view));
      return { ...view, checkOption };
    }
    case 'resetOptions':
      return action.options.some((option) => option.name === 'check_option')
        ? { ...view, checkOption: undefined }
        : view;
    case 'noEffect':
      return view;
    default:
      throw new DriftError('42809', `ALTER action cannot be performed on relation "${view.name}"`, {
        position,
        detail: 'This operation is not supported for views.',
      });
  }
}

/** Renames a column of a view; its query gives the same columns as before. */
export function* renameViewColumn(context: DdlContext, view: ViewDef, statement: RenameObject): Task<void> {
  const from = statement.part?.name ?? '';
  const { newName } = statement;
  if (!view.columns.includes(from)) throw missingColumn(view, from, statement.position);
  if (view.columns.includes(newName)) {
    throw new DriftError('42701', `column "${newName}" of relation "${view.name}" already exists`, {
      position: statement.position,
    });
  }
  const columns = view.columns.map((name) => (name === from ? newName : name));
  const defaults =
    view.defaults &&
    Object.fromEntries(Object.entries(view.defaults).map(([name, text]) => [name === from ? newName : name, text]));
  define(context, { ...view, columns, defaults });
  yield* renameInViews(context, { relation: view, column: from, to: newName });
}

function missingColumn(view: ViewDef, name: string, position: number): DriftError {
  return new DriftError('42703', `column "${name}" of relation "${view.name}" does not exist`, { position });
}
