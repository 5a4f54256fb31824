/** Access by several ranges: IN over an index, OR of conditions that each have a range, AND of ranges of several indexes. */
import type { BoundExpression } from '../expression.ts';
import type { AccessRange, BitmapPart } from '../scan-access.ts';
import { conjuncts } from '../walk-expression.ts';
import { rangesOf } from './cost.ts';
import { columnsOfIndex, type Path, type PathFinder, type Range } from './path-finder.ts';
import { type Sarg, SargFinder, type Sargs } from './sargs.ts';
import { isUnique } from './statistics.ts';

/** Parts of a bitmap beyond which it is not considered. */
const MAX_PARTS = 200;

/** The cheapest bitmap for a scan's conditions, or null. */
export function bitmapPath(finder: PathFinder): Path | null {
  return new BitmapFinder(finder).find();
}

class BitmapFinder {
  readonly #finder: PathFinder;

  constructor(finder: PathFinder) {
    this.#finder = finder;
  }

  /** The conjuncts that have ranges, the most selective first, while each further one saves more than it costs. */
  find(): Path | null {
    const { cost } = this.#finder.context;
    const parts = this.#finder.conditions
      .flatMap((condition) => {
        const part = this.#part([condition]);
        return part === null ? [] : [{ part, condition }];
      })
      .sort((a, b) => entriesOf(a.part) - entriesOf(b.part));
    let best: Path | null = null;
    let taken: BitmapPart[] = [];
    const conditions: BoundExpression[] = [];
    let entries = 0;
    let rows = this.#finder.rows;
    for (const { part, condition } of parts) {
      taken = [...taken, part];
      conditions.push(condition);
      entries += entriesOf(part);
      rows = Math.max(1, (rows * Math.min(entriesOf(part), this.#finder.rows)) / this.#finder.rows);
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
    const all = [...conditions, ...this.#finder.conditions];
    const { key } = this.#finder.scan.table;
    better(this.#rangePart(null, key, new SargFinder(this.#finder.scan).find(conditions)));
    for (const { index, expressions } of this.#finder.usable(all)) {
      if (!this.#finder.allows(index)) continue;
      const sargs = new SargFinder(this.#finder.scan, expressions).find(conditions);
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
    const found = this.#finder.rangeOver(columns, sargs);
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
      const found = this.#finder.rangeOver(columns, { comparisons, lists: [], arrays: [] }) as Range;
      // The condition's share is that of all items.
      const share = isUnique(this.#finder.scan.table, columns) ? 1 : 1 / items.length;
      return { ...found.range, entries: Math.max(1, found.range.entries * share) };
    });
  }
}

function entriesOf(part: BitmapPart): number {
  if (part.kind === 'range') return part.entries;
  const inner = part.parts.map((item) => entriesOf(item));
  return part.kind === 'or' ? inner.reduce((sum, item) => sum + item, 0) : Math.min(...inner);
}
