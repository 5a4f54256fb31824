/**
 * UPDATE and DELETE … FOR PORTION OF period FROM a TO b, as SQL:2011 has them: rows change only for the part of their
 * period between the bounds, and what is left of it before and behind stays as it was, in rows of its own.
 *
 * The statement becomes others, under one snapshot: the rows are found and locked once; the statement itself changes them,
 * their periods cut to the portion; then an INSERT adds what is left of the periods. NULL is no bound.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { Delete, Portion, Update } from '../../sql/ast-change.ts';
import type { Expression } from '../../sql/ast.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { rangeKind, rangeOver } from '../../sql/types/range-lookup.ts';
import { withArguments } from '../../sql/with-arguments.ts';
import { periodNamed, type ValidPeriod } from './period.ts';
import type { Scope } from './scope.ts';
import { targetTable } from './target.ts';

/** The statement without its clause. Throws 42703, 42804, 42P10, 0A000. */
export function withoutPortion<T extends Update | Delete>(statement: T, portion: Portion, scope: Scope): T {
  const { target, where } = statement;
  const table = targetTable(target, statement.kind === 'update' ? 'update' : 'delete from', scope);
  const {
    period: { name, position },
  } = portion;
  const others = statement.kind === 'update' ? statement.from : statement.using;
  if (others.length > 0)
    throw new DriftError('0A000', 'FOR PORTION OF does not go with FROM or USING', {
      position: portion.position,
      hint: 'Use a subquery in WHERE or SET.',
    });
  const valid = periodNamed(table, name, position);
  if (statement.kind === 'update') refuseAssigned(table, valid, statement);
  const texts = textsOf(table, valid, target.alias ?? target.name.name);
  const template = parseOne(statement.kind === 'update' ? texts.update : texts.delete);
  assert(template.kind === statement.kind, "the template is of the statement's kind");
  const whole: Expression = { kind: 'boolean', value: true, position };
  const filled = withArguments(template, [portion.from, portion.to, where ?? whole]) as T;
  const own = statement.with;
  const added = filled.with;
  assert(added !== undefined, 'the template has a WITH clause');
  return {
    ...statement,
    ...(filled.kind === 'update' && statement.kind === 'update' ? { set: [...statement.set, ...filled.set] } : {}),
    with: own === undefined ? added : { ...own, tables: [...own.tables, ...added.tables] },
    portion: undefined,
    where: filled.where,
  };
}

function refuseAssigned(table: TableDef, valid: ValidPeriod, { set }: Update): void {
  const names = endsOf(table, valid);
  for (const { columns } of set)
    for (const { name, position } of columns)
      if (names.includes(name))
        throw new DriftError(
          '42P10',
          `cannot update column "${name}" because it is part of the period in FOR PORTION OF`,
          {
            position,
          },
        );
}

/** The names of the columns that hold the period. */
function endsOf({ columns }: TableDef, { name, period }: ValidPeriod): string[] {
  if (period === null) return [name];
  return [period.from, period.to].map((id) => columns.find((column) => column.id === id)?.name ?? '');
}

/** The templates: $1 and $2 are the bounds, $3 the condition. */
function textsOf(
  table: TableDef,
  valid: ValidPeriod,
  alias: string,
): { readonly update: string; readonly delete: string } {
  const source = `${quoteIdent(table.schema)}.${quoteIdent(table.name)}`;
  const row = quoteIdent(alias);
  const column = (name: string): string => `${row}.${quoteIdent(name)}`;
  const period = column(valid.name);
  const kind = valid.period === null ? rangeKind(rangeColumn(table, valid.name)) : rangeOver(valid.bound.oid);
  assert(kind !== undefined, 'the type of a period has ranges');
  const bound = typeByOid(valid.bound.oid).display;
  const range = kind.spec.oid < 16_384 ? 'pg_catalog.period' : typeByOid(kind.spec.oid).display;
  const portion = `${range}(CAST($1 AS ${bound}), CAST($2 AS ${bound}))`;
  const ends = endsOf(table, valid);
  const kept = table.columns.filter(
    ({ hidden, generated, name }) => hidden !== true && generated === undefined && !ends.includes(name),
  );
  const names = kept.map(({ name }) => quoteIdent(name));
  const keys = table.columns
    .filter(({ id }) => table.key.includes(id))
    .map(({ hidden, name }) => (hidden === true ? '_row_id' : name));
  const list = (items: readonly string[]): string => items.join(', ');
  const parts = (part: string): string[] => (valid.period === null ? [part] : [`lower(${part})`, `upper(${part})`]);
  const head = `WITH "portion of" AS MATERIALIZED (
      SELECT ${list([...kept.map(({ name }) => column(name)), `${period} AS "period of"`, ...keys.map((key, i) => `${column(key)} AS "key ${i}"`)])}
      FROM ${source} AS ${row} WHERE $3 AND ${period} OPERATOR(pg_catalog.&&) ${portion} FOR UPDATE
    ), "rest of" AS (
      INSERT INTO ${source} (${list([...names, ...ends.map(quoteIdent)])}) OVERRIDING SYSTEM VALUE
      SELECT ${list([...names.map((name) => `o.${name}`), ...parts('r')])}
      FROM "portion of" o, pg_catalog.unnest(pg_catalog.multirange(o."period of") - pg_catalog.multirange(${portion})) AS r
    )`;
  const found = `(${list(keys.map(column))}) IN (SELECT ${list(keys.map((_, i) => `"key ${i}"`))} FROM "portion of")`;
  const cut = parts(`(${period} * ${portion})`);
  return {
    update: `${head} UPDATE ${source} AS ${row} SET ${list(ends.map((end, i) => `${quoteIdent(end)} = ${cut[i] ?? ''}`))} WHERE ${found}`,
    delete: `${head} DELETE FROM ${source} AS ${row} WHERE ${found}`,
  };
}

function rangeColumn({ columns }: TableDef, name: string): number {
  return columns.find((column) => column.name === name)?.type.oid ?? 0;
}
