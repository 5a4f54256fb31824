/** COPY FROM: an INSERT whose source is handed over batch by batch, in columns. */
import { DriftError } from '../../base/error.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { Copy } from '../../sql/ast-statement.ts';
import type { BoundExpression } from '../expression.ts';
import type { InsertNode, PlanColumn, PlanNode, ValuesNode } from '../plan.ts';
import { asBoolean } from './coerce.ts';
import { CLAUSES, type Scope, visible } from './scope.ts';
import { boundChecks, boundGenerated, cell, columnIndex, defaultOf, newRow, targetTable } from './target.ts';

export interface BoundCopy {
  readonly table: TableDef;
  /** Columns to read, in the stream's order. */
  readonly columns: readonly ColumnDef[];
  /** The insertion of some rows, one vector a column. */
  insert(constants: NonNullable<ValuesNode['constants']>): InsertNode;
}

export function bindCopyFrom({ table: name, columns: named, where }: Copy, scope: Scope): BoundCopy {
  scope.state.writes = true;
  if (name === undefined) throw new DriftError('42601', 'COPY FROM needs a table');
  const found = scope.catalog.relation(name.schema, name.name);
  if (found?.kind === 'view')
    throw new DriftError('42809', `cannot copy to view "${found.name}"`, { position: name.position });
  const table = targetTable({ name, only: false, alias: undefined }, 'copy to', scope);
  const indexes =
    named === undefined
      ? table.columns.flatMap((column, i) => (column.hidden === true || column.generated !== undefined ? [] : [i]))
      : named.map((column) => columnIndex(table, { ...column, indirection: [] }));
  indexes.forEach((index, i) => {
    const column = table.columns[index] as ColumnDef;
    if (column.generated !== undefined) {
      throw new DriftError('42P10', `column "${column.name}" is a generated column`, {
        detail: 'Generated columns cannot be used in COPY.',
      });
    }
    if (indexes.indexOf(index) !== i) throw new DriftError('42701', `column "${column.name}" specified more than once`);
  });
  const columns = indexes.map((index) => table.columns[index] as ColumnDef);
  const outputs = columns.map((column) => sourceColumn(column, scope));
  const given = table.columns.map((column, i): BoundExpression | null => {
    if (column.hidden === true || column.generated !== undefined) return null;
    const at = indexes.indexOf(i);
    return at < 0 ? defaultOf(column, scope) : cell(outputs[at] as PlanColumn);
  });
  const filter = where === undefined ? null : bindFilter(where, table, given, scope);
  const row = newRow(table, table.name, scope);
  const rest = {
    kind: 'insert' as const,
    table,
    values: filter?.values ?? given,
    newRow: row.ids,
    generated: boundGenerated(table, row, scope),
    checks: boundChecks(table, row, scope),
    conflict: null,
    returning: null,
    outputs: [],
  };
  return {
    table,
    columns,
    insert(constants) {
      const values: ValuesNode = { kind: 'values', rows: [], constants, outputs };
      return { ...rest, source: filter === null ? values : filter.over(values) };
    },
  };
}

/** WHERE sees whole rows: defaults are computed before it. */
function bindFilter(
  where: NonNullable<Copy['where']>,
  table: TableDef,
  given: readonly (BoundExpression | null)[],
  scope: Scope,
): { readonly values: readonly (BoundExpression | null)[]; over(source: PlanNode): PlanNode } {
  const shown = table.columns.flatMap((column, i) => {
    const expression = given[i] ?? null;
    return expression === null ? [] : [{ column, index: i, expression, output: sourceColumn(column, scope) }];
  });
  const inner = scope.child();
  const columns = shown.map(({ output }) => visible(output));
  inner.items = [{ relations: [{ schema: table.schema, name: table.name, columns, pseudo: [], table }], columns }];
  const condition = inner.within({ ...CLAUSES.where, name: 'COPY FROM WHERE conditions', stored: true }, () =>
    asBoolean(inner.bind(where), 'WHERE', scope.state),
  );
  const outputs = shown.map(({ output }) => output);
  const expressions = shown.map(({ expression }) => expression);
  return {
    values: table.columns.map((_, i) => {
      const found = shown.find(({ index }) => index === i);
      return found === undefined ? null : cell(found.output);
    }),
    over: (source) => ({
      kind: 'filter',
      source: { kind: 'project', source, expressions, outputs },
      condition,
      outputs,
    }),
  };
}

function sourceColumn(column: ColumnDef, scope: Scope): PlanColumn {
  return { id: scope.state.nextId(), name: column.name, type: column.type };
}
