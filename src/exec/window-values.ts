/**
 * The results of one window call, by row: numbers in a typed array, so that a million of them are no garbage, all else in a
 * list that is packed at the end. An integer that doubles don't hold makes a list of what was an array.
 */
import type { Task } from '../base/task.ts';
import type { Value, Vector } from '../base/vector.ts';
import { concatInSlices } from './concat-slices.ts';
import type { Pacer } from './pacer.ts';
import { kindOfType } from './physical.ts';
import { vectorFromValues } from './vectors.ts';

/** Values that are packed between looks at the clock. */
const PIECE_ROWS = 8192;

export class WindowValues {
  readonly #oid: number;
  readonly #length: number;
  readonly #kind: 'i32' | 'f64' | null;
  #numbers: Float64Array | Int32Array | null;
  #nulls: Uint8Array | null = null;
  #list: Value[] | null = null;

  constructor(oid: number, length: number) {
    this.#oid = oid;
    this.#length = length;
    const kind = kindOfType(oid);
    this.#kind = kind === 'i32' || kind === 'f64' ? kind : null;
    this.#numbers =
      this.#kind === 'i32' ? new Int32Array(length) : this.#kind === 'f64' ? new Float64Array(length) : null;
    if (this.#numbers === null) this.#list = new Array<Value>(length);
  }

  /** Every row is set once. */
  set(row: number, value: Value): void {
    if (this.#numbers === null) (this.#list ?? this.#boxed())[row] = value;
    else if (typeof value === 'number') this.#numbers[row] = value;
    else if (value === null) (this.#nulls ??= new Uint8Array(this.#length))[row] = 1;
    else this.#boxed()[row] = value;
  }

  *finish(pacer: Pacer): Task<Vector> {
    const numbers = this.#numbers;
    const length = this.#length;
    if (numbers instanceof Int32Array) return { kind: 'i32', data: numbers, length, nulls: this.#nulls };
    if (numbers !== null) return { kind: 'f64', data: numbers, length, nulls: this.#nulls };
    const list = this.#list ?? [];
    const pieces: Vector[] = [];
    for (let at = 0; at < length || at === 0; at += PIECE_ROWS) {
      pieces.push(vectorFromValues(list.slice(at, at + PIECE_ROWS), this.#oid));
      if (pacer.due()) yield* pacer.pause();
    }
    return yield* concatInSlices(pieces, this.#oid, pacer);
  }

  /** The list, in place of the numbers so far. */
  #boxed(): Value[] {
    if (this.#list !== null) return this.#list;
    const list: Value[] = Array.from(this.#numbers ?? []);
    if (this.#nulls !== null) for (let i = 0; i < list.length; i++) if (this.#nulls[i] === 1) list[i] = null;
    this.#list = list;
    this.#numbers = null;
    return list;
  }
}
