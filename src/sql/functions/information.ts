/** Functions about types and the catalog (PostgreSQL's chapter 9.26): pg_typeof, format_type, current_schemas, comments. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { SqlArray } from '../types/array.ts';
import { allTypes, typeByName } from '../types/registry.ts';
import { pure, scalar, T, typedScalar } from './define.ts';
import type { ScalarFunction } from './function.ts';
import { quoteIdent } from './format-text.ts';

/** "numeric(10,2)", "character varying"; "???" for an OID that is no type's. */
function formatType(oid: number | null, typmod: number | null): string | null {
  if (oid === null) return null;
  if (oid === 0) return '-';
  for (const type of allTypes()) {
    if (type.oid !== oid) continue;
    if (typmod === null || typmod < 0) return type.name === 'bpchar' && typmod !== null ? 'bpchar' : type.display;
    const modifier = type.typmodText(typmod);
    // The modifier of a time stands before its zone.
    return / with/.test(type.display) ? type.display.replace(' with', `${modifier} with`) : type.display + modifier;
  }
  return '???';
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

function nameParts(text: string): [name: string, schema: string | undefined] {
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|([^."\s]+)/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? (match[2] as string).toLowerCase(),
  );
  const [name = '', schema] = parts.toReversed();
  return [name, schema];
}

function serialSequence(context: EvalContext, table: Value, column: Value): string | null {
  const [name, schema] = nameParts(String(table));
  const relation = context.catalog.relation(schema, name);
  if (relation === undefined) throw new DriftError('42P01', `relation "${String(table)}" does not exist`);
  const found = relation.kind === 'table' ? relation.columns.find((other) => other.name === column) : undefined;
  if (found === undefined)
    throw new DriftError('42703', `column "${String(column)}" of relation "${name}" does not exist`);
  const sequence = found.sequenceId === undefined ? undefined : context.catalog.byId(found.sequenceId);
  return sequence?.kind === 'sequence' ? `${quoteIdent(sequence.schema)}.${quoteIdent(sequence.name)}` : null;
}

function comment(context: EvalContext, oid: Value): string | null {
  const object = context.catalog.byId(oid as number);
  return object !== undefined && 'comment' in object ? (object.comment ?? null) : null;
}

const name = (id: string, returns: number, value: string): ScalarFunction => pure(id, [], returns, () => value);

export const informationFunctions: readonly ScalarFunction[] = [
  typedScalar(
    'pg_typeof',
    [T.any],
    T.regtype,
    ([oid = T.unknown]) =>
      () =>
        oid,
    { strict: false },
  ),
  pure('format_type', [T.oid, T.int4], T.text, formatType, { strict: false }),
  scalar('current_schemas', [T.bool], 1003, (context, implicit) =>
    SqlArray.of(searchPath(context, implicit === true), T.name),
  ),
  scalar('current_schema', [], T.name, (context) => searchPath(context, false)[0] ?? null),
  scalar('to_regclass', [T.text], T.regclass, (context, text) => {
    const [relation, schema] = nameParts(String(text));
    return context.catalog.relation(schema, relation)?.id ?? null;
  }),
  pure('to_regtype', [T.text], T.regtype, (text: string) => typeByName(text.toLowerCase())?.oid ?? null),
  scalar('pg_get_serial_sequence', [T.text, T.text], T.text, (context, table, column) =>
    serialSequence(context, table ?? null, column ?? null),
  ),
  scalar('obj_description', [T.oid], T.text, (context, oid) => comment(context, oid ?? null)),
  scalar('obj_description', [T.oid, T.name], T.text, (context, oid) => comment(context, oid ?? null)),
  scalar('col_description', [T.oid, T.int4], T.text, (context, oid, position) => {
    const table = context.catalog.byId(oid as number);
    return table?.kind === 'table' ? (table.columns[(position as number) - 1]?.comment ?? null) : null;
  }),
  scalar('pg_table_is_visible', [T.oid], T.bool, (context, oid) => {
    const object = context.catalog.byId(oid as number);
    if (object === undefined || !('name' in object)) return null;
    return context.catalog.relation(undefined, object.name)?.id === oid;
  }),
  name('pg_client_encoding', T.name, 'UTF8'),
  name('getdatabaseencoding', T.name, 'UTF8'),
  pure('pg_is_in_recovery', [], T.bool, () => false),
  pure('pg_get_expr', [T.text, T.oid], T.text, (text: string) => text),
  pure('pg_get_expr', [T.text, T.oid, T.bool], T.text, (text: string) => text),
  scalar('pg_get_userbyid', [T.oid], T.name, (context, oid) =>
    oid === 10 ? context.user : `unknown (OID=${String(oid)})`,
  ),
  pure('pg_encoding_to_char', [T.int4], T.name, (encoding: number) => (encoding === 6 ? 'UTF8' : '')),
];
