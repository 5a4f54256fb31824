/** CALL and DO: procedures, and bodies without a name, as statements of their own. */
import type { Task } from '../../base/task.ts';
import { assert, DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import { bindCallStatement } from '../../plan/bind-outer.ts';
import type { RoutineCall } from '../../sql/functions/function.ts';
import type { Call, DoBlock } from '../../sql/ast-statement.ts';
import { SqlRecord } from '../../sql/types/record.ts';
import type { ResultSet } from '../api.ts';
import { command } from '../show.ts';
import { bindContextOf, evaluate, type Scene } from '../statement.ts';
import { routineScene } from './nested.ts';
import { runBlock } from './pl-routine.ts';

const VOID = 2278;

/** Runs CALL; what OUT arguments have at the end is the result's one row. */
export function* runCall(scene: Scene, { call: syntax }: Call): Task<ResultSet> {
  assert(syntax.kind === 'call', 'CALL names a procedure');
  const { call, args } = bindCallStatement(syntax, bindContextOf(scene));
  const values = args.map((arg) => evaluate(scene, arg));
  const result = yield* scene.routines.call(scene, call, values);
  return resultOf(call, result);
}

export function* runDo(scene: Scene, { language, body, position }: DoBlock): Task<ResultSet> {
  if (language.toLowerCase() !== 'plpgsql') {
    const known = language.toLowerCase() === 'sql';
    throw new DriftError(
      known ? '0A000' : '42704',
      known ? 'language "sql" does not support inline code execution' : `language "${language}" does not exist`,
      { position },
    );
  }
  yield* runBlock({ ...routineScene(scene, false), turns: scene.turns }, body);
  return command('DO');
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
