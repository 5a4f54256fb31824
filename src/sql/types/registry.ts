/** All types by OID and by name, and the names SQL spells them by. */
import { DriftError } from '../../base/error.ts';
import type { Catalog, TypeRef } from '../../catalog/schema.ts';
import { isUserType } from '../../catalog/user-types.ts';
import type { EvalContext } from '../eval-context.ts';
import { arrayTypeOf } from './array.ts';
import { basicTypes } from './basic.ts';
import { bitTypes } from './bit.ts';
import { catalogTypes } from './catalog-types.ts';
import { catalogVectors } from './catalog-vectors.ts';
import { dateType, timestampType, timestamptzType } from './datetime.ts';
import { intervalType, intervalTypmod } from './interval.ts';
import { jsonTypes } from './json.ts';
import { jsonPathType } from './json-path.ts';
import { procedureTypes } from './procedure-types.ts';
import { makeMultirangeType, MULTIRANGES } from './multirange.ts';
import { networkTypes } from './network.ts';
import { numericType, numericTypmod } from './numeric.ts';
import { timetzType, timeType } from './time.ts';
import { makeRangeType, RANGES } from './range.ts';
import { makeRecordType } from './record-type.ts';
import { systemValueTypes } from './system-values.ts';
import type { SqlType } from './type.ts';
import { makeUserType } from './user-types.ts';

/** Arrays on disk are text in UTC and ISO form: reading and writing them asks no session for more than its zone. */
const STORED = { timeZone: 'UTC', transactionTime: 0 } as unknown as EvalContext;

const REGTYPE = 2206;

const types = new Map<number, SqlType>();
const names = new Map<string, SqlType>();

for (const type of [
  ...basicTypes,
  numericType,
  dateType,
  timeType,
  timetzType,
  timestampType,
  timestamptzType,
  intervalType,
  ...jsonTypes,
  jsonPathType,
  ...bitTypes,
  ...systemValueTypes,
  ...networkTypes,
  ...catalogTypes(typeByName, (oid) => types.get(oid) ?? userTypeByOid(oid)),
  ...procedureTypes(() => typeByOid(REGTYPE)),
  makeRecordType(typeByOid),
]) {
  add(type);
  if (type.arrayOid !== 0) add(arrayTypeOf(type, STORED));
}

for (const type of catalogVectors(typeByOid, STORED)) {
  add(type);
  if (type.arrayOid !== 0) add(arrayTypeOf(type, STORED));
}

for (const spec of RANGES) {
  const type = makeRangeType(spec, typeByOid(spec.subtype), STORED);
  add(type);
  add(arrayTypeOf(type, STORED));
}

for (const spec of MULTIRANGES) {
  const type = makeMultirangeType(spec, typeByOid, STORED);
  add(type);
  add(arrayTypeOf(type, STORED));
}

const MAX_BITS = 83886080;

const ALIASES: Readonly<Record<string, string>> = {
  int: 'int4',
  integer: 'int4',
  smallint: 'int2',
  bigint: 'int8',
  real: 'float4',
  'double precision': 'float8',
  'bit varying': 'varbit',
  decimal: 'numeric',
  boolean: 'bool',
  character: 'bpchar',
  'character varying': 'varchar',
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
};

function add(type: SqlType): void {
  types.set(type.oid, type);
  names.set(type.name, type);
}

/** A type of the engine's own, which no name reaches (types/collation.ts). */
export function addHiddenType(type: SqlType): void {
  types.set(type.oid, type);
}

/** Throws 42704 for an OID that is no type's. */
export function typeByOid(oid: number): SqlType {
  const type = types.get(oid) ?? userTypeByOid(oid);
  if (type === undefined) throw new DriftError('42704', `type with OID ${oid} does not exist`);
  return type;
}

function userTypeByOid(oid: number): SqlType | undefined {
  const type = makeUserType(oid, typeByOid, STORED);
  if (type !== undefined) types.set(oid, type);
  return type;
}

/** By PostgreSQL's internal name or SQL's spelling. */
export function typeByName(name: string): SqlType | undefined {
  return names.get(ALIASES[name] ?? name);
}

/** PostgreSQL's own types. */
export function allTypes(): Iterable<SqlType> {
  return [...types.values()].filter(({ oid, name }) => !isUserType(oid) && names.has(name));
}

/** Resolves a written type; modifiers are the numbers in parentheses. Throws 42704, 22023. */
export function resolveTypeName(
  schema: string | undefined,
  name: string,
  modifiers: readonly number[],
  intervalFields: string | undefined,
  catalog: Pick<Catalog, 'typeNamed'>,
): TypeRef {
  const builtin = schema === undefined || schema === 'pg_catalog' ? typeByName(name) : undefined;
  const own = builtin === undefined ? catalog.typeNamed(schema, name) : undefined;
  const type = own === undefined ? builtin : typeByOid(own);
  if (type === undefined)
    throw new DriftError('42704', `type "${schema === undefined ? name : `${schema}.${name}`}" does not exist`);
  return { oid: type.oid, typmod: typmodOf(type, modifiers, intervalFields) };
}

function typmodOf(type: SqlType, modifiers: readonly number[], intervalFields: string | undefined): number {
  const [first, second = 0] = modifiers;
  if (type === intervalType && first !== undefined && first < 0)
    throw new DriftError('22023', `INTERVAL(${first}) precision must not be negative`);
  if (type === intervalType && (intervalFields !== undefined || first !== undefined))
    return intervalTypmod(intervalFields, first);
  if (first === undefined) return -1;
  switch (type.name) {
    case 'numeric':
      if (modifiers.length > 2) throw new DriftError('22023', 'invalid NUMERIC type modifier');
      if (first < 1 || first > 1000)
        throw new DriftError('22023', `NUMERIC precision ${first} must be between 1 and 1000`);
      if (second < -1000 || second > 1000)
        throw new DriftError('22023', `NUMERIC scale ${second} must be between -1000 and 1000`);
      return numericTypmod(first, second);
    case 'varchar':
    case 'bpchar':
      if (first < 1)
        throw new DriftError(
          '22023',
          `length for type ${type.name === 'bpchar' ? 'char' : 'varchar'} must be at least 1`,
        );
      if (first > 10485760)
        throw new DriftError(
          '22023',
          `length for type ${type.name === 'bpchar' ? 'char' : 'varchar'} cannot exceed 10485760`,
        );
      return first + 4;
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      if (first < 0) {
        const zoned = type.name.endsWith('tz') ? ' WITH TIME ZONE' : '';
        const stem = type.name.startsWith('timestamp') ? 'TIMESTAMP' : 'TIME';
        throw new DriftError('22023', `${stem}(${first})${zoned} precision must not be negative`);
      }
      return Math.min(first, 6);
    case 'bit':
    case 'varbit':
      if (first < 1) throw new DriftError('22023', `length for type ${type.name} must be at least 1`);
      if (first > MAX_BITS) throw new DriftError('22023', `length for type ${type.name} cannot exceed ${MAX_BITS}`);
      return first;
    default:
      throw new DriftError('42601', `type modifier is not allowed for type "${type.name}"`);
  }
}
