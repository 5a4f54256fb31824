/** Clock: where the commits of a database stand. Its lines share one. */
import type { LogFrame } from '../log/frame.ts';
import type { CommitTurn } from './commit-turn.ts';
import type { Prover } from './proof/prover.ts';

export interface Clock {
  applied: number;
  published: number;
  timestamp: number;
  /** Timestamp of the first commit that has one and is not published; Infinity where there is none. */
  unsettledFrom: number;
  /** A commit in slices has its timestamp, and is not applied. */
  isDecided: boolean;
  /** Values of sequences that went with a commit which failed, for the next one to log. */
  owed: LogFrame[];
  readonly turn: CommitTurn;
  /** What gives commits their proofs, if the database has any. */
  prover: Prover | null;
}

/** That of a database whose newest commit is this one. */
export function newClock(lastSeq: number, timestamp: number): Clock {
  return {
    applied: lastSeq,
    published: lastSeq,
    timestamp,
    unsettledFrom: Infinity,
    isDecided: false,
    owed: [],
    turn: { taken: null },
    prover: null,
  };
}
