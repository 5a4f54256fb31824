/** What information_schema tells of a value's type, in the columns that many of its views share. */
import type { TypeRef } from '../../catalog/schema.ts';
import { userType } from '../../catalog/user-types.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { SystemRecord } from './source.ts';

const TEXT_OCTETS = 1_073_741_824;
const MAX_BYTES_PER_CHARACTER = 4;
const HEADER = 4;
const INTEGER_BITS: Readonly<Record<number, number>> = { 21: 16, 23: 32, 20: 64 };
const FLOAT_BITS: Readonly<Record<number, number>> = { 700: 24, 701: 53 };
const NUMERIC = 1700;
const DATE = 1082;
const INTERVAL = 1186;
const TIMES = new Set([1083, 1114, 1184, 1266, INTERVAL]);
const BPCHAR = 1042;
const VARCHAR = 1043;
const TEXT = 25;
const BITS = new Set([1560, 1562]);

/** data_type and its measures; a domain is described by what it stands on. */
export function typeFacts(type: TypeRef): SystemRecord {
  const user = userType(type.oid);
  if (user !== undefined && user.oid === type.oid && user.definition.form === 'domain')
    return typeFacts(user.definition.base);
  return { data_type: dataType(type.oid), ...textFacts(type), ...numberFacts(type), ...timeFacts(type) };
}

function dataType(oid: number): string {
  const type = typeByOid(oid);
  if (type.elementOid !== 0) return 'ARRAY';
  return userType(oid) === undefined ? type.display : 'USER-DEFINED';
}

function textFacts({ oid, typmod }: TypeRef): SystemRecord {
  if ((oid === BPCHAR || oid === VARCHAR) && typmod >= 0) {
    const length = typmod - HEADER;
    return { character_maximum_length: length, character_octet_length: length * MAX_BYTES_PER_CHARACTER };
  }
  if (oid === TEXT || oid === VARCHAR) return { character_octet_length: TEXT_OCTETS };
  return BITS.has(oid) && typmod >= 0 ? { character_maximum_length: typmod } : {};
}

function numberFacts({ oid, typmod }: TypeRef): SystemRecord {
  const integer = INTEGER_BITS[oid];
  if (integer !== undefined) return { numeric_precision: integer, numeric_precision_radix: 2, numeric_scale: 0 };
  const float = FLOAT_BITS[oid];
  if (float !== undefined) return { numeric_precision: float, numeric_precision_radix: 2 };
  if (oid !== NUMERIC) return {};
  if (typmod < 0) return { numeric_precision_radix: 10 };
  const packed = typmod - HEADER;
  const numeric_scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return { numeric_precision: (packed >> 16) & 0xffff, numeric_precision_radix: 10, numeric_scale };
}

function timeFacts({ oid, typmod }: TypeRef): SystemRecord {
  if (oid === DATE) return { datetime_precision: 0 };
  if (!TIMES.has(oid)) return {};
  if (oid !== INTERVAL) return { datetime_precision: typmod < 0 ? 6 : typmod };
  if (typmod < 0) return { datetime_precision: 6 };
  const fields = typeByOid(oid)
    .typmodText(typmod)
    .replace(/\(\d+\)/, '')
    .trim()
    .toUpperCase();
  const precision = typmod & 0xffff;
  return { datetime_precision: precision === 0xffff ? 6 : precision, interval_type: fields === '' ? null : fields };
}

/** The type's own name and schema: of a domain the type it stands on. */
export function udtFacts(type: TypeRef, database: string): SystemRecord {
  const user = userType(type.oid);
  if (user !== undefined && user.oid === type.oid && user.definition.form === 'domain')
    return udtFacts(user.definition.base, database);
  const array = user !== undefined && user.oid !== type.oid;
  return {
    udt_catalog: database,
    udt_schema: user?.schema ?? 'pg_catalog',
    udt_name: user === undefined ? typeByOid(type.oid).name : `${array ? '_' : ''}${user.name}`,
  };
}

/** The domain that a column is declared with; empty for other types. */
export function domainFacts(type: TypeRef, database: string): SystemRecord {
  const user = userType(type.oid);
  if (user === undefined || user.oid !== type.oid || user.definition.form !== 'domain') return {};
  return { domain_catalog: database, domain_schema: user.schema, domain_name: user.name };
}
