/** Indexes against their tables at moments of the past, under the definitions of these moments; dropped tables too. */
import { PAUSE, type Task } from '../base/task.ts';
import { compareIndex } from '../table/check-index.ts';
import { isKept } from '../table/kept.ts';

import { indexSpecOf } from './specs.ts';
import { bindContextOf, type Scene } from './statement.ts';

/** So many moments, spread over the history: each reads every table and index once. */
const MOMENTS = 4;

export interface PastFinding {
  readonly index: string;
  readonly problem: string;
}

/** `sound` are the tables whose trees hold together: what rests on others would only repeat their damage. */
export function* checkPast(scene: Scene, sound: ReadonlySet<number>): Task<PastFinding[]> {
  const { store, historyFrom } = scene.core;
  const last = scene.transaction.snapshot;
  const found: PastFinding[] = [];
  const seen = new Set<number>();
  for (let k = 1; k <= MOMENTS; k++) {
    const seq = historyFrom + Math.floor(((last - historyFrom) * k) / (MOMENTS + 1));
    if (seen.has(seq) || seq <= historyFrom) continue;
    seen.add(seq);
    const catalog = yield* bindContextOf(scene).catalogAt(seq);
    for (const object of catalog.objects()) {
      if (object.kind !== 'table' || !sound.has(object.id)) continue;
      const table = store.table(object.id);
      // What retention has removed cannot be compared.
      if (!isKept(table, seq)) continue;
      for (const index of object.indexes) {
        const { id, name } = index;
        if (!table.indexes.some((other) => other.id === id)) continue;
        const problem = yield* compareIndex(table, id, seq, indexSpecOf(index));
        if (problem !== null) found.push({ index: name, problem: `as of ${seq}: ${problem}` });
      }
      yield PAUSE;
    }
  }
  return found;
}
