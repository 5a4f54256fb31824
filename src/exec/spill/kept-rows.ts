/** KeptRows: rows that are read more than once, in memory while they fit, else in the statement's temporary file. */
import type { Task } from '../../base/task.ts';
import type { Batch } from '../../base/vector.ts';
import { Collector } from '../collector.ts';
import type { ExecRun } from '../run.ts';
import { SpilledRows } from './spilled-rows.ts';

export class KeptRows {
  readonly #run: ExecRun;
  readonly #oids: readonly number[];
  readonly #collector: Collector;
  #spilled: SpilledRows | null = null;

  constructor(run: ExecRun, oids: readonly number[]) {
    this.#run = run;
    this.#oids = oids;
    this.#collector = new Collector(oids, run.memory, true);
  }

  get count(): number {
    return this.#spilled?.rowCount ?? this.#collector.length;
  }

  get spilledBytes(): number {
    return this.#spilled?.writtenBytes ?? 0;
  }

  /** Adds the counting rows of a batch. */
  *add(batch: Batch): Task<void> {
    const isScarce = this.#run.memory.isScarce(this.#collector.bytes, 0);
    if (this.#spilled === null && this.#oids.length > 0 && isScarce) {
      this.#spilled = new SpilledRows(this.#run, this.#oids);
      for (const chunk of this.#collector.chunks()) this.#spilled.add(chunk);
      this.#collector.release();
    }
    if (this.#spilled === null) this.#collector.add(batch);
    else {
      this.#spilled.add(batch);
      yield* this.#spilled.settle();
    }
  }

  /** All rows: at once where they are in memory. */
  *whole(): Task<Batch | SpilledRows> {
    return this.#spilled ?? (yield* this.#collector.whole(this.#run));
  }

  clear(): void {
    this.#collector.release();
    this.#spilled?.clear();
    this.#spilled = null;
  }
}
