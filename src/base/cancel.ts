/** Cancellation: a flag that a long computation looks at between batches. */
import { DriftError } from './error.ts';

export class Cancellation {
  #reason: DriftError | undefined;

  /** Asks the computation to stop; the first reason stands. */
  cancel(reason: DriftError = new DriftError('57014', 'canceling statement due to user request')): void {
    this.#reason ??= reason;
  }

  get cancelled(): boolean {
    return this.#reason !== undefined;
  }

  /** Throws the reason (57014 unless another was given) once cancelled. */
  check(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }
}
