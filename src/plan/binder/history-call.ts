/** Which calls in FROM are history functions (history.ts); by itself, so that other functions do without those. */
import type { FunctionCall } from '../../sql/ast.ts';
import type { TableFunction } from '../../sql/ast-query.ts';
import type { Scope } from './scope.ts';

export type HistoryFunction = 'table_changes' | 'table_diff' | 'row_history' | 'blame' | 'database_diff';

/** How many arguments each takes at least and at most. */
const ARITY: Readonly<Record<HistoryFunction, readonly [number, number]>> = {
  table_changes: [1, 3],
  table_diff: [2, 3],
  row_history: [2, 33],
  blame: [1, 2],
  database_diff: [1, 2],
};

export interface HistoryCall {
  readonly name: HistoryFunction;
  readonly call: FunctionCall;
  readonly least: number;
  readonly most: number;
}

/** Null for any other function. A routine of the user's hides one. */
export function historyCallOf(reference: TableFunction, scope: Scope): HistoryCall | null {
  const [item, ...others] = reference.functions;
  const call = item?.call;
  if (call?.kind !== 'call' || others.length > 0 || reference.withOrdinality) return null;
  const { schema, name } = call.name;
  if (!isHistoryFunction(name) || (schema !== undefined && schema !== 'drift')) return null;
  if (schema === undefined && scope.catalog.routines(undefined, name).length > 0) return null;
  const [least, most] = ARITY[name];
  return { name, call, least, most };
}

function isHistoryFunction(name: string): name is HistoryFunction {
  return Object.hasOwn(ARITY, name);
}
