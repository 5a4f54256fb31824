/** Converting a finished plan's outputs to wanted types. */
import { DriftError } from '../../base/error.ts';
import type { BoundExpression } from '../expression.ts';
import type { PlanColumn, PlanNode } from '../plan.ts';
import { decided, displayType, tryCoerce } from './coerce.ts';
import { columnOf, type Scope } from './scope.ts';

/** Converts a plan's outputs to the types of `wanted`, by position; a projection on top does it itself. */
export function convertOutputs(
  plan: PlanNode,
  wanted: readonly { readonly type: PlanColumn['type'] }[],
  scope: Scope,
): PlanNode {
  if (plan.outputs.every((output, i) => output.type.oid === wanted[i]?.type.oid)) return plan;
  const { state } = scope;
  const own = plan.kind === 'project';
  const expressions: BoundExpression[] = [];
  const outputs: PlanColumn[] = [];
  plan.outputs.forEach((output, i) => {
    const expression = own ? (plan.expressions[i] as BoundExpression) : columnOf(output.id, output.name, output.type);
    const type = wanted[i]?.type ?? output.type;
    const target = { oid: type.oid, typmod: output.type.oid === type.oid ? output.type.typmod : -1 };
    const converted = tryCoerce(expression, target, 'implicit', state);
    if (converted === null) {
      const message = `could not convert type ${displayType(output.type)} to ${displayType(type)}`;
      throw new DriftError('42846', message, { position: expression.position });
    }
    expressions.push(converted);
    outputs.push(converted === expression ? output : { id: state.nextId(), name: output.name, type: target });
  });
  return { kind: 'project', source: own ? plan.source : plan, expressions, outputs };
}

/** Outputs of unknown type become text. */
export function decideOutputs(plan: PlanNode, scope: Scope): PlanNode {
  const wanted = plan.outputs.map((output) => ({
    type: decided(columnOf(output.id, output.name, output.type), scope.state).type,
  }));
  return convertOutputs(plan, wanted, scope);
}
