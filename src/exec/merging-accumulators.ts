/**
 * Accumulators of the second step of an aggregate in two (sql/functions/partial-aggregates.ts): they add up what parts of
 * the rows gave, as columns.
 */
import { Numeric } from '../base/numeric.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import type { AggregateFunction } from '../sql/functions/function.ts';
import { functionsNamed } from '../sql/functions/registry.ts';
import {
  type Accumulator,
  type AggregateSetting,
  type Divide,
  ExactSumAccumulator,
  grown,
  StepAccumulator,
} from './accumulators.ts';
import { INT8, NUMERIC } from './physical.ts';
import { vectorFromValues } from './vectors.ts';

/** The accumulator of a call that merges parts; null for one that takes rows. */
export function mergingAccumulator(setting: AggregateSetting): Accumulator | null {
  const { fn, argOids, divide } = setting;
  const [oid = INT8] = argOids;
  switch (fn.merges) {
    case undefined:
      return null;
    case 'counts':
      return new CountSums();
    case 'sums':
      return new ExactSumAccumulator(oid, false, setting);
    case 'averages': {
      const sum = sumFunction(oid);
      if (divide === null || sum === undefined) return new StepAccumulator(setting);
      return new AverageOfSums(divide, new ExactSumAccumulator(oid, false, { ...setting, fn: sum }));
    }
  }
}

function sumFunction(oid: number): AggregateFunction | undefined {
  for (const fn of functionsNamed('sum')) if (fn.kind === 'aggregate' && fn.args[0] === oid) return fn;
  return undefined;
}

/** Sums of counts, which doubles hold. */
class CountSums implements Accumulator {
  #sums = new Float64Array(16);

  add(args: readonly Vector[], batch: Batch, ids: Int32Array | null, groups: number): void {
    this.#sums = grown(this.#sums, groups);
    const sums = this.#sums;
    const { selection, count } = batch;
    const { data, nulls } = args[0] as Vector;
    for (let k = 0; k < count; k++) {
      const row = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[row] === 1) continue;
      const group = ids === null ? 0 : (ids[k] as number);
      sums[group] = (sums[group] as number) + Number(data[row]);
    }
  }

  finish(from: number, to: number): Vector {
    this.#sums = grown(this.#sums, to);
    return { kind: 'f64', data: this.#sums.slice(from, to), length: to - from, nulls: null };
  }
}

/** Averages of parts: their sums and counts are added up, then divided. */
class AverageOfSums implements Accumulator {
  readonly #divide: Divide;
  readonly #sums: ExactSumAccumulator;
  readonly #counts = new CountSums();

  constructor(divide: Divide, sums: ExactSumAccumulator) {
    this.#divide = divide;
    this.#sums = sums;
  }

  add([sums, counts]: readonly Vector[], batch: Batch, ids: Int32Array | null, groups: number): void {
    this.#sums.add([sums as Vector], batch, ids, groups);
    this.#counts.add([counts as Vector], batch, ids, groups);
  }

  finish(from: number, to: number): Vector {
    const sums = this.#sums.finish(from, to);
    const counts = this.#counts.finish(from, to);
    const values: Value[] = [];
    for (let g = 0; g < to - from; g++) {
      const sum = valueAt(sums, g);
      const count = valueAt(counts, g) as number;
      values.push(sum === null ? null : this.#divide(sum as Numeric, Numeric.fromBigInt(BigInt(count))));
    }
    return vectorFromValues(values, NUMERIC);
  }
}
