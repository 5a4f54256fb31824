/**
 * Work on all rows of a statement, a slice at a time, so that other sessions run in between and a cancellation is seen.
 * Few rows take the straight way.
 */
import { PAUSE, type Task } from '../../base/task.ts';
import { AscendingKeys, type Keys, KeySet } from '../../base/key-set.ts';
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { Key, VersionedTable } from '../../table/table.ts';
import type { Cancellation } from '../../base/cancel.ts';
import type { Compiler } from '../compile.ts';
import { concatInSlices } from '../concat-slices.ts';
import type { Pacer } from '../pacer.ts';
import type { ExecRun } from '../run.ts';
import { compact, slice, wholeBatch } from '../vectors.ts';
import { keysInto } from './target.ts';

/** Rows evaluated at once. */
const EVALUATED_ROWS = 2048;
/** Rows of cheaper work at once. */
export const SLICE_ROWS = 1024;

type Evaluators = ReturnType<Compiler['compileAll']>;

/** Evaluates expressions over the rows of a batch; `oids` are their types. */
export function* evaluated(
  compiler: Compiler,
  evaluators: Evaluators,
  batch: Batch,
  oids: readonly number[],
  run: ExecRun,
): Task<Vector[]> {
  if (batch.count <= EVALUATED_ROWS) {
    yield* compiler.prepare(batch);
    return evaluators.map((evaluator) => compact(evaluator.eval(batch), batch));
  }
  const rows = batch.columns.map((column) => compact(column, batch));
  const chunks: Vector[][] = evaluators.map(() => []);
  for (let start = 0; start < batch.count; start += EVALUATED_ROWS) {
    const end = Math.min(start + EVALUATED_ROWS, batch.count);
    const piece = wholeBatch(
      rows.map((column) => slice(column, start, end)),
      end - start,
    );
    yield* compiler.prepare(piece);
    evaluators.forEach((evaluator, i) => chunks[i]?.push(compact(evaluator.eval(piece), piece)));
    if (run.due()) yield* run.pause();
  }
  const columns: Vector[] = [];
  for (const [i, list] of chunks.entries()) {
    columns.push(yield* concatInSlices(list, oids[i] as number, run));
    if (run.due()) yield* run.pause();
  }
  return columns;
}

/** Keys of all rows, by ordinal. */
export function* keysInSlices(
  table: VersionedTable,
  rows: readonly Vector[],
  count: number,
  pacer: Pacer,
): Task<Key[]> {
  const keys = new Array<Key>(count);
  for (let start = 0; start < count; start += SLICE_ROWS) {
    keysInto(keys, table, rows, { start, end: Math.min(start + SLICE_ROWS, count), at: start });
    if (pacer.due()) yield* pacer.pause();
  }
  return keys;
}

/** The keys as a set; null where one of them is there twice. */
export function* distinctKeys(keys: readonly Key[], pacer: Pacer): Task<Keys | null> {
  let ascending = 1;
  while (ascending < keys.length && (keys[ascending - 1] as Key) < (keys[ascending] as Key)) {
    ascending++;
    if (ascending % (8 * SLICE_ROWS) === 0 && pacer.due()) yield* pacer.pause();
  }
  if (ascending >= keys.length) return new AscendingKeys(keys);
  const set = new KeySet();
  for (const [i, key] of keys.entries()) {
    set.add(key);
    if (i % SLICE_ROWS === 0 && pacer.due()) yield* pacer.pause();
  }
  return set.size === keys.length ? set : null;
}

/** Some columns of all rows as tuples. */
export function* tuplesOf(
  rows: readonly (Vector | undefined)[],
  ordinals: readonly number[],
  count: number,
  pacer: Pacer,
): Task<Value[][]> {
  const tuples = new Array<Value[]>(count);
  const columns = ordinals.map((ordinal) => rows[ordinal]);
  for (let row = 0; row < count; row++) {
    tuples[row] = columns.map((column) => (column === undefined ? null : valueAt(column, row)));
    if (row % SLICE_ROWS === SLICE_ROWS - 1 && pacer.due()) yield* pacer.pause();
  }
  return tuples;
}

/** Lets others run, where no run of a plan is at hand to say whether it is time. */
export function* breathe(cancellation: Cancellation): Task<void> {
  cancellation.check();
  yield PAUSE;
}

/** For long work where no run of a plan is at hand: lets others run at each look. */
export function breathing(cancellation: Cancellation): Pacer {
  return {
    due() {
      cancellation.check();
      return true;
    },
    *pause() {
      yield PAUSE;
    },
  };
}
