/**
 * WorkLog: what was done in the background lately, for `drift.maintenance`. The last ones are kept in memory only: they say how
 * a database behaves, not what is in it.
 */

export type WorkKind = 'checkpoint' | 'repack' | 'retention' | 'erasure' | 'time split' | 'key split';

export interface Work {
  readonly kind: WorkKind;
  /** Object id of the table or index; null for work on all. */
  readonly treeId: number | null;
  /** What made it due. */
  readonly reason: string;
  /** µs since 1970. */
  readonly startedAt: number;
  durationMs: number;
  /** Turns of the thread that it took, and the longest. */
  slices: number;
  longestMs: number;
  /** Turns of more than LONG_SLICE_MS. */
  longSlices: number;
  readBytes: number;
  writtenBytes: number;
  state: 'running' | 'done' | 'not needed' | 'failed';
}

/** No slice should take longer. */
export const LONG_SLICE_MS = 8;
const KEPT = 1000;

export class WorkLog {
  readonly #entries: Work[] = [];

  begin(work: Pick<Work, 'kind' | 'treeId' | 'reason' | 'startedAt'>): Work {
    const entry: Work = {
      ...work,
      durationMs: 0,
      slices: 0,
      longestMs: 0,
      longSlices: 0,
      readBytes: 0,
      writtenBytes: 0,
      state: 'running',
    };
    if (this.#entries.length >= KEPT) this.#entries.shift();
    this.#entries.push(entry);
    return entry;
  }

  /** Oldest first. */
  entries(): readonly Work[] {
    return this.#entries;
  }
}
