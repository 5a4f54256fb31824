/** CALL inside of a body: the procedure's OUT arguments go into the variables that stand for them. */
import { assert, DriftError } from '../../../base/error.ts';
import type { Task } from '../../../base/task.ts';
import { bindCallStatement } from '../../../plan/bind-outer.ts';
import type { Call } from '../../../sql/ast-statement.ts';
import type { Assignable, NameSpace } from '../../../sql/plpgsql/ast.ts';
import { SqlRecord } from '../../../sql/types/record.ts';
import { evaluate } from '../../statement.ts';
import { assign } from './assign.ts';
import type { Frame } from './frame.ts';

const VOID = 2278;

export function* callProcedure(frame: Frame, { call: syntax }: Call, names: NameSpace): Task<void> {
  assert(syntax.kind === 'call', 'CALL names a procedure');
  frame.refresh();
  const { call, args } = frame.bound(names, (context) => bindCallStatement(syntax, context));
  const values = args.map((arg) => evaluate(frame.scene, arg));
  const result = yield* frame.scene.routines.call(frame.scene, call, values);
  frame.refresh();
  if (call.columns.length === 1 && call.columns[0]?.type.oid === VOID) return;
  const outs = result instanceof SqlRecord ? result.values : [result];
  let next = 0;
  for (const [i, arg] of call.def.args.entries()) {
    if (arg.mode !== 'out' && arg.mode !== 'inout') continue;
    const named = syntax.argNames?.indexOf(arg.name) ?? -1;
    const target = targetOf(syntax.args[named >= 0 ? named : i], names);
    if (target === undefined)
      throw new DriftError(
        '42601',
        `procedure parameter "${arg.name}" is an output parameter but corresponding argument is not writable`,
      );
    yield* assign(frame, target, outs[next] ?? null, call.columns[next]?.type.oid ?? 705);
    next++;
  }
}

function targetOf(
  arg: Extract<Call['call'], { kind: 'call' }>['args'][number] | undefined,
  names: NameSpace,
): Assignable | undefined {
  if (arg?.kind !== 'column') return undefined;
  const [first, ...fields] = arg.names;
  const datum = first === undefined ? undefined : names.find(first);
  return datum === undefined ? undefined : { datum, fields, subscripts: [] };
}
