/**
 * COMMIT and ROLLBACK inside of a procedure or DO block: the statement's transaction ends and the next one begins, while
 * the bodies go on.
 *
 * Only a statement of its own transaction can do so, through bodies alone: CALL or DO at the top, and the CALLs of their
 * bodies (PostgreSQL, PL/pgSQL, "Transaction Management"). Their scenes carry the same `Turns` (turns.ts), from which
 * each frame takes the transaction of the moment (pl/frame.ts).
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { TransactionOptions } from './api.ts';
import type { Open } from './open.ts';
import type { Scene } from './statement.ts';
import type { Turns } from './turns.ts';

/** What the session does for a turn. */
export interface Turning {
  finish(): Task<unknown>;
  /** A transaction has ended: settings and cursors that end with it. */
  ended(undone: boolean): void;
  start(options: TransactionOptions): Task<Open>;
  scene(): Task<Scene>;
}

/** The scene of CALL or DO as a statement of its own transaction, `open`, which follows the turns. */
export function withTurns(scene: Scene, open: Open, session: Turning): Scene {
  const turns: Turns = {
    transaction: scene.transaction,
    eval: scene.eval,
    subtransactions: 0,
    *end(commits, chain) {
      if (turns.subtransactions > 0) {
        const what = commits ? 'commit' : 'roll back';
        throw new DriftError('2D000', `cannot ${what} while a subtransaction is active`);
      }
      open.turned = true;
      const { readOnly, isolation, deferrable } = open.transaction;
      if (commits) yield* session.finish();
      else scene.core.manager.rollback(open.transaction);
      session.ended(!commits);
      open.transaction = (yield* session.start(chain ? { readOnly, isolation } : {})).transaction;
      if (chain) open.transaction.deferrable = deferrable;
      const next = yield* session.scene();
      turns.transaction = next.transaction;
      turns.eval = next.eval;
    },
  };
  return { ...scene, turns };
}
