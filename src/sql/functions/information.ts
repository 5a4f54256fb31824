/** Functions about types and the catalog (PostgreSQL's chapter 9.26): pg_typeof, format_type, current_schemas, comments. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { isUserType, publicTypeOid } from '../../catalog/user-types.ts';
import type { EvalContext } from '../eval-context.ts';
import { isCollatable } from '../collatable.ts';
import { SqlArray } from '../types/array.ts';
import { allTypes, typeByOid } from '../types/registry.ts';
import type { SqlType } from '../types/type.ts';
import { catalogFunctions } from './catalog-functions.ts';
import { scalar, T, typedScalar } from './define.ts';
import type { ScalarFunction } from './function.ts';

/** "numeric(10,2)", "character varying"; "???" for an OID that is no type's. */
function formatType({ catalog }: EvalContext, oid: Value = null, typmod: Value = null): string | null {
  if (oid === null) return null;
  if (oid === 0) return '-';
  const type = knownType(catalog.typeOfOid(oid as number) ?? (oid as number));
  if (type === undefined) return '???';
  if (typmod === null || (typmod as number) < 0)
    return type.name === 'bpchar' && typmod !== null ? 'bpchar' : type.display;
  const modifier = type.typmodText(typmod as number);
  // The modifier of an array stands with its element, that of a time before its zone.
  if (type.elementOid !== 0)
    return type.display.replace('[]', `${knownType(type.elementOid)?.typmodText(typmod as number) ?? ''}[]`);
  return / with/.test(type.display) ? type.display.replace(' with', `${modifier} with`) : type.display + modifier;
}

function knownType(oid: number): SqlType | undefined {
  if (isUserType(oid)) return typeByOid(oid);
  for (const type of allTypes()) if (type.oid === oid) return type;
  return undefined;
}

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

/** The schemas of the search path that exist; with `implicit` also those that are looked through unnamed. */
function searchPath({ catalog }: EvalContext, implicit: boolean): string[] {
  const named = catalog.path
    .map((name) => (name === 'pg_temp' ? (catalog.temp ?? name) : name))
    .filter((name) => SYSTEM_SCHEMAS.has(name) || catalog.schema(name) !== undefined);
  const before: string[] = [];
  if (implicit && catalog.temp !== null && !named.includes(catalog.temp)) before.push(catalog.temp);
  if (implicit && !named.includes('pg_catalog')) before.push('pg_catalog');
  return [...new Set([...before, ...named])];
}

/** The OID a name stands for; null for a name of nothing, and for numbers. */
function named(oid: number, text: string, context: EvalContext): Value {
  if (/^\s*(\d+|-)\s*$/.test(text)) return null;
  try {
    return typeByOid(oid).input(text, -1, context);
  } catch (error) {
    if (error instanceof DriftError && MISSING.has(error.code)) return null;
    throw error;
  }
}

const MISSING = new Set(['42704', '42883', '42725', '3F000']);

export const informationFunctions: readonly ScalarFunction[] = [
  typedScalar(
    'pg_typeof',
    [T.any],
    T.regtype,
    ([oid = T.unknown]) =>
      () =>
        publicTypeOid(oid),
    { strict: false },
  ),
  // Where collations are concerned, plan/collate has put the answer in its place.
  typedScalar(
    'pg_collation_for',
    [T.any],
    T.text,
    ([oid = T.unknown]) =>
      () => {
        if (isCollatable(oid)) return oid === T.unknown ? null : oid === T.name ? '"C"' : '"default"';
        throw new DriftError('42804', `collations are not supported by type ${typeByOid(oid).display}`);
      },
    { strict: false },
  ),
  scalar('format_type', [T.oid, T.int4], T.text, formatType, { strict: false }),
  scalar('current_schemas', [T.bool], 1003, (context, implicit) =>
    SqlArray.of(searchPath(context, implicit === true), T.name),
  ),
  scalar('current_schema', [], T.name, (context) => searchPath(context, false)[0] ?? null),
  ...(
    [
      ['to_regtype', T.regtype],
      ['to_regproc', T.regproc],
      ['to_regprocedure', 2202],
      ['to_regoper', 2203],
      ['to_regoperator', 2204],
      ['to_regrole', 4096],
      ['to_regcollation', 4191],
    ] as const
  ).map(([name, oid]) => scalar(name, [T.text], oid, (context, text) => named(oid, text as string, context))),
  ...catalogFunctions,
];
