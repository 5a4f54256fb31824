/** Functions in FROM: sets and single values, ROWS FROM, WITH ORDINALITY, column definition lists. */
import type { Expression } from '../../sql/ast.ts';
import type { TableFunction } from '../../sql/ast-query.ts';
import type { FunctionScanNode, PlanColumn, SetCall } from '../plan.ts';
import { INT8, OID } from './coerce.ts';
import { type BoundFrom, renamed, single } from './from-item.ts';
import { bindHistory } from './history.ts';
import { historyCallOf } from './history-call.ts';
import { asColumns } from './routine-columns.ts';
import { type FromItem, CLAUSES, type Scope, visible } from './scope.ts';

/** `beside`: items of the enclosing join tree that the call may mention. */
export function bindTableFunction(reference: TableFunction, scope: Scope, beside: readonly FromItem[]): BoundFrom {
  const history = historyCallOf(reference, scope);
  if (history !== null) return bindHistory(history, reference, scope, beside);
  const inner = scope.sibling([...scope.items, ...beside]);
  const functions: SetCall[] = [];
  const outputs: PlanColumn[] = [];
  let scalar = false;
  const alias = reference.alias ?? functionName(reference.functions[0]?.call);
  for (const item of reference.functions.flatMap(separateUnnest)) {
    const bound = asColumns(
      inner.within({ ...CLAUSES.from, sets: true }, () => inner.bind(item.call)),
      item,
      scope.catalog,
    );
    const name = reference.rowsFrom ? functionName(item.call) : alias;
    if (bound.kind === 'setCall') {
      const only = bound.fn.columns.length === 1;
      functions.push({ kind: 'set', fn: bound.fn, args: bound.args, columns: bound.fn.columns.length });
      for (const column of bound.fn.columns) {
        const type = only ? bound.type : { oid: column.oid, typmod: -1 };
        outputs.push({ id: scope.state.nextId(), name: only && column.name === '' ? name : column.name || name, type });
      }
      scalar ||= only && bound.fn.returns !== OID.record;
    } else {
      functions.push({ kind: 'scalar', expression: bound, columns: 1 });
      outputs.push({ id: scope.state.nextId(), name, type: bound.type });
      scalar = true;
    }
  }
  // A function with a single unnamed column gives it the alias of the item.
  const [first] = outputs;
  const named =
    scalar && first !== undefined && outputs.length === 1 && reference.alias !== undefined
      ? [{ ...first, name: reference.alias }]
      : outputs;
  if (reference.withOrdinality) named.push({ id: scope.state.nextId(), name: 'ordinality', type: INT8 });
  const plan: FunctionScanNode = {
    kind: 'functionScan',
    alias,
    functions,
    ordinality: reference.withOrdinality,
    outputs: named,
  };
  const columns = renamed(
    named.map((output) => visible(output)),
    reference.columnAliases,
    alias,
    reference.position,
  );
  return single(plan, {
    schema: undefined,
    name: alias,
    columns,
    pseudo: [],
    table: null,
    scalar: scalar && named.length === 1,
  });
}

/** unnest(a, b …) is ROWS FROM (unnest(a), unnest(b) …). */
function separateUnnest(item: TableFunction['functions'][number]): TableFunction['functions'] {
  const { call: written } = item;
  if (written.kind !== 'call' || written.name.name !== 'unnest' || written.args.length < 2) return [item];
  return written.args.map((arg) => ({ ...item, call: { ...written, args: [arg] } }));
}

function functionName(call: Expression | undefined): string {
  if (call?.kind === 'call') return call.name.name;
  if (call?.kind === 'sqlValue' || call?.kind === 'conditional') return call.name;
  return 'function';
}
