/** Values of a composite type whose definition loses an attribute: what ALTER TYPE writes into stored columns. */
import type { Value } from '../../base/vector.ts';
import { publicTypeOid, userType } from '../../catalog/user-types.ts';
import { SqlArray } from '../types/array.ts';
import { typeByOid } from '../types/registry.ts';
import { SqlRecord } from '../types/record.ts';
import { T, typedScalar } from './define.ts';
import type { ScalarFunction } from './function.ts';

/** Whether values of a type hold values of another (by its public OID): as elements, as fields, as what a domain stands on. */
export function holdsType(oid: number, publicOid: number): boolean {
  if (publicTypeOid(oid) === publicOid) return true;
  const { elementOid } = typeByOid(oid);
  if (elementOid !== 0) return holdsType(elementOid, publicOid);
  const definition = userType(oid)?.definition;
  if (definition?.form === 'domain') return holdsType(definition.base.oid, publicOid);
  if (definition?.form === 'range') return holdsType(definition.subtype.oid, publicOid);
  return definition?.form === 'composite' && definition.attributes.some(({ type }) => holdsType(type.oid, publicOid));
}

/** The value without the `at`-th field of each row of the type in it; `oid` is of the new definition. */
function without(value: Value, oid: number, publicOid: number, at: number): Value {
  if (value === null || !holdsType(oid, publicOid)) return value;
  if (value instanceof SqlArray) {
    const { dimensions, lowerBounds, elements, elementOid } = value;
    const inner = typeByOid(oid).elementOid;
    return new SqlArray(
      dimensions,
      lowerBounds,
      elements.map((element) => without(element, inner, publicOid, at)),
      elementOid,
    );
  }
  const definition = userType(oid)?.definition;
  if (definition?.form === 'domain') return without(value, definition.base.oid, publicOid, at);
  if (!(value instanceof SqlRecord) || definition?.form !== 'composite') return value;
  const own = publicTypeOid(oid) === publicOid;
  const fields = own ? value.values.filter((_, i) => i !== at) : value.values;
  const { attributes } = definition;
  // Rows of before an attribute was added end early: with nulls they are equal to rows of today, in keys as well.
  const values = attributes.map(({ type }, i) => without(fields[i] ?? null, type.oid, publicOid, at));
  return new SqlRecord(
    values,
    attributes.map(({ type }) => type.oid),
    attributes.map(({ name }) => name),
  );
}

/** `_drift_without_field(value, type, n)`: the engine's own, not for users. */
export const compositeChanges: readonly ScalarFunction[] = [
  typedScalar(
    '_drift_without_field',
    [T.anyelement, T.oid, T.int4],
    T.anyelement,
    ([oid = T.text]) =>
      (_context, value, type, at) =>
        without(value ?? null, oid, type as number, at as number),
    { volatility: 'immutable' },
  ),
];
