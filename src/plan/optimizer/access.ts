/**
 * Access paths: how a scan gets at its rows, chosen from its filter.
 *
 * A condition is usable ("sargable") if it compares a column with something that is constant while the scan is open:
 * a constant, a parameter, a stable call, a column of an enclosing query or of the left side of a look-up join. Equal
 * conditions on all key columns make a point access; equal ones on a prefix and a range on the next column make a
 * range of the key or of an index. What else compares a column with a constant becomes a zone test, which skips row
 * groups by their minimum and maximum.
 *
 * The filter keeps every condition except the equalities that a point access or a range's prefix has decided exactly.
 */
import type { TableDef } from '../../catalog/schema.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { AccessBound, ScanAccess, ScanNode, ZoneTest } from '../plan.ts';
import { columnsOf, conjunction, conjuncts, hasSubquery, isVolatile } from '../walk-expression.ts';
import { isUnique, type Estimator } from './statistics.ts';

type Comparison = '=' | '<' | '<=' | '>' | '>=';
const FLIPPED: Readonly<Record<string, Comparison>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** A usable condition. */
export interface Sarg {
  readonly ordinal: number;
  readonly op: Comparison;
  readonly value: BoundExpression;
  readonly condition: BoundExpression;
}

/** Share of the table up to which reading through an index beats reading the table. */
const INDEX_SHARE = 0.1;
const MAX_KEYS = 1000;

export function chooseAccess(scan: ScanNode, estimator: Estimator): ScanNode {
  if (scan.filter === null) return scan;
  const conditions = conjuncts(scan.filter);
  const sargs = sargsOf(scan, conditions);
  const zones = zonesOf(scan, conditions, sargs);
  const versions = scan.time.kind === 'versions' || scan.time.kind === 'contained';
  const point = keyAccess(scan.table, sargs);
  if (point !== null && !versions) {
    const used = new Set(point.sargs.map((sarg) => sarg.condition));
    const filter = conjunction(conditions.filter((condition) => !used.has(condition)));
    return { ...scan, access: point.access, filter, zones: [] };
  }
  const keys = keysAccess(scan, conditions);
  if (keys !== null) return { ...scan, access: keys, zones: [] };
  const range = rangeOver(scan.table.key, sargs);
  if (range !== null && (range.prefix.length > 0 || versions))
    return withRange(scan, { kind: 'keyRange', ...range }, conditions, zones);
  // An index knows nothing of versions that are older than itself.
  const index = versions ? null : indexAccess(scan, sargs, estimator);
  if (index !== null) return withRange(scan, index, conditions, []);
  return range === null ? { ...scan, zones } : withRange(scan, { kind: 'keyRange', ...range }, conditions, zones);
}

/** Equalities of the range's prefix hold for every row in it, so the filter need not repeat them. */
function withRange(
  scan: ScanNode,
  range: Range & RangeKind,
  conditions: readonly BoundExpression[],
  zones: readonly ZoneTest[],
): ScanNode {
  const used = new Set<BoundExpression>(range.equal);
  const { prefix, low, high } = range;
  const bounds = { prefix, low, high };
  const access: ScanAccess =
    range.kind === 'keyRange'
      ? { kind: 'keyRange', ...bounds }
      : { kind: 'indexRange', indexId: range.indexId, ...bounds };
  return { ...scan, access, filter: conjunction(conditions.filter((condition) => !used.has(condition))), zones };
}

/** The usable conditions of a scan. */
export function sargsOf(scan: ScanNode, conditions: readonly BoundExpression[]): Sarg[] {
  const own = ownIds(scan);
  const sargs: Sarg[] = [];
  for (const condition of conditions) {
    if (condition.kind !== 'call' || condition.operator === undefined || condition.args.length !== 2) continue;
    const flipped = FLIPPED[condition.operator];
    if (flipped === undefined) continue;
    const [left, right] = condition.args;
    if (left === undefined || right === undefined) continue;
    const direct = sarg(scan, own, { column: left, value: right, op: condition.operator as Comparison, condition });
    const found = direct ?? sarg(scan, own, { column: right, value: left, op: flipped, condition });
    if (found !== null) sargs.push(found);
  }
  return sargs;
}

interface Candidate {
  readonly column: BoundExpression;
  readonly value: BoundExpression;
  readonly op: Comparison;
  readonly condition: BoundExpression;
}

function sarg(scan: ScanNode, own: ReadonlySet<ColumnId>, candidate: Candidate): Sarg | null {
  const column = unlabelled(candidate.column);
  if (column.kind !== 'column') return null;
  const ordinal = scan.columns.find((item) => item.id === column.id)?.ordinal;
  if (ordinal === undefined || !isFixed(candidate.value, own)) return null;
  if (!comparable(column.type.oid, unlabelled(candidate.value))) return null;
  return { ordinal, op: candidate.op, value: candidate.value, condition: candidate.condition };
}

function ownIds(scan: ScanNode): Set<ColumnId> {
  const own = new Set<ColumnId>(scan.columns.map((column) => column.id));
  for (const output of scan.outputs) own.add(output.id);
  return own;
}

/** Constant while the scan is open. */
function isFixed(value: BoundExpression, own: ReadonlySet<ColumnId>): boolean {
  if (isVolatile(value) || hasSubquery(value)) return false;
  for (const id of columnsOf(value)) if (own.has(id)) return false;
  return true;
}

function unlabelled(expression: BoundExpression): BoundExpression {
  return expression.kind === 'cast' && expression.method === 'relabel' ? unlabelled(expression.operand) : expression;
}

const INT8 = 20;
const INTEGERS = new Set([INT8, 21, 23]);
const TEXTS = new Set([25, 1043]);
const PADDED_CHAR = 1042;

/** Whether a value orders and compares like stored values of a column's type, and has a key in their physical form. */
function comparable(column: number, value: BoundExpression): boolean {
  const { oid } = value.type;
  if (column === PADDED_CHAR) return false;
  if (column === oid) return true;
  if (INTEGERS.has(column) && INTEGERS.has(oid)) return column === INT8 || oid !== INT8 || isInt32(value);
  return TEXTS.has(column) && TEXTS.has(oid);
}

/** A bigint beyond int4 has no key among those of an int4 column. */
function isInt32(value: BoundExpression): boolean {
  return value.kind === 'const' && typeof value.value === 'number' && value.value === (value.value | 0);
}

function keyAccess(table: TableDef, sargs: readonly Sarg[]): { access: ScanAccess; sargs: Sarg[] } | null {
  const found: Sarg[] = [];
  for (const ordinal of table.key) {
    const equal = sargs.find((item) => item.ordinal === ordinal && item.op === '=');
    if (equal === undefined) return null;
    found.push(equal);
  }
  return { access: { kind: 'key', values: found.map((item) => item.value) }, sargs: found };
}

function keysAccess(scan: ScanNode, conditions: readonly BoundExpression[]): ScanAccess | null {
  const [ordinal] = scan.table.key;
  if (ordinal === undefined || scan.table.key.length !== 1) return null;
  const own = ownIds(scan);
  for (const condition of conditions) {
    if (condition.kind !== 'inList' || condition.negated || condition.items.length > MAX_KEYS) continue;
    const column = unlabelled(condition.operand);
    if (column.kind !== 'column' || scan.columns.find((item) => item.id === column.id)?.ordinal !== ordinal) continue;
    const usable = condition.items.every((item) => isFixed(item, own) && comparable(column.type.oid, unlabelled(item)));
    if (usable) return { kind: 'keys', values: condition.items };
  }
  return null;
}

type RangeKind = { readonly kind: 'keyRange' } | { readonly kind: 'indexRange'; readonly indexId: number };

interface Range {
  readonly prefix: readonly BoundExpression[];
  /** The conditions behind the prefix. */
  readonly equal: readonly BoundExpression[];
  readonly low: AccessBound | null;
  readonly high: AccessBound | null;
}

/** Equalities on leading columns, then bounds on the next one. */
function rangeOver(columns: readonly number[], sargs: readonly Sarg[]): Range | null {
  const prefix: BoundExpression[] = [];
  const used: BoundExpression[] = [];
  let low: AccessBound | null = null;
  let high: AccessBound | null = null;
  for (const ordinal of columns) {
    const equal = sargs.find((item) => item.ordinal === ordinal && item.op === '=');
    if (equal !== undefined) {
      prefix.push(equal.value);
      used.push(equal.condition);
      continue;
    }
    for (const item of sargs) {
      if (item.ordinal !== ordinal) continue;
      const bound = { value: item.value, inclusive: item.op === '<=' || item.op === '>=' };
      if ((item.op === '>' || item.op === '>=') && low === null) low = bound;
      if ((item.op === '<' || item.op === '<=') && high === null) high = bound;
    }
    break;
  }
  return prefix.length === 0 && low === null && high === null ? null : { prefix, equal: used, low, high };
}

function indexAccess(scan: ScanNode, sargs: readonly Sarg[], estimator: Estimator): (Range & RangeKind) | null {
  const rows = estimator.tableRows(scan.table);
  let best: (Range & RangeKind) | null = null;
  let bestShare = INDEX_SHARE;
  for (const index of scan.table.indexes) {
    const columns = index.columns.map((column) => column.column);
    if (columns.some((ordinal) => isHidden(scan.table, ordinal))) continue;
    const range = rangeOver(columns, sargs);
    if (range === null) continue;
    const fixed = columns.slice(0, range.prefix.length);
    let share = isUnique(scan.table, fixed) ? 1 / rows : 1;
    if (share === 1) {
      for (const item of sargs) {
        if (columns.slice(0, range.prefix.length + 1).includes(item.ordinal))
          share *= estimator.selectivity(item.condition);
      }
    }
    if (share >= bestShare) continue;
    bestShare = share;
    best = { kind: 'indexRange', indexId: index.id, ...range };
  }
  return best;
}

function isHidden(table: TableDef, ordinal: number): boolean {
  return table.columns.find((column) => column.id === ordinal)?.hidden === true;
}

function zonesOf(scan: ScanNode, conditions: readonly BoundExpression[], sargs: readonly Sarg[]): ZoneTest[] {
  const zones: ZoneTest[] = sargs.map((item) => ({ ordinal: item.ordinal, op: item.op, value: item.value }));
  for (const condition of conditions) {
    if (condition.kind !== 'isNull' || condition.operand.kind !== 'column') continue;
    const { id } = condition.operand;
    const ordinal = scan.columns.find((item) => item.id === id)?.ordinal;
    if (ordinal !== undefined) zones.push({ ordinal, op: condition.negated ? 'is not null' : 'is null', value: null });
  }
  return zones;
}
