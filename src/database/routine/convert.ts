/**
 * Values from one type to another as an assignment does it: by cast where there is one, else by way of text. Variables,
 * arguments and results of routines are converted one by one here, without a plan.
 */
import type { Value } from '../../base/vector.ts';
import type { TypeRef } from '../../catalog/schema.ts';
import type { BindContext } from '../../plan/bind.ts';
import { bindConversion } from '../../plan/bind-outer.ts';
import type { BoundExpression } from '../../plan/expression.ts';
import { coercionPath } from '../../sql/resolve.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { bindContextOf, evaluate, type Scene } from '../statement.ts';

/** Types from here on are users': their casts may ask the catalog. */
const FIRST_USER_TYPE = 16384;
const UNKNOWN = 705;
const TEXT = 25;

export function convert(scene: Scene, value: Value, from: number, to: TypeRef): Value {
  if (from === to.oid && to.typmod === -1) return value;
  if (from >= FIRST_USER_TYPE || to.oid >= FIRST_USER_TYPE) return byExpression(scene, value, from, to);
  if (value === null) return null;
  const type = typeByOid(to.oid);
  let result: Exclude<Value, null> = value;
  if (from !== to.oid) {
    const source = from === UNKNOWN ? TEXT : from;
    const path = coercionPath(source, to.oid, 'assignment');
    if (path?.method === 'array') return byExpression(scene, value, from, to);
    if (path === null || path.method === 'io')
      return type.input(typeByOid(source).output(value, scene.eval), to.typmod, scene.eval);
    else if (path.fn !== null) {
      const called = path.fn.call(scene.eval, value);
      if (called === null) return null;
      result = called;
    }
  }
  return to.typmod === -1 ? result : type.applyTypmod(result, to.typmod, false);
}

const known = new WeakMap<object, Map<string, BoundExpression>>();

function byExpression(scene: Scene, value: Value, from: number, to: TypeRef): Value {
  const { catalog } = scene.eval;
  let conversions = known.get(catalog);
  if (conversions === undefined) known.set(catalog, (conversions = new Map<string, BoundExpression>()));
  const key = `${from} ${to.oid} ${to.typmod}`;
  let expression = conversions.get(key);
  if (expression === undefined) {
    const context: BindContext = bindContextOf(scene);
    expression = bindConversion(from, to, context);
    conversions.set(key, expression);
  }
  return evaluate({ ...scene, parameters: [value] }, expression);
}
