/**
 * Access paths: how a scan gets at its rows, chosen from its filter by cost.
 *
 *     key            equal conditions on the whole primary key: one row
 *     keys           key IN (…)
 *     key range      equal conditions on a prefix of the key, and a range on the next column
 *     index range    the same over an index; over its entries alone if they have all columns that are read
 *     bitmap         IN (…) over an index, OR of conditions that each have a range, AND of ranges of several indexes
 *     full           all rows; zone maps skip row groups by minimum and maximum
 *
 * The filter keeps every condition except the equalities that a point access or a range's prefix has decided exactly.
 * Which conditions are usable: sargs.ts; which indexes: index-keys.ts; what each way costs: cost.ts.
 */
import type { IndexDef, TableDef } from '../../catalog/schema.ts';
import type { BoundExpression } from '../expression.ts';
import type { ScanNode } from '../plan.ts';
import type { AccessBound, AccessRange, BitmapPart, ScanAccess } from '../scan-access.ts';
import { conjunction, conjuncts } from '../walk-expression.ts';
import { type CostModel, rangesOf } from './cost.ts';
import { type BindTableText, usableIndexes } from './index-keys.ts';
import { type Sarg, SargFinder, type Sargs, zonesOf } from './sargs.ts';
import { isUnique, type Estimator } from './statistics.ts';

const MAX_KEYS = 1000;
/** Parts of a bitmap beyond which it is not considered. */
const MAX_PARTS = 200;

export interface AccessContext {
  readonly cost: CostModel;
  /** For indexes on expressions and partial ones; without it they are not used. */
  readonly bindTableText?: BindTableText | undefined;
}

/** A way to the rows, with the conditions that need no checking any more and what it costs. */
interface Path {
  readonly access: ScanAccess;
  readonly decided: readonly BoundExpression[];
  readonly cost: number;
}

export function chooseAccess(scan: ScanNode, context: AccessContext): ScanNode {
  if (scan.filter === null) return scan;
  const cost = context.cost.forScan(scan.alias);
  cost.estimator.note(scan);
  const conditions = conjuncts(scan.filter);
  const plain = new SargFinder(scan).find(conditions);
  const versions = scan.time.kind === 'versions' || scan.time.kind === 'contained';
  const zones = zonesOf(scan, conditions, plain.comparisons);
  const point = versions ? null : keyPath(scan.table, plain.comparisons);
  if (point !== null && cost.switches.indexscan) return withPath(scan, conditions, { ...point, cost: 0 });
  let best: Path = { access: { kind: 'full' }, decided: [], cost: fullCost(scan, conditions, cost) };
  const consider = (path: Path | null): void => {
    if (path !== null && path.cost < best.cost) best = path;
  };
  if (point !== null) consider({ ...point, cost: cost.keys(1) });
  const finder = new PathFinder(scan, conditions, { ...context, cost }, context.cost);
  consider(keysPath(scan, plain, cost));
  consider(finder.keyRange(plain));
  if (!versions) {
    finder.eachIndex(consider);
    consider(finder.bitmap());
  }
  const access = withPath(scan, conditions, best);
  return best.access.kind === 'full' || best.access.kind === 'keyRange' ? { ...access, zones } : access;
}

function withPath(scan: ScanNode, conditions: readonly BoundExpression[], path: Path): ScanNode {
  const decided = new Set(path.decided);
  const filter = conjunction(conditions.filter((condition) => !decided.has(condition)));
  return { ...scan, access: path.access, filter, zones: [] };
}

function fullCost(scan: ScanNode, conditions: readonly BoundExpression[], cost: CostModel): number {
  return cost.full(cost.estimator.tableRows(scan.table), conditions.length);
}

function keyPath(table: TableDef, sargs: readonly Sarg[]): Omit<Path, 'cost'> | null {
  const found: Sarg[] = [];
  for (const ordinal of table.key) {
    const equal = sargs.find((item) => item.ordinal === ordinal && item.op === '=');
    if (equal === undefined) return null;
    found.push(equal);
  }
  return {
    access: { kind: 'key', values: found.map((item) => item.value) },
    decided: found.map((item) => item.condition),
  };
}

function keysPath(scan: ScanNode, sargs: Sargs, cost: CostModel): Path | null {
  const [ordinal] = scan.table.key;
  if (ordinal === undefined || scan.table.key.length !== 1) return null;
  for (const list of sargs.lists) {
    if (list.ordinal !== ordinal || list.items.length > MAX_KEYS) continue;
    return { access: { kind: 'keys', values: list.items }, decided: [], cost: cost.keys(list.items.length) };
  }
  return null;
}

/** A range with the conditions that its prefix decides. */
interface Range {
  readonly range: AccessRange;
  readonly equal: readonly BoundExpression[];
}

class PathFinder {
  readonly #scan: ScanNode;
  readonly #conditions: readonly BoundExpression[];
  readonly #context: AccessContext;
  readonly #estimator: Estimator;
  readonly #rows: number;
  readonly #hinted: CostModel;

  constructor(scan: ScanNode, conditions: readonly BoundExpression[], context: AccessContext, hinted: CostModel) {
    this.#hinted = hinted;
    this.#scan = scan;
    this.#conditions = conditions;
    this.#context = context;
    this.#estimator = context.cost.estimator;
    this.#rows = this.#estimator.tableRows(scan.table);
  }

  #allows(index: IndexDef): boolean {
    return this.#hinted.allowsIndex(this.#scan.alias, index.name);
  }

  keyRange(sargs: Sargs): Path | null {
    const found = this.#rangeOver(this.#scan.table.key, sargs);
    if (found === null) return null;
    const { cost } = this.#context;
    const scanned = cost.sequential(found.range.entries, this.#conditions.length);
    return {
      access: { kind: 'keyRange', ...found.range },
      decided: found.equal,
      cost: cost.switches.indexscan ? scanned : scanned + cost.keys(1),
    };
  }

  eachIndex(consider: (path: Path) => void): void {
    const { table } = this.#scan;
    if (table.indexes.length === 0) return;
    for (const { index, expressions } of usableIndexes(this.#scan, this.#conditions, this.#context.bindTableText)) {
      if (!this.#allows(index)) continue;
      const sargs = new SargFinder(this.#scan, expressions).find(this.#conditions);
      const found = this.#rangeOver(columnsOfIndex(index), sargs);
      if (found === null) continue;
      const only = this.#context.cost.switches.indexonlyscan && coversScan(this.#scan, index);
      consider({
        access: { kind: 'indexRange', indexId: index.id, only, ...found.range },
        decided: found.equal,
        cost: this.#context.cost.index(found.range.entries, only),
      });
    }
  }

  /** Equalities on leading columns, then bounds on the next one. */
  #rangeOver(columns: readonly number[], { comparisons }: Sargs): Range | null {
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
    const entries = Math.max(1, this.#rows * prefixShare * this.#estimator.together([...new Set(bounds)]));
    return {
      range: { prefix, low, high, prefixShare, entries, conditions: exact },
      equal: equal.filter((item) => !item.lossy).map((item) => item.condition),
    };
  }

  #prefixShare(ordinals: readonly number[], equal: readonly Sarg[]): number {
    if (equal.length === 0) return 1;
    if (isUnique(this.#scan.table, ordinals)) return 1 / this.#rows;
    return equal.reduce((share, item) => share * this.#equalShare(item), 1);
  }

  #equalShare({ ordinal, condition }: Sarg): number {
    // What an expression's hidden column holds is known, the expression itself is not.
    const hidden = this.#scan.table.columns.find((column) => column.id === ordinal)?.hidden === true;
    return hidden
      ? 1 / this.#estimator.distinctValues(this.#scan.table, ordinal)
      : this.#estimator.selectivity(condition);
  }

  // ---- several ranges --------------------------------------------------------------------------------------------

  /** The conjuncts that have ranges, the most selective first, while each further one saves more than it costs. */
  bitmap(): Path | null {
    if (this.#scan.table.indexes.length === 0 && this.#conditions.every(({ kind }) => kind === 'call')) return null;
    const { cost } = this.#context;
    const parts = this.#conditions
      .flatMap((condition) => {
        const part = this.#part([condition]);
        return part === null ? [] : [{ part, condition }];
      })
      .sort((a, b) => entriesOf(a.part) - entriesOf(b.part));
    let best: Path | null = null;
    let taken: BitmapPart[] = [];
    const conditions: BoundExpression[] = [];
    let entries = 0;
    let rows = this.#rows;
    for (const { part, condition } of parts) {
      taken = [...taken, part];
      conditions.push(condition);
      entries += entriesOf(part);
      rows = Math.max(1, (rows * Math.min(entriesOf(part), this.#rows)) / this.#rows);
      const price = cost.bitmap(rangesOf({ kind: 'and', parts: taken }), entries, rows);
      if (best !== null && best.cost <= price) break;
      const [only] = taken;
      const whole: BitmapPart = taken.length === 1 && only !== undefined ? only : { kind: 'and', parts: taken };
      best = {
        access: { kind: 'bitmap', part: whole, entries: rows, conditions: [...conditions] },
        decided: [],
        cost: price,
      };
    }
    return best;
  }

  /** Ranges that hold every row for which all of the conditions are true, or null. */
  #part(conditions: readonly BoundExpression[]): BitmapPart | null {
    let best: BitmapPart | null = null;
    const better = (part: BitmapPart | null): void => {
      if (part !== null && (best === null || entriesOf(part) < entriesOf(best))) best = part;
    };
    for (const condition of conditions) if (condition.kind === 'or') better(this.#union(condition.args));
    const all = [...conditions, ...this.#conditions];
    const { key } = this.#scan.table;
    better(this.#rangePart(null, key, new SargFinder(this.#scan).find(conditions)));
    for (const { index, expressions } of usableIndexes(this.#scan, all, this.#context.bindTableText)) {
      if (!this.#allows(index)) continue;
      const sargs = new SargFinder(this.#scan, expressions).find(conditions);
      better(this.#rangePart(index.id, columnsOfIndex(index), sargs));
    }
    return best;
  }

  #union(args: readonly BoundExpression[]): BitmapPart | null {
    const parts: BitmapPart[] = [];
    for (const arg of args) {
      const part = this.#part(conjuncts(arg));
      if (part === null) return null;
      parts.push(part);
    }
    const part: BitmapPart = { kind: 'or', parts };
    return rangesOf(part) > MAX_PARTS ? null : part;
  }

  #rangePart(indexId: number | null, columns: readonly number[], sargs: Sargs): BitmapPart | null {
    const found = this.#rangeOver(columns, sargs);
    const list = this.#listRanges(columns, sargs, found?.range.prefix.length ?? 0);
    const range: BitmapPart | null = found === null ? null : { kind: 'range', indexId, ...found.range };
    if (list === null) return range;
    const ranges: BitmapPart = { kind: 'or', parts: list.map((item) => ({ kind: 'range', indexId, ...item })) };
    return range === null || entriesOf(ranges) < entriesOf(range) ? ranges : range;
  }

  /** A range for each item of an IN list on the column after the prefix. */
  #listRanges(columns: readonly number[], sargs: Sargs, prefixLength: number): AccessRange[] | null {
    const list = sargs.lists.find((item) => item.ordinal === columns[prefixLength]);
    if (list === undefined || list.items.length > MAX_PARTS) return null;
    const { condition, ordinal, items } = list;
    return items.map((value) => {
      const item: Sarg = { ordinal, op: '=', value, condition, lossy: false };
      const comparisons = [...sargs.comparisons.filter((other) => other.ordinal !== ordinal), item];
      const found = this.#rangeOver(columns, { comparisons, lists: [] }) as Range;
      // The condition's share is that of all items.
      const share = isUnique(this.#scan.table, columns) ? 1 : 1 / items.length;
      return { ...found.range, entries: Math.max(1, found.range.entries * share) };
    });
  }
}

function columnsOfIndex(index: IndexDef): number[] {
  return index.columns.map((column) => column.column);
}

/** Whether an index's entries (its columns and the table's key) have every column that the scan reads. */
export function coversScan(scan: ScanNode, index: IndexDef): boolean {
  if (scan.version !== null) return false;
  const held = new Set([...columnsOfIndex(index), ...scan.table.key]);
  return scan.columns.every((column) => held.has(column.ordinal));
}

function entriesOf(part: BitmapPart): number {
  if (part.kind === 'range') return part.entries;
  const inner = part.parts.map((item) => entriesOf(item));
  return part.kind === 'or' ? inner.reduce((sum, item) => sum + item, 0) : Math.min(...inner);
}
