/**
 * SimHost: clock, randomness and timers of a simulated run. Nothing here looks at the real world, so that the same seed
 * gives the same run and the same bytes: the clock ticks when it is looked at, and timers come due when the run says so
 * (`elapse`) or when the engine lets others run.
 */
import type { Host } from '../../src/base/host.ts';
import { Random } from '../../src/base/random.ts';

/** What the clock moves by at every look. */
const TICK_MICROS = 100;

export class SimHost implements Host {
  readonly #random: Random;
  #micros = 1_700_000_000_000_000;
  #timers: { readonly due: number; readonly callback: () => void }[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  now(): number {
    return (this.#micros += TICK_MICROS);
  }

  monotonicMs(): number {
    return (this.#micros += TICK_MICROS) / 1000;
  }

  randomBytes(target: Uint8Array): void {
    for (let i = 0; i < target.length; i++) target[i] = this.#random.uint32() & 255;
  }

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { due: this.#micros + ms * 1000, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  yieldToOthers(): Promise<void> {
    this.elapse(0);
    return Promise.resolve();
  }

  /** Lets time pass and calls the timers that have come due. */
  elapse(ms: number): void {
    this.#micros += ms * 1000;
    const due = this.#timers.filter((timer) => timer.due <= this.#micros).sort((a, b) => a.due - b.due);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { callback } of due) callback();
  }
}
