/**
 * Rows out of json: json_populate_record and json_to_record with their sets (PostgreSQL's populate_record).
 *
 * What the columns are, the call says: a composite type, or column definitions in FROM; the binder makes the function for
 * them with `recordFunction`. A member is read by its column's type: as JSON into json, arrays and rows, else by its text.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { TypeRef } from '../../catalog/schema.ts';
import { userType } from '../../catalog/user-types.ts';
import type { EvalContext } from '../eval-context.ts';
import { SqlArray } from '../types/array.ts';
import { canonicalJson } from '../types/json.ts';
import { SqlRecord } from '../types/record.ts';
import { typeByOid } from '../types/registry.ts';
import { scalar, setFunction, T } from './define.ts';
import type { ScalarFunction, SetFunction } from './function.ts';
import { jsonAsText, jsonElements, jsonKind, jsonMember } from './json-text.ts';

export interface RecordColumn {
  readonly name: string;
  readonly type: TypeRef;
}

const SHAPE = /^jsonb?_(populate|to)_record(set)?$/;

/** The columns of a composite type; undefined for other types. */
export function compositeColumns(oid: number): readonly RecordColumn[] | undefined {
  const definition = userType(oid)?.definition;
  if (definition?.form !== 'composite' || typeByOid(oid).category !== 'C') return undefined;
  return definition.attributes.map(({ name, type }) => ({ name, type }));
}

export function isRecordFunction(name: string): boolean {
  return SHAPE.test(name);
}

/** The function for known columns: each row is their values. REQUIRES: isRecordFunction(fn.name). */
export function recordFunction(fn: ScalarFunction | SetFunction, columns: readonly RecordColumn[]): SetFunction {
  const { name } = fn;
  const populates = name.includes('populate');
  const rows = (context: EvalContext, ...args: Value[]): Iterable<readonly Value[]> => {
    const base = populates ? (args[0] ?? null) : null;
    const json = (populates ? args[1] : args[0]) ?? null;
    return rowsOf({ name, json: json as string | null, base, columns }, context);
  };
  return {
    kind: 'set',
    id: `${fn.id} as (${columns.map((column) => `${column.name} ${column.type.oid} ${column.type.typmod}`).join()})`,
    name,
    args: fn.args,
    returns: T.record,
    variadic: false,
    optional: 0,
    strict: false,
    volatility: 'stable',
    columns: columns.map((column) => ({ name: column.name, oid: column.type.oid })),
    rows,
  };
}

interface Source {
  readonly name: string;
  readonly json: string | null;
  readonly base: Value;
  readonly columns: readonly RecordColumn[];
}

function* rowsOf({ name, json, base, columns }: Source, context: EvalContext): Generator<readonly Value[]> {
  const before = base instanceof SqlRecord ? base.values : [];
  const row = (object: string): Value[] =>
    columns.map(({ name: key, type }, i) => {
      const member = jsonMember(object, key);
      return member === undefined ? (before[i] ?? null) : fromJson(member, type, context);
    });
  if (!name.endsWith('set')) {
    yield json === null ? columns.map((_, i) => before[i] ?? null) : row(objectOf(json, name));
    return;
  }
  if (json === null) return;
  if (jsonKind(json) !== 'array') {
    const what = jsonKind(json) === 'object' ? 'an object' : 'a scalar';
    throw new DriftError('22023', `cannot call ${name} on ${what}`);
  }
  for (const element of jsonElements(json)) {
    if (jsonKind(element) !== 'object')
      throw new DriftError('22023', `argument of ${name} must be an array of objects`);
    yield row(element);
  }
}

function objectOf(json: string, name: string): string {
  const kind = jsonKind(json);
  if (kind === 'object') return json;
  throw new DriftError('22023', `cannot call ${name} on ${kind === 'array' ? 'an array' : 'a scalar'}`);
}

/** A JSON value as one of the type. */
function fromJson(json: string, type: TypeRef, context: EvalContext): Value {
  if (type.oid === T.json) return json;
  if (type.oid === T.jsonb) return canonicalJson(json);
  const text = jsonAsText(json);
  if (text === null) return null;
  const target = typeByOid(type.oid);
  const kind = jsonKind(json);
  if (kind === 'array' && target.elementOid !== 0) return arrayFromJson(json, target.elementOid, type.typmod, context);
  const columns = kind === 'object' ? compositeColumns(type.oid) : undefined;
  if (columns !== undefined) {
    const values = columns.map((column) => {
      const member = jsonMember(json, column.name);
      return member === undefined ? null : fromJson(member, column.type, context);
    });
    return new SqlRecord(
      values,
      columns.map((column) => column.type.oid),
      columns.map((column) => column.name),
    );
  }
  if (target.elementOid !== 0 && kind !== 'string')
    throw new DriftError('22P02', 'expected JSON array', { hint: 'See the value of the key.' });
  return target.applyTypmod(target.input(text, type.typmod, context), type.typmod, false);
}

/** Nested arrays are dimensions; all of one depth must be of one length. */
function arrayFromJson(json: string, element: number, typmod: number, context: EvalContext): SqlArray {
  const dimensions: number[] = [];
  const elements: Value[] = [];
  const visit = (array: string, depth: number): void => {
    const items = jsonElements(array);
    dimensions[depth] ??= items.length;
    if (dimensions[depth] !== items.length) {
      throw new DriftError('22P02', 'malformed JSON array', {
        detail: 'Multidimensional arrays must have sub-arrays with matching dimensions.',
      });
    }
    for (const item of items) {
      const nested = jsonKind(item) === 'array' && element !== T.json && element !== T.jsonb;
      if (nested) visit(item, depth + 1);
      else if (dimensions.length > depth + 1) throw new DriftError('22P02', 'expected JSON array');
      else elements.push(fromJson(item, { oid: element, typmod }, context));
    }
  };
  visit(json, 0);
  if (elements.length === 0) return new SqlArray([], [], [], element);
  return new SqlArray(
    dimensions,
    dimensions.map(() => 1),
    elements,
    element,
  );
}

/** Without columns: a call that can only be answered where the call's type says what they are. */
function unknownColumns(name: string): never {
  throw new DriftError('0A000', `function returning record called in context that cannot accept type record`, {
    detail: `${name} needs a column definition list.`,
  });
}

const FLAVOURS = ['json', 'jsonb'] as const;

export const jsonRecordFunctions: readonly ScalarFunction[] = FLAVOURS.flatMap((type) => {
  const name = `${type}_populate_record`;
  const populate = scalar(name, [T.anyelement, T[type]], T.anyelement, () => unknownColumns(name), { strict: false });
  const typed = ([oid = T.record]: readonly number[]): ScalarFunction['call'] => {
    const columns = compositeColumns(oid);
    return (context, base = null, json = null) => {
      if (columns === undefined) return unknownColumns(name);
      if (json === null) return base;
      const [values] = rowsOf({ name, json: json as string, base, columns }, context);
      const oids = columns.map((column) => column.type.oid);
      return new SqlRecord(
        values ?? [],
        oids,
        columns.map((column) => column.name),
      );
    };
  };
  const toRecord = scalar(`${type}_to_record`, [T[type]], T.record, () => unknownColumns(`${type}_to_record`));
  return [{ ...populate, typed }, toRecord];
});

export const jsonRecordSets: readonly SetFunction[] = FLAVOURS.flatMap((type) => {
  const populate = `${type}_populate_recordset`;
  const to = `${type}_to_recordset`;
  return [
    {
      ...setFunction(
        populate,
        [T.anyelement, T[type]],
        [{ name: '', oid: T.anyelement }],
        () => unknownColumns(populate),
        {
          strict: false,
          volatility: 'stable',
        },
      ),
      typed:
        ([oid = T.record]: readonly number[]): SetFunction['rows'] =>
        (context, base = null, json = null) => {
          const columns = compositeColumns(oid);
          if (columns === undefined) return unknownColumns(populate);
          return records({ name: populate, json: json as string | null, base, columns }, context);
        },
    },
    setFunction(to, [T[type]], [{ name: '', oid: T.record }], () => unknownColumns(to), { volatility: 'stable' }),
  ];
});

function* records(source: Source, context: EvalContext): Generator<readonly Value[]> {
  const oids = source.columns.map((column) => column.type.oid);
  const names = source.columns.map((column) => column.name);
  for (const values of rowsOf(source, context)) yield [new SqlRecord(values, oids, names)];
}
