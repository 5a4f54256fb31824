/**
 * Constant folding: what does not depend on rows, parameters or the session is computed once, while planning.
 *
 * Only immutable functions are called. An error (1/0) is left for execution, where the branch may never be reached:
 * SELECT CASE WHEN false THEN 1/0 END is null, not 22012. What surrounds it is not folded to null over it: 1/0 + NULL is 22012.
 */
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import type {
  BoundExpression,
  CallExpression,
  CaseExpression,
  CastExpression,
  LogicExpression,
} from '../expression.ts';
import type { PlanNode } from '../plan.ts';
import { mapPlanExpressions } from '../walk-plan.ts';
import { mapChildren, someExpression } from '../walk-expression.ts';
import { factorOr } from './factor.ts';

const BOOL = { oid: 16, typmod: -1 } as const;
export const TRUE: BoundExpression = { kind: 'const', value: true, type: BOOL };
export const FALSE: BoundExpression = { kind: 'const', value: false, type: BOOL };

export function foldPlan(plan: PlanNode, context: EvalContext): PlanNode {
  return mapPlanExpressions(plan, (expression) => foldNode(expression, context));
}

/** Folds an expression and all of its parts. */
export function fold(expression: BoundExpression, context: EvalContext): BoundExpression {
  return foldNode(
    mapChildren(expression, (child) => fold(child, context)),
    context,
  );
}

/** Folds one node whose children are folded already. */
export function foldNode(expression: BoundExpression, context: EvalContext): BoundExpression {
  switch (expression.kind) {
    case 'call':
      return foldCall(expression, context);
    case 'cast':
      return foldCast(expression, context);
    case 'and':
    case 'or':
      return foldLogic(expression);
    case 'not': {
      const { operand } = expression;
      if (operand.kind === 'const') return constant(expression, operand.value === null ? null : operand.value !== true);
      return operand.kind === 'not' ? operand.operand : expression;
    }
    case 'isNull':
      if (expression.operand.kind !== 'const' || expression.operand.type.oid === 2249) return expression;
      return constant(expression, (expression.operand.value === null) !== expression.negated);
    case 'booleanTest':
      if (expression.operand.kind !== 'const') return expression;
      return constant(expression, isTruth(expression.operand.value, expression.test) !== expression.negated);
    case 'case':
      return foldCase(expression);
    case 'coalesce': {
      const args = expression.args.filter((arg) => arg.kind !== 'const' || arg.value !== null);
      const [first] = args;
      if (first === undefined) return constant(expression, null);
      if (first.kind === 'const' || args.length === 1) return first;
      return args.length === expression.args.length ? expression : { ...expression, args };
    }
    default:
      return expression;
  }
}

function constant(of: BoundExpression, value: Value): BoundExpression {
  return { kind: 'const', value, type: of.type, position: of.position };
}

function isTruth(value: Value, test: 'true' | 'false' | 'unknown'): boolean {
  if (test === 'unknown') return value === null;
  return value === (test === 'true');
}

function foldCall(call: CallExpression, context: EvalContext): BoundExpression {
  const { fn, args } = call;
  if (fn.strict && args.some((arg) => arg.kind === 'const' && arg.value === null)) {
    if (args.some(fails)) return call;
    return fn.volatility === 'volatile' ? call : constant(call, null);
  }
  if (fn.volatility !== 'immutable' || call.variadicArray === true || fn.routine !== undefined) return call;
  const values: Value[] = [];
  for (const arg of args) {
    if (arg.kind !== 'const') return call;
    values.push(arg.value);
  }
  return attempt(call, () => fn.call(context, ...values));
}

function foldCast(cast: CastExpression, context: EvalContext): BoundExpression {
  const { operand, fn } = cast;
  if (operand.kind !== 'const' || cast.type.typmod !== -1) return cast;
  const { value } = operand;
  if (value === null) return constant(cast, null);
  if (cast.method === 'relabel') return constant(cast, value);
  if (cast.method !== 'function' || fn === null || fn.volatility !== 'immutable') return cast;
  return attempt(cast, () => fn.call(context, value));
}

/** Whether computing it may fail though no row has a part in it: a constant that could not be folded, or was not tried. */
function fails(expression: BoundExpression): boolean {
  if (expression.kind === 'const' || expression.kind === 'column' || expression.kind === 'parameter') return false;
  return !someExpression(
    expression,
    (part) =>
      part.kind === 'column' ||
      part.kind === 'parameter' ||
      (part.kind === 'call' && part.fn.volatility !== 'immutable'),
  );
}

function attempt(expression: BoundExpression, compute: () => Value): BoundExpression {
  try {
    return constant(expression, compute());
  } catch {
    return expression;
  }
}

/** AND: false decides, true drops out; OR the other way round; nested ones of the same kind are spread. */
function foldLogic(expression: LogicExpression): BoundExpression {
  const decisive = expression.kind === 'or';
  const args: BoundExpression[] = [];
  let hasNull = false;
  let changed = false;
  for (const arg of expression.args) {
    if (arg.kind === expression.kind) {
      args.push(...arg.args);
      changed = true;
    } else if (arg.kind === 'const') {
      if (arg.value === decisive) return constant(expression, decisive);
      if (arg.value === null && !hasNull) {
        hasNull = true;
        args.push(arg);
      } else {
        changed = true;
      }
    } else {
      args.push(arg);
    }
  }
  const [first] = args;
  if (first === undefined) return constant(expression, !decisive);
  if (args.length === 1) return first;
  const folded = changed ? { ...expression, args } : expression;
  return expression.kind === 'or' && args.every((arg) => arg.kind === 'and') ? factorOr(folded) : folded;
}

function foldCase(expression: CaseExpression): BoundExpression {
  const branches: { when: BoundExpression; then: BoundExpression }[] = [];
  for (const branch of expression.branches) {
    if (branch.when.kind === 'const') {
      if (branch.when.value !== true) continue;
      if (branches.length === 0) return branch.then;
      return { ...expression, branches, otherwise: branch.then };
    }
    branches.push(branch);
  }
  if (branches.length === 0) return expression.otherwise ?? constant(expression, null);
  return branches.length === expression.branches.length ? expression : { ...expression, branches };
}
