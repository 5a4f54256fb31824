/** Collector: rows of many batches kept as columns, counted against the memory budget. */
import type { Task } from '../base/task.ts';
import type { Batch, Vector } from '../base/vector.ts';
import type { PlanColumn } from '../plan/plan.ts';
import type { ExecRun, MemoryBudget, Operator } from './run.ts';
import type { Pacer } from './pacer.ts';
import { concatInSlices } from './concat-slices.ts';
import { compact, concat, vectorBytes, wholeBatch } from './vectors.ts';

/** Rows whose columns are joined at once. */
const FEW_ROWS = 16_384;

export class Collector {
  readonly #oids: readonly number[];
  readonly #memory: MemoryBudget;
  readonly #spills: boolean;
  readonly #chunks: Vector[][];
  #length = 0;
  #bytes = 0;

  /** `spills`: its owner looks at the budget and empties it in time. */
  constructor(oids: readonly number[], memory: MemoryBudget, spills = false) {
    this.#oids = oids;
    this.#spills = spills;
    this.#memory = memory;
    this.#chunks = oids.map(() => []);
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the counting rows of a batch. */
  add(batch: Batch): void {
    if (batch.count === 0) return;
    this.addColumns(
      batch.columns.map((column) => compact(column, batch)),
      batch.count,
    );
  }

  /** Adds columns of `length` rows that all count. */
  addColumns(columns: readonly Vector[], length: number): void {
    let bytes = 0;
    for (let c = 0; c < this.#chunks.length; c++) {
      const column = columns[c] as Vector;
      (this.#chunks[c] as Vector[]).push(column);
      bytes += vectorBytes(column);
    }
    this.#bytes += bytes;
    if (this.#spills) this.#memory.hold(bytes);
    else this.#memory.take(bytes);
    this.#length += length;
  }

  /** All rows so far, as one batch without a selection. */
  batch(): Batch {
    const columns = this.#chunks.map((chunks, c) => {
      const column = concat(chunks, this.#oids[c] as number);
      if (chunks.length > 1) this.#chunks[c] = [column];
      return column;
    });
    return wholeBatch(columns, this.#length);
  }

  /** The same, with pauses where there are many. */
  *whole(pacer: Pacer): Task<Batch> {
    if (this.#length <= FEW_ROWS) return this.batch();
    const columns: Vector[] = [];
    for (let c = 0; c < this.#chunks.length; c++) {
      const column = yield* concatInSlices(this.#chunks[c] as Vector[], this.#oids[c] as number, pacer);
      this.#chunks[c] = [column];
      columns.push(column);
      if (pacer.due()) yield* pacer.pause();
    }
    return wholeBatch(columns, this.#length);
  }

  /** The rows as they were added. */
  chunks(): Batch[] {
    return (this.#chunks[0] ?? []).map(({ length }, i) =>
      wholeBatch(
        this.#chunks.map((chunks) => chunks[i] as Vector),
        length,
      ),
    );
  }

  /** Gives the memory back. */
  release(): void {
    this.#memory.give(this.#bytes);
    this.#bytes = 0;
    this.#length = 0;
    for (let c = 0; c < this.#chunks.length; c++) this.#chunks[c] = [];
  }
}

export function oidsOf(columns: readonly PlanColumn[]): number[] {
  return columns.map((column) => column.type.oid);
}

/** Takes everything an operator gives into one batch; lets others run in between. */
export function* drain(source: Operator, collector: Collector, run: ExecRun): Task<Batch> {
  for (;;) {
    const batch = yield* source.next();
    if (batch === null) return yield* collector.whole(run);
    collector.add(batch);
    if (run.due()) yield* run.pause();
  }
}
