/** Giving values to variables, fields of records and elements of arrays, converted as an assignment does. */
import { DriftError } from '../../../base/error.ts';
import type { Task } from '../../../base/task.ts';
import type { Value } from '../../../base/vector.ts';
import type { TypeRef } from '../../../catalog/schema.ts';
import type { Assignable } from '../../../sql/plpgsql/ast.ts';
import { SqlArray } from '../../../sql/types/array.ts';
import { SqlRecord } from '../../../sql/types/record.ts';
import { typeByOid } from '../../../sql/types/registry.ts';
import { convert } from '../convert.ts';
import type { Frame } from './frame.ts';

const INT4: TypeRef = { oid: 23, typmod: -1 };

/** One row of a query: its values with their types and names. */
export interface Row {
  readonly values: readonly Value[];
  readonly oids: readonly number[];
  readonly names: readonly string[];
}

/** The type that a target's value is wanted in; null where it takes any. */
export function wantedType(frame: Frame, { datum, fields, subscripts }: Assignable): TypeRef | null {
  const type = frame.typed.types[datum];
  return type?.kind === 'scalar' && fields.length === 0 && subscripts.length === 0 ? type.type : null;
}

/** Assigns to a whole variable. */
export function setDatum(frame: Frame, datum: number, value: Value, oid: number): void {
  const type = frame.typed.types[datum];
  const declared = frame.compiled.body.datums[datum];
  if (type?.kind === 'scalar') {
    const converted = convert(frame.scene, value, oid, type.type);
    if (converted === null && declared?.notNull === true)
      throw new DriftError('22004', `null value cannot be assigned to variable "${declared.name}" declared NOT NULL`);
    frame.values[datum] = converted;
    return;
  }
  if (value === null) {
    frame.values[datum] = type?.kind === 'row' ? rowValue(frame, datum, null) : null;
    return;
  }
  if (!(value instanceof SqlRecord))
    throw new DriftError('42804', 'cannot assign non-composite value to a record variable');
  frame.values[datum] = type?.kind === 'row' ? rowValue(frame, datum, value) : value;
}

/** A row in the columns of the variable's table; missing ones are null. */
export function rowValue(frame: Frame, datum: number, row: Row | null): SqlRecord {
  const type = frame.typed.types[datum];
  if (type?.kind !== 'row') throw new DriftError('XX000', 'a row variable');
  const values = type.types.map((wanted, i) =>
    row === null ? null : convert(frame.scene, row.values[i] ?? null, row.oids[i] ?? wanted.oid, wanted),
  );
  return new SqlRecord(
    values,
    type.types.map(({ oid }) => oid),
    type.names,
  );
}

export function* assign(frame: Frame, target: Assignable, value: Value, oid: number): Task<void> {
  const { datum, fields, subscripts } = target;
  if (fields.length === 0 && subscripts.length === 0) {
    setDatum(frame, datum, value, oid);
    return;
  }
  const indexes: Value[] = [];
  for (const subscript of subscripts) indexes.push(yield* frame.evaluate(subscript, INT4));
  const [field] = fields;
  if (field === undefined) {
    const type = frame.typed.types[datum];
    if (type?.kind !== 'scalar') throw new DriftError('42804', 'cannot subscript a record');
    frame.values[datum] = element(frame, frame.values[datum] ?? null, type.type, indexes, value, oid);
    return;
  }
  const record = frame.record(datum);
  const at = record.names.indexOf(field);
  if (at < 0) {
    const name = frame.compiled.body.datums[datum]?.name ?? '';
    throw new DriftError('42703', `record "${name}" has no field "${field}"`);
  }
  const type: TypeRef = { oid: record.oids[at] as number, typmod: -1 };
  const next =
    indexes.length === 0
      ? convert(frame.scene, value, oid, type)
      : element(frame, record.values[at] ?? null, type, indexes, value, oid);
  frame.values[datum] = new SqlRecord(record.values.with(at, next), record.oids, record.names);
}

/** The array with one element set; a one-dimensional one grows, the gap filled with nulls. */
function element(
  frame: Frame,
  array: Value,
  type: TypeRef,
  indexes: readonly Value[],
  value: Value,
  oid: number,
): Value {
  const { elementOid } = typeByOid(type.oid);
  if (elementOid === 0)
    throw new DriftError(
      '42804',
      `cannot subscript type ${typeByOid(type.oid).display} because it does not support subscripting`,
    );
  const converted = convert(frame.scene, value, oid, { oid: elementOid, typmod: type.typmod });
  if (indexes.includes(null)) throw new DriftError('22004', 'array subscript in assignment must not be null');
  const positions = indexes.map(Number);
  const old = array instanceof SqlArray && array.dimensions.length > 0 ? array : null;
  if (old === null) {
    return new SqlArray(
      positions.map(() => 1),
      positions,
      [converted],
      elementOid,
    );
  }
  if (positions.length !== old.dimensions.length) throw new DriftError('2202E', 'wrong number of array subscripts');
  if (positions.length === 1) return vectorElement(old, positions[0] as number, converted);
  let at = 0;
  positions.forEach((position, d) => {
    const offset = position - (old.lowerBounds[d] as number);
    const length = old.dimensions[d] as number;
    if (offset < 0 || offset >= length) throw new DriftError('2202E', 'array subscript out of range');
    at = at * length + offset;
  });
  return new SqlArray(old.dimensions, old.lowerBounds, old.elements.with(at, converted), old.elementOid);
}

const MAX_ELEMENTS = 134217727;

function vectorElement(old: SqlArray, position: number, value: Value): SqlArray {
  const low = old.lowerBounds[0] as number;
  const length = old.dimensions[0] as number;
  const first = Math.min(low, position);
  const last = Math.max(low + length - 1, position);
  if (last - first + 1 > MAX_ELEMENTS)
    throw new DriftError('54000', `array size exceeds the maximum allowed (${MAX_ELEMENTS})`);
  const elements: Value[] = [];
  for (let i = first; i <= last; i++) {
    const inside = i >= low && i < low + length;
    elements.push(i === position ? value : inside ? (old.elements[i - low] ?? null) : null);
  }
  return new SqlArray([elements.length], [first], elements, old.elementOid);
}

/** Assigns a row to a record, or its columns to a list of variables; null for no row. */
export function* assignRow(frame: Frame, targets: readonly Assignable[], row: Row | null): Task<void> {
  const [only] = targets;
  if (only !== undefined && targets.length === 1 && only.fields.length === 0 && only.subscripts.length === 0) {
    const type = frame.typed.types[only.datum];
    if (type?.kind === 'row') {
      frame.values[only.datum] = rowValue(frame, only.datum, row);
      return;
    }
    if (type?.kind === 'record') {
      frame.values[only.datum] =
        row === null ? nullsLike(frame, only.datum) : new SqlRecord(row.values, row.oids, row.names);
      return;
    }
  }
  for (const [i, target] of targets.entries())
    yield* assign(frame, target, row?.values[i] ?? null, row?.oids[i] ?? 705);
}

/** A record without a row keeps the columns it had. */
function nullsLike(frame: Frame, datum: number): Value {
  const old = frame.values[datum];
  return old instanceof SqlRecord
    ? new SqlRecord(
        old.values.map(() => null),
        old.oids,
        old.names,
      )
    : null;
}
