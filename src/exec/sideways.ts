/**
 * Sideways filters: what a hash join knows of its build side's keys, handed to the scan on its probe side.
 *
 *     join  o.customer = c.id        1. builds: customers of one country, ids 17, 40 … 951
 *       scan orders      ◄────────── 2. the scan skips row groups without a key from 17 to 951, then rows without one of these
 *       scan customer (country = …)
 *
 * A row without a partner would go at the join anyhow; it goes before other joins, expressions and copies in between see it.
 * The keys are numbers that stand for themselves (integers, dates, times); they become a bitmap where they lie close
 * together, else a Bloom filter. A filter that lets most rows pass is switched off after a while: then the join's own
 * look-up is cheaper; more keys than the scan has rows are not even looked at; one of many keys for the scan right below its join knows
 * the bounds alone, as the join is about to look anyway, but where the join has to hash them.
 *
 * Invariants: the scan applies a filter only to rows whose every way upwards ends at the join that made it (`sideways` of
 * the operators in between says so), and the join fills it before it asks its probe side for the first batch.
 */
import type { Batch, Vector } from '../base/vector.ts';
import type { ColumnId } from '../plan/expression.ts';
import type { FilterNode, ProjectNode, ScanNode } from '../plan/plan.ts';
import { isVolatile } from '../plan/walk-expression.ts';
import type { ZoneFilter } from '../table/table.ts';
import { withSelection } from './evaluator.ts';

/** Types whose keys are the numbers in their vectors: integers, oid, dates and times. */
const NUMBERED: ReadonlySet<number> = new Set([20, 21, 23, 26, 1082, 1083, 1114, 1184]);

/** A scan that takes a filter for one of its columns. */
export interface SidewaysScan {
  addSideways(filter: SidewaysFilter): void;
  /** Rows of its table. */
  rowCount(): number;
}

/** A filter that a scan has taken, with the place of its column. */
export interface PlacedFilter {
  readonly filter: SidewaysFilter;
  readonly column: number;
}

/** `sideways` of a scan that keeps its filters in `placed`. */
export function sidewaysScan(
  node: ScanNode,
  placed: PlacedFilter[],
  id: ColumnId,
  rowCount: () => number,
): SidewaysScan | null {
  const { columns, time, access } = node;
  const column = columns.findIndex((candidate) => candidate.id === id);
  if (column < 0 || (time.kind !== 'now' && time.kind !== 'asOf')) return null;
  if (access.kind === 'key' || access.kind === 'keys' || access.kind === 'keyArray') return null;
  return { addSideways: (filter) => void placed.push({ filter, column }), rowCount };
}

/** An operator, as far as this asks it. */
interface Source {
  sideways?(id: ColumnId): SidewaysScan | null;
}

/** `sideways` of an operator that passes rows on. */
export function sidewaysThrough(node: FilterNode | ProjectNode, source: Source, id: ColumnId): SidewaysScan | null {
  if (node.kind === 'filter') return isVolatile(node.condition) ? null : (source.sideways?.(id) ?? null);
  const { outputs, expressions } = node;
  const expression = expressions[outputs.findIndex((output) => output.id === id)];
  if (expression?.kind !== 'column' || expressions.some(isVolatile)) return null;
  return source.sideways?.(expression.id) ?? null;
}

/** What the filters say of row groups. */
export function sidewaysZones(placed: readonly PlacedFilter[], ordinals: readonly number[]): ZoneFilter[] {
  return placed.flatMap(({ filter, column: place }): ZoneFilter[] => {
    const { min, max, bounded } = filter;
    const column = ordinals[place];
    if (!bounded || !(min <= max) || column === undefined) return [];
    return [
      { column, op: '>=', value: min },
      { column, op: '<=', value: max },
    ];
  });
}

const MAX_BITMAP_BITS = 1 << 24;
const MAX_BLOOM_BITS = 1 << 25;
/** Rows after which a filter must have been of use. */
const TRIAL_ROWS = 16_384;
const MOST_PASSING = 0.75;
/** Up to so many keys a bitmap is looked into faster than the join's own table. */
const FEW_KEYS = 8192;

/** Some of the build side's keys: a column, and the rows of it that count. */
interface Piece {
  readonly keys: Vector;
  readonly rows: Batch;
}

export function isNumbered(oid: number): boolean {
  return NUMBERED.has(oid);
}

export class SidewaysFilter {
  /** Bounds of the keys, of use while `bounded`; nothing passes where the least exceeds the greatest. */
  min: number = Infinity;
  max: number = -Infinity;
  bounded = false;
  readonly #nextToJoin: boolean;
  readonly #scan: SidewaysScan;
  #bits: Uint32Array | null = null;
  #mask = 0;
  #exact = false;
  #seen = 0;
  #passed = 0;

  /** `nextToJoin`: the scan's rows come to the join as they are. */
  constructor(scan: SidewaysScan, nextToJoin: boolean) {
    this.#scan = scan;
    this.#nextToJoin = nextToJoin;
    scan.addSideways(this);
  }

  /** Lets everything pass, until it is filled again. */
  clear(): void {
    this.bounded = false;
    this.#bits = null;
    this.#seen = this.#passed = 0;
    this.min = Infinity;
    this.max = -Infinity;
  }

  /** Nothing passes: the build side is empty, or has null keys only. */
  get isEmpty(): boolean {
    return this.bounded && this.min > this.max;
  }

  /**
   * Takes the build side's keys, in pieces; null keys match nothing. More keys than the scan has rows are not looked at:
   * that would take longer than the join's own look-up of every row.
   */
  fill(pieces: readonly Piece[]): void {
    const count = pieces.reduce((sum, { rows }) => sum + rows.count, 0);
    if (count > this.#scan.rowCount() || pieces.some(({ keys }) => numbersOf(keys) === null)) return;
    for (const { keys, rows } of pieces) this.#widen(keys, rows);
    this.bounded = true;
    if (this.min > this.max) return;
    const span = this.max - this.min;
    // The join's table of keys so far apart is a hash table, many times as big as a bitmap of them.
    const isSparse = span >= 8 * count && span < 64 * count;
    if (!this.#nextToJoin || count <= FEW_KEYS || isSparse) this.#mark(pieces, count);
  }

  #widen(keys: Vector, { selection, count }: Batch): void {
    const data = numbersOf(keys) as Int32Array | Float64Array;
    const { nulls } = keys;
    let { min, max } = this;
    for (let k = 0; k < count; k++) {
      const row = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[row] === 1) continue;
      const key = data[row] as number;
      if (key < min) min = key;
      if (key > max) max = key;
    }
    this.min = min;
    this.max = max;
  }

  #mark(pieces: readonly Piece[], count: number): void {
    const { min, max } = this;
    const exact = (this.#exact = max - min < Math.min(MAX_BITMAP_BITS, Math.max(65_536, 64 * count)));
    if (!exact && count * 8 > MAX_BLOOM_BITS) return;
    let bits = 32;
    const wanted = exact ? max - min + 1 : count * 8;
    while (bits < wanted) bits *= 2;
    const mask = (this.#mask = bits - 1);
    const words = (this.#bits = new Uint32Array(bits >>> 5));
    for (const { keys, rows } of pieces) {
      const data = numbersOf(keys) as Int32Array | Float64Array;
      const { nulls } = keys;
      for (let k = 0; k < rows.count; k++) {
        const row = rows.selection === null ? k : (rows.selection[k] as number);
        if (nulls !== null && nulls[row] === 1) continue;
        const key = data[row] as number;
        const bit = exact ? key - min : hashOf(key) & mask;
        words[bit >>> 5] = (words[bit >>> 5] as number) | (1 << (bit & 31));
      }
    }
  }

  /** The rows whose key may be among the build side's. */
  select(batch: Batch, column: number): Batch {
    const words = this.#bits;
    const keys = batch.columns[column] as Vector;
    const data = words === null ? null : numbersOf(keys);
    if (words === null || data === null) return batch;
    const { selection, count } = batch;
    const { nulls } = keys;
    const { min, max } = this;
    const exact = this.#exact;
    const mask = this.#mask;
    const rows = new Int32Array(count);
    let n = 0;
    for (let k = 0; k < count; k++) {
      const row = selection === null ? k : (selection[k] as number);
      const key = data[row] as number;
      if (!(key >= min && key <= max) || (nulls !== null && nulls[row] === 1)) continue;
      const bit = exact ? key - min : hashOf(key) & mask;
      rows[n] = row;
      n += ((words[bit >>> 5] as number) >>> (bit & 31)) & 1;
    }
    this.#seen += count;
    this.#passed += n;
    if (this.#seen > TRIAL_ROWS && this.#passed > this.#seen * MOST_PASSING) this.#bits = null;
    return n === count ? batch : withSelection(batch, rows, n);
  }
}

function numbersOf(vector: Vector): Int32Array | Float64Array | null {
  if (vector.kind === 'i32') return vector.data as Int32Array;
  return vector.kind === 'f64' && vector.scale === undefined ? (vector.data as Float64Array) : null;
}

/** Both halves of an integer below 2^53, mixed. */
function hashOf(key: number): number {
  let hash = (key | 0) ^ Math.imul(Math.floor(key / 4294967296) | 0, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
