/**
 * CREATE TABLE (LIKE source INCLUDING …): columns always; defaults, generated columns, identity, checks, indexes and
 * comments where they are asked for. The last word on a property wins.
 */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ColumnDef, IndexDef, PeriodDef, TableDef } from '../../catalog/schema.ts';
import type { LikeClause } from '../../sql/ast-table.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { makeSequence } from './column.ts';
import { type Draft } from './draft.ts';
import { type DdlContext, define, freeName, tableNamed } from './context.ts';
import { createIndex } from './create-index.ts';
import { columnText, quoted, tableText } from './names.ts';

interface Identity {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
}

function includes({ options }: LikeClause, property: string): boolean {
  return options.findLast((option) => option.property === property || option.property === 'all')?.including === true;
}

/** The columns, whose ids begin at `first`. */
export function likeColumns(context: DdlContext, clause: LikeClause, table: Identity, first: number): ColumnDef[] {
  const source = tableNamed(context, clause.table);
  return shown(source).map((old, i) => {
    const id = first + i;
    const column: ColumnDef = {
      id,
      name: old.name,
      type: old.type,
      notNull: old.notNull,
      comment: includes(clause, 'comments') ? old.comment : undefined,
      generated: includes(clause, 'generated') ? old.generated : undefined,
    };
    if (old.identity !== undefined) {
      if (!includes(clause, 'identity')) return column;
      const sequence = context.transaction.catalog.byId(old.sequenceId ?? 0);
      assert(sequence?.kind === 'sequence', 'an identity column has a sequence');
      const own = makeSequence(context, table, column, []);
      const { id: ownId, schema, name, ownedBy } = own;
      define(context, { ...sequence, id: ownId, schema, name, ownedBy });
      return { ...column, identity: old.identity, sequenceId: ownId };
    }
    if (!includes(clause, 'defaults')) return column;
    return { ...column, default: old.default, sequenceId: old.sequenceId };
  });
}

/** Adds the source's checks and, with its indexes, the constraints that they stand for. */
export function addLike(context: DdlContext, draft: Draft, clause: LikeClause): void {
  const source = tableNamed(context, clause.table);
  if (includes(clause, 'constraints'))
    draft.table = {
      ...draft.table,
      checks: [...draft.table.checks, ...source.checks],
      ...(source.periods === undefined
        ? {}
        : { periods: source.periods.map((period) => periodOf(draft.table, source, period)) }),
    };
  if (!includes(clause, 'indexes')) return;
  if (source.primaryKeyName !== undefined) {
    const key = source.key.map((id) => sameColumn(draft.table, source, id).id);
    draft.table = {
      ...draft.table,
      key,
      primaryKeyName: `${draft.table.name}_pkey`,
      ...(source.keyIncluded === undefined ? {} : { keyIncluded: includedAs(draft.table, source, source.keyIncluded) }),
      columns: draft.table.columns
        .filter((column) => column.hidden !== true)
        .map((column) => (key.includes(column.id) ? { ...column, notNull: true } : column)),
    };
  }
  for (const index of source.indexes) {
    if (index.constraint === undefined) continue;
    const columns = index.columns.map((part) => ({ ...part, column: sameColumn(draft.table, source, part.column).id }));
    const names = columns.map(({ column }) => draft.table.columns.find(({ id }) => id === column)?.name ?? '');
    const name = freeName(context, draft.table.schema, `${draft.table.name}_${names.join('_')}_key`);
    const { nullsNotDistinct, deferrable, primary } = index;
    const given = primary === true ? `${draft.table.name}_pkey` : name;
    const common = { nullsNotDistinct, deferrable, primary, included: includedAs(draft.table, source, index.included) };
    const { unique, withoutOverlaps } = index;
    const own: IndexDef = {
      id: context.nextId(),
      name: given,
      columns,
      unique,
      withoutOverlaps,
      constraint: given,
      ...common,
    };
    if (primary === true)
      draft.table = {
        ...draft.table,
        columns: draft.table.columns.map((column) =>
          columns.some((part) => part.column === column.id) ? { ...column, notNull: true } : column,
        ),
      };
    draft.table = { ...draft.table, indexes: [...draft.table.indexes, own] };
  }
}

function periodOf(table: TableDef, source: TableDef, { name, from, to }: PeriodDef): PeriodDef {
  return { name, from: sameColumn(table, source, from).id, to: sameColumn(table, source, to).id };
}

function includedAs(
  table: TableDef,
  source: TableDef,
  included: readonly number[] | undefined,
): readonly number[] | undefined {
  return included?.map((id) => sameColumn(table, source, id).id);
}

/** Makes the indexes that stand for no constraint, once the table is there. */
export function* likeIndexes(context: DdlContext, clause: LikeClause, table: Identity): Task<void> {
  if (!includes(clause, 'indexes')) return;
  const source = tableNamed(context, clause.table);
  for (const index of source.indexes) {
    if (index.constraint !== undefined) continue;
    const statement = parseOne(indexText(source, index, tableText(table)));
    assert(statement.kind === 'createIndex', 'the text of an index creates one');
    yield* createIndex(context, statement);
  }
}

function indexText(source: TableDef, index: IndexDef, table: string): string {
  const keys = index.columns.map(({ column, descending, nullsFirst }, i) => {
    const key = index.keys?.[i];
    const text = key === undefined ? columnText(source, column) : `(${key})`;
    return `${text}${descending ? ' DESC' : ''} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`;
  });
  const nulls = index.nullsNotDistinct === true ? ' NULLS NOT DISTINCT' : '';
  const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ON ${table} (${keys.join(', ')})${nulls}${where}`;
}

function shown(table: TableDef): ColumnDef[] {
  return table.columns.filter((column) => column.hidden !== true);
}

function sameColumn(table: TableDef, source: TableDef, id: number): ColumnDef {
  const name = source.columns.find((column) => column.id === id)?.name ?? '';
  const found = table.columns.find((column) => column.hidden !== true && column.name === name);
  assert(found !== undefined, `column ${quoted(name)} has been copied`);
  return found;
}
