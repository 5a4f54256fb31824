/**
 * Partitions: rows spread by the hash of their keys, so that equal keys lie together and each part can be worked on by
 * itself, in memory; one that is still too big is spread again at the next level.
 */
import type { Task } from '../../base/task.ts';
import type { Batch } from '../../base/vector.ts';
import { withSelection } from '../evaluator.ts';
import type { ExecRun } from '../run.ts';
import { partitionOf } from './hash-rows.ts';
import { SpilledRows } from './spilled-rows.ts';

/** A power of two; so many blocks are in memory while rows are spread. */
const PARTITIONS = 16;
/** A part of a part of a part that is still too big has equal keys: spreading it again would not end. */
export const MAX_LEVEL = 3;

export class Partitions {
  readonly parts: readonly SpilledRows[];
  readonly level: number;

  constructor(run: ExecRun, oids: readonly number[], level: number) {
    this.parts = Array.from({ length: PARTITIONS }, () => new SpilledRows(run, oids));
    this.level = level;
  }

  /** Adds a batch's counting rows, each with its hash by position. */
  add(batch: Batch, hashes: Int32Array): void {
    const counts = new Int32Array(PARTITIONS);
    const numbers = new Uint8Array(batch.count);
    for (let k = 0; k < batch.count; k++) {
      const part = partitionOf(hashes[k] as number, PARTITIONS);
      numbers[k] = part;
      counts[part] = (counts[part] as number) + 1;
    }
    const rows = Array.from(counts, (count) => new Int32Array(count));
    counts.fill(0);
    for (let k = 0; k < batch.count; k++) {
      const part = numbers[k] as number;
      const at = counts[part] as number;
      counts[part] = at + 1;
      (rows[part] as Int32Array)[at] = batch.selection === null ? k : (batch.selection[k] as number);
    }
    for (const [part, selected] of rows.entries())
      if (selected.length > 0) (this.parts[part] as SpilledRows).add(withSelection(batch, selected, selected.length));
  }

  /** Writes blocks that are full; all rows with `all`. */
  *settle(all = false): Task<void> {
    for (const part of this.parts) yield* part.settle(all);
  }

  get writtenBytes(): number {
    return this.parts.reduce((sum, part) => sum + part.writtenBytes, 0);
  }

  clear(): void {
    for (const part of this.parts) part.clear();
  }
}
