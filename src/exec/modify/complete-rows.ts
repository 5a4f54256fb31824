/**
 * Rows that foreign key actions change, completed by their table's rules as those of a statement are: generated columns
 * anew, NOT NULL and CHECK enforced. Rules are bound here, when an action meets a table, and not with the statement:
 * most statements set nothing in motion.
 */
import type { Task } from '../../base/task.ts';
import { type Value, valueAt, type Vector } from '../../base/vector.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import { type BindContext, bindTableExpression } from '../../plan/bind.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import type { ExecRun } from '../run.ts';
import { vectorFromValues } from '../vectors.ts';
import { finishRows, type RowRules } from './finish-rows.ts';
import type { ModifyTarget } from './target.ts';

/** Completes rows (cells by ordinal) in place; throws 23502 and 23514. */
export function* completeRows(
  target: ModifyTarget,
  table: TableDef,
  rows: readonly Value[][],
  { bind, run }: { readonly bind: BindContext; readonly run: ExecRun },
): Task<void> {
  const rules = rulesOf(table, bind);
  const columns: Vector[] = table.columns.map((column) =>
    vectorFromValues(
      rows.map((row) => row[column.id] ?? null),
      column.type.oid,
    ),
  );
  yield* finishRows(rules, columns, rows.length, run, target);
  for (const { index } of rules.generated) {
    const { id } = table.columns[index] as ColumnDef;
    rows.forEach((row, i) => {
      row[id] = valueAt(columns[index] as Vector, i);
    });
  }
}

/** Column ids are positions in table.columns, as `bindTableExpression` numbers them. */
function rulesOf(table: TableDef, bind: BindContext): RowRules {
  return {
    table,
    ids: table.columns.map((_, index) => index),
    generated: table.columns.flatMap((column, index) =>
      column.generated === undefined
        ? []
        : [
            {
              index,
              expression: bindTableExpression(parseExpression(column.generated), table, 'generated', bind, index),
            },
          ],
    ),
    checks: table.checks.map(({ name, expression }) => ({
      name,
      condition: bindTableExpression(parseExpression(expression), table, 'check', bind),
    })),
  };
}
