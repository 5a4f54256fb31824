/**
 * Sequences: values handed out outside of transactions, as PostgreSQL does: a rollback does not take them back.
 *
 * The current value of a sequence lives here; each commit that used one writes its value to the log, and a checkpoint
 * puts all of them into the manifest. A value handed out and not committed may come again after a crash: nobody has
 * seen it in a committed row.
 */
import { DriftError } from '../base/error.ts';
import type { SequenceDef } from '../catalog/schema.ts';
import type { SequenceValue } from '../txn/change-codec.ts';

export interface SequenceState {
  value: bigint;
  isCalled: boolean;
}

const NONE: readonly SequenceValue[] = [];

export class Sequences {
  readonly #states = new Map<number, SequenceState>();
  readonly #touched = new Set<number>();

  restore(value: SequenceValue): void {
    this.#states.set(value.id, { value: value.value, isCalled: value.isCalled });
  }

  all(): SequenceValue[] {
    return [...this.#states].map(([id, state]) => ({ id, ...state }));
  }

  /** Values used since the last call: what the next commit writes to the log. */
  takeTouched(): readonly SequenceValue[] {
    if (this.#touched.size === 0) return NONE;
    const values: SequenceValue[] = [];
    for (const id of this.#touched) {
      const state = this.#states.get(id);
      if (state !== undefined) values.push({ id, ...state });
    }
    this.#touched.clear();
    return values;
  }

  next(def: SequenceDef): bigint {
    const state = this.#stateOf(def);
    if (!state.isCalled) {
      state.isCalled = true;
      this.#touched.add(def.id);
      return state.value;
    }
    const step = BigInt(def.increment);
    let value = state.value + step;
    const [min, max] = [BigInt(def.min), BigInt(def.max)];
    if (step > 0n && value > max) value = this.#wrap(def, min, 'maximum', max);
    else if (step < 0n && value < min) value = this.#wrap(def, max, 'minimum', min);
    state.value = value;
    this.#touched.add(def.id);
    return value;
  }

  set(def: SequenceDef, value: bigint, isCalled: boolean): void {
    if (value < BigInt(def.min) || value > BigInt(def.max)) {
      throw new DriftError(
        '22003',
        `setval: value ${value} is out of bounds for sequence "${def.name}" (${def.min}..${def.max})`,
      );
    }
    this.#states.set(def.id, { value, isCalled });
    this.#touched.add(def.id);
  }

  #wrap(def: SequenceDef, restart: bigint, which: string, limit: bigint): bigint {
    if (def.cycle) return restart;
    throw new DriftError('2200H', `nextval: reached ${which} value of sequence "${def.name}" (${limit})`);
  }

  #stateOf(def: SequenceDef): SequenceState {
    let state = this.#states.get(def.id);
    if (state === undefined) {
      state = { value: BigInt(def.start), isCalled: false };
      this.#states.set(def.id, state);
    }
    return state;
  }
}
