/**
 * Conversions: making an expression be of a wanted type, as PostgreSQL's parse_coerce.c does.
 *
 * Literals of unknown type are read by the target type's input function now, so that a bad one fails with its position;
 * parameters of unknown type take the target's; everything else goes through the cast catalogue. A type modifier
 * (`varchar(10)`, `numeric(8,2)`) is applied last, by the cast node itself.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { TypeRef } from '../../catalog/schema.ts';
import { isUserType } from '../../catalog/user-types.ts';
import { coercionPath, commonType } from '../../sql/resolve.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression, ConstExpression } from '../expression.ts';
import type { BindState } from './context.ts';
import { userTypeCast } from './user-type-casts.ts';

export type CoercionContext = 'implicit' | 'assignment' | 'explicit';

export const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  float8: 701,
  unknown: 705,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  numeric: 1700,
  regclass: 2205,
  record: 2249,
  void: 2278,
} as const;

export const BOOL: TypeRef = { oid: OID.bool, typmod: -1 };
export const INT4: TypeRef = { oid: OID.int4, typmod: -1 };
export const INT8: TypeRef = { oid: OID.int8, typmod: -1 };
export const TEXT: TypeRef = { oid: OID.text, typmod: -1 };
export const UNKNOWN: TypeRef = { oid: OID.unknown, typmod: -1 };
export const TIMESTAMPTZ: TypeRef = { oid: OID.timestamptz, typmod: -1 };

/** SQL spelling of a type for messages. */
export function displayType(type: TypeRef | number): string {
  return typeof type === 'number' ? typeByOid(type).display : typeByOid(type.oid).display;
}

/** Converts an expression, or throws 42846 (explicit) or 42804. */
export function coerce(
  expression: BoundExpression,
  target: TypeRef,
  context: CoercionContext,
  state: BindState,
): BoundExpression {
  const coerced = tryCoerce(expression, target, context, state);
  if (coerced !== null) return coerced;
  const from = displayType(expression.type);
  const to = displayType(target);
  throw new DriftError('42846', `cannot cast type ${from} to ${to}`, { position: expression.position });
}

/** Converts an expression, or returns null where no conversion exists in this context. */
export function tryCoerce(
  expression: BoundExpression,
  target: TypeRef,
  context: CoercionContext,
  state: BindState,
): BoundExpression | null {
  const from = expression.type.oid;
  if (from === target.oid) return withTypmod(expression, target, context === 'explicit');
  if (isUserType(from) || isUserType(target.oid)) {
    const own = userTypeCast(expression, target, (inner, to) => tryCoerce(inner, to, context, state));
    if (own !== undefined) return own;
  }
  if (from === OID.unknown) return coerceUnknown(expression, target, context, state);
  if (target.oid === OID.unknown) return expression;
  const path = coercionPath(from, target.oid, context);
  if (path === null) return null;
  return {
    kind: 'cast',
    operand: expression,
    method: path.method,
    fn: path.fn,
    element: path.element,
    explicit: context === 'explicit',
    type: target,
    position: expression.position,
  };
}

function withTypmod(expression: BoundExpression, target: TypeRef, explicit: boolean): BoundExpression {
  if (target.typmod === -1 || target.typmod === expression.type.typmod) {
    return expression.type.typmod === target.typmod ? expression : relabelled(expression, target, explicit);
  }
  return relabelled(expression, target, explicit);
}

/** Same type under another type modifier; -1 only forgets it. */
function relabelled(expression: BoundExpression, target: TypeRef, explicit: boolean): BoundExpression {
  if (target.typmod === -1) return expression;
  return {
    kind: 'cast',
    operand: expression,
    method: 'relabel',
    fn: null,
    element: null,
    explicit,
    type: target,
    position: expression.position,
  };
}

function coerceUnknown(
  expression: BoundExpression,
  target: TypeRef,
  context: CoercionContext,
  state: BindState,
): BoundExpression | null {
  if (expression.kind === 'const') return literalAs(expression, target, context === 'explicit', state);
  if (expression.kind === 'parameter') return parameterAs(expression.index, target, expression, context, state);
  return {
    kind: 'cast',
    operand: expression,
    method: target.oid === OID.text ? 'relabel' : 'io',
    fn: null,
    element: null,
    explicit: context === 'explicit',
    type: target,
    position: expression.position,
  };
}

/** 'now' and 'today' mean another moment next time; a time without a zone another moment in another TimeZone. */
function dependsOnSession(text: string, oid: number): boolean {
  switch (oid) {
    case OID.interval:
      return /^\s*-[^+-]*$/.test(text);
    case OID.time:
      return /[a-z]{3}/i.test(text);
    case OID.date:
    case OID.timestamp:
      return /[a-z]{3}/i.test(text) || !/^\d{4}-/.test(text);
    case OID.timetz:
      return !/\d(Z|[+-]\d\d(:?\d\d)?)$/.test(text.trim());
    case OID.timestamptz:
      return !/^\d{4}-.*\d(Z|[+-]\d\d(:?\d\d)?)$/.test(text.trim());
    default:
      return false;
  }
}

/** Reads an unknown literal as a value of the type. */
function literalAs(literal: ConstExpression, target: TypeRef, explicit: boolean, state: BindState): BoundExpression {
  if (literal.value === null) return { ...literal, type: target };
  const value = readLiteral(literal.value as string, literal.position, target, state, explicit);
  return { kind: 'const', value, type: target, position: literal.position };
}

/** Reads a literal's text as a value of the type; errors say where it stands. */
export function readLiteral(
  text: string,
  position: number | undefined,
  target: TypeRef,
  state: BindState,
  explicit = false,
): Value {
  const type = typeByOid(target.oid);
  const { eval: context } = state.context;
  if (dependsOnSession(text, target.oid)) state.cacheable = false;
  // An interval's modifier says how to read the text; any other is applied to the value, as a cast does, whose errors
  // have no position.
  const read = located(position, () => type.input(text, target.oid === OID.interval ? target.typmod : -1, context));
  return target.typmod === -1 ? read : type.applyTypmod(read, target.typmod, explicit);
}

function parameterAs(
  index: number,
  target: TypeRef,
  expression: BoundExpression,
  context: CoercionContext,
  state: BindState,
): BoundExpression | null {
  const known = state.parameterTypes[index];
  if (known !== undefined && known !== OID.unknown) {
    const typed: BoundExpression = {
      kind: 'parameter',
      index,
      type: { oid: known, typmod: -1 },
      position: expression.position,
    };
    return tryCoerce(typed, target, context, state);
  }
  const oid = isPseudo(target.oid) ? OID.text : target.oid;
  state.parameterTypes[index] = oid;
  const typed: BoundExpression = { kind: 'parameter', index, type: { oid, typmod: -1 }, position: expression.position };
  return withTypmod(typed, target, context === 'explicit');
}

function isPseudo(oid: number): boolean {
  return typeByOid(oid).category === 'P';
}

/** Runs something that may fail without knowing where, and adds the position. */
export function located<T>(position: number | undefined, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw error instanceof DriftError && position !== undefined ? error.with({ position }) : error;
  }
}

/** Requires a boolean for a clause (42804). */
export function asBoolean(expression: BoundExpression, clause: string, state: BindState): BoundExpression {
  const coerced = tryCoerce(expression, BOOL, 'assignment', state);
  if (coerced !== null) return coerced;
  throw new DriftError(
    '42804',
    `argument of ${clause} must be type boolean, not type ${displayType(expression.type)}`,
    {
      position: expression.position,
    },
  );
}

/** Converts several expressions to their common type (CASE, COALESCE, ARRAY, UNION …); `context` names it in errors. */
export function unify(
  expressions: readonly BoundExpression[],
  context: string,
  state: BindState,
): { type: TypeRef; items: BoundExpression[] } {
  const type = commonTypeOf(expressions, context);
  const items = expressions.map((expression) => {
    const coerced = tryCoerce(expression, withoutModifier(type, expression), 'implicit', state);
    if (coerced !== null) return coerced;
    const from = displayType(expression.type);
    throw new DriftError('42846', `${context} could not convert type ${from} to ${displayType(type)}`, {
      position: expression.position,
    });
  });
  return { type, items };
}

/** The target without its modifier for literals: 'abc' beside char(2) columns must not be cut. */
function withoutModifier(type: TypeRef, expression: BoundExpression): TypeRef {
  return expression.type.oid === type.oid ? type : { oid: type.oid, typmod: -1 };
}

/** The common type; its modifier survives only if all have it. */
export function commonTypeOf(expressions: readonly BoundExpression[], context: string): TypeRef {
  const oids = expressions.map((expression) => expression.type.oid);
  const failing = expressions.find((expression) => expression.type.oid !== OID.unknown);
  const oid = commonTypeOid(expressions, oids, context, failing?.position);
  const [first] = expressions;
  const typmod = first === undefined ? -1 : first.type.typmod;
  const same = expressions.every((expression) => expression.type.oid === oid && expression.type.typmod === typmod);
  return { oid, typmod: same ? typmod : -1 };
}

function commonTypeOid(
  expressions: readonly BoundExpression[],
  oids: readonly number[],
  context: string,
  fallback: number | undefined,
): number {
  try {
    return commonType(oids, context);
  } catch (error) {
    if (!(error instanceof DriftError)) throw error;
    throw error.with({ position: offender(expressions, context) ?? fallback });
  }
}

/** The first expression that cannot join those before it: where PostgreSQL points. */
function offender(expressions: readonly BoundExpression[], context: string): number | undefined {
  for (let count = 2; count <= expressions.length; count++) {
    try {
      commonType(
        expressions.slice(0, count).map((expression) => expression.type.oid),
        context,
      );
    } catch {
      return expressions[count - 1]?.position;
    }
  }
  return undefined;
}

/** A select list's literals and parameters of unknown type become text when nothing else decides. */
export function decided(expression: BoundExpression, state: BindState): BoundExpression {
  return expression.type.oid === OID.unknown
    ? (tryCoerce(expression, TEXT, 'implicit', state) ?? expression)
    : expression;
}
