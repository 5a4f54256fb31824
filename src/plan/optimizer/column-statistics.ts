/**
 * What is known of a column's values: the share of nulls, how many different values there are, the most common ones
 * with their shares, and a histogram of the others; worked out from a sample as PostgreSQL's ANALYZE does.
 *
 * From d different values among n sampled ones, f of them seen once, a column of N values has about
 * n·d / (n − f + f·n/N) different ones (Haas and Stokes 1998, estimator Duj1). A number that exceeds a tenth of the
 * rows is taken to grow with the table (`distinctShare`). A value is *common* if the sample has it at least twice and a
 * quarter more often than the average; if the sample shows every value there is, all of them are. The histogram's
 * bounds part the remaining values into equally many each.
 */
import { PAUSE } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { SqlType } from '../../sql/types/type.ts';

export interface ColumnStatistics {
  readonly nullFraction: number;
  /** Mean bytes of a value, as PostgreSQL would store it. */
  readonly averageWidth: number;
  /** Different values, nulls apart; where `distinctShare` is set it is the number at the time of the sample. */
  readonly distinct: number;
  /** Different values as a share of the rows, where they grow with the table; else null. */
  readonly distinctShare: number | null;
  /** Most common first. */
  readonly commonValues: readonly Value[];
  /** Share of all rows (nulls included) of each common value. */
  readonly commonShares: readonly number[];
  /** Ascending bounds of equally filled buckets of the values that are not common; empty where there is no order. */
  readonly histogram: readonly Value[];
  /** How the order of the values follows the order of the rows: −1 … 1. */
  readonly correlation: number | null;
}

/** PostgreSQL's default_statistics_target. */
export const STATISTICS_TARGET = 100;
/** Values of a sample put in order at once. */
const RUN = 4096;
/** Beyond this share of the rows, the number of different values is taken to grow with them. */
const GROWING_SHARE = 0.1;

/** A sample: values in the order of the rows, nulls among them, of a table of so many rows. */
export interface Sample {
  readonly values: readonly Value[];
  readonly tableRows: number;
  readonly type: SqlType;
}

interface Run {
  readonly value: Value;
  readonly count: number;
}

export function describeSample(sample: Sample, target: number = STATISTICS_TARGET): ColumnStatistics {
  const task = describeInSlices(sample, target);
  for (;;) {
    const step = task.next();
    if (step.done === true) return step.value;
  }
}

/** The same with pauses; it waits for nothing. */
export function* describeInSlices(
  sample: Sample,
  target: number = STATISTICS_TARGET,
): Generator<typeof PAUSE, ColumnStatistics, unknown> {
  const { type, tableRows } = sample;
  const values = sample.values.filter((value) => value !== null);
  const nullFraction = sample.values.length === 0 ? 0 : 1 - values.length / sample.values.length;
  const { sorted, correlation } = yield* inOrder(values, type);
  yield PAUSE;
  const runs = sorted === null ? hashedRuns(values, type) : runsOf(sorted, type);
  yield PAUSE;
  const total = tableRows * (1 - nullFraction);
  const complete = sample.values.length >= tableRows;
  const distinct = distinctOf(runs, values.length, total, complete);
  const common = commonOf(runs, { count: values.length, distinct, target });
  const frequent = new Set(common);
  yield PAUSE;
  const histogram =
    sorted === null
      ? []
      : boundsOf(
          runs.filter((run) => !frequent.has(run)),
          target,
        );
  return {
    nullFraction,
    averageWidth: widthOf(values, type),
    distinct,
    distinctShare: total > 0 && distinct > GROWING_SHARE * total ? distinct / total : null,
    commonValues: common.map((run) => run.value),
    commonShares: common.map((run) => (run.count / values.length) * (1 - nullFraction)),
    histogram,
    correlation,
  };
}

/** Different values of the column in a table that has so many rows now. */
export function distinctAt(statistics: ColumnStatistics, tableRows: number): number {
  const { distinct, distinctShare, nullFraction } = statistics;
  return Math.max(1, distinctShare === null ? distinct : distinctShare * tableRows * (1 - nullFraction));
}

function* inOrder(
  values: readonly Value[],
  type: SqlType,
): Generator<typeof PAUSE, { readonly sorted: readonly Value[] | null; readonly correlation: number | null }, unknown> {
  const { compare } = type;
  if (compare === undefined) return { sorted: null, correlation: null };
  const by = (a: number, b: number): number => compare(values[a] as Value, values[b] as Value) || a - b;
  let order: number[] = [];
  for (let start = 0; start < values.length; start += RUN) {
    const run = Array.from({ length: Math.min(RUN, values.length - start) }, (_, i) => start + i).sort(by);
    order = order.length === 0 ? run : merged(order, run, by);
    yield PAUSE;
  }
  return { sorted: order.map((i) => values[i] as Value), correlation: correlationOf(order) };
}

function merged(left: readonly number[], right: readonly number[], by: (a: number, b: number) => number): number[] {
  const all: number[] = [];
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length)
    all.push((by(left[l] as number, right[r] as number) <= 0 ? left[l++] : right[r++]) as number);
  return [...all, ...left.slice(l), ...right.slice(r)];
}

/** Pearson's correlation of the places in value order with those in row order. */
function correlationOf(order: readonly number[]): number | null {
  const n = order.length;
  if (n < 2) return null;
  const mean = (n - 1) / 2;
  let product = 0;
  let square = 0;
  for (let i = 0; i < n; i++) {
    product += (i - mean) * ((order[i] as number) - mean);
    square += (i - mean) * (i - mean);
  }
  return product / square;
}

function runsOf(sorted: readonly Value[], type: SqlType): Run[] {
  const runs: Run[] = [];
  let start = 0;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && type.compare?.(sorted[start] as Value, sorted[i] as Value) === 0) continue;
    runs.push({ value: sorted[start] as Value, count: i - start });
    start = i;
  }
  return runs;
}

function hashedRuns(values: readonly Value[], type: SqlType): Run[] {
  const counts = new Map<unknown, { value: Value; count: number }>();
  for (const value of values) {
    const key = type.hashKey(value);
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { value, count: 1 });
    else known.count++;
  }
  return [...counts.values()];
}

function distinctOf(runs: readonly Run[], count: number, total: number, complete: boolean): number {
  if (count === 0) return 0;
  if (complete) return runs.length;
  const once = runs.filter((run) => run.count === 1).length;
  // Nothing came twice: every value is taken to be different.
  if (once === count) return total;
  // Nothing came once: the sample has seen them all.
  if (once === 0) return runs.length;
  return Math.max(runs.length, Math.min(total, (count * runs.length) / (count - once + (once * count) / total)));
}

function commonOf(
  runs: readonly Run[],
  { count, distinct, target }: { readonly count: number; readonly distinct: number; readonly target: number },
): Run[] {
  const byCount = [...runs].sort((a, b) => b.count - a.count);
  if (runs.length <= target && distinct <= runs.length && runs.every((run) => run.count > 1)) return byCount;
  const average = count / Math.max(distinct, 1);
  const least = Math.max(2, average * 1.25);
  return byCount.slice(0, target).filter((run) => run.count >= least);
}

function boundsOf(runs: readonly Run[], target: number): Value[] {
  if (runs.length < 2) return [];
  const total = runs.reduce((sum, run) => sum + run.count, 0);
  const buckets = Math.min(target, runs.length - 1);
  const bounds: Value[] = [];
  let at = 0;
  let seen = 0;
  for (let b = 0; b <= buckets; b++) {
    const place = Math.min(total - 1, Math.floor((b * (total - 1)) / buckets));
    while (seen + (runs[at] as Run).count <= place) seen += (runs[at++] as Run).count;
    bounds.push((runs[at] as Run).value);
  }
  return bounds;
}

/** Values whose width is measured. */
const MEASURED = 200;

function widthOf(values: readonly Value[], type: SqlType): number {
  if (type.length > 0) return type.length;
  let bytes = 0;
  const measured = Math.min(values.length, MEASURED);
  for (let i = 0; i < measured; i++) {
    const value = values[Math.floor((i * values.length) / measured)] as Value;
    bytes += typeof value === 'string' ? value.length + 1 : Math.max(4, String(value).length / 2 + 5);
  }
  return measured === 0 ? 0 : Math.round(bytes / measured);
}
