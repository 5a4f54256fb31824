/**
 * FrozenWrites: a transaction's writes to a table as they were when a statement began.
 *
 * A statement with several data changes (WITH … INSERT/UPDATE/DELETE) runs all of its parts on one state: none sees what
 * another has written. What the statement appends lies behind the cut; an entry of before that has been overtaken since
 * counts with the op that it had.
 */
import type { Vector } from '../base/vector.ts';
import { type Key, OP_INSERT, OP_UPDATE } from '../table/table.ts';
import type { OwnWrites, TableWrites } from './table-writes.ts';

export class FrozenWrites implements OwnWrites {
  readonly count: number;
  readonly liveCount: number;
  readonly #writes: TableWrites;
  readonly #ops: Uint8Array;
  readonly #rows: readonly Vector[];
  readonly #rollbacks: number;

  constructor(writes: TableWrites) {
    this.#writes = writes;
    this.count = writes.count;
    this.liveCount = writes.liveCount;
    this.#ops = new Uint8Array(writes.count);
    for (let entry = 0; entry < writes.count; entry++) this.#ops[entry] = writes.opAt(entry);
    this.#rows = writes.rows();
    this.#rollbacks = writes.rollbacks;
  }

  get rollbacks(): number {
    return this.#rollbacks;
  }

  latestEntry(key: Key): number {
    let entry = this.#writes.latestEntry(key);
    while (entry >= this.count) entry = this.#writes.priorOf(entry);
    return entry;
  }

  keyAt(entry: number): Key {
    return this.#writes.keyAt(entry);
  }

  isLive(entry: number): boolean {
    const op = this.#ops[entry];
    return op === OP_INSERT || op === OP_UPDATE;
  }

  rows(): readonly Vector[] {
    return this.#rows;
  }
}
