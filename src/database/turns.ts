/** The transaction that bodies of procedures are in, which they may end (turn.ts). */
import type { Task } from '../base/task.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { Transaction } from '../txn/transaction.ts';

export interface Turns {
  transaction: Transaction;
  eval: EvalContext;
  /** Blocks with exception handlers that are being run. */
  subtransactions: number;
  /** Ends the transaction and begins the next, with the modes of the one before for a chain. Throws 2D000. */
  end(commits: boolean, chain: boolean): Task<void>;
}
