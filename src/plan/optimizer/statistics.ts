/**
 * Cardinality estimates: how many rows a node will give.
 *
 * The store knows every table's current row count; of values it knows what keys and unique indexes promise, and what a
 * sample shows (column-statistics.ts). Conditions: selectivity.ts. Joins, of l and r rows:
 *
 *     inner       l · r / max(different values left, right) for each key; where keys cover a unique key of one side,
 *                 each row of the other finds at most one partner
 *     semi        l · min(1, different values right / left); anti: the rest
 *     GROUP BY    the product of the different values, at most the rows
 */
import type { TableDef } from '../../catalog/schema.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { JoinNode, PlanColumn, PlanNode, ScanNode, SetOperationNode, WithNode } from '../plan.ts';
import { conjuncts } from '../walk-expression.ts';
import { type ColumnStatistics, distinctAt } from './column-statistics.ts';
import { conjunctionShare, type KnownColumn, type Lookup, selectivity } from './selectivity.ts';

/** What the optimizer asks of the store. */
export interface Statistics {
  /** Current rows of a table. */
  rowCount(tableId: number): number;
  /** What is known of a column's values. */
  column?(table: TableDef, columnId: number): ColumnStatistics | undefined;
}

const OTHER_SHARE = 0.5;
/** Partners are guessed from numbers of values: that every row has one would be a bold guess. */
const LEAST_ANTI_SHARE = 0.05;
const FUNCTION_ROWS = 1000;
/** PostgreSQL's guess of a value of variable length. */
const DEFAULT_WIDTH = 32;
const SYSTEM_ROWS = 200;
const UNKNOWN_VALUES = 200;

/** Where a column comes from, for questions about uniqueness. */
export interface Origin {
  readonly table: TableDef;
  readonly ordinal: number;
  readonly rows: number;
}

export class Estimator {
  readonly #statistics: Statistics;
  readonly #rows = new WeakMap<PlanNode, number>();
  readonly #origins = new Map<ColumnId, Origin>();
  /** Columns of unions, and what each side gives for them. */
  readonly #members = new Map<ColumnId, readonly [BoundExpression, BoundExpression]>();
  readonly #ctes = new Map<number, number>();

  constructor(statistics: Statistics) {
    this.#statistics = statistics;
  }

  rows(node: PlanNode): number {
    let rows = this.#rows.get(node);
    if (rows === undefined) {
      rows = Math.max(this.#compute(node), node.kind === 'empty' ? 0 : 1);
      this.#rows.set(node, rows);
    }
    return rows;
  }

  tableRows(table: TableDef): number {
    return Math.max(1, this.#statistics.rowCount(table.id));
  }

  /** How many different values an expression has, at most `rows`. */
  distinct(expression: BoundExpression, rows: number): number {
    const inner = expression.kind === 'cast' ? expression.operand : expression;
    if (inner.kind !== 'column') return Math.min(rows, UNKNOWN_VALUES);
    const origin = this.#origins.get(inner.id);
    if (origin !== undefined) return this.#distinctOf(origin, rows);
    const members = this.#members.get(inner.id);
    if (members === undefined) return Math.min(rows, Math.max(UNKNOWN_VALUES, rows / 10));
    return Math.min(rows, this.distinct(members[0], rows) + this.distinct(members[1], rows));
  }

  /** How many different values a table's column has. */
  distinctValues(table: TableDef, ordinal: number): number {
    const rows = this.tableRows(table);
    return this.#distinctOf({ table, ordinal, rows }, rows);
  }

  /** Rows that a scan's access gives, before its filter. */
  entries(scan: ScanNode): number {
    const { access } = scan;
    if (access.kind === 'full') return this.tableRows(scan.table);
    if (access.kind === 'key') return 1;
    return access.kind === 'keys' ? access.values.length : access.entries;
  }

  #distinctOf(origin: Origin, rows: number): number {
    if (isUnique(origin.table, [origin.ordinal])) return Math.max(1, Math.min(rows, origin.rows));
    const known = this.#statistics.column?.(origin.table, origin.ordinal);
    if (known === undefined) return Math.max(1, Math.min(rows, Math.max(UNKNOWN_VALUES, origin.rows / 10)));
    const all = distinctAt(known, origin.rows);
    if (rows >= origin.rows) return Math.max(1, Math.min(rows, all));
    // Of a share of the rows, drawn by conditions on other columns (Yao 1977): d·(1 − (1 − share)^(rows a value)).
    const left = all * (1 - (1 - rows / origin.rows) ** (origin.rows / all));
    return Math.max(1, Math.min(rows, left));
  }

  /** Bytes of an output column. */
  width(column: PlanColumn): number {
    const length = typeByOid(column.type.oid).length;
    if (length > 0) return length;
    const origin = this.#origins.get(column.id);
    const known = origin === undefined ? undefined : this.#statistics.column?.(origin.table, origin.ordinal);
    return known === undefined || known.averageWidth === 0 ? DEFAULT_WIDTH : known.averageWidth;
  }

  /** How the stored order of rows follows a column: 0 … 1. */
  correlation(table: TableDef, ordinal: number): number {
    return Math.abs(this.#statistics.column?.(table, ordinal)?.correlation ?? 0);
  }

  readonly #lookup: Lookup = (expression) => this.#known(expression);

  #known(expression: BoundExpression): KnownColumn | undefined {
    const inner = expression.kind === 'cast' ? expression.operand : expression;
    if (inner.kind === 'cast') return this.#known(inner);
    if (inner.kind !== 'column') return undefined;
    const origin = this.#origins.get(inner.id);
    if (origin === undefined) return undefined;
    const { table, ordinal, rows } = origin;
    // A value that was converted is no value of the column, but there are as many different ones.
    const plain = expression.kind === 'column' || (expression.kind === 'cast' && expression.method === 'relabel');
    const distinct = this.#distinctOf(origin, rows);
    return { statistics: plain ? this.#statistics.column?.(table, ordinal) : undefined, rows, distinct };
  }

  /** Share of rows for which a condition holds. */
  selectivity(condition: BoundExpression): number {
    return selectivity(condition, this.#lookup);
  }

  /** Share of rows for which all of the conditions hold. */
  together(conditions: readonly BoundExpression[]): number {
    return conjunctionShare(conditions, this.#lookup);
  }

  /** Tells how many rows a WITH query gives; needed before its body is asked about. */
  noteCte({ cte, definition }: WithNode): void {
    this.#ctes.set(cte, this.rows(definition));
  }

  /** Tells where a scan's columns come from; needed before anything is asked about them. */
  note(node: ScanNode): void {
    const rows = this.tableRows(node.table);
    for (const column of node.columns)
      this.#origins.set(column.id, { table: node.table, ordinal: column.ordinal, rows });
  }

  #compute(node: PlanNode): number {
    switch (node.kind) {
      case 'scan':
        return this.#scan(node);
      case 'systemScan':
        return SYSTEM_ROWS;
      case 'functionScan':
        return FUNCTION_ROWS;
      case 'values':
        return node.constants?.rowCount ?? node.rows.length;
      case 'oneRow':
        return 1;
      case 'empty':
        return 0;
      case 'project':
      case 'window':
      case 'sort':
        return this.rows(node.source);
      case 'projectSet':
        return this.rows(node.source) * 10;
      case 'filter':
        return this.#filtered(this.rows(node.source), node.condition);
      case 'join':
        return this.joinRows(node);
      case 'aggregate': {
        if (node.groups.length === 0) return node.sets?.length ?? 1;
        return this.#groupRows(node.source, node.groups) * Math.max(1, node.sets?.length ?? 1);
      }
      case 'lockRows':
      case 'gather':
        return this.rows(node.source);
      case 'limit': {
        const rows = this.rows(node.source);
        const count = node.count?.kind === 'const' && typeof node.count.value === 'number' ? node.count.value : rows;
        return Math.min(rows, count);
      }
      case 'distinct':
        return this.#groupRows(
          node.source,
          node.source.outputs.map(({ id, name, type }) => ({ kind: 'column', id, name, type })),
        );
      case 'distinctOn':
        return this.#groupRows(node.source, node.on);
      case 'setOperation': {
        const left = this.rows(node.left);
        const right = this.rows(node.right);
        if (node.operation === 'union') {
          this.#noteMembers(node);
          return left + right;
        }
        return node.operation === 'intersect' ? Math.min(left, right) : left;
      }
      case 'with':
        this.noteCte(node);
        return this.rows(node.body);
      case 'cteScan':
        return this.#ctes.get(node.cte) ?? FUNCTION_ROWS;
      case 'workScan':
        return FUNCTION_ROWS;
      case 'recursiveUnion':
        return this.rows(node.initial) * 10;
      case 'insert':
      case 'update':
      case 'delete':
      case 'merge':
        return this.rows(node.source);
    }
  }

  #noteMembers({ left, right, outputs }: SetOperationNode): void {
    outputs.forEach((output, i) => {
      const [a, b] = [left.outputs[i], right.outputs[i]];
      if (a !== undefined && b !== undefined)
        this.#members.set(output.id, [
          { kind: 'column', ...a },
          { kind: 'column', ...b },
        ]);
    });
  }

  #groupRows(source: PlanNode, groups: readonly BoundExpression[]): number {
    const rows = this.rows(source);
    return Math.min(
      rows,
      groups.reduce((product, group) => product * this.distinct(group, rows), 1),
    );
  }

  #filtered(rows: number, condition: BoundExpression): number {
    return Math.max(1, rows * this.together(conjuncts(condition)));
  }

  #scan(node: ScanNode): number {
    const rows = this.tableRows(node.table);
    this.note(node);
    if (node.access.kind === 'key') return 1;
    if (node.access.kind === 'keys' && node.filter === null) return Math.min(rows, node.access.values.length);
    const fixed: number[] = prefixColumns(node);
    let share = node.access.kind === 'keyRange' || node.access.kind === 'indexRange' ? node.access.prefixShare : 1;
    const conditions = conjuncts(node.filter);
    share *= this.together(conditions);
    for (const condition of conditions) {
      const ordinal = fixedOrdinal(node, condition);
      if (ordinal !== undefined) fixed.push(ordinal);
    }
    return isUnique(node.table, fixed) ? 1 : rows * share;
  }

  joinRows(node: JoinNode): number {
    const left = this.rows(node.left);
    const right = this.rows(node.right);
    switch (node.type) {
      case 'semi':
        return left * this.#semiShare(node, left, right);
      case 'anti':
        return left * Math.max(1 - this.#semiShare(node, left, right), LEAST_ANTI_SHARE);
      case 'mark':
      case 'single':
        return left;
      case 'left':
        return Math.max(left, this.#innerRows(node, left, right));
      case 'right':
        return Math.max(right, this.#innerRows(node, left, right));
      case 'full':
        return Math.max(left, right, this.#innerRows(node, left, right));
      case 'inner':
        return this.#innerRows(node, left, right);
    }
  }

  /**
   * Share of the cross product that equal keys let through. Keys are taken as independent, but where those of one side
   * hold a unique key of its table, each row of the other finds at most one partner.
   */
  keyShare(
    keys: readonly { readonly left: BoundExpression; readonly right: BoundExpression }[],
    left: number,
    right: number,
  ): number {
    let share = 1;
    for (const key of keys) share /= Math.max(this.distinct(key.left, left), this.distinct(key.right, right), 1);
    if (keys.length < 2) return share;
    for (const side of ['left', 'right'] as const) {
      const byTable = new Map<TableDef, { readonly ordinals: number[]; readonly rows: number }>();
      for (const key of keys) {
        const expression = key[side];
        const origin = expression.kind === 'column' ? this.#origins.get(expression.id) : undefined;
        if (origin === undefined) continue;
        const known = byTable.get(origin.table);
        if (known === undefined) byTable.set(origin.table, { ordinals: [origin.ordinal], rows: origin.rows });
        else known.ordinals.push(origin.ordinal);
      }
      for (const [table, { ordinals, rows }] of byTable)
        if (isUnique(table, ordinals)) share = Math.max(share, 1 / Math.max(rows, 1));
    }
    return share;
  }

  /** Share of left rows with a partner: the different values on the right among those on the left. */
  #semiShare(node: JoinNode, left: number, right: number): number {
    if (node.algorithm === 'apply' || node.algorithm === 'lookup' || node.keys.length === 0) return OTHER_SHARE;
    let share = 1;
    for (const key of node.keys) {
      const among = this.distinct(key.left, left);
      share = Math.min(share, this.distinct(key.right, right) / Math.max(among, 1));
    }
    if (node.residual !== null) share *= OTHER_SHARE;
    return Math.min(1, share);
  }

  #innerRows(node: JoinNode, left: number, right: number): number {
    if (node.algorithm === 'apply' || node.algorithm === 'lookup') return left * right;
    const rows = left * right * this.keyShare(node.keys, left, right);
    return rows * this.together(conjuncts(node.residual));
  }
}

/** Columns that a scan's range fixes to one value; their conditions are not in the filter any more. */
function prefixColumns(scan: ScanNode): number[] {
  const { access, table } = scan;
  if (access.kind !== 'keyRange' && access.kind !== 'indexRange') return [];
  const columns =
    access.kind === 'keyRange'
      ? table.key
      : (table.indexes.find((index) => index.id === access.indexId)?.columns ?? []).map((item) => item.column);
  return columns.slice(0, access.prefix.length);
}

/** The column that a condition of the form column = something fixes to one value. */
function fixedOrdinal(scan: ScanNode, condition: BoundExpression): number | undefined {
  if (condition.kind !== 'call' || condition.operator !== '=') return undefined;
  for (const arg of condition.args) {
    if (arg.kind !== 'column') continue;
    const column = scan.columns.find((candidate) => candidate.id === arg.id);
    if (column !== undefined) return column.ordinal;
  }
  return undefined;
}

/** Whether equal values in these columns mean the same row. */
export function isUnique(table: TableDef, ordinals: readonly number[]): boolean {
  if (table.key.every((ordinal) => ordinals.includes(ordinal))) return true;
  return table.indexes.some(
    (index) => index.unique && index.columns.every((column) => ordinals.includes(column.column)),
  );
}
