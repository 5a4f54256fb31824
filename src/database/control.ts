/**
 * Statements that are about the session itself: BEGIN and its kin, savepoints, settings, DISCARD. They read no table and
 * have no plan, and what they do to the session they do through `Controlled`.
 */
import type { Cancellation } from '../base/cancel.ts';
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { TimePoint } from '../sql/ast-query.ts';
import type { Begin, Statement, TwoPhase } from '../sql/ast-statement.ts';
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
  prepared(): PreparedStatements;
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
  if (open?.failed === true && !endsFailed(statement)) throw aborted();
  switch (statement.kind) {
    case 'begin':
      return yield* begin(session, statement, cancellation);
    case 'commit':
    case 'rollback':
      return yield* end(session, statement, cancellation);
    case 'twoPhase':
      return yield* twoPhase(session, statement);
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
      return session.prepared().deallocate(statement.name, statement.position);
    default:
      return withoutEffect(statement);
  }
}

/** What a failed transaction takes. */
function endsFailed(statement: Statement): boolean {
  const { kind } = statement;
  return kind === 'commit' || kind === 'rollback' || (kind === 'twoPhase' && statement.what === 'prepare');
}

function* begin(session: Controlled, { modes, tag }: Begin, cancellation: Cancellation): Task<ResultSet> {
  const { asOf, readOnly, isolation, deferrable } = modes;
  if (session.open !== null) {
    const { implicit } = session.open;
    // The modes are set all the same, if it is not too late for them.
    setModes(session.settings, { session: false, modes }, session.open);
    session.open.implicit = false;
    return implicit === true ? command(tag) : warned(tag, '25001', 'there is already a transaction in progress');
  }
  const seq = asOf === undefined ? null : yield* session.momentTask(asOf, cancellation);
  session.open = yield* session.startTask(
    { asOf: seq === null ? undefined : { kind: 'seq', seq }, readOnly, isolation },
    cancellation,
  );
  session.open.transaction.deferrable = deferrable ?? isDeferrable(session);
  return command(tag);
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
  if (statement.chain && (open === null || open.implicit === true)) {
    throw new DriftError('25P01', `${statement.kind.toUpperCase()} AND CHAIN can only be used in transaction blocks`);
  }
  const tag = statement.kind.toUpperCase();
  if (open === null) return warned(tag, '25P01', 'there is no transaction in progress');
  const commits = statement.kind === 'commit' && !open.failed;
  if (commits) yield* session.commitTask(cancellation);
  else yield* session.rollbackTask();
  if (statement.chain) {
    const asOf: Moment | undefined = open.asOf === null ? undefined : { kind: 'seq', seq: open.asOf };
    // A transaction that has failed hands on what it began with before it said anything of its own; one whose savepoint
    // has failed is like that at the savepoint.
    const { readOnly, isolation, deferrable } = open.transaction;
    const last = open.savepoints.at(-1);
    const now = { readOnly: open.failed ? last?.readOnly === true : readOnly, isolation, deferrable };
    const inherited = open.failed && last === undefined ? open.inherited : now;
    const next = yield* session.startTask(
      { readOnly: inherited?.readOnly, isolation: inherited?.isolation, asOf },
      cancellation,
    );
    next.transaction.deferrable = inherited?.deferrable ?? isDeferrable(session);
    session.open = inherited === undefined ? next : { ...next, inherited };
  }
  const done = commits ? 'COMMIT' : 'ROLLBACK';
  return open.implicit === true ? warned(done, '25P01', 'there is no transaction in progress') : command(done);
}

/** PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED: as where max_prepared_transactions is 0, its default. */
function* twoPhase(session: Controlled, { what, id }: TwoPhase): Task<ResultSet> {
  const { open } = session;
  if (what !== 'prepare') {
    if (open !== null) throw insideBlock(`${what.toUpperCase()} PREPARED`);
    throw new DriftError('42704', `prepared transaction with identifier "${id}" does not exist`);
  }
  if (open === null) return warned('ROLLBACK', '25P01', 'there is no transaction in progress');
  yield* session.rollbackTask();
  if (open.failed) return command('ROLLBACK');
  throw new DriftError('55000', 'prepared transactions are disabled', {
    hint: 'Set max_prepared_transactions to a nonzero value.',
  });
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
  session.prepared().deallocate(undefined, 0);
}
