/**
 * WHERE CURRENT OF cursor: the target's row under the cursor, found by its key. The key is asked for when the statement
 * runs, so a statement may be prepared before its cursor is there.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { CurrentOf } from '../../sql/ast.ts';
import type { ScalarFunction } from '../../sql/functions/function.ts';
import type { BoundExpression } from '../expression.ts';
import type { PlanColumn } from '../plan.ts';
import { BOOL, TEXT } from './coerce.ts';
import { operate } from './operators.ts';
import { columnOf, type Scope } from './scope.ts';

const REFCURSOR = 1790;

/** The condition that the row is the cursor's. `row`: the scan's outputs parallel to table.columns; null for a view. */
export function bindCurrentOf(
  { cursor, position }: CurrentOf,
  table: TableDef,
  row: readonly PlanColumn[] | null,
  scope: Scope,
): BoundExpression {
  if (row === null) throw new DriftError('0A000', 'WHERE CURRENT OF on a view is not implemented', { position });
  const { state } = scope;
  state.cacheable = false;
  const variable = scope.names?.column(cursor)?.expression;
  const name: BoundExpression =
    variable?.type.oid === REFCURSOR ? variable : { kind: 'const', value: cursor, type: TEXT, position };
  const keyOf = state.context.cursorKey;
  const parts = table.key.map((ordinal, i) => {
    const column = row[table.columns.findIndex(({ id }) => id === ordinal)] as PlanColumn;
    const fn = currentKey(name.type.oid, column.type.oid, (given) => keyOf?.(given as string, table)?.[i] ?? null);
    const key: BoundExpression = { kind: 'call', fn, args: [name], type: column.type, position };
    return operate('=', columnOf(column.id, column.name, column.type), key, { scope, position });
  });
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: 'and', args: parts, type: BOOL, position };
}

function currentKey(from: number, oid: number, call: (name: Value) => Value): ScalarFunction {
  return {
    kind: 'scalar',
    id: `current_of(${from},${oid})`,
    name: 'current_of',
    args: [from],
    returns: oid,
    variadic: false,
    optional: 0,
    strict: true,
    volatility: 'stable',
    call: (_context, name) => call(name),
  };
}
