/**
 * Frames: which rows of its partition a window function sees from one row.
 *
 * Positions count within the partition; a frame is the half-open range [start, end) of positions, less what EXCLUDE
 * takes out. Peers (rows equal in the window's order) form groups, consecutive by nature.
 */
import { DriftError } from '../../base/error.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { FrameBound, WindowFrame, WindowSpec } from '../../plan/expression.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import { Interval } from '../../sql/types/interval.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { DATE, TIMESTAMP } from '../physical.ts';

export interface Partition {
  /** Row numbers in the window's order. */
  readonly rows: Int32Array;
  readonly count: number;
  /** Peer group of each position. */
  readonly group: Int32Array;
  /** First position of each group, and the partition's count at the end. */
  readonly groupStarts: Int32Array;
}

export interface FrameInput {
  /** The window's order keys by row. */
  readonly order: readonly Vector[];
  /** Offsets of the frame's start and end by row, where they have one. */
  readonly offsets: readonly (Vector | null)[];
}

/** Numbers that `Frames.parts` writes at most. */
export const MAX_PARTS = 6;

export class Frames {
  readonly #spec: WindowSpec;
  readonly #frame: WindowFrame;
  readonly #context: EvalContext;
  readonly #input: FrameInput;
  readonly #parts: Int32Array = new Int32Array(MAX_PARTS);
  #partition: Partition = {
    rows: new Int32Array(0),
    count: 0,
    group: new Int32Array(0),
    groupStarts: new Int32Array(1),
  };

  constructor(spec: WindowSpec, context: EvalContext, input: FrameInput) {
    this.#spec = spec;
    this.#frame = spec.frame;
    this.#context = context;
    this.#input = input;
  }

  /** Every frame starts at the partition's start and ends no earlier than the one before. */
  get growing(): boolean {
    const { start, end, exclude } = this.#frame;
    return (
      start.kind === 'unbounded preceding' &&
      exclude === 'no others' &&
      (end.kind === 'current row' || end.kind === 'unbounded following')
    );
  }

  begin(partition: Partition): void {
    this.#partition = partition;
  }

  start(position: number): number {
    return clamp(this.#bound(this.#frame.start, position, true), this.#partition.count);
  }

  end(position: number): number {
    return clamp(this.#bound(this.#frame.end, position, false), this.#partition.count);
  }

  /**
   * Writes the ranges of positions that the row's frame consists of into `out`, ascending: start, end, start, end … ;
   * returns how many numbers. EXCLUDE takes one range out, or two with the row between them, so there are three at most.
   */
  parts(position: number, out: Int32Array): number {
    const start = this.start(position);
    const end = this.end(position);
    const { group, groupStarts } = this.#partition;
    const peers = group[position] as number;
    let count = 0;
    const put = (from: number, to: number): void => {
      const low = Math.max(from, start);
      const high = Math.min(to, end);
      if (low >= high) return;
      out[count++] = low;
      out[count++] = high;
    };
    switch (this.#frame.exclude) {
      case 'no others':
        put(start, end);
        break;
      case 'current row':
        put(start, position);
        put(position + 1, end);
        break;
      case 'group':
      case 'ties':
        put(start, groupStarts[peers] as number);
        if (this.#frame.exclude === 'ties') put(position, position + 1);
        put(groupStarts[peers + 1] as number, end);
        break;
    }
    return count;
  }

  /** Position of the n-th row (from 0) of the frame, or -1. */
  at(position: number, n: number): number {
    const numbers = this.parts(position, this.#parts);
    let left = n;
    for (let i = 0; i < numbers; i += 2) {
      const from = this.#parts[i] as number;
      const size = (this.#parts[i + 1] as number) - from;
      if (left < size) return from + left;
      left -= size;
    }
    return -1;
  }

  /** Position of the frame's last row, or -1. */
  fromEnd(position: number): number {
    const numbers = this.parts(position, this.#parts);
    return numbers === 0 ? -1 : (this.#parts[numbers - 1] as number) - 1;
  }

  #bound(bound: FrameBound, position: number, isStart: boolean): number {
    const { count, group, groupStarts } = this.#partition;
    switch (bound.kind) {
      case 'unbounded preceding':
        return 0;
      case 'unbounded following':
        return count;
      case 'current row':
        if (this.#frame.mode === 'rows') return isStart ? position : position + 1;
        return groupStarts[(group[position] as number) + (isStart ? 0 : 1)] as number;
      default:
    }
    const offset = this.#offset(position, isStart);
    const sign = bound.kind === 'preceding' ? -1 : 1;
    if (this.#frame.mode === 'rows') return position + sign * Number(offset) + (isStart ? 0 : 1);
    if (this.#frame.mode === 'groups') {
      const target = (group[position] as number) + sign * Number(offset) + (isStart ? 0 : 1);
      return target < 0 ? 0 : target >= groupStarts.length ? count : (groupStarts[target] as number);
    }
    return this.#rangeBound(bound, position, offset, isStart);
  }

  #offset(position: number, isStart: boolean): Value {
    const vector = this.#input.offsets[isStart ? 0 : 1];
    const offset =
      vector === null || vector === undefined ? null : valueAt(vector, this.#partition.rows[position] as number);
    const what = isStart ? 'starting' : 'ending';
    if (offset === null) throw new DriftError('22004', `frame ${what} offset must not be null`);
    if ((typeof offset === 'number' || typeof offset === 'bigint') && offset < 0) {
      throw new DriftError(
        '22013',
        this.#frame.mode === 'range' ? NEGATIVE_SIZE : `frame ${what} offset must not be negative`,
      );
    }
    return offset;
  }

  /** RANGE with an offset: rows whose key lies on this side of the current key, shifted. */
  #rangeBound(bound: FrameBound, position: number, offset: Value, isStart: boolean): number {
    const { rows, group, groupStarts, count } = this.#partition;
    const keys = this.#input.order[0] as Vector;
    const key = this.#spec.order[0];
    const value = valueAt(keys, rows[position] as number);
    if (value === null) return groupStarts[(group[position] as number) + (isStart ? 0 : 1)] as number;
    if (!('shift' in bound) || bound.shift === null || key === undefined) return isStart ? 0 : count;
    if (offset instanceof Interval && offset.length < 0) throw negativeSize();
    const limit = bound.shift.call(this.#context, value, offset);
    // A date shifted by an interval is a timestamp: then the keys are compared as timestamps too.
    const asTimestamps = key.expression.type.oid === DATE && bound.shift.returns === TIMESTAMP;
    const compare = typeByOid(asTimestamps ? TIMESTAMP : key.expression.type.oid).compare ?? (() => 0);
    const sign = key.descending ? -1 : 1;
    // The first position at (for an end: after) the limit; nulls are outside at their end of the order.
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = valueAt(keys, rows[middle] as number);
      let before: boolean;
      if (other === null) before = key.nullsFirst;
      else {
        const order = compare(asTimestamps ? midnight(other as number) : other, limit) * sign;
        before = isStart ? order < 0 : order <= 0;
      }
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const NEGATIVE_SIZE = 'invalid preceding or following size in window function';

function negativeSize(): DriftError {
  return new DriftError('22013', NEGATIVE_SIZE);
}

/** A date's day as microseconds. */
function midnight(day: number): number {
  if (day === 2147483647) return Infinity;
  return day === -2147483648 ? -Infinity : day * 86_400_000_000;
}

function clamp(position: number, count: number): number {
  return position < 0 ? 0 : position > count ? count : position;
}
