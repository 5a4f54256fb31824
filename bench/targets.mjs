/**
 * What DriftDB aims at: its time at most so many times that of a peer in the same run. `against`: `best` is the best peer
 * of equal durability where commits count, else the best of all; a name is that engine in its best storage.
 */
const PER_QUERY = [
  { against: 'duckdb', atMost: 1 },
  { against: 'sqlite', atMost: 0.1 },
];

export const TARGETS = [
  { measure: 'W1.cold', goals: [{ against: 'best', atMost: 0.33 }] },
  { measure: 'W1.reopen', goals: [{ against: 'best', atMost: 0.5 }] },
  { measure: 'W2.insert', goals: [{ against: 'best', atMost: 1 / 1.5 }] },
  { measure: 'W3.parameters', goals: [{ against: 'best', atMost: 1 / 4 }] },
  { measure: 'W3.bulk', goals: [{ against: 'best', atMost: 1 / 3 }] },
  { measure: 'W4', where: 'worker', goals: [{ against: 'best', atMost: 1 / 8 }] },
  { measure: 'W4', where: 'page', goals: [{ against: 'best', atMost: 1 / 1.5 }] },
  { measure: 'W5.transaction', goals: [{ against: 'best', atMost: 1 / 3 }] },
  { measure: 'W5.durable', goals: [{ against: 'best', atMost: 1 / 1.5 }] },
  { measure: 'W6', goals: PER_QUERY },
  { measure: 'W7.sum', goals: [{ against: 'duckdb', atMost: 1 }] },
  { measure: 'W7', goals: [{ against: 'duckdb', atMost: 2 }] },
  { measure: 'W7L.sum', goals: [{ against: 'duckdb', atMost: 1 }] },
  { measure: 'W7L', goals: [{ against: 'duckdb', atMost: 2 }] },
  { measure: 'W8.objects', goals: [{ against: 'best', atMost: 0.2 }] },
  { measure: 'W8.columns', goals: [{ against: 'duckdb', atMost: 1 }] },
  { measure: 'W9.sum', goals: [{ against: 'best', atMost: 0.5 }] },
  { measure: 'W9', goals: [] },
  { measure: 'W10', goals: [{ against: 'best', atMost: 0.7 }] },
];

/** Of bytes (gzip) and of memory (MB of the renderer). */
export const SIZE_TARGETS = { engineBytes: 100_000, pageBytes: 10_000, memoryOverSqlite: 10, memoryToDuckdb: 1.5 };

/** The goals of a measure: of itself, else of its workload. */
export function goalsOf(workload, measure, where) {
  const of = (name) => TARGETS.find((one) => one.measure === name && (one.where ?? where) === where)?.goals;
  return of(`${workload}.${measure}`) ?? of(workload) ?? [];
}
