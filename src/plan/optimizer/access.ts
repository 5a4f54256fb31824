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
import type { TableDef } from '../../catalog/schema.ts';
import type { BoundExpression } from '../expression.ts';
import type { ScanNode } from '../plan.ts';
import { conjunction, conjuncts } from '../walk-expression.ts';
import { bitmapPath } from './bitmap-path.ts';
import type { CostModel } from './cost.ts';
import { type AccessContext, type Path, PathFinder } from './path-finder.ts';
import { DISABLED_COST } from './switches.ts';
import { type Sarg, SargFinder, type Sargs, zonesOf } from './sargs.ts';
import { versionRange } from './version-range.ts';

const MAX_KEYS = 1000;
/** A guess, as PostgreSQL's: how many elements an array has that is not known yet. */
const ARRAY_KEYS = 10;

export function chooseAccess(scan: ScanNode, context: AccessContext): ScanNode {
  if (scan.filter === null) return scan;
  const conditions = conjuncts(scan.filter);
  const plain = new SargFinder(scan).find(conditions);
  const versions = scan.time.kind === 'versions' || scan.time.kind === 'contained';
  const point = versions ? null : keyPath(scan.table, plain.comparisons);
  // Nothing is better than one row by its key, whatever the table looks like.
  if (point !== null && context.switches.indexscan && context.hints === undefined)
    return withPath(scan, conditions, { ...point, cost: 0 });
  const cost = context.cost.forScan(scan.alias);
  cost.estimator.note(scan);
  const zones = zonesOf(scan, conditions, plain.comparisons);
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
    if (best.cost >= DISABLED_COST || mayHaveBitmap(scan, conditions)) consider(bitmapPath(finder));
  }
  const access = withPath(scan, conditions, best);
  const within = versions ? versionRange(scan, conditions) : null;
  const zoned = best.access.kind === 'full' || best.access.kind === 'keyRange' ? { ...access, zones } : access;
  return within === null ? zoned : { ...zoned, versionRange: within };
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
  for (const { ordinal: column, array, condition } of sargs.arrays)
    if (column === ordinal)
      return {
        access: { kind: 'keyArray', array, entries: ARRAY_KEYS, conditions: [condition] },
        decided: [],
        cost: cost.keys(ARRAY_KEYS),
      };
  return null;
}

/** Whether several ranges may be had: of a list or an OR, or of two indexes. */
function mayHaveBitmap({ table }: ScanNode, conditions: readonly BoundExpression[]): boolean {
  if (conditions.some(({ kind }) => kind === 'or' || kind === 'inList' || kind === 'quantified')) return true;
  return table.indexes.length > 1 && conditions.length > 1;
}
