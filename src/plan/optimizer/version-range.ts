/**
 * What a scan of versions need not look at: conditions on `_seq_from` and `_seq_to` as bounds that the table tests
 * before it sorts and copies. They stay in the filter; a bound only lets fewer rows through to it.
 */
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { ScanNode } from '../plan.ts';
import type { VersionRange } from '../scan-access.ts';

type Operator = '<' | '<=' | '>' | '>=' | '=';
const FLIPPED: Readonly<Record<Operator, Operator>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '=': '=' };

export function versionRange(scan: ScanNode, conditions: readonly BoundExpression[]): VersionRange | null {
  if (scan.version === null) return null;
  const { seqFrom, seqTo } = scan.version;
  let begunAfter = -1;
  let endedBy = Infinity;
  for (const condition of conditions) {
    const lower = compared(condition, seqFrom);
    if (lower?.op === '>') begunAfter = Math.max(begunAfter, lower.seq);
    else if (lower?.op === '>=' || lower?.op === '=') begunAfter = Math.max(begunAfter, lower.seq - 1);
    const upper = compared(condition, seqTo);
    if (upper?.op === '<=' || upper?.op === '=') endedBy = Math.min(endedBy, upper.seq);
    else if (upper?.op === '<') endedBy = Math.min(endedBy, upper.seq - 1);
  }
  return begunAfter < 0 && endedBy === Infinity ? null : { begunAfter, endedBy };
}

function compared(
  condition: BoundExpression,
  column: ColumnId | null,
): { readonly op: Operator; readonly seq: number } | null {
  if (column === null || condition.kind !== 'call' || condition.args.length !== 2) return null;
  const op = condition.operator as Operator | undefined;
  if (op === undefined || !(op in FLIPPED)) return null;
  const [left, right] = condition.args as [BoundExpression, BoundExpression];
  if (isColumn(left, column)) return constant(right, op);
  return isColumn(right, column) ? constant(left, FLIPPED[op]) : null;
}

function isColumn(expression: BoundExpression, id: ColumnId): boolean {
  return expression.kind === 'column' && expression.id === id;
}

function constant(expression: BoundExpression, op: Operator): { readonly op: Operator; readonly seq: number } | null {
  if (expression.kind !== 'const') return null;
  const { value } = expression;
  if (typeof value !== 'number' && typeof value !== 'bigint') return null;
  return { op, seq: Number(value) };
}
