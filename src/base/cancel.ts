/** Cancellation: a flag that a long computation looks at between batches. */
import { DriftError } from './error.ts';

export class Cancellation {
  #reason: DriftError | undefined;
  #listeners: Set<(reason: DriftError) => void> | null = null;
  /** How far the computation is: rows read from tables, and how many there were to read when their scans began. */
  rowsRead = 0;
  rowsExpected = 0;

  /** Asks the computation to stop; the first reason stands. */
  cancel(reason: DriftError = new DriftError('57014', 'canceling statement due to user request')): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    if (this.#listeners !== null) for (const listener of this.#listeners) listener(reason);
  }

  /** Calls back at once when cancelled, for what waits; returns what ends that. */
  onCancel(listener: (reason: DriftError) => void): () => void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  get cancelled(): boolean {
    return this.#reason !== undefined;
  }

  /** Throws the reason (57014 unless another was given) once cancelled. */
  check(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }
}

/** For what nobody cancels. */
export const NEVER: Cancellation = new Cancellation();
