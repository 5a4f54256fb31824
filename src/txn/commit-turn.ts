/**
 * The commit turn: while a commit of very many rows is applied in slices, nobody else commits.
 *
 * A commit of few rows goes from its last look to its end without waiting, so it needs no turn of its own; it only waits
 * while another has it. The same for a checkpoint, which must not begin in between.
 */
import type { Task } from '../base/task.ts';

export class CommitTurn {
  /** Resolves when whoever has the turn gives it back; null while nobody has it. */
  taken: Promise<void> | null = null;

  /** Waits for the turn and takes it; the result gives it back. */
  *take(): Task<() => void> {
    while (this.taken !== null) yield this.taken;
    let end = (): void => undefined;
    this.taken = new Promise<void>((resolve) => {
      end = resolve;
    });
    return () => {
      this.taken = null;
      end();
    };
  }
}
