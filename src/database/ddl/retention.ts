/** history_retention in CREATE TABLE … WITH (…) and ALTER TABLE … SET (…): '90 days', 'forever' or 'none'; and RESET. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Retention, TableDef } from '../../catalog/schema.ts';
import { quoteLiteral } from '../../sql/functions/format-text.ts';
import type { AlterTableAction, Option } from '../../sql/ast-table.ts';
import { type DdlContext, define } from './context.ts';

const NAME = 'history_retention';

export function isNotRetention({ name }: Option): boolean {
  return name !== NAME;
}

/** Does nothing where the options do not say. Throws 22023, 22007 for what is no time. */
export function* setRetention(
  context: DdlContext,
  table: TableDef,
  { kind, options }: Extract<AlterTableAction, { kind: 'setOptions' | 'resetOptions' }>,
): Task<void> {
  const option = options.findLast(({ name }) => name === NAME);
  if (option === undefined) return;
  const { retention: _, ...rest } = table;
  const retention = kind === 'resetOptions' ? undefined : yield* retentionOf(context, option);
  define(context, retention === undefined ? rest : { ...rest, retention });
}

/** The table with the retention that its options name, if they do. */
export function* withRetention(context: DdlContext, table: TableDef, options: readonly Option[]): Task<TableDef> {
  const option = options.findLast(({ name }) => name === NAME);
  const retention = option === undefined ? undefined : yield* retentionOf(context, option);
  return retention === undefined ? table : { ...table, retention };
}

function* retentionOf(context: DdlContext, { value = '', position }: Option): Task<Retention | undefined> {
  const text = value.trim().toLowerCase();
  if (text === 'forever') return undefined;
  if (text === 'none') return { text, micros: 0 };
  const [row] = yield* context.query(
    `SELECT (extract(epoch FROM interval ${quoteLiteral(text)}) * 1000000)::float8, (interval ${quoteLiteral(text)})::text`,
  );
  const micros = Number(row?.[0]);
  if (micros > 0) return { text: String(row?.[1]), micros };
  throw new DriftError('22023', `invalid value for parameter "${NAME}": "${value}"`, {
    position,
    hint: "A time ('90 days'), 'forever' or 'none'.",
  });
}
