/**
 * Shares: the units of one table, taken by the engine's thread and by helpers until there are none left.
 *
 *     0  1  2  3  4  5 │ 6  7 │ 8  9 10 11
 *     helpers ────────►         ◄──────── engine        they meet where their speeds make them
 *
 * Helpers take from the front, always about the same units, which they have kept from the statement before; the engine
 * from the back, after the units that only it can read. A helper that fails gives back all units that it ever took of the
 * share, for nothing that it did counts then.
 */
import type { Task } from '../../base/task.ts';
import type { Batch } from '../../base/vector.ts';
import type { BatchSource, ScanOptions, VersionedTable } from '../../table/table.ts';
import { isCurrent, type Unit } from '../../table/units.ts';
import type { TableReader } from '../../txn/api.ts';

/** A helper has two messages of work at a time: each is this part of its share. */
const OF_WHAT_IS_LEFT = 3;

export interface Taking {
  readonly sharers: number;
  readonly mostBytes: number;
  /** Whether the helper needs the unit's bytes. */
  readonly lacks: (unit: Unit) => boolean;
}

export class Share {
  readonly #table: VersionedTable;
  /** Units for anybody, in ascending order. */
  readonly #units: readonly Unit[];
  #front = 0;
  #back: number;
  /** Units that the engine has to do. */
  readonly #own: Unit[];
  #hasTaken = false;
  /** The unit that the engine's scan is in. */
  current = -1;

  constructor(table: VersionedTable, units: readonly Unit[]) {
    this.#table = table;
    this.#own = units.filter(({ ref }) => ref === null);
    this.#units = units.filter(({ ref }) => ref !== null);
    this.#back = this.#units.length;
  }

  get isEmpty(): boolean {
    return this.#front === this.#back;
  }

  /**
   * Whether the engine's scan, which has come to its end, must go on: units have come back. A scan that has taken none will
   * not take any: no row can pass, and the rest of the share is nobody's.
   */
  goesOn(): boolean {
    const isLeft = this.#own.length > 0 || !this.isEmpty;
    if (isLeft && this.#hasTaken) {
      this.#hasTaken = false;
      return true;
    }
    this.#own.length = 0;
    this.#front = this.#back;
    return false;
  }

  takeOwn(): Unit | null {
    this.#hasTaken = true;
    const unit = this.#own.pop() ?? (this.isEmpty ? undefined : this.#units[--this.#back]);
    this.current = unit?.number ?? -1;
    return unit ?? null;
  }

  /**
   * Units for a helper, one of `sharers`: at most so many bytes that it has not got, and a share of what is left, so that
   * messages are few and at the end nobody is waited for long.
   */
  take({ sharers, mostBytes, lacks }: Taking): Unit[] {
    const taken: Unit[] = [];
    const most = Math.max(1, Math.floor((this.#back - this.#front) / (OF_WHAT_IS_LEFT * sharers)));
    let sum = 0;
    while (sum < mostBytes && taken.length < most && !this.isEmpty) {
      const unit = this.#units[this.#front++] as Unit;
      // Changed or moved since the table was cut.
      if (!isCurrent(this.#table, unit)) {
        this.#own.push(unit);
        continue;
      }
      taken.push(unit);
      if (lacks(unit)) sum += unit.ref?.length ?? 0;
    }
    return taken;
  }

  giveBack(units: Iterable<Unit>): void {
    this.#own.push(...units);
  }
}

/** The table for the engine's own scan: what it takes of the share, unit by unit. */
export function sharedReader(reader: TableReader, share: Share): TableReader {
  return {
    table: reader.table,
    rowCount: reader.rowCount,
    find: (key, withEnd) => reader.find(key, withEnd),
    findByIndex: (...given) => reader.findByIndex(...given),
    load: (key, withEnd) => reader.load(key, withEnd),
    scan: (options) => new SharedScan(reader, share, options),
    scanIndex: (indexId, options) => reader.scanIndex(indexId, options),
    scanVersions: (options) => reader.scanVersions(options),
  };
}

class SharedScan implements BatchSource {
  readonly #reader: TableReader;
  readonly #share: Share;
  readonly #options: Omit<ScanOptions, 'seq'>;
  #inner: BatchSource | null = null;

  constructor(reader: TableReader, share: Share, options: Omit<ScanOptions, 'seq'>) {
    this.#reader = reader;
    this.#share = share;
    this.#options = options;
  }

  *next(): Task<Batch | null> {
    for (;;) {
      if (this.#inner === null) {
        const unit = this.#share.takeOwn();
        if (unit === null) return null;
        this.#inner = this.#reader.scan({ ...this.#options, range: unit.range, isPart: true });
      }
      const batch = yield* this.#inner.next();
      if (batch !== null) return batch;
      this.close();
    }
  }

  close(): void {
    this.#inner?.close();
    this.#inner = null;
  }
}
