/**
 * Operators and what abbreviates them: comparisons of rows, BETWEEN, LIKE, IN lists, ANY/ALL over arrays.
 *
 * An operator is chosen by its name and its operands' types (sql/resolve.ts); comparisons of row constructors become
 * comparisons of their fields, as the standard defines them.
 */
import { DriftError } from '../../base/error.ts';
import type { BinaryExpression, Expression, InListExpression, LikeExpression, QuantifiedArray } from '../../sql/ast.ts';
import type { Query } from '../../sql/ast-query.ts';
import type { ScalarFunction } from '../../sql/functions/function.ts';
import { resolveFunction, resolveOperator } from '../../sql/resolve.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression, RowExpression } from '../expression.ts';
import type { PlanNode } from '../plan.ts';
import { freeColumns } from '../walk-plan.ts';
import { BOOL, OID, asBoolean, coerce, located, tryCoerce, unify } from './coerce.ts';
import { columnOf, type Scope } from './scope.ts';

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>=']);

export function bindBinary(syntax: BinaryExpression, scope: Scope): BoundExpression {
  if (syntax.left.kind === 'row' && syntax.right.kind === 'subquery')
    return bindRowSubquery(syntax, syntax.right.query, scope);
  return operate(syntax.operator, scope.bind(syntax.left), scope.bind(syntax.right), {
    scope,
    position: syntax.position,
  });
}

/** `(a, b) = (SELECT x, y …)`: the comparison is computed on the subquery's one row; null for no row. */
function bindRowSubquery(syntax: BinaryExpression, query: Query, scope: Scope): BoundExpression {
  const { position } = syntax;
  const left = scope.bind(syntax.left);
  const plan = scope.hooks.query(query, scope);
  const names = plan.outputs.map((output) => output.name);
  const fields = plan.outputs.map((output) => columnOf(output.id, output.name, output.type));
  if (left.kind === 'row' && left.fields.length !== fields.length) {
    throw new DriftError(
      '42601',
      left.fields.length < fields.length ? 'subquery has too many columns' : 'subquery has too few columns',
      { position },
    );
  }
  const test = operate(syntax.operator, left, { kind: 'row', fields, names, type: left.type }, { scope, position });
  const outputs = [{ id: scope.state.nextId(), name: '?column?', type: test.type }];
  const compared: PlanNode = { kind: 'project', source: plan, expressions: [test], outputs };
  return {
    kind: 'subquery',
    mode: 'scalar',
    plan: compared,
    correlated: freeColumns(compared),
    test: null,
    type: test.type,
    position,
  };
}

export interface OperatorPlace {
  readonly scope: Scope;
  readonly position: number | undefined;
}

/** Applies an operator to bound operands; the left one is null for a prefix operator. */
export function operate(
  name: string,
  left: BoundExpression | null,
  right: BoundExpression,
  place: OperatorPlace,
): BoundExpression {
  if (left !== null && left.kind === 'row' && right.kind === 'row' && COMPARISONS.has(name))
    return compareRows(name, left, right, place);
  const resolved = located(place.position, () =>
    resolveOperator(name, left === null ? 0 : left.type.oid, right.type.oid),
  );
  const [leftType, rightType] =
    left === null ? [0, resolved.argTypes[0]] : [resolved.argTypes[0], resolved.argTypes[1]];
  const args: BoundExpression[] = [];
  if (left !== null) args.push(argument(left, leftType ?? 0, place));
  args.push(argument(right, rightType ?? 0, place));
  return {
    kind: 'call',
    fn: resolved.fn,
    args,
    operator: name,
    type: { oid: resolved.returns, typmod: -1 },
    position: place.position,
  };
}

/** Converts an argument to what a function or operator takes; polymorphic and `any` arguments stay as they are. */
export function argument(expression: BoundExpression, oid: number, place: OperatorPlace): BoundExpression {
  if (oid === 0 || expression.type.oid === oid) return expression;
  const type = typeByOid(oid);
  if (type.category === 'P' && oid !== OID.unknown) {
    return expression.type.oid === OID.unknown && type.name !== 'any'
      ? coerce(expression, { oid: OID.text, typmod: -1 }, 'implicit', place.scope.state)
      : expression;
  }
  return coerce(expression, { oid, typmod: -1 }, 'implicit', place.scope.state);
}

function compareRows(name: string, left: RowExpression, right: RowExpression, place: OperatorPlace): BoundExpression {
  const { position } = place;
  if (left.fields.length !== right.fields.length)
    throw new DriftError('42601', 'unequal number of entries in row expressions', { position });
  if (left.fields.length === 0) throw new DriftError('0A000', 'cannot compare rows of zero length', { position });
  const pairs = left.fields.map((field, i) => [field, right.fields[i] as BoundExpression] as const);
  if (name === '=' || name === '<>') {
    const parts = pairs.map(([a, b]) => operate(name, a, b, place));
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    return { kind: name === '=' ? 'and' : 'or', args: parts, type: BOOL, position };
  }
  // (a, b) < (c, d)  ⇔  a < c OR (a = c AND b < d); the last pair decides with the operator itself.
  const strict = name.charAt(0);
  let result: BoundExpression | null = null;
  for (let i = pairs.length - 1; i >= 0; i--) {
    const [a, b] = pairs[i] as readonly [BoundExpression, BoundExpression];
    if (result === null) {
      result = operate(name, a, b, place);
      continue;
    }
    const equal: BoundExpression = operate('=', a, b, place);
    const both: BoundExpression = { kind: 'and', args: [equal, result], type: BOOL, position };
    result = { kind: 'or', args: [operate(strict, a, b, place), both], type: BOOL, position };
  }
  return result as BoundExpression;
}

/** The function behind an operator for two operand types, which are converted to its argument types. */
export function comparison(
  name: string,
  left: BoundExpression,
  right: BoundExpression,
  place: OperatorPlace,
): { left: BoundExpression; right: BoundExpression; fn: ScalarFunction } {
  const call = operate(name, left, right, place);
  if (call.kind !== 'call')
    throw new DriftError('0A000', 'comparison of rows is not supported here', { position: place.position });
  const [first, second] = call.args;
  return { left: first as BoundExpression, right: second as BoundExpression, fn: call.fn };
}

export function negate(expression: BoundExpression): BoundExpression {
  return { kind: 'not', operand: expression, type: BOOL, position: expression.position };
}

export function bindDistinct(
  left: BoundExpression,
  right: BoundExpression,
  negated: boolean,
  place: OperatorPlace,
): BoundExpression {
  const { position } = place;
  if (left.kind === 'row' && right.kind === 'row') {
    if (left.fields.length !== right.fields.length)
      throw new DriftError('42601', 'unequal number of entries in row expressions', { position });
    const parts = left.fields.map((field, i) =>
      bindDistinct(field, right.fields[i] as BoundExpression, negated, place),
    );
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    return { kind: negated ? 'and' : 'or', args: parts, type: BOOL, position };
  }
  // IS DISTINCT FROM NULL asks for nothing but nullness, whatever the type.
  for (const [side, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (side.kind === 'const' && side.value === null && side.type.oid === OID.unknown)
      return { kind: 'isNull', operand: other, negated: !negated, type: BOOL, position };
  }
  const compared = comparison('=', left, right, place);
  return {
    kind: 'distinctFrom',
    left: compared.left,
    right: compared.right,
    equal: compared.fn,
    negated,
    type: BOOL,
    position,
  };
}

export function bindBetween(
  operand: BoundExpression,
  bounds: readonly [BoundExpression, BoundExpression],
  syntax: { readonly symmetric: boolean; readonly negated: boolean },
  place: OperatorPlace,
): BoundExpression {
  const inside = ([low, high]: readonly [BoundExpression, BoundExpression]): BoundExpression => {
    const [from, to] = syntax.negated ? ['<', '>'] : ['>=', '<='];
    const args = [operate(from as string, operand, low, place), operate(to as string, operand, high, place)];
    return { kind: syntax.negated ? 'or' : 'and', args, type: BOOL, position: place.position };
  };
  if (!syntax.symmetric) return inside(bounds);
  const args = [inside(bounds), inside([bounds[1], bounds[0]])];
  return { kind: syntax.negated ? 'and' : 'or', args, type: BOOL, position: place.position };
}

export function bindLike(syntax: LikeExpression, scope: Scope): BoundExpression {
  const place = { scope, position: syntax.position };
  const operand = scope.bind(syntax.operand);
  let pattern = scope.bind(syntax.pattern);
  if (syntax.operator === 'similar') {
    const escape = syntax.escape === undefined ? [] : [scope.bind(syntax.escape)];
    pattern = call('similar_to_escape', [pattern, ...escape], place);
    return operate(syntax.negated ? '!~' : '~', operand, pattern, place);
  }
  if (syntax.escape !== undefined) pattern = call('like_escape', [pattern, scope.bind(syntax.escape)], place);
  const name = syntax.operator === 'like' ? '~~' : '~~*';
  return operate(syntax.negated ? `!${name}` : name, operand, pattern, place);
}

/** Calls a scalar function by name with bound arguments. */
export function call(name: string, args: readonly BoundExpression[], place: OperatorPlace): BoundExpression {
  const resolved = located(place.position, () =>
    resolveFunction(
      name,
      args.map((arg) => arg.type.oid),
    ),
  );
  const { fn } = resolved;
  if (fn.kind !== 'scalar')
    throw new DriftError('42809', `${name} is not a scalar function`, { position: place.position });
  const converted = args.map((arg, i) => argument(arg, resolved.argTypes[i] ?? 0, place));
  return { kind: 'call', fn, args: converted, type: { oid: resolved.returns, typmod: -1 }, position: place.position };
}

/** `x IN (a, b, c)`: one list test where all items have a common type, comparisons otherwise (rows, mixed types). */
export function bindInList(syntax: InListExpression, scope: Scope): BoundExpression {
  const place = { scope, position: syntax.position };
  const operand = scope.bind(syntax.operand);
  const items = syntax.list.map((item) => scope.bind(item));
  if (operand.kind !== 'row' && items.every((item) => item.kind !== 'row')) {
    const list = listTest(operand, items, syntax.negated, place);
    if (list !== null) return list;
  }
  const tests = items.map((item) => operate(syntax.negated ? '<>' : '=', operand, item, place));
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return { kind: syntax.negated ? 'and' : 'or', args: tests, type: BOOL, position: syntax.position };
}

function listTest(
  operand: BoundExpression,
  items: readonly BoundExpression[],
  negated: boolean,
  place: OperatorPlace,
): BoundExpression | null {
  const [first] = items;
  if (items.length < 2 || first === undefined) return null;
  const { state } = place.scope;
  let unified: readonly BoundExpression[];
  try {
    ({ items: unified } = unify([operand, ...items], 'IN', state));
  } catch (error) {
    if (error instanceof DriftError && (error.code === '42804' || error.code === '42846')) return null;
    throw error;
  }
  const [left, ...rest] = unified;
  const sample = rest[0];
  if (left === undefined || sample === undefined) return null;
  const compared = comparison('=', left, sample, place);
  const type = compared.right.type;
  const converted = rest.map((item) => tryCoerce(item, { oid: type.oid, typmod: -1 }, 'implicit', state));
  const list: BoundExpression[] = [];
  for (const item of converted) {
    if (item === null) return null;
    list.push(item);
  }
  return {
    kind: 'inList',
    operand: compared.left,
    items: list,
    equal: compared.fn,
    negated,
    type: BOOL,
    position: place.position,
  };
}

export function bindQuantifiedArray(syntax: QuantifiedArray, scope: Scope): BoundExpression {
  const place = { scope, position: syntax.position };
  const operand = scope.bind(syntax.operand);
  let array = scope.bind(syntax.array);
  if (array.type.oid === OID.unknown) {
    const element = operand.type.oid === OID.unknown ? OID.text : operand.type.oid;
    array = coerce(array, { oid: typeByOid(element).arrayOid, typmod: -1 }, 'implicit', scope.state);
  }
  const element = typeByOid(array.type.oid).elementOid;
  if (element === 0)
    throw new DriftError('42809', 'op ANY/ALL (array) requires array on right side', { position: syntax.position });
  const resolved = located(syntax.position, () => resolveOperator(syntax.operator, operand.type.oid, element));
  if (resolved.returns !== OID.bool) {
    throw new DriftError('42809', 'op ANY/ALL (array) requires operator to yield boolean', {
      position: syntax.position,
    });
  }
  const [leftType, rightType] = resolved.argTypes;
  if (rightType !== undefined && rightType !== element && typeByOid(rightType).category !== 'P') {
    array = coerce(array, { oid: typeByOid(rightType).arrayOid, typmod: -1 }, 'implicit', scope.state);
  }
  return {
    kind: 'quantified',
    operand: argument(operand, leftType ?? 0, place),
    array,
    comparison: resolved.fn,
    quantifier: syntax.quantifier,
    operator: syntax.operator,
    type: BOOL,
    position: syntax.position,
  };
}

/** AND, OR: operands must be boolean. */
export function bindLogic(
  kind: 'and' | 'or',
  operands: readonly Expression[],
  scope: Scope,
  position: number,
): BoundExpression {
  const args = operands.map((operand) => asBoolean(scope.bind(operand), kind.toUpperCase(), scope.state));
  return { kind, args, type: BOOL, position };
}
