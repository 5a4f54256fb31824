/**
 * SeenRows: the distinct rows that a recursion has found beyond those that its memory holds, in partitions on disk.
 *
 * The rows of a round that are not known in memory are spread by their hash. When the round is over each partition is read
 * once, into a table of its own, and the round's rows of it are held against that: what is new is the next round's work,
 * and seen from then on. So a round costs a reading of all that was seen; a partition must fit.
 */
import type { Task } from '../../base/task.ts';
import type { Batch } from '../../base/vector.ts';
import { DistinctRows } from '../operators/distinct.ts';
import type { ExecRun } from '../run.ts';
import { hashRows } from './hash-rows.ts';
import { Partitions } from './partitions.ts';
import type { SpilledRows } from './spilled-rows.ts';

export class SeenRows {
  readonly #run: ExecRun;
  readonly #oids: readonly number[];
  readonly #seen: Partitions;
  #round: Partitions;

  constructor(run: ExecRun, oids: readonly number[]) {
    this.#run = run;
    this.#oids = oids;
    this.#seen = new Partitions(run, oids, 0);
    this.#round = new Partitions(run, oids, 0);
  }

  get writtenBytes(): number {
    return this.#seen.writtenBytes;
  }

  /** Adds rows of a round, whether seen before or not. */
  *add(batch: Batch): Task<void> {
    if (batch.count === 0) return;
    this.#round.add(batch, hashRows(batch.columns, this.#oids, batch, 0));
    yield* this.#round.settle();
  }

  /** Ends the round: gives `take` those of its rows that are new. */
  *endRound(take: (rows: Batch) => Task<void>): Task<void> {
    for (const [i, found] of this.#round.parts.entries()) {
      if (found.rowCount === 0) continue;
      const seen = this.#seen.parts[i] as SpilledRows;
      const rows = new DistinctRows(this.#oids, this.#run);
      try {
        yield* this.#read(seen, false, function* (batch) {
          yield* rows.pass(batch);
        });
        yield* this.#read(found, true, function* (batch) {
          const fresh = yield* rows.pass(batch);
          if (fresh.count === 0) return;
          seen.add(fresh);
          yield* seen.settle();
          yield* take(fresh);
        });
      } finally {
        rows.reset();
      }
    }
    this.#round = new Partitions(this.#run, this.#oids, 0);
  }

  *#read(rows: SpilledRows, frees: boolean, take: (batch: Batch) => Task<void>): Task<void> {
    const reader = rows.reader(frees);
    reader.open();
    for (let batch = yield* reader.next(); batch !== null; batch = yield* reader.next()) {
      yield* take(batch);
      if (this.#run.due()) yield* this.#run.pause();
    }
    reader.close();
  }

  clear(): void {
    this.#seen.clear();
    this.#round.clear();
  }
}
