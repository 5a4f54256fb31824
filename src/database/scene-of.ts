/** The scene of a session's statement: what it reads, in which transaction, and what of the session it may use. */
import type { Cancellation } from '../base/cancel.ts';
import type { Task } from '../base/task.ts';
import type { TimePoint } from '../sql/ast-query.ts';
import type { Core } from './core.ts';
import { nested } from './dispatch.ts';
import type { Open } from './open.ts';
import type { Portals } from './portal.ts';
import type { PreparedStatements } from './prepared.ts';
import { routineRunner } from './routine/call.ts';
import type { Settings } from './settings.ts';
import type { Scene } from './statement.ts';

export interface Owner {
  readonly core: Core;
  readonly settings: Settings;
  readonly portals: Portals;
  readonly prepared: () => PreparedStatements;
  readonly open: Open | null;
  /** Finds a moment in a transaction of its own. */
  momentTask(point: TimePoint, cancellation: Cancellation): Task<number>;
  /** Gives the name of the schema of its temporary objects, from now on. */
  useTemporary(): string;
}

/** `asOf`: the moment that it reads instead of the transaction's state. */
export function sceneOf(session: Owner, open: Open, asOf: number | null, context: Scene['eval']): Scene {
  const { core, settings, portals, prepared } = session;
  const { cancellation } = context;
  return {
    core,
    settings,
    transaction: open.transaction,
    asOf,
    eval: context,
    parameters: [],
    depth: 0,
    notices: [],
    portals,
    prepared,
    inBlock: open === session.open,
    routines: routineRunner,
    execute: (inner, statement) =>
      nested(inner, statement, prepared, (point) => session.momentTask(point, cancellation)),
    useTemporary: () => session.useTemporary(),
  };
}
