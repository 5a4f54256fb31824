/** Binds expressions without columns: defaults of domains, arguments of EXECUTE. */
import type { Expression } from '../sql/ast.ts';
import { collated, emptyState, rootScope } from './bind.ts';
import { coerce, OID, tryCoerce } from './binder/coerce.ts';
import type { BindContext } from './binder/context.ts';
import { CLAUSES } from './binder/scope.ts';
import type { BoundExpression } from './expression.ts';

/** Binds an expression without columns (SET, LIMIT of FETCH, EXECUTE's arguments …), to a type if one is given. */
export function bindConstant(syntax: Expression, context: BindContext, typeOid?: number): BoundExpression {
  const scope = rootScope(emptyState(context));
  const bound = collated(
    scope.within(CLAUSES.values, () => scope.bind(syntax)),
    scope,
  );
  if (typeOid === undefined)
    return (
      tryCoerce(
        bound,
        { oid: bound.type.oid === OID.unknown ? OID.text : bound.type.oid, typmod: -1 },
        'implicit',
        scope.state,
      ) ?? bound
    );
  return coerce(bound, { oid: typeOid, typmod: -1 }, 'assignment', scope.state);
}

/** Binds an argument of EXECUTE; null where it, of the type `given`, cannot be of the type. */
export function bindArgument(
  syntax: Expression,
  context: BindContext,
  typeOid: number,
): { readonly bound: BoundExpression | null; readonly given: number } {
  const scope = rootScope(emptyState(context));
  const bound = collated(
    scope.within(CLAUSES.execute, () => scope.bind(syntax)),
    scope,
  );
  return { bound: tryCoerce(bound, { oid: typeOid, typmod: -1 }, 'assignment', scope.state), given: bound.type.oid };
}
