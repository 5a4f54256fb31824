/**
 * How many rows a range of an index is expected to have under other constants than those a plan was made for: the plan of
 * a scan whose one alternative is to read all rows is right for every range that is no wider (database/shared-plans.ts).
 */
import type { Value } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { BoundExpression } from '../expression.ts';
import { expressionKey } from '../expression-key.ts';
import type { ScanNode } from '../plan.ts';
import type { AccessRange } from '../scan-access.ts';
import { conjuncts } from '../walk-expression.ts';
import { rewriteDeep } from '../walk-plan.ts';
import { distinctAt } from './column-statistics.ts';
import { conjunctionShare, equalShare, type Lookup } from './selectivity.ts';
import { isUnique, type Statistics } from './statistics.ts';

export interface RangeEstimate {
  /** Rows that the range has with values in the place of the parameters, which have their types. */
  rows(values: readonly Value[]): number;
}

/** Null where something else than the range and its width decides how the rows are found best. */
export function rangeEstimate(scan: ScanNode, statistics: Statistics): RangeEstimate | null {
  const { table, access } = scan;
  if (access.kind !== 'indexRange' && access.kind !== 'keyRange') return null;
  const ordinals =
    access.kind === 'keyRange'
      ? table.key
      : (table.indexes.find(({ id }) => id === access.indexId)?.columns.map(({ column }) => column) ?? []);
  const decided = new Set(access.conditions.map(expressionKey));
  if (!conjuncts(scan.filter).every((condition) => decided.has(expressionKey(condition)))) return null;
  if (!access.prefix.every(({ kind }) => kind === 'parameter' || kind === 'const')) return null;
  const rows = statistics.rowCount(table.id);
  const prefix = ordinals.slice(0, access.prefix.length);
  if (isUnique(table, prefix)) return { rows: () => 1 };
  const lookup = lookupIn(scan, statistics, rows);
  return { rows: (values) => rows * shareOf(access, prefix, lookup, values) };
}

function shareOf(access: AccessRange, ordinals: readonly number[], lookup: Lookup, values: readonly Value[]): number {
  const filled = (expression: BoundExpression): BoundExpression =>
    rewriteDeep(expression, (part) =>
      part.kind === 'parameter'
        ? { kind: 'const', value: values[part.index] ?? null, type: part.type, position: undefined }
        : part,
    );
  let share = conjunctionShare(access.conditions.map(filled), lookup);
  access.prefix.forEach((value, i) => {
    const column = { kind: 'column', id: idOf(ordinals[i] as number), name: '', type: value.type } as const;
    share *= equalShare(column, filled(value), lookup);
  });
  return share;
}

/** A column that the plan does not read any more, because the index decides about it. */
function idOf(ordinal: number): number {
  return -1 - ordinal;
}

function lookupIn({ table, columns }: ScanNode, statistics: Statistics, rows: number): Lookup {
  return (expression) => {
    const inner = expression.kind === 'cast' && expression.method === 'relabel' ? expression.operand : expression;
    if (inner.kind !== 'column') return undefined;
    const ordinal = inner.id < 0 ? -1 - inner.id : columns.find(({ id }) => id === inner.id)?.ordinal;
    if (ordinal === undefined) return undefined;
    const known = statistics.column?.(table, ordinal);
    return { statistics: known, rows, distinct: distinctOf(table, ordinal, rows, known) };
  };
}

function distinctOf(
  table: TableDef,
  ordinal: number,
  rows: number,
  known: ReturnType<NonNullable<Statistics['column']>>,
): number {
  if (isUnique(table, [ordinal])) return Math.max(1, rows);
  return known === undefined ? Math.max(1, Math.min(rows, 200)) : distinctAt(known, rows);
}
