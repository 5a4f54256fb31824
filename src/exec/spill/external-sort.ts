/**
 * External merge sort: runs that were sorted in memory lie in the temporary file and are merged as they are read
 * (Knuth, The Art of Computer Programming 3, 5.4).
 *
 * A run's rows are its columns followed by its sort keys, evaluated once. The merge holds one block of each run, at most
 * FAN_IN of them; more runs are merged into longer ones first. A heap of runs, ordered by their next rows, gives the
 * order; rows go out when one of the blocks is used up, so that columns are gathered by the thousand. Equal rows keep the
 * order of their runs, so the sort is stable.
 */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { ExecRun } from '../run.ts';
import type { OrderOf } from '../sort-keys.ts';
import { concat, slice, take, wholeBatch } from '../vectors.ts';
import { RowOrder } from './compare-rows.ts';
import { SpilledRows } from './spilled-rows.ts';

const FAN_IN = 32;
const OUTPUT_ROWS = 4096;

export class ExternalSort {
  readonly #run: ExecRun;
  /** Of columns and keys. */
  readonly #oids: readonly number[];
  readonly #order: RowOrder;
  readonly #width: number;
  #runs: SpilledRows[] = [];
  #merge: Merge | null = null;

  constructor(run: ExecRun, columnOids: readonly number[], orders: readonly OrderOf[]) {
    this.#run = run;
    this.#oids = [...columnOids, ...orders.map(({ oid }) => oid)];
    this.#width = columnOids.length;
    this.#order = new RowOrder(orders);
  }

  /** Writes a run: the counting rows, in their order, of a batch of columns and keys. */
  *addRun(sorted: Batch): Task<void> {
    const rows = new SpilledRows(this.#run, this.#oids);
    this.#runs.push(rows);
    const { selection, count } = sorted;
    for (let at = 0; at < count; at += OUTPUT_ROWS) {
      const to = Math.min(count, at + OUTPUT_ROWS);
      rows.add(
        selection === null
          ? wholeBatch(
              sorted.columns.map((column) => slice(column, at, to)),
              to - at,
            )
          : { ...sorted, selection: selection.subarray(at, to), count: to - at },
      );
      yield* rows.settle();
    }
    yield* rows.settle(true);
  }

  /** The next rows in order, without their keys; null at the end. */
  *next(): Task<Batch | null> {
    if (this.#merge === null) {
      while (this.#runs.length > FAN_IN) yield* this.#shorten();
      this.#merge = yield* Merge.of(this.#runs, this.#order, this.#width, this.#oids);
    }
    const rows = yield* this.#merge.next();
    return rows === null ? null : wholeBatch(rows.columns.slice(0, this.#width), rows.length);
  }

  /** One pass over the runs: neighbours are merged, so that their order stays that of equal rows. */
  *#shorten(): Task<void> {
    const longer: SpilledRows[] = [];
    for (let at = 0; at < this.#runs.length; at += FAN_IN) {
      const some = this.#runs.slice(at, at + FAN_IN);
      const merge = yield* Merge.of(some, this.#order, this.#width, this.#oids);
      const into = new SpilledRows(this.#run, this.#oids);
      for (let rows = yield* merge.next(); rows !== null; rows = yield* merge.next()) {
        into.add(rows);
        yield* into.settle();
        if (this.#run.due()) yield* this.#run.pause();
      }
      yield* into.settle(true);
      for (const run of some) run.clear();
      longer.push(into);
    }
    this.#runs = longer;
  }

  close(): void {
    for (const run of this.#runs) run.clear();
    this.#runs = [];
    this.#merge = null;
  }
}

/** A run under way: its block in memory and the next row of it. */
interface Head {
  readonly rows: SpilledRows;
  readonly index: number;
  nextBlock: number;
  block: Batch;
  keys: readonly Vector[];
  at: number;
  /** The first row of the block that is not handed out yet. */
  from: number;
}

class Merge {
  readonly #order: RowOrder;
  readonly #width: number;
  readonly #oids: readonly number[];
  /** A binary heap: the run with the least next row is the first. */
  readonly #heap: Head[] = [];

  private constructor(order: RowOrder, width: number, oids: readonly number[]) {
    this.#order = order;
    this.#width = width;
    this.#oids = oids;
  }

  static *of(runs: readonly SpilledRows[], order: RowOrder, width: number, oids: readonly number[]): Task<Merge> {
    const merge = new Merge(order, width, oids);
    for (const [index, rows] of runs.entries()) {
      const head: Head = { rows, index, nextBlock: 0, block: wholeBatch([], 0), keys: [], at: 0, from: 0 };
      if (!(yield* merge.#load(head))) continue;
      merge.#heap.push(head);
      merge.#up(merge.#heap.length - 1);
    }
    return merge;
  }

  /** The next rows of columns and keys; null at the end. */
  *next(): Task<Batch | null> {
    const heap = this.#heap;
    if (heap.length === 0) return null;
    const order: Head[] = [];
    let spent: Head | null = null;
    while (order.length < OUTPUT_ROWS && spent === null) {
      const head = heap[0] as Head;
      order.push(head);
      if (++head.at === head.block.length) spent = head;
      else this.#down(0);
    }
    const rows = this.#gathered(order);
    if (spent !== null) {
      if (!(yield* this.#load(spent))) {
        const last = heap.pop() as Head;
        if (heap.length > 0) heap[0] = last;
      }
      if (heap.length > 0) this.#down(0);
    }
    return rows;
  }

  /** Rows of several blocks in the order of their heads: each head's rows lie together, then they are mixed. */
  #gathered(order: readonly Head[]): Batch {
    const starts = new Map<Head, number>();
    const parts: { readonly head: Head; readonly from: number; readonly to: number }[] = [];
    let start = 0;
    for (const head of new Set(order)) {
      starts.set(head, start);
      parts.push({ head, from: head.from, to: head.at });
      start += head.at - head.from;
      head.from = head.at;
    }
    const rows = new Int32Array(order.length);
    for (let i = 0; i < rows.length; i++) {
      const head = order[i] as Head;
      const at = starts.get(head) as number;
      rows[i] = at;
      starts.set(head, at + 1);
    }
    const columns = this.#oids.map((oid, c) => {
      const all = concat(
        parts.map(({ head, from, to }) => slice(head.block.columns[c] as Vector, from, to)),
        oid,
      );
      return parts.length === 1 ? all : take(all, rows, rows.length);
    });
    return wholeBatch(columns, rows.length);
  }

  /** Reads a run's next block; false at its end. */
  *#load(head: Head): Task<boolean> {
    const extent = head.rows.blocks[head.nextBlock++];
    if (extent === undefined) return false;
    head.block = yield* head.rows.block(extent);
    head.keys = head.block.columns.slice(this.#width);
    head.at = 0;
    head.from = 0;
    return true;
  }

  #isBefore(a: Head, b: Head): boolean {
    const order = this.#order.compare(a.keys, a.at, b.keys, b.at);
    return order === 0 ? a.index < b.index : order < 0;
  }

  #up(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      const [low, high] = [heap[at] as Head, heap[parent] as Head];
      if (!this.#isBefore(low, high)) return;
      heap[at] = high;
      heap[parent] = low;
      at = parent;
    }
  }

  #down(from: number): void {
    const heap = this.#heap;
    const moving = heap[from] as Head;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1] as Head, heap[child] as Head)) child++;
      if (!this.#isBefore(heap[child] as Head, moving)) break;
      heap[at] = heap[child] as Head;
      at = child;
    }
    heap[at] = moving;
  }
}
