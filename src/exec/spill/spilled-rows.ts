/**
 * SpilledRows: rows that lie in the statement's temporary file, in the order in which they were added; the last ones in
 * memory until they make a block.
 *
 * Adding is immediate, writing is a task of its own (`settle`), since a medium may have to be waited for; who adds
 * calls it often enough. They may be read any number of times, each reader at its own pace.
 */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { ExecRun, Operator } from '../run.ts';
import { concatInSlices } from '../concat-slices.ts';
import { compact, vectorBytes, wholeBatch } from '../vectors.ts';
import { decodeBatch, encodeBatch } from './batch-codec.ts';
import { type Extent, temporaryOf } from './temp-space.ts';

/** Bytes of a block in memory: few blocks of many partitions or runs are in memory at a time. One is a batch for who reads it. */
const MOST_BLOCK_BYTES = 1 << 18;
const LEAST_BLOCK_BYTES = 1 << 12;
/** So many of them fit into a quarter of the limit. */
const BLOCKS = 64;

export function blockBytesFor(limitBytes: number): number {
  return Math.max(LEAST_BLOCK_BYTES, Math.min(MOST_BLOCK_BYTES, Math.floor(limitBytes / 4 / BLOCKS)));
}

export class SpilledRows {
  readonly #run: ExecRun;
  readonly #oids: readonly number[];
  readonly #blockBytes: number;
  #extents: Extent[] = [];
  #pending: Batch[] = [];
  #pendingBytes = 0;
  rowCount = 0;
  writtenBytes = 0;

  constructor(run: ExecRun, oids: readonly number[]) {
    this.#run = run;
    this.#oids = oids;
    this.#blockBytes = blockBytesFor(run.memory.limitBytes);
  }

  /** Adds the counting rows of a batch, which has the columns in their order. */
  add(batch: Batch): void {
    if (batch.count === 0) return;
    const columns = batch.columns.map((column) => compact(column, batch));
    for (const column of columns) this.#pendingBytes += vectorBytes(column);
    this.#pending.push(wholeBatch(columns, batch.count));
    this.rowCount += batch.count;
  }

  /** Writes what makes a block; all that is there with `all`. */
  *settle(all = false): Task<void> {
    if (this.#pending.length === 0 || (!all && this.#pendingBytes < this.#blockBytes)) return;
    const rows = yield* joined(this.#pending, this.#oids, this.#run);
    const pieces = Math.max(1, Math.ceil(this.#pendingBytes / this.#blockBytes));
    const step = Math.max(1, Math.ceil(rows.length / pieces));
    this.#pending = [];
    this.#pendingBytes = 0;
    for (let at = 0; at < rows.length; at += step) {
      const count = Math.min(step, rows.length - at);
      const selection = Int32Array.from({ length: count }, (_, i) => at + i);
      const block = { columns: rows.columns, length: rows.length, selection, count };
      const extent = yield* temporaryOf(this.#run).write(encodeBatch(block, this.#oids));
      this.#extents.push(extent);
      this.writtenBytes += extent.length;
      if (this.#run.due()) yield* this.#run.pause();
    }
  }

  /** The rows as an operator's; with `frees` their place is given back behind the reader, and they are gone. */
  reader(frees = false): Operator {
    return new SpilledReader(this, frees);
  }

  get blocks(): readonly Extent[] {
    return this.#extents;
  }

  get pending(): readonly Batch[] {
    return this.#pending;
  }

  *block(extent: Extent): Task<Batch> {
    return decodeBatch(yield* temporaryOf(this.#run).read(extent), this.#oids);
  }

  /** Gives their place back. */
  clear(): void {
    if (this.#extents.length > 0) temporaryOf(this.#run).free(this.#extents);
    this.#extents = [];
    this.#pending = [];
    this.#pendingBytes = 0;
    this.rowCount = 0;
  }
}

function* joined(batches: readonly Batch[], oids: readonly number[], run: ExecRun): Task<Batch> {
  const [only] = batches;
  if (batches.length === 1 && only !== undefined) return only;
  const columns: Vector[] = [];
  for (const [c, oid] of oids.entries()) {
    const chunks = batches.map((batch) => batch.columns[c] as Vector);
    columns.push(yield* concatInSlices(chunks, oid, run));
    if (run.due()) yield* run.pause();
  }
  return wholeBatch(
    columns,
    batches.reduce((sum, batch) => sum + batch.count, 0),
  );
}

class SpilledReader implements Operator {
  readonly #rows: SpilledRows;
  readonly #frees: boolean;
  #at = 0;
  /** Joins close what they have not begun to read. */
  #isOpen = false;

  constructor(rows: SpilledRows, frees: boolean) {
    this.#rows = rows;
    this.#frees = frees;
  }

  open(): void {
    this.#at = 0;
    this.#isOpen = true;
  }

  *next(): Task<Batch | null> {
    const { blocks, pending } = this.#rows;
    const at = this.#at++;
    const extent = blocks[at];
    if (extent !== undefined) return yield* this.#rows.block(extent);
    return pending[at - blocks.length] ?? null;
  }

  close(): void {
    if (this.#frees && this.#isOpen) this.#rows.clear();
    this.#isOpen = false;
  }
}
