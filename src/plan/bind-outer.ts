/** Binding for routines: expressions over their variables, conversions of single values, the arguments of CALL. */
import type { TypeRef } from '../catalog/schema.ts';
import type { Expression, FunctionCall } from '../sql/ast.ts';
import { collated, emptyState, rootScope } from './bind.ts';
import { OID, TEXT, coerce, tryCoerce } from './binder/coerce.ts';
import type { BindContext, BindState } from './binder/context.ts';
import { bindProcedureCall } from './binder/routines.ts';
import { CLAUSES } from './binder/scope.ts';
import type { BoundExpression } from './expression.ts';

export { attributesOf } from './binder/composite-fields.ts';
export { argumentNames, entryOf, expressionOf, inputsOf, isRow, resultColumns } from './binder/routines.ts';

/** Converts the value of parameter $1 to another type as an assignment does; by way of text where no cast exists. */
export function bindConversion(from: number, to: TypeRef, context: BindContext): BoundExpression {
  const operand: BoundExpression = { kind: 'parameter', index: 0, type: { oid: from, typmod: -1 } };
  return assignedTo(operand, to, emptyState(context));
}

function assignedTo(operand: BoundExpression, to: TypeRef, state: BindState): BoundExpression {
  return (
    tryCoerce(operand, to, 'assignment', state) ?? {
      kind: 'cast',
      operand,
      method: 'io',
      fn: null,
      element: null,
      explicit: false,
      type: to,
    }
  );
}

/** An expression whose names are outer ones alone, of a routine; converted to `to` if that is given. */
export function bindOuterExpression(syntax: Expression, to: TypeRef | null, context: BindContext): BoundExpression {
  const scope = rootScope(emptyState(context), context.names);
  const bound = collated(
    scope.within(CLAUSES.values, () => scope.bind(syntax)),
    scope,
  );
  if (to !== null) return assignedTo(bound, to, scope.state);
  return bound.type.oid === OID.unknown ? coerce(bound, TEXT, 'implicit', scope.state) : bound;
}

/** CALL's procedure and arguments. */
export function bindCallStatement(call: FunctionCall, context: BindContext): ReturnType<typeof bindProcedureCall> {
  const scope = rootScope(emptyState(context), context.names);
  return scope.within(CLAUSES.call, () => bindProcedureCall(call, scope));
}
