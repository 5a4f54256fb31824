/**
 * Assignments to a part of a column: `a[2] = …`, `a[2:3] = …`, `c.f = …`, `j['k'] = …`, also several steps deep. The new
 * value of the whole column is computed from its old one; several such assignments to one column build on each other.
 */
import { DriftError } from '../../base/error.ts';
import type { TypeRef } from '../../catalog/schema.ts';
import type { Expression } from '../../sql/ast.ts';
import type { TargetStep } from '../../sql/ast-change.ts';
import { type ArrayStore, storeInArray } from '../../sql/functions/array-store.ts';
import { storeInJson } from '../../sql/functions/json-store.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression } from '../expression.ts';
import { displayType, INT4, OID, TEXT, tryCoerce } from './coerce.ts';
import { attributesOf, fieldSelection, made, withField } from './composite-fields.ts';
import type { Scope } from './scope.ts';

const JSONB: TypeRef = { oid: 3802, typmod: -1 };

export interface PartTarget {
  readonly column: string;
  readonly steps: readonly TargetStep[];
  readonly position: number;
}

/** The value that `current` has after the assignment. Throws 42804, 42703. */
export function withPart(
  current: BoundExpression,
  target: PartTarget,
  value: BoundExpression,
  scope: Scope,
): BoundExpression {
  const [step] = target.steps;
  if (step === undefined) return converted(value, current.type, target, scope);
  if (step.kind === 'field') {
    const attributes = attributesOf(current.type);
    const { position } = target;
    if (attributes === null) {
      const type = displayType(current.type);
      const message = `cannot assign to field "${step.name}" of column "${target.column}" because its type ${type} is not a composite type`;
      throw new DriftError('42804', message, { position });
    }
    const at = attributes.findIndex(({ name }) => name === step.name);
    if (at < 0) {
      const message = `cannot assign to field "${step.name}" of column "${target.column}" because there is no such column in data type ${displayType(current.type)}`;
      throw new DriftError('42703', message, { position });
    }
    const field = fieldSelection(current, step.name, position) ?? current;
    return withField(current, at, withPart(field, { ...target, steps: target.steps.slice(1) }, value, scope));
  }
  const count = target.steps.findIndex(({ kind }) => kind !== 'subscript');
  const subscripts = target.steps.slice(0, count < 0 ? undefined : count).filter((part) => part.kind === 'subscript');
  const rest = { ...target, steps: target.steps.slice(subscripts.length) };
  if (current.type.oid === JSONB.oid) return withMember(current, subscripts, rest, value, scope);
  return withElement(current, subscripts, rest, value, scope);
}

type Subscript = Extract<TargetStep, { kind: 'subscript' }>;

function converted(value: BoundExpression, type: TypeRef, target: PartTarget, scope: Scope): BoundExpression {
  const result = tryCoerce(value, type, 'assignment', scope.state);
  if (result !== null) return result;
  const message = `subscripted assignment to "${target.column}" requires type ${displayType(type)} but expression is of type ${displayType(value.type)}`;
  throw new DriftError('42804', message, {
    position: value.position,
    hint: 'You will need to rewrite or cast the expression.',
  });
}

function index(part: Expression | undefined, scope: Scope): BoundExpression | null {
  if (part === undefined) return null;
  const bound = scope.bind(part);
  const coerced = tryCoerce(bound, INT4, 'assignment', scope.state);
  if (coerced === null)
    throw new DriftError('42804', 'array subscript must have type integer', { position: bound.position });
  return coerced;
}

function withElement(
  current: BoundExpression,
  subscripts: readonly Subscript[],
  rest: PartTarget,
  value: BoundExpression,
  scope: Scope,
): BoundExpression {
  const { type, position } = current;
  const element = typeByOid(type.oid).elementOid;
  if (element === 0) {
    throw new DriftError(
      '42804',
      `cannot subscript type ${displayType(type)} because it does not support subscripting`,
      { position: rest.position },
    );
  }
  const anySlice = subscripts.some(({ slice }) => slice);
  const bounds = subscripts.map((part) => ({
    slice: part.slice,
    lower: index(part.lower, scope),
    upper: index(part.upper, scope),
  }));
  const part: BoundExpression = {
    kind: 'subscript',
    operand: current,
    subscripts: bounds,
    type: anySlice ? type : { oid: element, typmod: type.typmod },
    position,
  };
  const stored = withPart(part, rest, value, scope);
  const args: BoundExpression[] = [current, stored];
  const place = (bound: BoundExpression | null): number => (bound === null ? -1 : args.push(bound) - 1);
  const shape: ArrayStore = {
    elementOid: element,
    anySlice,
    subscripts: bounds.map(({ slice, lower, upper }) => ({ slice, lower: place(lower), upper: place(upper) })),
  };
  const oids = args.map((arg) => arg.type.oid);
  const id = `array_store(${oids.join()};${JSON.stringify(shape)})`;
  const fn = made(id, 'array_store', oids, type.oid, (...values) => storeInArray(shape, values), false);
  return { kind: 'call', fn, args, type, position };
}

function withMember(
  current: BoundExpression,
  subscripts: readonly Subscript[],
  rest: PartTarget,
  value: BoundExpression,
  scope: Scope,
): BoundExpression {
  if (rest.steps.length > 0 || subscripts.some(({ slice }) => slice))
    throw new DriftError('42804', 'jsonb subscript does not support slices', { position: rest.position });
  const path = jsonSubscripts(subscripts, scope);
  const args = [current, converted(value, JSONB, rest, scope), ...path];
  const oids = args.map((arg) => arg.type.oid);
  const fn = made(`jsonb_store(${oids.join()})`, 'jsonb_store', oids, JSONB.oid, storeInJson, false);
  return { kind: 'call', fn, args, type: current.type, position: current.position };
}

/** Subscripts of jsonb: integers and texts. */
export function jsonSubscripts(
  subscripts: readonly { readonly upper: Expression | undefined }[],
  scope: Scope,
): BoundExpression[] {
  return subscripts.map(({ upper }) => {
    const bound = scope.bind(upper as Expression);
    const wanted = bound.type.oid === OID.unknown ? TEXT : bound.type;
    const coerced =
      tryCoerce(bound, wanted, 'implicit', scope.state) ?? tryCoerce(bound, INT4, 'implicit', scope.state);
    if (coerced !== null && [OID.text, OID.int4].includes(coerced.type.oid as 25)) return coerced;
    const fitting = tryCoerce(bound, INT4, 'implicit', scope.state) ?? tryCoerce(bound, TEXT, 'implicit', scope.state);
    if (fitting !== null) return fitting;
    throw new DriftError('42804', `subscript type ${displayType(bound.type)} is not supported`, {
      position: bound.position,
      hint: 'jsonb subscript must be coercible to either integer or text.',
    });
  });
}
