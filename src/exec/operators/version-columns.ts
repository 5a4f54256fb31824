/** What scans over versions need beside others: their pseudo-columns, and several ranges one after another. */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { BatchSource } from '../../table/table.ts';

/** A current version has no end, and one that is not committed yet has no beginning: both are null. */
export function finiteOrNull(data: Float64Array, length: number): Vector {
  let nulls: Uint8Array | null = null;
  for (let i = 0; i < length; i++) {
    if (Number.isFinite(data[i])) continue;
    nulls ??= new Uint8Array(length);
    nulls[i] = 1;
  }
  return { kind: 'f64', data, length, nulls };
}

/** Sources opened and read in turn. */
export function oneAfterAnother(sources: readonly (() => BatchSource)[]): BatchSource {
  let at = 0;
  let open: BatchSource | null = null;
  return {
    *next(): Task<Batch | null> {
      for (;;) {
        open ??= sources[at]?.() ?? null;
        if (open === null) return null;
        const batch = yield* open.next();
        if (batch !== null) return batch;
        open.close();
        open = null;
        at++;
      }
    },
    close(): void {
      open?.close();
      open = null;
      at = sources.length;
    },
  };
}
