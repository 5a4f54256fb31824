/** CALL: a procedure as a statement of its own. */
import type { Task } from '../../base/task.ts';
import { assert } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import { bindCallStatement } from '../../plan/bind.ts';
import type { BoundExpression } from '../../plan/expression.ts';
import type { RoutineCall } from '../../sql/functions/function.ts';
import type { Call } from '../../sql/ast-statement.ts';
import { SqlRecord } from '../../sql/types/record.ts';
import type { ResultSet } from '../api.ts';
import { command } from '../show.ts';
import { bindContextOf, evaluate, type Scene } from '../statement.ts';

const VOID = 2278;

/** Runs CALL; what OUT arguments have at the end is the result's one row. */
export function* runCall(scene: Scene, { call: syntax }: Call): Task<ResultSet> {
  assert(syntax.kind === 'call', 'CALL names a procedure');
  const { call, args } = bindCallStatement(syntax, bindContextOf(scene));
  const values = args.map((arg) => evaluate(scene, arg));
  const result = yield* scene.routines.call(scene, call, values);
  return resultOf(call, result);
}

/** What a bound CALL gives back to a routine: its procedure, arguments and the values of OUT arguments in order. */
export interface BoundCall {
  readonly call: RoutineCall;
  readonly args: readonly BoundExpression[];
}

function resultOf(call: RoutineCall, result: Value): ResultSet {
  const { columns } = call;
  if (columns.length === 1 && columns[0]?.type.oid === VOID) return command('CALL');
  const values =
    result instanceof SqlRecord ? result.values : columns.map(() => (columns.length === 1 ? result : null));
  return {
    command: 'CALL',
    fields: columns.map(({ name, type }) => ({
      name,
      dataTypeID: type.oid,
      typeModifier: -1,
      tableID: 0,
      columnID: 0,
    })),
    columns: columns.map(({ type }, i) => vectorFromValues([values[i] ?? null], type.oid)),
    rowCount: 1,
    affectedRows: null,
  };
}
