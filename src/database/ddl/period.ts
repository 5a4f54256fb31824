/**
 * Periods of valid time in definitions: PERIOD FOR, keys WITHOUT OVERLAPS, foreign keys with PERIOD.
 *
 * A period is a range column, or two columns that PERIOD FOR names together. A key WITHOUT OVERLAPS is an index over the
 * key's other columns and the period's; what no two rows may share is checked when a statement ends
 * (exec/modify/periods.ts), also where it stands for the primary key: rows have a hidden row id as their key then.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ForeignKeyDef, IndexDef, PeriodDef, TableDef } from '../../catalog/schema.ts';
import type { Identifier } from '../../sql/ast.ts';
import type { TableConstraint } from '../../sql/ast-table.ts';
import { isRange, rangeOver } from '../../sql/types/range-lookup.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { columnNamed, constraintNames, type Draft } from './draft.ts';
import { type DdlContext, define, freeName, skipMissing } from './context.ts';
import { columnText, quoted, tableText } from './names.ts';

type PeriodConstraint = Extract<TableConstraint, { kind: 'period' }>;
type ForeignConstraint = Extract<TableConstraint, { kind: 'foreignKey' }>;
type KeyConstraint = Extract<TableConstraint, { kind: 'primaryKey' | 'unique' }>;

/** PERIOD FOR: both columns are NOT NULL from now on, and the one comes before the other. */
export function addPeriod(draft: Draft, { name, period, from, to, position }: PeriodConstraint): void {
  const { table } = draft;
  if (periodNamed(table, period.name) !== undefined)
    throw new DriftError('42710', `period "${period.name}" for relation "${table.name}" already exists`, {
      position: period.position,
    });
  if (columnNamed(table, period.name) !== undefined)
    throw new DriftError('42701', `period name "${period.name}" conflicts with a column name`, {
      position: period.position,
    });
  const [first, second] = [from, to].map((column) => {
    const found = columnNamed(table, column.name);
    if (found !== undefined) return found;
    throw new DriftError('42703', `column "${column.name}" named in period does not exist`, {
      position: column.position,
    });
  });
  if (first === undefined || second === undefined) return;
  if (first === second) throw new DriftError('42701', 'a period needs two different columns', { position });
  if (first.type.oid !== second.type.oid || rangeOver(first.type.oid) === undefined)
    throw new DriftError('42804', `the columns of period "${period.name}" must be of one type that has ranges`, {
      position,
      detail: `They are ${typeByOid(first.type.oid).display} and ${typeByOid(second.type.oid).display}.`,
      hint: 'Use date, timestamp, timestamp with time zone, integer, bigint or numeric.',
    });
  const taken = constraintNames(table);
  const base = name ?? `${table.name}_${period.name}_check`;
  let check = base;
  for (let n = 1; taken.includes(check); n++) check = `${base}${n}`;
  const ends = [first.id, second.id];
  draft.table = {
    ...table,
    columns: table.columns.map((column) => (ends.includes(column.id) ? { ...column, notNull: true } : column)),
    periods: [...(table.periods ?? []), { name: period.name, from: first.id, to: second.id }],
    checks: [...table.checks, { name: check, expression: `${quoted(first.name)} < ${quoted(second.name)}` }],
  };
}

/** Whether the rows that are there keep a period that is added: none has a null or an end before its begin. */
export function* refuseBadPeriods(context: DdlContext, table: TableDef, { name, from, to }: PeriodDef): Task<void> {
  const [a, b] = [columnText(table, from), columnText(table, to)];
  const bad = yield* context.query(
    `SELECT 1 FROM ${tableText(table)} WHERE ${a} IS NULL OR ${b} IS NULL OR ${a} >= ${b} LIMIT 1`,
  );
  if (bad.length > 0)
    throw new DriftError('23514', `period "${name}" of relation "${table.name}" is violated by some row`, {
      schema: table.schema,
      table: table.name,
    });
}

/** ALTER TABLE … DROP PERIOD FOR: the columns stay. Throws 42704, and 2BP01 while a key needs it. */
export function dropPeriod(
  context: DdlContext,
  table: TableDef,
  { name, ifExists, position }: { readonly name: string; readonly ifExists: boolean; readonly position: number },
): void {
  const period = periodNamed(table, name);
  if (period === undefined) {
    if (!ifExists)
      throw new DriftError('42704', `period "${name}" of relation "${table.name}" does not exist`, { position });
    skipMissing(context, `period "${name}" of relation "${table.name}"`);
    return;
  }
  refuseUsed(table, period);
  define(context, { ...table, periods: table.periods?.filter((other) => other !== period) });
}

/** Throws 2BP01 where a key or a foreign key is over the period. */
function refuseUsed(table: TableDef, { name, from, to }: PeriodDef): void {
  const isOver = (columns: readonly number[]): boolean => columns.at(-2) === from && columns.at(-1) === to;
  const index = table.indexes.find(
    ({ withoutOverlaps, columns }) => withoutOverlaps === 2 && isOver(columns.map(({ column }) => column)),
  );
  const user = index ?? table.foreignKeys.find(({ period, columns }) => period === 2 && isOver(columns));
  if (user === undefined) return;
  throw new DriftError(
    '2BP01',
    `cannot drop period ${name} of table ${table.name} because other objects depend on it`,
    {
      detail: `constraint ${user.name} on table ${table.name} depends on period ${name}`,
      hint: 'Drop the constraint first.',
    },
  );
}

/** Adds PRIMARY KEY or UNIQUE (…, period WITHOUT OVERLAPS). */
export function addKeyWithoutOverlaps(
  context: DdlContext,
  draft: Draft,
  constraint: KeyConstraint,
  options: Pick<IndexDef, 'deferrable' | 'included'>,
): void {
  const { table } = draft;
  const { columns, position } = constraint;
  if (constraint.kind === 'unique' && constraint.nullsNotDistinct)
    throw new DriftError('0A000', 'NULLS NOT DISTINCT is not supported for WITHOUT OVERLAPS constraints', { position });
  if (columns.length < 2)
    throw new DriftError('42601', 'constraint using WITHOUT OVERLAPS needs at least two columns', { position });
  const ids = keyWithPeriod(table, columns, 'WITHOUT OVERLAPS');
  const isPrimary = constraint.kind === 'primaryKey';
  const names = columns.map((column) => column.name).join('_');
  const name =
    constraint.name ??
    (isPrimary
      ? `${table.name}_pkey`
      : freeName(context, table.schema, `${table.name}_${names}_key`, constraintNames(table)));
  const index: IndexDef = {
    id: context.nextId(),
    name,
    columns: ids.map((column) => ({ column, descending: false, nullsFirst: false })),
    unique: false,
    withoutOverlaps: ids.length === columns.length ? 1 : 2,
    constraint: name,
    ...(isPrimary ? { primary: true } : {}),
    ...options,
  };
  draft.table = {
    ...table,
    columns: table.columns.map((column) =>
      isPrimary && ids.includes(column.id) ? { ...column, notNull: true } : column,
    ),
    indexes: [...table.indexes, index],
  };
}

/** The ids of a key's columns, its last one a period (two ids) or a range. Throws 42703, 42701, 42804. */
export function keyWithPeriod(table: TableDef, columns: readonly Identifier[], what: string): number[] {
  const ids: number[] = [];
  columns.forEach(({ name, position }, i) => {
    const period = i === columns.length - 1 ? periodNamed(table, name) : undefined;
    const column = columnNamed(table, name);
    if (column === undefined && period === undefined)
      throw new DriftError('42703', `column "${name}" named in ${what} does not exist`, { position });
    if (i === columns.length - 1 && column !== undefined && !isRange(column.type.oid))
      throw new DriftError('42804', `column "${name}" in ${what} is not a range type or a period`, {
        position,
        hint: 'Name two columns as a period with PERIOD FOR name (from, to).',
      });
    for (const id of period === undefined ? [column?.id ?? 0] : [period.from, period.to]) {
      if (ids.includes(id)) throw new DriftError('42701', `column "${name}" appears twice in constraint`, { position });
      ids.push(id);
    }
  });
  return ids;
}

/**
 * The columns of a foreign key with PERIOD, and those that it refers to: where these are not named, the primary key's.
 * Throws 42830, 42804, 0A000.
 */
export function foreignPeriodKey(
  table: TableDef,
  parent: TableDef,
  { columns: names, references, position }: Pick<ForeignConstraint, 'columns' | 'references' | 'position'>,
): Pick<ForeignKeyDef, 'columns' | 'foreignColumns' | 'period'> {
  for (const [clause, { action }] of [
    ['UPDATE', references.onUpdate] as const,
    ['DELETE', references.onDelete] as const,
  ])
    if (action !== 'no action' && action !== 'restrict')
      throw new DriftError('0A000', `unsupported ON ${clause} action for foreign key constraint using PERIOD`, {
        position,
      });
  const columns = keyWithPeriod(table, names, 'foreign key');
  const wanted =
    references.columns === undefined ? undefined : keyWithPeriod(parent, references.columns, 'referenced key');
  const index = parent.indexes.find(
    (candidate) =>
      candidate.withoutOverlaps !== undefined &&
      (wanted === undefined
        ? candidate.primary === true
        : candidate.columns.length === wanted.length &&
          candidate.columns.every(({ column }, i) => column === wanted[i])),
  );
  if (index?.withoutOverlaps === undefined)
    throw new DriftError(
      '42830',
      `there is no unique constraint WITHOUT OVERLAPS matching given keys for referenced table "${parent.name}"`,
      { position },
    );
  const size = columns.length === names.length ? 1 : 2;
  if (columns.length === index.columns.length && size !== index.withoutOverlaps)
    throw new DriftError('42804', 'one side of the foreign key has a range, the other a period of two columns', {
      position,
    });
  return { columns, foreignColumns: index.columns.map(({ column }) => column), period: index.withoutOverlaps };
}

/** Throws 23P01 where two rows of a table overlap in a key that is added. */
export function* refuseOverlaps(context: DdlContext, table: TableDef, index: IndexDef): Task<void> {
  const columns = index.columns.map(({ column }) => column);
  const [a, b] = ['a', 'b'].map((alias) => textsOf(table, columns, index.withoutOverlaps ?? 1, alias));
  if (a === undefined || b === undefined) return;
  const same = a.scalars.map((name, i) => `${name} = ${b.scalars[i] ?? ''}`).join(' AND ');
  const bad = yield* context.query(
    `WITH k AS MATERIALIZED (SELECT row_number() OVER () AS "row number", * FROM ${tableText(table)})
     SELECT 1 FROM k a JOIN k b ON ${same} AND ${a.period} && ${b.period} AND a."row number" < b."row number" LIMIT 1`,
  );
  if (bad.length === 0) return;
  throw new DriftError('23P01', `could not create exclusion constraint "${index.name}"`, {
    detail: `Rows of table "${table.name}" overlap.`,
    schema: table.schema,
    table: table.name,
    constraint: index.name,
  });
}

/**
 * Throws 2BP01 where a column is one end of a period, and so has to keep its type and to be NOT NULL.
 * @param what for the message: `alter type of column "a"`
 */
export function refuseInPeriod(table: TableDef, id: number, what: string): void {
  const period = table.periods?.find(({ from, to }) => from === id || to === id);
  if (period === undefined) return;
  throw new DriftError('2BP01', `cannot ${what} because period "${period.name}" of table "${table.name}" needs it`, {
    hint: `Drop the period first: ALTER TABLE ${quoted(table.name)} DROP PERIOD FOR ${quoted(period.name)}.`,
  });
}

/** Throws 42701 where a column would be named as a period is. */
export function refusePeriodName(
  table: TableDef,
  { name, position }: { readonly name: string; readonly position?: number },
): void {
  if (periodNamed(table, name) !== undefined)
    throw new DriftError('42701', `column name "${name}" conflicts with a period of relation "${table.name}"`, {
      position,
    });
}

export function periodNamed(table: TableDef, name: string): PeriodDef | undefined {
  return table.periods?.find((period) => period.name === name);
}

/** Throws 23503 where the periods of parents do not cover a row's. */
export function* refuseUncovered(
  context: DdlContext,
  table: TableDef,
  parent: TableDef,
  key: ForeignKeyDef,
): Task<void> {
  const size = key.period ?? 1;
  const [own, foreign] = [textsOf(table, key.columns, size, 'c'), textsOf(parent, key.foreignColumns, size, 'p')];
  const same = own.scalars.map((name, i) => `${foreign.scalars[i] ?? ''} = ${name}`);
  const present = own.scalars.map((name) => `${name} IS NOT NULL`);
  const bad = yield* context.query(
    `SELECT 1 FROM ${tableText(table)} c WHERE ${[...present, `${own.period} IS NOT NULL`].join(' AND ')}
     AND (SELECT pg_catalog.range_agg(${foreign.period}) @> ${own.period} FROM ${tableText(parent)} p
          WHERE ${[...same, `${foreign.period} && ${own.period}`].join(' AND ')}) IS NOT TRUE LIMIT 1`,
  );
  if (bad.length === 0) return;
  throw new DriftError(
    '23503',
    `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`,
    { schema: table.schema, table: table.name, constraint: key.name },
  );
}

/** A key's columns and its period as SQL. */
function textsOf(
  table: TableDef,
  columns: readonly number[],
  size: number,
  alias: string,
): { readonly scalars: readonly string[]; readonly period: string } {
  const names = columns.map((column) => `${alias}.${columnText(table, column)}`);
  const ends = names.slice(-size);
  return {
    scalars: names.slice(0, -size),
    period: size === 1 ? (ends[0] ?? '') : `pg_catalog.period(${ends.join(', ')})`,
  };
}
