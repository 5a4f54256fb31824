/**
 * Periods of valid time in queries: a period's name is a pseudo-column, the range between its two columns; FOR VALID_TIME
 * is a filter over the table's only period.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { PeriodDef, TableDef, TypeRef } from '../../catalog/schema.ts';
import type { Expression } from '../../sql/ast.ts';
import type { TableName, ValidTime } from '../../sql/ast-query.ts';
import { rangeMaker } from '../../sql/functions/ranges.ts';
import type { RangeKind } from '../../sql/types/range.ts';
import { isRange, rangeKind, rangeOver } from '../../sql/types/range-lookup.ts';
import type { BoundExpression } from '../expression.ts';
import type { PlanColumn, PlanNode } from '../plan.ts';
import { coerce } from './coerce.ts';
import { operate } from './operators.ts';
import { CLAUSES, columnOf, type Scope, type VisibleColumn } from './scope.ts';

/** The periods that PERIOD FOR names; `row` is parallel to table.columns. */
export function periodColumns({ periods = [], columns }: TableDef, row: readonly PlanColumn[]): VisibleColumn[] {
  const cell = (id: number): BoundExpression => {
    const column = row[columns.findIndex((candidate) => candidate.id === id)] as PlanColumn;
    return columnOf(column.id, column.name, column.type);
  };
  return periods.map(({ name, from, to }) => {
    const args = [cell(from), cell(to)];
    const kind = rangeOver(args[0]?.type.oid ?? 0);
    assert(kind !== undefined, 'the type of a period has ranges');
    return { name, expression: rangeCall(kind, args), tableId: undefined, columnId: undefined };
  });
}

function rangeCall(kind: RangeKind, args: readonly BoundExpression[]): BoundExpression {
  return { kind: 'call', fn: rangeMaker(kind), args, type: { oid: kind.spec.oid, typmod: -1 }, position: undefined };
}

/** What a table's valid time is: a period by its name, or a range column. */
export interface ValidPeriod {
  readonly name: string;
  /** The two columns of PERIOD FOR; null for a range column. */
  readonly period: PeriodDef | null;
  /** Of its bounds. */
  readonly bound: TypeRef;
}

/** The only period, or the only range column of a key WITHOUT OVERLAPS. Throws 42809 where there is none, or more. */
export function validPeriodOf(table: TableDef, position: number): ValidPeriod {
  const ranges = table.indexes
    .filter(({ withoutOverlaps }) => withoutOverlaps === 1)
    .map(({ columns }) => columns.at(-1)?.column);
  const names = new Set([
    ...(table.periods ?? []).map(({ name }) => name),
    ...table.columns.filter(({ id }) => ranges.includes(id)).map(({ name }) => name),
  ]);
  const [name] = names;
  if (name !== undefined && names.size === 1) return periodNamed(table, name, position);
  throw new DriftError(
    '42809',
    names.size === 0
      ? `table "${table.name}" has no period of valid time`
      : `table "${table.name}" has more than one period of valid time`,
    {
      position,
      hint:
        names.size === 0
          ? 'Name two columns as one with PERIOD FOR name (from, to), or have a key (…, range WITHOUT OVERLAPS).'
          : 'Write the condition yourself: WHERE period CONTAINS moment.',
    },
  );
}

/** A period, or a column that is a range. Throws 42703, 42804. */
export function periodNamed(table: TableDef, name: string, position: number): ValidPeriod {
  const period = table.periods?.find((candidate) => candidate.name === name);
  const column = table.columns.find(
    (candidate) =>
      candidate.hidden !== true && (period === undefined ? candidate.name === name : candidate.id === period.from),
  );
  if (column === undefined)
    throw new DriftError('42703', `column or period "${name}" of relation "${table.name}" does not exist`, {
      position,
    });
  if (period !== undefined) return { name, period, bound: column.type };
  if (!isRange(column.type.oid))
    throw new DriftError('42804', `column "${name}" of relation "${table.name}" is not a range type`, { position });
  return { name, period: null, bound: { oid: rangeKind(column.type.oid).spec.subtype, typmod: -1 } };
}

/** A table as a query reads it. */
interface Read {
  readonly table: TableDef;
  /** Pseudo-columns included. */
  readonly shown: readonly VisibleColumn[];
}

/** Puts FOR VALID_TIME over a table's scan. */
export function heldAt({ table, shown }: Read, source: PlanNode, time: ValidTime, scope: Scope): PlanNode {
  const { position } = time;
  const valid = validPeriodOf(table, position);
  if (time.kind === 'all') return source;
  const period = shown.find(({ name }) => name === valid.name)?.expression as BoundExpression;
  const bound = (syntax: Expression): BoundExpression => {
    const value = scope.within(CLAUSES.fromItems, () => scope.bind(syntax));
    return coerce(value, valid.bound, 'assignment', scope.state);
  };
  const test = (operator: string, right: BoundExpression): BoundExpression =>
    operate(operator, period, right, { position, scope });
  const between = (low: Expression, high: Expression): BoundExpression =>
    rangeCall(rangeKind(period.type.oid), [bound(low), bound(high)]);
  let condition: BoundExpression;
  if (time.kind === 'asOf') condition = test('@>', bound(time.at));
  else if (time.kind === 'containedIn') condition = test('<@', between(time.low, time.high));
  else {
    condition = test('&&', between(time.low, time.high));
    if (time.kind === 'between')
      condition = { kind: 'or', args: [condition, test('@>', bound(time.high))], type: condition.type };
  }
  return { kind: 'filter', source, condition, outputs: source.outputs };
}

/** The error of FOR VALID_TIME behind what is no table. */
export function noValidTime({ name, validTime }: TableName): DriftError {
  return new DriftError('42809', `"${name.name}" is not a table, which FOR VALID_TIME applies to`, {
    position: validTime?.position,
  });
}
