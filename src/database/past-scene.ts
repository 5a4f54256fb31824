/** The scene of a statement whose options, transaction or session ask for a moment of the past. */
import type { Cancellation } from '../base/cancel.ts';
import type { Task } from '../base/task.ts';
import type { Transaction } from '../txn/transaction.ts';
import type { ExecuteOptions } from './api.ts';
import type { Open } from './open.ts';
import { type Owner, sceneOf } from './scene-of.ts';
import { resolveMoment, type Scene } from './statement.ts';

interface Evaluator {
  evalFor(
    transaction: Transaction,
    catalog: Transaction['catalog'],
    snapshot: number,
    cancellation: Cancellation,
  ): Scene['eval'];
}

/** `temp`: the schema of the session's temporary objects. */
export function* pastScene(
  session: Owner & Evaluator,
  open: Open,
  temp: string | null,
  options: ExecuteOptions,
  cancellation: Cancellation,
): Task<Scene> {
  const { core, settings } = session;
  const { manager } = core;
  const { transaction } = open;
  const moment = options.asOf ?? (open.asOf === null ? settings.asOf : null);
  let { asOf } = open;
  if (moment !== null && moment !== undefined) {
    const probe = session.evalFor(transaction, transaction.catalog, transaction.snapshot, cancellation);
    asOf = yield* resolveMoment(core, probe, moment);
  }
  const { path } = settings;
  transaction.usePath(path);
  const catalog = asOf === null ? transaction.catalog : (yield* manager.catalogs.at(asOf)).forSession(temp, path);
  const context = session.evalFor(transaction, catalog, asOf ?? transaction.snapshot, cancellation);
  const time = asOf === null ? null : yield* manager.timeLine.timestampOf(asOf);
  if (time !== null && Number.isFinite(time)) Object.defineProperty(context, 'transactionTime', { value: time });
  return sceneOf(session, open, asOf, context);
}
