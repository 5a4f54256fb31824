/** Casts: function, relabel, I/O and array conversions, followed by the type modifier. */
import { assert } from '../base/error.ts';
import type { Batch, Value, Vector } from '../base/vector.ts';
import type { CastExpression, ElementCast } from '../plan/expression.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { SqlType } from '../sql/types/type.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { mapArray } from './composite.ts';
import { BatchEvaluator, type Evaluator, ScalarEvaluator } from './evaluator.ts';
import { POWERS_OF_TEN, widen } from './kernels/arguments.ts';
import { FLOAT8, INT2, INT4, INT8, kindOfType, NUMERIC } from './physical.ts';

export function castEvaluator(expression: CastExpression, operand: Evaluator, context: EvalContext): Evaluator {
  const { type } = expression;
  const from = operand.oid;
  if (expression.method === 'relabel' && type.typmod === -1) return relabel(operand, type.oid);
  const generic = new ScalarEvaluator(type.oid, [operand], scalarCast(expression, from, context), {
    strict: true,
    repeatable: expression.fn === null || expression.fn.volatility !== 'volatile',
  });
  if (generic.fixed || type.typmod !== -1) return generic;
  const kernel = castKernel(from, type.oid);
  if (kernel === null || expression.method !== 'function') return generic;
  return new BatchEvaluator(type.oid, false, (batch) => {
    const vector = operand.eval(batch);
    return kernel(vector, batch) ?? generic.evalVectors(batch, [vector]);
  });
}

/** One value, not null, by any method but `array`. */
export function castValue(expression: CastExpression, value: Value, context: EvalContext): Value {
  const { type, method, fn, operand, explicit } = expression;
  if (method === 'relabel')
    return type.typmod === -1 ? value : requireType(type.oid).applyTypmod(value, type.typmod, explicit);
  assert(method !== 'array', 'one value');
  return elementCast({ method, fn, from: operand.type.oid, to: type.oid }, type.typmod, explicit, context)(value);
}

/** The same values under another type; their physical kind must fit. */
function relabel(operand: Evaluator, oid: number): Evaluator {
  if (kindOfType(operand.oid) === kindOfType(oid)) {
    if (operand.fixed)
      return new ScalarEvaluator(oid, [operand], ([value]) => value ?? null, { strict: true, repeatable: true });
    return new BatchEvaluator(oid, false, (batch) => operand.eval(batch));
  }
  return new ScalarEvaluator(oid, [operand], ([value]) => value ?? null, { strict: true, repeatable: true });
}

function scalarCast(expression: CastExpression, from: number, context: EvalContext): (args: readonly Value[]) => Value {
  const { type, method, fn, element, explicit } = expression;
  if (method === 'array') {
    assert(element !== null, 'an array cast describes its element');
    const convert = elementCast(element, type.typmod, explicit, context);
    const elementOid = typeByOid(type.oid)?.elementOid ?? 0;
    return ([value]) => mapArray(value as object, convert, elementOid);
  }
  const convert = elementCast({ method, fn, from, to: type.oid }, type.typmod, explicit, context);
  return ([value]) => convert(value as Value);
}

function elementCast(
  cast: ElementCast,
  typmod: number,
  explicit: boolean,
  context: EvalContext,
): (value: Value) => Value {
  const target = requireType(cast.to);
  const source = requireType(cast.from);
  const finish = (value: Value): Value =>
    typmod === -1 || value === null ? value : target.applyTypmod(value, typmod, explicit);
  switch (cast.method) {
    case 'function': {
      const { fn } = cast;
      assert(fn !== null, 'a cast by function has one');
      if (fn.takesTypmod === true) return (value) => fn.call(context, value, typmod);
      return (value) => finish(fn.call(context, value));
    }
    case 'relabel':
      return finish;
    case 'io':
      // Only an interval's modifier says how to read the text; all others are applied to what was read.
      return (value) =>
        finish(target.input(source.output(value, context), cast.to === INTERVAL ? typmod : -1, context));
  }
}

function requireType(oid: number): SqlType {
  const type = typeByOid(oid);
  assert(type !== undefined, `no type has OID ${oid}`);
  return type;
}

const INTERVAL = 1186;

type CastKernel = (vector: Vector, batch: Batch) => Vector | null;

function castKernel(from: number, to: number): CastKernel | null {
  const small = from === INT2 || from === INT4;
  if (small && (to === INT8 || to === FLOAT8)) return widenKernel(undefined);
  if (from === INT2 && to === INT4) return (vector) => vector;
  if (small && to === NUMERIC) return widenKernel(0);
  if (from === INT8 && to === FLOAT8) return (vector) => (vector.kind === 'f64' ? vector : null);
  if (from === INT8 && to === NUMERIC) {
    return (vector) => (vector.kind === 'f64' && vector.scale === undefined ? { ...vector, scale: 0 } : null);
  }
  if (from === NUMERIC && to === FLOAT8) return decimalToFloat;
  return null;
}

function widenKernel(scale: number | undefined): CastKernel {
  return (vector) => {
    if (vector.kind !== 'i32') return null;
    return { kind: 'f64', data: widen(vector.data, vector.length), scale, length: vector.length, nulls: vector.nulls };
  };
}

/** An integer below 2^53 divided by a power of ten that is exact in a double: correctly rounded. */
function decimalToFloat(vector: Vector): Vector | null {
  if (vector.kind !== 'f64' || vector.scale === undefined) return null;
  const divisor = POWERS_OF_TEN[vector.scale];
  if (divisor === undefined) return null;
  const { length } = vector;
  const data = new Float64Array(length);
  for (let i = 0; i < length; i++) data[i] = (vector.data[i] as number) / divisor;
  return { kind: 'f64', data, length, nulls: vector.nulls };
}
