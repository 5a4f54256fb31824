/** Collector: rows of many batches kept as columns, counted against the memory budget. */
import type { Task } from '../base/task.ts';
import type { Batch, Vector } from '../base/vector.ts';
import type { PlanColumn } from '../plan/plan.ts';
import type { ExecRun, MemoryBudget, Operator } from './run.ts';
import { compact, concat, vectorBytes, wholeBatch } from './vectors.ts';

export class Collector {
  readonly #oids: readonly number[];
  readonly #memory: MemoryBudget;
  readonly #chunks: Vector[][];
  #length = 0;
  #bytes = 0;

  constructor(oids: readonly number[], memory: MemoryBudget) {
    this.#oids = oids;
    this.#memory = memory;
    this.#chunks = oids.map(() => []);
  }

  get length(): number {
    return this.#length;
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
    this.#memory.take(bytes);
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
    if (batch === null) return collector.batch();
    collector.add(batch);
    if (run.due()) yield* run.pause();
  }
}
