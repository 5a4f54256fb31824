/**
 * Accumulators: the states of one aggregate call for all groups, in typed arrays where the aggregate is a common one.
 *
 * `add` takes argument columns and, for each counting row of the batch, its group's number. Sums of integers and
 * scaled decimals run in doubles while a bound on their magnitude proves them exact (< 2^53); before that bound could
 * be passed they are carried over to bigints. Everything else steps through the catalogue's AggregateFunction.
 */
import { Numeric } from '../base/numeric.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { AggregateFunction } from '../sql/functions/function.ts';
import { FLOAT8, INT2, INT4, INT8, NUMERIC, DATE, TIMESTAMP, TIMESTAMPTZ } from './physical.ts';
import { vectorFromValues } from './vectors.ts';

export interface Accumulator {
  /** `groups`: number of groups so far; `ids`: the group of the k-th counting row, null: all of group 0. */
  add(args: readonly Vector[], batch: Batch, ids: Int32Array | null, groups: number): void;
  /** Results of the groups `from` to `to`. */
  finish(from: number, to: number): Vector;
}

/** Exact division for averages: numeric_div of the catalogue. */
export type Divide = (dividend: Numeric, divisor: Numeric) => Value;

export interface AggregateSetting {
  readonly fn: AggregateFunction;
  readonly argOids: readonly number[];
  /** The call's result type, which for polymorphic aggregates the plan knows. */
  readonly resultOid: number;
  readonly context: EvalContext;
  readonly divide: Divide | null;
}

export function makeAccumulator(setting: AggregateSetting): Accumulator {
  const { fn, argOids, divide } = setting;
  const [oid] = argOids;
  if (fn.name === 'count' && argOids.length <= 1) return new CountAccumulator();
  if (argOids.length === 1 && oid !== undefined) {
    const integer = oid === INT2 || oid === INT4 || oid === INT8;
    if (fn.name === 'sum' && (integer || oid === NUMERIC)) return new ExactSumAccumulator(oid, false, setting);
    if (fn.name === 'avg' && (integer || oid === NUMERIC) && divide !== null)
      return new ExactSumAccumulator(oid, true, setting);
    if ((fn.name === 'sum' || fn.name === 'avg') && oid === FLOAT8)
      return new FloatSumAccumulator(fn.name === 'avg', setting);
    const ordered = integer || oid === FLOAT8 || oid === DATE || oid === TIMESTAMP || oid === TIMESTAMPTZ;
    if ((fn.name === 'min' || fn.name === 'max') && ordered) return new ExtremeAccumulator(oid, setting);
  }
  return new StepAccumulator(setting);
}

export function grown<T extends Float64Array | Uint8Array>(array: T, length: number): T {
  if (array.length >= length) return array;
  const size = Math.max(length, array.length * 2, 16);
  const bigger = (array instanceof Float64Array ? new Float64Array(size) : new Uint8Array(size)) as T;
  bigger.set(array);
  return bigger;
}

class CountAccumulator implements Accumulator {
  #counts = new Float64Array(16);

  add(args: readonly Vector[], batch: Batch, ids: Int32Array | null, groups: number): void {
    this.#counts = grown(this.#counts, groups);
    const counts = this.#counts;
    const { selection, count } = batch;
    const nulls = args[0]?.nulls ?? null;
    if (nulls === null) {
      if (ids === null) counts[0] = (counts[0] as number) + count;
      else for (let k = 0; k < count; k++) counts[ids[k] as number] = (counts[ids[k] as number] as number) + 1;
      return;
    }
    for (let k = 0; k < count; k++) {
      if (nulls[selection === null ? k : (selection[k] as number)] === 1) continue;
      const group = ids === null ? 0 : (ids[k] as number);
      counts[group] = (counts[group] as number) + 1;
    }
  }

  finish(from: number, to: number): Vector {
    this.#counts = grown(this.#counts, to);
    return { kind: 'f64', data: this.#counts.slice(from, to), length: to - from, nulls: null };
  }
}

const SAFE = Number.MAX_SAFE_INTEGER;

/** sum and avg of integers and numerics. */
export class ExactSumAccumulator implements Accumulator {
  readonly #oid: number;
  readonly #average: boolean;
  readonly #divide: Divide | null;
  readonly #fallback: StepAccumulator;
  /** Sums are bigints, not numerics. */
  readonly #small: boolean;
  #sums = new Float64Array(16);
  #counts = new Float64Array(16);
  /** What has been carried over, by group; empty while nothing has. */
  #carry: (bigint | undefined)[] = [];
  /** No partial sum in `#sums` is greater than this. */
  #bound = 0;
  #scale = -1;
  /** A value that doubles don't hold came: from then on the generic path counts as well. */
  #mixed = false;

  constructor(oid: number, average: boolean, setting: AggregateSetting) {
    this.#oid = oid;
    this.#average = average;
    this.#divide = setting.divide;
    this.#small = oid === INT2 || oid === INT4 || setting.fn.merges === 'sums';
    this.#fallback = new StepAccumulator(setting);
  }

  add(args: readonly Vector[], batch: Batch, ids: Int32Array | null, groups: number): void {
    const vector = args[0] as Vector;
    this.#sums = grown(this.#sums, groups);
    this.#counts = grown(this.#counts, groups);
    if (!this.#mixed && !this.#accepts(vector)) this.#mix();
    if (this.#mixed) {
      this.#fallback.add(args, batch, ids, groups);
      return;
    }
    const largest = vector.kind === 'i32' ? 2147483648 : largestOf(vector.data as Float64Array, batch);
    const growth = largest * batch.count;
    if (growth > SAFE) {
      this.#addEach(vector, batch, ids);
      return;
    }
    if (this.#bound + growth > SAFE) this.#carryOver();
    this.#bound += growth;
    if (vector.kind === 'i32') addInts(vector.data, vector.nulls, batch, ids, this.#sums, this.#counts);
    else addDoubles(vector.data as Float64Array, vector.nulls, batch, ids, this.#sums, this.#counts);
  }

  #accepts(vector: Vector): boolean {
    if (vector.kind === 'i32') return this.#oid !== NUMERIC;
    if (vector.kind !== 'f64') return false;
    if (this.#oid !== NUMERIC) return vector.scale === undefined;
    if (vector.scale === undefined) return false;
    if (this.#scale < 0) this.#scale = vector.scale;
    return this.#scale === vector.scale;
  }

  /** Goes over to the generic path, with what has been summed so far as one value a group. */
  #mix(): void {
    this.#mixed = true;
    this.#carryOver();
    this.#fallback.seed(this.#carry, this.#counts, Math.max(this.#scale, 0), this.#oid);
  }

  #carryOver(): void {
    for (let g = 0; g < this.#sums.length; g++) {
      const sum = this.#sums[g] as number;
      if (sum !== 0) this.#carry[g] = (this.#carry[g] ?? 0n) + BigInt(sum);
    }
    this.#sums.fill(0);
    this.#bound = 0;
  }

  #addEach(vector: Vector, batch: Batch, ids: Int32Array | null): void {
    for (let k = 0; k < batch.count; k++) {
      const i = batch.selection === null ? k : (batch.selection[k] as number);
      if (vector.nulls !== null && vector.nulls[i] === 1) continue;
      const group = ids === null ? 0 : (ids[k] as number);
      this.#carry[group] = (this.#carry[group] ?? 0n) + BigInt(vector.data[i] as number);
      this.#counts[group] = (this.#counts[group] as number) + 1;
    }
  }

  finish(from: number, to: number): Vector {
    if (this.#mixed) return this.#fallback.finish(from, to);
    const counts = (this.#counts = grown(this.#counts, to));
    const sums = (this.#sums = grown(this.#sums, to));
    const small = this.#small;
    const scale = Math.max(this.#scale, 0);
    if (!this.#average && this.#carry.length === 0) return exactSums(sums, counts, small ? undefined : scale, from, to);
    const values: Value[] = [];
    for (let g = from; g < to; g++) {
      const carried = this.#carry[g];
      if (counts[g] === 0) values.push(null);
      else if (carried === undefined && small && !this.#average) values.push(sums[g] as number);
      else {
        const total = BigInt(sums[g] as number) + (carried ?? 0n);
        const sum = new Numeric(total, scale);
        if (this.#average && this.#divide !== null)
          values.push(this.#divide(sum, new Numeric(BigInt(counts[g] as number), 0)));
        else if (small) values.push(total >= -BigInt(SAFE) && total <= BigInt(SAFE) ? Number(total) : total);
        else values.push(sum);
      }
    }
    return vectorFromValues(values, small && !this.#average ? INT8 : NUMERIC);
  }
}

/** Sums that doubles hold as they are: nothing is made for each group. */
function exactSums(
  sums: Float64Array,
  counts: Float64Array,
  scale: number | undefined,
  from: number,
  to: number,
): Vector {
  const length = to - from;
  let nulls: Uint8Array | null = null;
  for (let g = from; g < to; g++) if (counts[g] === 0) (nulls ??= new Uint8Array(length))[g - from] = 1;
  return { kind: 'f64', data: sums.slice(from, to), scale, length, nulls };
}

function largestOf(data: Float64Array, batch: Batch): number {
  const { selection, count } = batch;
  let low = 0;
  let high = 0;
  for (let k = 0; k < count; k++) {
    const value = data[selection === null ? k : (selection[k] as number)] as number;
    if (value > high) high = value;
    else if (value < low) low = value;
  }
  return Math.max(high, -low);
}

function addInts(
  data: Int32Array,
  nulls: Uint8Array | null,
  batch: Batch,
  ids: Int32Array | null,
  sums: Float64Array,
  counts: Float64Array,
): void {
  const { selection, count } = batch;
  if (ids === null) {
    let sum = 0;
    let n = 0;
    if (nulls === null) {
      n = count;
      if (selection === null) for (let i = 0; i < count; i++) sum += data[i] as number;
      else for (let k = 0; k < count; k++) sum += data[selection[k] as number] as number;
    }
    for (let k = n; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) continue;
      sum += data[i] as number;
      n++;
    }
    sums[0] = (sums[0] as number) + sum;
    counts[0] = (counts[0] as number) + n;
    return;
  }
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    if (nulls !== null && nulls[i] === 1) continue;
    const group = ids[k] as number;
    sums[group] = (sums[group] as number) + (data[i] as number);
    counts[group] = (counts[group] as number) + 1;
  }
}

function addDoubles(
  data: Float64Array,
  nulls: Uint8Array | null,
  batch: Batch,
  ids: Int32Array | null,
  sums: Float64Array,
  counts: Float64Array,
): void {
  const { selection, count } = batch;
  if (ids === null) {
    let sum = sums[0] as number;
    let n = 0;
    if (nulls === null) {
      n = count;
      if (selection === null) for (let i = 0; i < count; i++) sum += data[i] as number;
      else for (let k = 0; k < count; k++) sum += data[selection[k] as number] as number;
    }
    for (let k = n; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) continue;
      sum += data[i] as number;
      n++;
    }
    sums[0] = sum;
    counts[0] = (counts[0] as number) + n;
    return;
  }
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    if (nulls !== null && nulls[i] === 1) continue;
    const group = ids[k] as number;
    sums[group] = (sums[group] as number) + (data[i] as number);
    counts[group] = (counts[group] as number) + 1;
  }
}

/** sum and avg of double precision; a sum that overflows without an infinite input goes the generic way for its error. */
class FloatSumAccumulator implements Accumulator {
  readonly #average: boolean;
  #sums = new Float64Array(16);
  #counts = new Float64Array(16);
  #infinite = false;
  readonly #fn: AggregateFunction;
  readonly #context: EvalContext;

  constructor(average: boolean, setting: AggregateSetting) {
    this.#average = average;
    this.#fn = setting.fn;
    this.#context = setting.context;
  }

  add(args: readonly Vector[], batch: Batch, ids: Int32Array | null, groups: number): void {
    const vector = args[0] as Vector;
    this.#sums = grown(this.#sums, groups);
    this.#counts = grown(this.#counts, groups);
    const data = vector.data as Float64Array;
    addDoubles(data, vector.nulls, batch, ids, this.#sums, this.#counts);
    if (!this.#infinite) this.#infinite = largestOf(data, batch) === Infinity;
  }

  finish(from: number, to: number): Vector {
    this.#sums = grown(this.#sums, to);
    this.#counts = grown(this.#counts, to);
    const length = to - from;
    const data = this.#sums.slice(from, to);
    const counts = this.#counts.subarray(from, to);
    let nulls: Uint8Array | null = null;
    for (let g = 0; g < length; g++) {
      if (counts[g] === 0) (nulls ??= new Uint8Array(length))[g] = 1;
      else if (!this.#infinite && Math.abs(data[g] as number) === Infinity) this.#overflow();
      else if (this.#average) data[g] = (data[g] as number) / (counts[g] as number);
    }
    return { kind: 'f64', data, length, nulls };
  }

  /** Lets the catalogue's function raise its own overflow error. */
  #overflow(): void {
    let state = this.#fn.init(this.#context);
    state = this.#fn.step(state, [Number.MAX_VALUE], this.#context);
    this.#fn.final(this.#fn.step(state, [Number.MAX_VALUE], this.#context), this.#context);
  }
}

/** min and max of types that are plain numbers. */
class ExtremeAccumulator implements Accumulator {
  readonly #oid: number;
  readonly #greatest: boolean;
  readonly #fallback: StepAccumulator;
  #best = new Float64Array(16);
  #seen = new Uint8Array(16);
  #mixed = false;

  constructor(oid: number, setting: AggregateSetting) {
    this.#oid = oid;
    this.#greatest = setting.fn.name === 'max';
    this.#fallback = new StepAccumulator(setting);
  }

  add(args: readonly Vector[], batch: Batch, ids: Int32Array | null, groups: number): void {
    const vector = args[0] as Vector;
    this.#best = grown(this.#best, groups);
    this.#seen = grown(this.#seen, groups);
    if (!this.#mixed && vector.kind !== 'i32' && vector.kind !== 'f64') {
      this.#mixed = true;
      this.#fallback.seedValues(this.#best, this.#seen);
    }
    if (this.#mixed) {
      this.#fallback.add(args, batch, ids, groups);
      return;
    }
    const data = vector.data as Float64Array;
    const { nulls } = vector;
    const { selection, count } = batch;
    const best = this.#best;
    const seen = this.#seen;
    const greatest = this.#greatest;
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if (nulls !== null && nulls[i] === 1) continue;
      const group = ids === null ? 0 : (ids[k] as number);
      const value = data[i] as number;
      const old = best[group] as number;
      // NaN is the greatest value of all; of equal ones (0 and -0) the later stays.
      const better = greatest
        ? value >= old || (value !== value && old === old)
        : value <= old || (old !== old && value === value);
      if (seen[group] === 0 || better) {
        best[group] = value;
        seen[group] = 1;
      }
    }
  }

  finish(from: number, to: number): Vector {
    if (this.#mixed) return this.#fallback.finish(from, to);
    const best = (this.#best = grown(this.#best, to));
    const seen = (this.#seen = grown(this.#seen, to));
    const values: Value[] = [];
    for (let g = from; g < to; g++) values.push(seen[g] === 1 ? (best[g] as number) : null);
    return vectorFromValues(values, this.#oid);
  }
}

/** The generic path. */
export class StepAccumulator implements Accumulator {
  readonly #fn: AggregateFunction;
  readonly #context: EvalContext;
  readonly #resultOid: number;
  readonly #states: unknown[] = [];

  constructor(setting: AggregateSetting) {
    this.#fn = setting.fn;
    this.#context = setting.context;
    this.#resultOid = setting.resultOid;
  }

  #reach(groups: number): void {
    while (this.#states.length < groups) this.#states.push(this.#fn.init(this.#context));
  }

  add(args: readonly Vector[], batch: Batch, ids: Int32Array | null, groups: number): void {
    this.#reach(groups);
    const { selection, count } = batch;
    rows: for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      const values: Value[] = [];
      for (const arg of args) {
        const value = valueAt(arg, i);
        if (value === null && this.#fn.strict) continue rows;
        values.push(value);
      }
      this.step(ids === null ? 0 : (ids[k] as number), values);
    }
  }

  step(group: number, values: readonly Value[]): void {
    this.#reach(group + 1);
    if (this.#fn.strict && values.includes(null)) return;
    this.#states[group] = this.#fn.step(this.#states[group], values, this.#context);
  }

  /** Starts each group with a sum of `counts` values: the sum itself, then zeros. */
  seed(sums: readonly (bigint | undefined)[], counts: Float64Array, scale: number, oid: number): void {
    for (let g = 0; g < counts.length; g++) {
      const count = counts[g] as number;
      if (count === 0) continue;
      const sum = sums[g] ?? 0n;
      this.step(g, [oid === NUMERIC ? new Numeric(sum, scale) : boxInteger(sum)]);
      for (let n = 1; n < count; n++) this.step(g, [oid === NUMERIC ? new Numeric(0n, 0) : 0]);
    }
  }

  seedValues(values: Float64Array, seen: Uint8Array): void {
    for (let g = 0; g < seen.length; g++) if (seen[g] === 1) this.step(g, [values[g] as number]);
  }

  finish(from: number, to: number): Vector {
    this.#reach(to);
    const values: Value[] = [];
    for (let g = from; g < to; g++) values.push(this.#fn.final(this.#states[g], this.#context));
    return vectorFromValues(values, this.#resultOid);
  }
}

function boxInteger(value: bigint): Value {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
