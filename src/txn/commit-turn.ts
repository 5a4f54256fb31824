/**
 * The commit turn: while a commit of very many rows is applied in slices, nobody else commits.
 *
 * A commit of few rows goes from its last look to its end without waiting, so it needs no turn of its own; it only waits
 * while another has it. The same for a checkpoint, which must not begin in between.
 */
import type { Task } from '../base/task.ts';

export interface CommitTurn {
  /** Resolves when whoever has the turn gives it back; null while nobody has it. */
  taken: Promise<void> | null;
}

/** Waits for the turn and takes it; the result gives it back. */
export function* takeTurn(turn: CommitTurn): Task<() => void> {
  while (turn.taken !== null) yield turn.taken;
  let end = (): void => undefined;
  turn.taken = new Promise<void>((resolve) => {
    end = resolve;
  });
  return () => {
    turn.taken = null;
    end();
  };
}
