/**
 * Statements that are about the session itself: BEGIN and its kin, savepoints, settings, DISCARD. They read no table and
 * have no plan, and what they do to the session they do through `Controlled`.
 */
import type { Cancellation } from '../base/cancel.ts';
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { TimePoint } from '../sql/ast-query.ts';
import type { Statement, TransactionModes } from '../sql/ast-statement.ts';
import type { Party } from '../txn/lock/party.ts';
import type { Moment, ResultSet, SessionApi, TransactionOptions } from './api.ts';
import { branch } from './branch/statements.ts';
import { applySet, isRole, modesOf, setModes, withoutEffect } from './commands.ts';
import type { Core, SessionSequences } from './core.ts';
import { type Open, rollbackTo, savepoint } from './open.ts';
import type { Portals } from './portal.ts';
import type { PreparedStatements } from './prepared.ts';
import { aborted, insideBlock } from './session-errors.ts';
import type { Settings } from './settings.ts';
import { command, show, warned } from './show.ts';
import type { StatementCache } from './statement-cache.ts';

/** A session as the statements about it see it. */
export interface Controlled {
  readonly id: number;
  core: Core;
  /** Whether it has a schema for temporary objects. */
  readonly hasTemporary: boolean;
  readonly party: Party;
  readonly settings: Settings;
  readonly prepared: PreparedStatements;
  readonly statements: StatementCache;
  readonly sequences: SessionSequences;
  readonly portals: Portals;
  open: Open | null;
  startTask(options: TransactionOptions, cancellation: Cancellation): Task<Open>;
  commitTask(cancellation?: Cancellation): Task<number | null>;
  rollbackTask(): Task<void>;
  momentTask(point: TimePoint, cancellation: Cancellation): Task<number>;
  /** A new session on a line. */
  another(core: Core): SessionApi;
  /** Drops the session's temporary objects. */
  dropTemporary(): Task<void>;
}

/** Null where the statement is not about the session. */
export function* control(
  session: Controlled,
  statement: Statement,
  cancellation: Cancellation,
): Task<ResultSet | null> {
  const { open, settings } = session;
  if (open?.failed === true && statement.kind !== 'commit' && statement.kind !== 'rollback') throw aborted();
  switch (statement.kind) {
    case 'begin':
      return yield* begin(session, statement.modes, cancellation);
    case 'commit':
    case 'rollback':
      return yield* end(session, statement, cancellation);
    case 'savepoint':
    case 'release':
      savepoint(open, statement, settings, session.portals);
      return command(statement.kind.toUpperCase());
    case 'setTransaction':
      return setModes(settings, statement, open);
    case 'set': {
      const modes = open === null ? null : modesOf(statement);
      if (modes !== null) return setModes(settings, { session: false, modes }, open);
      return yield* applySet(settings, statement, {
        inTransaction: open !== null,
        resolve: (point) => session.momentTask(point, cancellation),
        isRole: (name) => isRole(open?.transaction.catalog ?? session.core.manager.catalog, name),
      });
    }
    case 'branch':
      return yield* branch(session, statement, cancellation);
    case 'show':
      return show(settings, statement.name, open?.transaction);
    case 'discard':
      yield* discard(session, statement.what);
      return command(`DISCARD ${statement.what.toUpperCase()}`);
    case 'deallocate':
      return session.prepared.deallocate(statement.name, statement.position);
    default:
      return withoutEffect(statement);
  }
}

function* begin(
  session: Controlled,
  { asOf, readOnly, isolation, deferrable }: TransactionModes,
  cancellation: Cancellation,
): Task<ResultSet> {
  if (session.open !== null) return warned('BEGIN', '25001', 'there is already a transaction in progress');
  const seq = asOf === undefined ? null : yield* session.momentTask(asOf, cancellation);
  session.open = yield* session.startTask(
    { asOf: seq === null ? undefined : { kind: 'seq', seq }, readOnly, isolation },
    cancellation,
  );
  session.open.transaction.deferrable = deferrable ?? isDeferrable(session);
  return command('BEGIN');
}

function isDeferrable({ settings }: Controlled): boolean {
  return settings.get('default_transaction_deferrable') === 'on';
}

/** COMMIT and ROLLBACK; AND CHAIN begins the next transaction with the same modes. */
function* end(
  session: Controlled,
  statement: Extract<Statement, { kind: 'commit' | 'rollback' }>,
  cancellation: Cancellation,
): Task<ResultSet> {
  const { open } = session;
  if (statement.kind === 'rollback' && statement.savepoint !== undefined) {
    rollbackTo(open, statement.savepoint, session.settings, session.portals);
    return command('ROLLBACK');
  }
  if (statement.chain && open === null) {
    throw new DriftError('25P01', `${statement.kind.toUpperCase()} AND CHAIN can only be used in transaction blocks`);
  }
  if (open === null) return warned(statement.kind.toUpperCase(), '25P01', 'there is no transaction in progress');
  const commits = statement.kind === 'commit' && !open.failed;
  if (commits) yield* session.commitTask(cancellation);
  else yield* session.rollbackTask();
  if (statement.chain) {
    const asOf: Moment | undefined = open.asOf === null ? undefined : { kind: 'seq', seq: open.asOf };
    // A transaction that has failed hands nothing on: the next one has the modes of BEGIN.
    const { readOnly, isolation, deferrable } = open.transaction;
    const modes = open.failed ? { readOnly: undefined, isolation: undefined } : { readOnly, isolation };
    session.open = yield* session.startTask({ ...modes, asOf }, cancellation);
    session.open.transaction.deferrable = open.failed ? isDeferrable(session) : deferrable;
  }
  return command(commits ? 'COMMIT' : 'ROLLBACK');
}

function* discard(session: Controlled, what: 'all' | 'plans' | 'sequences' | 'temp'): Task<void> {
  const all = what === 'all';
  if (all && session.open !== null) throw insideBlock('DISCARD ALL');
  if (all || what === 'plans') session.statements.clear();
  if (all || what === 'sequences') {
    session.sequences.current.clear();
    session.sequences.last = null;
  }
  if (all || what === 'temp') yield* session.dropTemporary();
  if (!all) return;
  session.party.ending?.();
  session.portals.clear();
  session.settings.resetAll();
  session.settings.endTransaction(false);
  session.prepared.deallocate(undefined, 0);
}
