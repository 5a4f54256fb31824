/**
 * Again: how a statement says that it has to begin anew, because it had to wait for a lock on a table.
 *
 * Under the lock the table may be another one than the statement was bound to. So what it has done is taken back,
 * `first` waits and takes the locks, and the statement runs on a newer snapshot where its isolation level has one.
 */
import type { Task } from '../base/task.ts';

export class Again {
  readonly first: () => Task<void>;

  constructor(first: () => Task<void>) {
    this.first = first;
  }
}
