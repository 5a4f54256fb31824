/**
 * Usable ("sargable") conditions of a scan: those that compare a column, or what an index holds of an expression, with
 * something that is constant while the scan is open: a constant, a parameter, a stable call, a column of an enclosing
 * query or of the left side of a look-up join.
 */
import { expressionKey } from '../expression-key.ts';
import { baseOfDomain } from '../../sql/user-coercion.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { ScanNode } from '../plan.ts';
import type { ZoneTest } from '../scan-access.ts';
import { columnsOf, hasSubquery, isVolatile } from '../walk-expression.ts';
import { arraySarg, itemsOf, type SargArray } from './array-sarg.ts';
import { comparable, TEXTS, unlabelled } from './comparable.ts';
import { likePrefix } from './selectivity.ts';

export type Comparison = '=' | '<' | '<=' | '>' | '>=';
const FLIPPED: Readonly<Record<string, Comparison>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** A usable comparison. */
export interface Sarg {
  readonly ordinal: number;
  readonly op: Comparison;
  readonly value: BoundExpression;
  readonly condition: BoundExpression;
  /** The comparison follows from the condition but does not replace it: LIKE 'ab%' says more than >= 'ab'. */
  readonly lossy: boolean;
}

/** A usable `column IN (items)` or `column = ANY (items)`. */
export interface SargList {
  readonly ordinal: number;
  readonly items: readonly BoundExpression[];
  readonly condition: BoundExpression;
}

export interface Sargs {
  readonly comparisons: readonly Sarg[];
  readonly lists: readonly SargList[];
  readonly arrays: readonly SargArray[];
}

/** Finds the column (by ordinal) that an expression is, or that holds its value in an index. */
export class SargFinder {
  readonly #scan: ScanNode;
  readonly #own: ReadonlySet<ColumnId>;
  readonly #expressions: ReadonlyMap<string, number>;

  constructor(scan: ScanNode, expressions: ReadonlyMap<string, number> = new Map()) {
    this.#scan = scan;
    const own = new Set<ColumnId>(scan.columns.map((column) => column.id));
    for (const output of scan.outputs) own.add(output.id);
    this.#own = own;
    this.#expressions = expressions;
  }

  find(conditions: readonly BoundExpression[]): Sargs {
    const comparisons: Sarg[] = [];
    const lists: SargList[] = [];
    const arrays: SargArray[] = [];
    for (const condition of conditions) {
      if (condition.kind === 'call') this.#comparison(condition, comparisons);
      else if (condition.kind === 'inList' && !condition.negated) this.#list(condition, condition.items, lists);
      else if (condition.kind === 'quantified' && condition.quantifier === 'any' && condition.operator === '=') {
        const items = itemsOf(condition.array);
        if (items !== null) this.#list(condition, items, lists);
        else if (this.#isFixed(condition.array))
          arrays.push(...arraySarg(condition, this.#ordinalOf(condition.operand)));
      } else this.#truth(condition, comparisons);
    }
    return { comparisons, lists, arrays };
  }

  #comparison(condition: BoundExpression & { kind: 'call' }, found: Sarg[]): void {
    const [left, right] = condition.args;
    if (left === undefined || right === undefined || condition.args.length !== 2) {
      this.#truth(condition, found);
      return;
    }
    if (condition.operator === '~~') {
      this.#like(condition, left, right, found);
      return;
    }
    const flipped = FLIPPED[condition.operator ?? ''];
    if (flipped === undefined) {
      this.#truth(condition, found);
      return;
    }
    const sarg =
      this.#sarg(left, right, condition.operator as Comparison, condition) ??
      this.#sarg(right, left, flipped, condition);
    if (sarg !== null) found.push(sarg);
  }

  #sarg(side: BoundExpression, value: BoundExpression, op: Comparison, condition: BoundExpression): Sarg | null {
    const ordinal = this.#ordinalOf(side);
    if (ordinal === undefined || !this.#isFixed(value)) return null;
    const { oid } = unlabelled(side).type;
    if (!comparable(oid, unlabelled(value)) || (op !== '=' && UNORDERED_TEXTS.has(baseOfDomain(oid)))) return null;
    return { ordinal, op, value, condition, lossy: false };
  }

  /** A boolean column as a condition, or NOT one. */
  #truth(condition: BoundExpression, found: Sarg[]): void {
    const negated = condition.kind === 'not';
    const inner = negated ? condition.operand : condition;
    if (inner.type.oid !== BOOL || inner.kind === 'const') return;
    const ordinal = this.#ordinalOf(inner);
    if (ordinal === undefined) return;
    const value: BoundExpression = { kind: 'const', value: !negated, type: { oid: BOOL, typmod: -1 } };
    found.push({ ordinal, op: '=', value, condition, lossy: false });
  }

  /** LIKE 'ab%' lies between 'ab' and 'ac'. */
  #like(condition: BoundExpression, text: BoundExpression, pattern: BoundExpression, found: Sarg[]): void {
    const ordinal = this.#ordinalOf(text);
    const constant = unlabelled(pattern);
    if (ordinal === undefined || constant.kind !== 'const' || typeof constant.value !== 'string') return;
    if (!TEXTS.has(unlabelled(text).type.oid)) return;
    const prefix = likePrefix(constant.value);
    const last = prefix.charCodeAt(prefix.length - 1);
    // Past the last plain code unit the orders of code units and of code points part.
    if (prefix === '' || last >= LAST_PLAIN) return;
    const bound = (value: string): BoundExpression => ({ ...constant, value });
    const next = prefix.slice(0, -1) + String.fromCharCode(last + 1);
    found.push({ ordinal, op: '>=', value: bound(prefix), condition, lossy: true });
    found.push({ ordinal, op: '<', value: bound(next), condition, lossy: true });
  }

  #list(
    condition: BoundExpression & { kind: 'inList' | 'quantified' },
    items: readonly BoundExpression[],
    found: SargList[],
  ): void {
    const ordinal = this.#ordinalOf(condition.operand);
    if (ordinal === undefined) return;
    const { oid } = unlabelled(condition.operand).type;
    const usable = items.every((item) => this.#isFixed(item) && comparable(oid, unlabelled(item)));
    if (usable) found.push({ ordinal, items, condition });
  }

  #ordinalOf(expression: BoundExpression): number | undefined {
    const inner = unlabelled(expression);
    if (inner.kind === 'column') return this.#scan.columns.find((item) => item.id === inner.id)?.ordinal;
    if (this.#expressions.size === 0 || inner.kind === 'const') return undefined;
    return this.#expressions.get(expressionKey(expression)) ?? this.#expressions.get(expressionKey(inner));
  }

  /** Constant while the scan is open. */
  #isFixed(value: BoundExpression): boolean {
    if (value.kind === 'const' || value.kind === 'parameter') return true;
    if (isVolatile(value) || hasSubquery(value)) return false;
    for (const id of columnsOf(value)) if (this.#own.has(id)) return false;
    return true;
  }
}

const LAST_PLAIN = 0xd7fe;

const BOOL = 16;
/** Types kept as texts whose order is not that of the texts: jsonb, tid, xid8. A key finds them, a range does not. */
const UNORDERED_TEXTS = new Set([3802, 27, 5069]);

/** The part of the filter that zone maps understand. */
export function zonesOf(scan: ScanNode, conditions: readonly BoundExpression[], sargs: readonly Sarg[]): ZoneTest[] {
  const zones: ZoneTest[] = sargs.map((item) => ({ ordinal: item.ordinal, op: item.op, value: item.value }));
  for (const condition of conditions) {
    if (condition.kind !== 'isNull' || condition.operand.kind !== 'column') continue;
    const { id } = condition.operand;
    const ordinal = scan.columns.find((item) => item.id === id)?.ordinal;
    if (ordinal !== undefined) zones.push({ ordinal, op: condition.negated ? 'is not null' : 'is null', value: null });
  }
  return zones;
}
