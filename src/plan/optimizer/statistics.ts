/**
 * Cardinality estimates: how many rows a node will give, from exact table sizes and guesses of selectivity.
 *
 * The store knows every table's current row count; about values it knows only what keys and unique indexes promise.
 * So equality with a unique column gives one row, other equalities a fixed share, ranges a third, as in System R
 * (Selinger et al. 1979, table 1). The guesses only have to rank plans: they choose join orders, build sides and
 * between a look-up and a scan.
 */
import type { TableDef } from '../../catalog/schema.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { JoinNode, PlanNode, ScanNode } from '../plan.ts';
import { conjuncts } from '../walk-expression.ts';

/** What the optimizer asks of the store. */
export interface Statistics {
  /** Current rows of a table. */
  rowCount(tableId: number): number;
  /** Number of different values of a column where known. */
  distinctCount?(tableId: number, columnId: number): number | undefined;
}

const EQUAL_SHARE = 0.005;
const RANGE_SHARE = 1 / 3;
const OTHER_SHARE = 0.5;
const FUNCTION_ROWS = 1000;
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
    if (origin === undefined) return Math.min(rows, Math.max(UNKNOWN_VALUES, rows / 10));
    return this.#distinctOf(origin, rows);
  }

  #distinctOf(origin: Origin, rows: number): number {
    const known = this.#statistics.distinctCount?.(origin.table.id, origin.ordinal);
    if (known !== undefined) return Math.max(1, Math.min(rows, known));
    if (isUnique(origin.table, [origin.ordinal])) return Math.max(1, Math.min(rows, origin.rows));
    return Math.max(1, Math.min(rows, Math.max(UNKNOWN_VALUES, origin.rows / 10)));
  }

  /** Share of rows for which a condition holds, given the number of rows it looks at. */
  selectivity(condition: BoundExpression, rows: number): number {
    switch (condition.kind) {
      case 'and':
        return condition.args.reduce((share, arg) => share * this.selectivity(arg, rows), 1);
      case 'or':
        return Math.min(
          1,
          condition.args.reduce((share, arg) => share + this.selectivity(arg, rows), 0),
        );
      case 'not':
        return 1 - this.selectivity(condition.operand, rows);
      case 'isNull':
        return condition.negated ? 0.95 : 0.05;
      case 'const':
        return condition.value === true ? 1 : 0;
      case 'inList': {
        const share = Math.min(1, condition.items.length * this.#equalShare(condition.operand, rows));
        return condition.negated ? 1 - share : share;
      }
      case 'call':
        return this.#callShare(condition.operator, condition.args, rows);
      default:
        return OTHER_SHARE;
    }
  }

  #callShare(operator: string | undefined, args: readonly BoundExpression[], rows: number): number {
    switch (operator) {
      case '=': {
        const [left, right] = args;
        if (left === undefined || right === undefined) return EQUAL_SHARE;
        return Math.min(this.#equalShare(left, rows), this.#equalShare(right, rows));
      }
      case '<':
      case '<=':
      case '>':
      case '>=':
        return RANGE_SHARE;
      case '<>':
        return 1 - EQUAL_SHARE;
      case '~~':
      case '~~*':
        return 0.1;
      default:
        return OTHER_SHARE;
    }
  }

  #equalShare(expression: BoundExpression, rows: number): number {
    if (expression.kind !== 'column' && expression.kind !== 'cast') return 1;
    return 1 / this.distinct(expression, Math.max(rows, 1));
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
        const rows = this.rows(node.source);
        if (node.groups.length === 0) return node.sets?.length ?? 1;
        return Math.min(
          rows,
          node.groups.reduce((product, group) => product * this.distinct(group, rows), 1),
        );
      }
      case 'limit': {
        const rows = this.rows(node.source);
        const count = node.count?.kind === 'const' && typeof node.count.value === 'number' ? node.count.value : rows;
        return Math.min(rows, count);
      }
      case 'distinct':
      case 'distinctOn':
        return Math.max(1, this.rows(node.source) / 2);
      case 'setOperation': {
        const left = this.rows(node.left);
        const right = this.rows(node.right);
        if (node.operation === 'union') return left + right;
        return node.operation === 'intersect' ? Math.min(left, right) : left;
      }
      case 'with':
        return this.rows(node.body);
      case 'cteScan':
      case 'workScan':
        return FUNCTION_ROWS;
      case 'recursiveUnion':
        return this.rows(node.initial) * 10;
      case 'insert':
      case 'update':
      case 'delete':
        return this.rows(node.source);
    }
  }

  #filtered(rows: number, condition: BoundExpression): number {
    return Math.max(1, rows * this.selectivity(condition, rows));
  }

  #scan(node: ScanNode): number {
    const rows = this.tableRows(node.table);
    for (const column of node.columns)
      this.#origins.set(column.id, { table: node.table, ordinal: column.ordinal, rows });
    if (node.access.kind === 'key') return 1;
    if (node.access.kind === 'keys') return node.access.values.length;
    const fixed: number[] = prefixColumns(node);
    let share = 1;
    for (const ordinal of fixed) share /= this.#distinctOf({ table: node.table, ordinal, rows }, rows);
    for (const condition of conjuncts(node.filter)) {
      share *= this.selectivity(condition, rows);
      const ordinal = fixedOrdinal(node, condition);
      if (ordinal !== undefined) fixed.push(ordinal);
    }
    if (isUnique(node.table, fixed)) return 1;
    return rows * share;
  }

  joinRows(node: JoinNode): number {
    const left = this.rows(node.left);
    const right = this.rows(node.right);
    switch (node.type) {
      case 'semi':
      case 'anti':
        return left * 0.5;
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

  #innerRows(node: JoinNode, left: number, right: number): number {
    if (node.algorithm === 'apply' || node.algorithm === 'lookup') return left * right;
    let rows = left * right * this.keyShare(node.keys, left, right);
    for (const condition of conjuncts(node.residual)) rows *= this.selectivity(condition, rows);
    return rows;
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
