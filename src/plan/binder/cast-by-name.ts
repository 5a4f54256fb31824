/** Calls by a type's name. */
import type { FunctionCall } from '../../sql/ast.ts';
import { resolveFunction } from '../../sql/resolve.ts';
import { typeByName } from '../../sql/types/registry.ts';
import type { BoundExpression } from '../expression.ts';
import { tryCoerce } from './coerce.ts';
import type { Scope } from './scope.ts';

/**
 * A call by a type's name with one argument is a cast where no function of that name takes it: `timestamptz(text)`. Null
 * where it is none.
 */
export function castByName(
  syntax: FunctionCall,
  args: readonly BoundExpression[],
  scope: Scope,
): BoundExpression | null {
  const [arg] = args;
  if (arg === undefined || args.length > 1 || syntax.star || syntax.variadic || syntax.over !== undefined) return null;
  const { name } = syntax.name;
  const type = typeByName(name);
  if (type === undefined || type.category === 'P' || findsFunction(name, arg.type.oid)) return null;
  return tryCoerce(arg, { oid: type.oid, typmod: -1 }, 'explicit', scope.state);
}

function findsFunction(name: string, argument: number): boolean {
  try {
    resolveFunction(name, [argument]);
    return true;
  } catch {
    return false;
  }
}
