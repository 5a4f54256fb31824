/** Access paths by one range of the key or of an index: what access.ts weighs, and bitmap-path.ts puts together. */
import type { IndexDef } from '../../catalog/schema.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import type { BoundExpression } from '../expression.ts';
import type { ScanNode } from '../plan.ts';
import type { AccessBound, AccessRange, ScanAccess } from '../scan-access.ts';
import type { CostModel } from './cost.ts';
import type { Hints } from './hints.ts';
import { type BindTableText, type UsableIndex, usableIndexes } from './index-keys.ts';
import { type Sarg, SargFinder, type Sargs } from './sargs.ts';
import { isUnique, type Estimator } from './statistics.ts';
import type { Switches } from './switches.ts';

export interface AccessContext {
  readonly eval: EvalContext;
  /** Made when it is first asked for: a look-up by key does without. */
  readonly cost: CostModel;
  readonly switches: Switches;
  readonly hints?: Hints | undefined;
  /** For indexes on expressions and partial ones; without it they are not used. */
  readonly bindTableText?: BindTableText | undefined;
}

/** A way to the rows, with the conditions that need no checking any more and what it costs. */
export interface Path {
  readonly access: ScanAccess;
  readonly decided: readonly BoundExpression[];
  readonly cost: number;
}

const NO_EXPRESSIONS: ReadonlyMap<string, number> = new Map();

/** A range with the conditions that its prefix decides. */
export interface Range {
  readonly range: AccessRange;
  readonly equal: readonly BoundExpression[];
}

export class PathFinder {
  readonly scan: ScanNode;
  readonly conditions: readonly BoundExpression[];
  readonly context: AccessContext;
  readonly #estimator: Estimator;
  readonly rows: number;
  readonly #hinted: CostModel;

  constructor(scan: ScanNode, conditions: readonly BoundExpression[], context: AccessContext, hinted: CostModel) {
    this.#hinted = hinted;
    this.scan = scan;
    this.conditions = conditions;
    this.context = context;
    this.#estimator = context.cost.estimator;
    this.rows = this.#estimator.tableRows(scan.table);
  }

  /** The indexes that may answer under these conditions, with the expressions that they hold. */
  usable(conditions: readonly BoundExpression[]): readonly UsableIndex[] {
    const { indexes } = this.scan.table;
    if (indexes.every(({ keys, where }) => keys === undefined && where === undefined))
      return indexes.map((index) => ({ index, expressions: NO_EXPRESSIONS }));
    return usableIndexes(this.scan, conditions, this.context.bindTableText);
  }

  allows(index: IndexDef): boolean {
    return this.#hinted.allowsIndex(this.scan.alias, index.name);
  }

  keyRange(sargs: Sargs): Path | null {
    const found = this.rangeOver(this.scan.table.key, sargs);
    if (found === null) return null;
    const { cost } = this.context;
    const scanned = cost.sequential(found.range.entries, this.conditions.length);
    return {
      access: { kind: 'keyRange', ...found.range },
      decided: found.equal,
      cost: cost.switches.indexscan ? scanned : scanned + cost.keys(1),
    };
  }

  eachIndex(consider: (path: Path) => void): void {
    const { table } = this.scan;
    if (table.indexes.length === 0) return;
    for (const { index, expressions } of this.usable(this.conditions)) {
      if (!this.allows(index)) continue;
      const sargs = new SargFinder(this.scan, expressions).find(this.conditions);
      const found = this.rangeOver(columnsOfIndex(index), sargs);
      if (found === null) continue;
      const only = this.context.cost.switches.indexonlyscan && coversScan(this.scan, index);
      consider({
        access: { kind: 'indexRange', indexId: index.id, only, ...found.range },
        decided: found.equal,
        cost: this.context.cost.index(found.range.entries, only),
      });
    }
  }

  /** Equalities on leading columns, then bounds on the next one. */
  rangeOver(columns: readonly number[], { comparisons }: Sargs): Range | null {
    const prefix: BoundExpression[] = [];
    const equal: Sarg[] = [];
    let low: AccessBound | null = null;
    let high: AccessBound | null = null;
    const bounds: BoundExpression[] = [];
    const exact: BoundExpression[] = [];
    for (const ordinal of columns) {
      const found = comparisons.find((item) => item.ordinal === ordinal && item.op === '=');
      if (found !== undefined) {
        prefix.push(found.value);
        equal.push(found);
        continue;
      }
      for (const item of comparisons) {
        if (item.ordinal !== ordinal) continue;
        const bound = { value: item.value, inclusive: item.op === '<=' || item.op === '>=' };
        if ((item.op === '>' || item.op === '>=') && low === null) low = bound;
        else if ((item.op === '<' || item.op === '<=') && high === null) high = bound;
        else continue;
        bounds.push(item.condition);
        if (!item.lossy) exact.push(item.condition);
      }
      break;
    }
    if (prefix.length === 0 && low === null && high === null) return null;
    const prefixShare = this.#prefixShare(columns.slice(0, prefix.length), equal);
    const entries = Math.max(1, this.rows * prefixShare * this.#estimator.together([...new Set(bounds)]));
    return {
      range: { prefix, low, high, prefixShare, entries, conditions: exact },
      equal: equal.filter((item) => !item.lossy).map((item) => item.condition),
    };
  }

  #prefixShare(ordinals: readonly number[], equal: readonly Sarg[]): number {
    if (equal.length === 0) return 1;
    if (isUnique(this.scan.table, ordinals)) return 1 / this.rows;
    return equal.reduce((share, item) => share * this.#equalShare(item), 1);
  }

  #equalShare({ ordinal, condition }: Sarg): number {
    // What an expression's hidden column holds is known, the expression itself is not.
    const hidden = this.scan.table.columns.find((column) => column.id === ordinal)?.hidden === true;
    return hidden
      ? 1 / this.#estimator.distinctValues(this.scan.table, ordinal)
      : this.#estimator.selectivity(condition);
  }
}

export function columnsOfIndex(index: IndexDef): number[] {
  return index.columns.map((column) => column.column);
}

/** Whether an index's entries (its columns and the table's key) have every column that the scan reads. */
export function coversScan(scan: ScanNode, index: IndexDef): boolean {
  if (scan.version !== null) return false;
  const held = new Set([...columnsOfIndex(index), ...scan.table.key]);
  return scan.columns.every((column) => held.has(column.ordinal));
}
