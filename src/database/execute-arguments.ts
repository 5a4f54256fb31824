/** The arguments of EXECUTE: constants of the types that the prepared statement's parameters have. */
import { DriftError } from '../base/error.ts';
import type { Value } from '../base/vector.ts';
import { bindArgument } from '../plan/bind-constant.ts';
import type { Execute } from '../sql/ast-table.ts';
import { displayType } from '../plan/binder/coerce.ts';
import { bindContextOf, evaluate, type Scene } from './statement.ts';

/** Throws 42601 where their number is wrong, 42804 where one cannot be of its parameter's type. */
export function argumentsOf(scene: Scene, { name, args, position }: Execute, types: readonly number[]): Value[] {
  if (args.length !== types.length) {
    throw new DriftError('42601', `wrong number of parameters for prepared statement "${name}"`, {
      position,
      detail: `Expected ${types.length} parameters but got ${args.length}.`,
    });
  }
  const context = bindContextOf(scene);
  return args.map((syntax, i) => {
    const { bound, given } = bindArgument(syntax, context, types[i] as number);
    if (bound !== null) return evaluate(scene, bound);
    const [from, to] = [displayType(given), displayType(types[i] as number)];
    throw new DriftError('42804', `parameter $${i + 1} of type ${from} cannot be coerced to the expected type ${to}`, {
      position: syntax.position,
      hint: 'You will need to rewrite or cast the expression.',
    });
  });
}
