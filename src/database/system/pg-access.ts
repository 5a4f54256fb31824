/** Access methods, operator classes and families: PostgreSQL's B-tree ones, for the types that DriftDB orders. */
import { PG_CATALOG_OID, OWNER_OID } from '../../catalog/oids.ts';
import { publicOidOf, publicTypeOid } from '../../catalog/user-types.ts';
import { typeByName, typeByOid } from '../../sql/types/registry.ts';
import type { RowSource } from './source.ts';
import { collationOf } from './types.ts';

export const HEAP_OID = 2;
export const BTREE_OID = 403;

/** CREATE INDEX takes all of them by name; each makes an ordered index. */
const INDEX_METHODS: readonly (readonly [number, string, number])[] = [
  [BTREE_OID, 'btree', 330],
  [405, 'hash', 331],
  [783, 'gist', 332],
  [2742, 'gin', 333],
  [3580, 'brin', 335],
  [4000, 'spgist', 334],
];

/** `type class family name`: the default class of a type. */
const CLASSES = `16 10003 424 bool_ops;17 10006 428 bytea_ops;18 10007 429 char_ops;19 10028 1994 name_ops;20 3124 1976 int8_ops;21 1979 1976 int2_ops;23 1978 1976 int4_ops;25 3126 1994 text_ops;26 1981 1989 oid_ops;700 10012 1970 float4_ops;701 3123 1970 float8_ops;829 10024 1984 macaddr_ops;774 10026 3371 macaddr8_ops;790 10047 2099 money_ops;869 10015 1974 inet_ops;1042 10004 426 bpchar_ops;1082 3122 434 date_ops;1083 10038 1996 time_ops;1114 3128 434 timestamp_ops;1184 3127 434 timestamptz_ops;1186 10022 1982 interval_ops;1266 10041 2000 timetz_ops;1560 10002 423 bit_ops;1562 10043 2002 varbit_ops;1700 3125 1988 numeric_ops;2249 10034 2994 record_ops;2277 10000 397 array_ops;2950 10065 2968 uuid_ops;3500 10069 3522 enum_ops;3802 10088 4033 jsonb_ops;3831 10076 3901 range_ops;4537 10080 4199 multirange_ops`;

interface OperatorClass {
  readonly type: number;
  readonly oid: number;
  readonly family: number;
  readonly name: string;
}

let known: ReadonlyMap<number, OperatorClass> | null = null;

function classes(): ReadonlyMap<number, OperatorClass> {
  known ??= new Map(
    CLASSES.split(';').map((line) => {
      const [type = '', oid = '', family = '', name = ''] = line.split(' ');
      return [Number(type), { type: Number(type), oid: Number(oid), family: Number(family), name }];
    }),
  );
  return known;
}

const VARCHAR = 1043;
const TEXT = 25;
const BY_CATEGORY: Readonly<Record<string, number>> = { A: 2277, E: 3500, R: 3831, C: 2249 };

/** The operator class that orders a type's values in an index. */
export function opclassOid(type: number): number {
  const { category } = typeByOid(type);
  const found = classes().get(type === VARCHAR ? TEXT : type) ?? classes().get(BY_CATEGORY[category] ?? TEXT);
  return found?.oid ?? 0;
}

export const accessSources: Readonly<Record<string, RowSource>> = {
  *pg_am() {
    yield { oid: HEAP_OID, amname: 'heap', amhandler: 3, amtype: 't' };
    for (const [oid, amname, amhandler] of INDEX_METHODS) yield { oid, amname, amhandler, amtype: 'i' };
  },
  *pg_opclass() {
    for (const { type, oid, family, name } of classes().values()) {
      yield {
        oid,
        opcmethod: BTREE_OID,
        opcname: name,
        opcnamespace: PG_CATALOG_OID,
        opcowner: OWNER_OID,
        opcfamily: family,
        opcintype: type,
        opcdefault: true,
      };
    }
  },
  *pg_opfamily() {
    const families = new Map([...classes().values()].map(({ family, name }) => [family, name]));
    for (const [oid, name] of families)
      yield {
        oid,
        opfmethod: BTREE_OID,
        opfname: FAMILIES[oid] ?? name,
        opfnamespace: PG_CATALOG_OID,
        opfowner: OWNER_OID,
      };
  },
  *pg_range({ catalog }) {
    for (const object of catalog.objects()) {
      if (object.kind !== 'type' || object.definition.form !== 'range') continue;
      const { subtype, multirange } = object.definition;
      yield {
        rngtypid: publicOidOf(object.id),
        rngsubtype: publicTypeOid(subtype.oid),
        rngmultitypid: publicOidOf(multirange),
        rngcollation: collationOf(subtype),
        rngsubopc: opclassOid(subtype.oid),
      };
    }
    for (const [range, subtype] of RANGES) {
      const type = typeByName(range);
      const of = typeByName(subtype);
      if (type !== undefined && of !== undefined)
        yield {
          rngtypid: type.oid,
          rngsubtype: of.oid,
          rngmultitypid: typeByName(range.replace('range', 'multirange'))?.oid ?? 0,
          rngsubopc: opclassOid(of.oid),
        };
    }
  },
};

const FAMILIES: Readonly<Record<number, string>> = {
  434: 'datetime_ops',
  1970: 'float_ops',
  1974: 'network_ops',
  1976: 'integer_ops',
  1994: 'text_ops',
};

const RANGES: readonly (readonly [string, string])[] = [
  ['int4range', 'int4'],
  ['numrange', 'numeric'],
  ['tsrange', 'timestamp'],
  ['tstzrange', 'timestamptz'],
  ['daterange', 'date'],
  ['int8range', 'int8'],
];
