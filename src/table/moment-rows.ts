/**
 * MomentRows: which rows of a leaf were in force at the moment asked for last.
 *
 * A session reads many times at one moment, and the choice costs as much as a sum over what it chooses. So it is kept,
 * run by run, until another moment is asked for or the leaf changes.
 *
 * Invariant: rows go out to batches, so nobody changes them.
 */
import { GROUP_ROWS } from '../segment/constants.ts';
import { begunRows } from './search.ts';

interface Run {
  readonly start: number;
  readonly end: number;
  readonly rows: Int32Array;
}

export class MomentRows {
  #seq = -1;
  /** By row group. */
  #runs: (Run | undefined)[] = [];
  bytes = 0;

  /** Rows of [start, end), counted from `start`, that began at or before `seq` and are no holes. Ascending. */
  begun(from: Float64Array, holes: Uint8Array | null, start: number, end: number, seq: number): Int32Array {
    if (seq !== this.#seq) {
      this.forget();
      this.#seq = seq;
    }
    const group = Math.floor(start / GROUP_ROWS);
    const known = this.#runs[group];
    if (known !== undefined && known.start === start && known.end === end) return known.rows;
    const rows = begunRows(from, holes, start, end, seq);
    this.#runs[group] = { start, end, rows };
    this.bytes += rows.byteLength - (known?.rows.byteLength ?? 0);
    return rows;
  }

  forget(): void {
    if (this.#seq < 0) return;
    this.#seq = -1;
    this.#runs = [];
    this.bytes = 0;
  }
}
