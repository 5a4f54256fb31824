/**
 * What INSERT, UPDATE and ON CONFLICT share: completing new rows by their table's rules, and RETURNING.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, isNull, type Vector, valueAt } from '../../base/vector.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { BoundExpression, ColumnId } from '../../plan/expression.ts';
import type { BoundCheck, BoundGenerated } from '../../plan/plan.ts';
import { Compiler } from '../compile.ts';
import type { ExecRun } from '../run.ts';
import { wholeBatch } from '../vectors.ts';
import { evaluated } from './slices.ts';
import { byOrdinal, checkNotNull, failingRow, type ModifyTarget } from './target.ts';

const BOOL = 16;

export interface RowRules {
  readonly table: TableDef;
  readonly ids: readonly ColumnId[];
  readonly generated: readonly BoundGenerated[];
  readonly checks: readonly BoundCheck[];
}

/** Computes generated columns in place and enforces NOT NULL and CHECK; columns are parallel to table.columns. */
export function* finishRows(
  rules: RowRules,
  columns: Vector[],
  count: number,
  run: ExecRun,
  target: ModifyTarget,
): Task<void> {
  const { table } = rules;
  const layout = new Map(rules.ids.map((id, i) => [id, i]));
  for (const { index, expression } of rules.generated) {
    const compiler = new Compiler(layout, run);
    const evaluators = compiler.compileAll([expression]);
    const { oid } = (table.columns[index] as ColumnDef).type;
    const [column] = yield* evaluated(compiler, evaluators, wholeBatch(columns, count), [oid], run);
    columns[index] = column as Vector;
  }
  const rows = byOrdinal(table, columns);
  checkNotNull(target, table, rows, count);
  for (const check of rules.checks) {
    const compiler = new Compiler(layout, run);
    const evaluators = compiler.compileAll([check.condition]);
    const [verdict] = (yield* evaluated(compiler, evaluators, wholeBatch(columns, count), [BOOL], run)) as [Vector];
    for (let row = 0; row < count; row++) {
      if (isNull(verdict, row) ? check.view !== true : valueAt(verdict, row) === true) continue;
      if (check.view === true)
        throw new DriftError('44000', `new row violates check option for view "${check.name}"`, {
          detail: failingRow(target, table, rows, row),
        });
      throw new DriftError('23514', `new row for relation "${table.name}" violates check constraint "${check.name}"`, {
        detail: failingRow(target, table, rows, row),
        schema: table.schema,
        table: table.name,
        constraint: check.name,
      });
    }
  }
}

/** Evaluates the expressions of RETURNING over rows as they are after the change. */
export function* returned(
  expressions: readonly BoundExpression[],
  layout: ReadonlyMap<ColumnId, number>,
  batch: Batch,
  run: ExecRun,
): Task<Batch> {
  const compiler = new Compiler(layout, run);
  const evaluators = compiler.compileAll(expressions);
  const oids = expressions.map(({ type }) => type.oid);
  return wholeBatch(yield* evaluated(compiler, evaluators, batch, oids, run), batch.count);
}
