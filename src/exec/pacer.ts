/** Pacer: tells long loops when it is time to let other sessions run, and whether to go on at all. */
import type { Task } from '../base/task.ts';

export interface Pacer {
  /** Throws where the statement was cancelled; says whether its time slice is used up. A look at the clock: not for each row. */
  due(): boolean;
  /** Lets other sessions run. */
  pause(): Task<void>;
}

/** For work that is short, or whose caller cannot wait. */
export const UNPACED: Pacer = {
  due: () => false,
  *pause() {},
};
