/**
 * Fields of composite values: reading one (`(x).f`), all (`(x).*`), and making the value that an assignment to a part
 * leaves (`SET a[2] = …`, `SET c.f = …`, `SET j['k'] = …`). Each is a call of a function made for the type.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { TypeRef } from '../../catalog/schema.ts';
import type { Attribute } from '../../catalog/schema.ts';
import { userType } from '../../catalog/user-types.ts';
import type { ScalarFunction } from '../../sql/functions/function.ts';
import { jsonAt } from '../../sql/functions/json-text.ts';
import { baseOfDomain } from '../../sql/user-coercion.ts';
import { SqlRecord } from '../../sql/types/record.ts';
import type { BoundExpression } from '../expression.ts';
import { BOOL } from './coerce.ts';
import type { Scope } from './scope.ts';

export function attributesOf({ oid, record }: TypeRef): readonly Attribute[] | null {
  if (record !== undefined) return record;
  const base = baseOfDomain(oid);
  const type = userType(base);
  return type?.oid === base && type.definition.form === 'composite' ? type.definition.attributes : null;
}

/** A column's name of four parts begins with this database's; more parts are none. Throws 0A000, 42601. */
export function refuseOtherDatabase(names: readonly string[], { state }: Scope, position: number): void {
  const written = names.join('.');
  if (names.length > 4)
    throw new DriftError('42601', `improper qualified name (too many dotted names): ${written}`, { position });
  if (names[0] !== state.context.eval.database)
    throw new DriftError('0A000', `cross-database references are not implemented: ${written}`, { position });
}

export function isComposite(expression: BoundExpression): boolean {
  return expression.kind === 'row' || attributesOf(expression.type) !== null;
}

/** One field; null where the expression is not of a composite type. Throws 42703. */
export function fieldSelection(
  operand: BoundExpression,
  name: string,
  position: number | undefined,
): BoundExpression | null {
  const attributes = attributesOf(operand.type);
  if (attributes === null) return null;
  const at = attributes.findIndex((attribute) => attribute.name === name);
  if (at < 0) throw missingField(name, operand.type, position);
  return select(operand, at, (attributes[at] as Attribute).type, position);
}

export function missingField(name: string, type: TypeRef, position: number | undefined): DriftError {
  const named = userType(baseOfDomain(type.oid));
  const message =
    named === undefined
      ? `could not identify column "${name}" in record data type`
      : `column "${name}" not found in data type ${named.name}`;
  return new DriftError('42703', message, { position });
}

function select(operand: BoundExpression, at: number, type: TypeRef, position: number | undefined): BoundExpression {
  const fn = made(
    `field_select(${operand.type.oid},${at},${type.oid})`,
    'field_select',
    [operand.type.oid],
    type.oid,
    (record) => (record instanceof SqlRecord ? (record.values[at] ?? null) : null),
  );
  return { kind: 'call', fn, args: [operand], type, position };
}

/** All fields with their names; null where the expression is not composite. */
export function expandedRow(row: BoundExpression): { name: string; expression: BoundExpression }[] | null {
  if (row.kind === 'row') return row.fields.map((expression, i) => ({ name: row.names[i] ?? `f${i + 1}`, expression }));
  return (
    attributesOf(row.type)?.map(({ name, type }, at) => ({
      name,
      expression: select(row, at, type, row.position),
    })) ?? null
  );
}

/** The composite value with one field changed; a null becomes a row of nulls first. */
export function withField(record: BoundExpression, at: number, value: BoundExpression): BoundExpression {
  const { type, position } = record;
  const attributes = attributesOf(type);
  assert(attributes !== null, 'a field belongs to a composite type');
  const oids = attributes.map((attribute) => attribute.type.oid);
  const names = attributes.map((attribute) => attribute.name);
  const call = (old: Value, field: Value): Value => {
    const values = oids.map((_, i) => (old instanceof SqlRecord ? (old.values[i] ?? null) : null));
    values[at] = field;
    return new SqlRecord(values, oids, names);
  };
  const fn = made(`field_store(${type.oid},${at})`, 'field_store', [type.oid, value.type.oid], type.oid, call, false);
  return { kind: 'call', fn, args: [record, value], type, position };
}

/** IS [NOT] NULL asks the fields of a composite value; null where the expression is not of a composite type. */
export function compositeIsNull(operand: BoundExpression, negated: boolean): BoundExpression | null {
  const count = attributesOf(operand.type)?.length;
  if (count === undefined) return null;
  const test = (record: Value): Value => {
    if (!(record instanceof SqlRecord)) return !negated;
    for (let i = 0; i < count; i++) if (((record.values[i] ?? null) === null) === negated) return false;
    return true;
  };
  const name = negated ? 'row_is_not_null' : 'row_is_null';
  const fn = made(`${name}(${operand.type.oid})`, name, [operand.type.oid], BOOL.oid, test, false);
  return { kind: 'call', fn, args: [operand], type: BOOL, position: operand.position };
}

/** What lies in a jsonb value at the end of a path of fields and elements; null where there is nothing. */
export function jsonSubscript(
  operand: BoundExpression,
  path: readonly BoundExpression[],
  position: number,
): BoundExpression {
  const args = [operand, ...path];
  const oids = args.map((arg) => arg.type.oid);
  const call = (json: Value, ...steps: Value[]): Value => jsonAt(json as string, steps.map(String)) ?? null;
  const fn = made(`jsonb_subscript(${oids.join()})`, 'jsonb_subscript', oids, operand.type.oid, call);
  return { kind: 'call', fn, args, type: operand.type, position };
}

/** A function that only a bound expression has. */
export function made(
  id: string,
  name: string,
  args: readonly number[],
  returns: number,
  call: (...values: Value[]) => Value,
  strict = true,
): ScalarFunction {
  return {
    kind: 'scalar',
    id,
    name,
    args,
    returns,
    variadic: false,
    optional: 0,
    strict,
    volatility: 'immutable',
    call: (_context, ...values) => call(...values),
  };
}
