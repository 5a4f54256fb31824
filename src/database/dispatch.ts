/** From a statement to what runs it: inside of a transaction, for a session and for routines. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { isBindable } from '../plan/bind.ts';
import type { TimePoint } from '../sql/ast-query.ts';
import type { Statement } from '../sql/ast-statement.ts';
import { Again } from './again.ts';
import type { Parameter, ResultSet } from './api.ts';
import { type Cached, isSelectInto, runBindable, uncached } from './bindable.ts';
import { selectInto } from './bulk.ts';
import { applySet, isRole, setModes } from './commands.ts';
import { branchInTransaction } from './branch/rows-of-lines.ts';
import { copy } from './copy/statement.ts';
import { explain } from './explain.ts';
import { setConstraints } from './deferral.ts';
import { runCursor } from './cursor.ts';
import { isDefinition, runDefinition } from './definition.ts';
import { maintain } from './maintain.ts';
import { createMigration, dropMigration } from './migration/migration.ts';
import { refuseUnsupported } from './ddl/unsupported.ts';
import type { PreparedStatements } from './prepared.ts';
import { erase } from './history/erase.ts';
import { restore } from './history/restore.ts';
import { deleteHistory } from './history/retention.ts';
import { revertTransaction } from './history/revert.ts';
import { undo } from './history/undo.ts';
import { waitForChanges } from './history/wait-for-changes.ts';
import { runCall, runDo } from './routine/statements.ts';
import { command } from './show.ts';
import { refuseWrites, type Scene } from './statement.ts';
import { lockChanged, lockNamed, lockNames, lockTables } from './table-locks.ts';

export function dispatch(
  scene: Scene,
  cached: Cached,
  parameters: readonly Parameter[],
  prepared: () => PreparedStatements,
): Task<ResultSet> {
  const { statement } = cached;
  // Not a task of its own: each costs what a small statement feels.
  return isBindable(statement) && !isSelectInto(statement)
    ? runBindable(scene, cached, statement, parameters)
    : runOther(scene, statement, parameters, prepared);
}

function* runOther(
  scene: Scene,
  statement: Statement,
  parameters: readonly Parameter[],
  prepared: () => PreparedStatements,
): Task<ResultSet> {
  if (isSelectInto(statement)) {
    refuseWrites(scene, 'SELECT INTO');
    return yield* runDefinition(scene, selectInto(statement));
  }
  switch (statement.kind) {
    case 'explain':
      return yield* explain(scene, statement, (execute) => prepared().ready(scene, execute, true));
    case 'prepare':
      return yield* prepared().prepare(scene, statement);
    case 'execute':
      return yield* prepared().execute(scene, statement);
    case 'callProcedure':
      return yield* runCall(scene, statement);
    case 'declareCursor':
    case 'fetch':
    case 'closeCursor':
      return yield* runCursor(scene, statement);
    case 'do':
      return yield* runDo(scene, statement);
    case 'copy':
      return yield* copy(scene, statement);
    case 'maintenance':
      return yield* maintain(scene, statement);
    case 'lock':
      return yield* lockTables(scene, statement);
    case 'createMigration':
      return yield* createMigration(scene, statement);
    case 'dropMigration':
      return yield* dropMigration(scene, statement);
    case 'restore':
      return yield* restore(scene, statement);
    case 'revert':
      return yield* revertTransaction(scene, statement);
    case 'deleteHistory':
      return yield* deleteHistory(scene, statement);
    case 'erase':
      return yield* erase(scene, statement, parameters);
    case 'undo':
      return yield* undo(scene, statement);
    case 'waitForChanges':
      return yield* waitForChanges(scene, statement);
    case 'branch':
      return yield* branchInTransaction(scene, statement);
    case 'setConstraints':
      return yield* setConstraints(scene, statement);
    case 'unsupported':
      return refuseUnsupported(statement, scene.transaction.catalog, scene.eval.database);
    default:
      if (!isDefinition(statement)) {
        throw new DriftError('0A000', `this statement (${statement.kind}) is not supported yet`, {
          position: statement.position,
        });
      }
      refuseWrites(scene, tagOf(statement));
      if (statement.kind === 'createTableAs' && statement.query.kind === 'execute')
        return yield* runDefinition(scene, { ...statement, query: prepared().queryOf(statement.query) });
      return yield* lockedDefinition(scene, statement);
  }
}

/** As PostgreSQL calls the command. */
function tagOf(statement: Statement): string {
  const { kind } = statement;
  if (/^(create|alter).*(Enum|Type)$/.test(kind)) return kind.startsWith('create') ? 'CREATE TYPE' : 'ALTER TYPE';
  if (kind === 'truncate') return 'TRUNCATE TABLE';
  const words = statement.kind === 'drop' ? `drop ${statement.object}` : kind;
  return words.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
}

/** Runs a definition under locks on the tables that it names and changes. */
function* lockedDefinition(scene: Scene, statement: Parameters<typeof runDefinition>[1]): Task<ResultSet> {
  lockNamed(scene, statement);
  const before = new Map(scene.transaction.catalogChanges().map(({ id, object }) => [id, object]));
  const result = yield* runDefinition(scene, statement);
  lockNames(scene, before);
  lockChanged(scene, statement, before);
  return result;
}

/** A statement of a routine that has no plan of its own. */
export function* nested(
  scene: Scene,
  statement: Statement,
  prepared: () => PreparedStatements,
  resolve: (point: TimePoint) => Task<number>,
): Task<ResultSet> {
  switch (statement.kind) {
    case 'commit':
    case 'rollback':
      throw new DriftError('0A000', `${statement.kind.toUpperCase()} is not allowed in an SQL function`);
    case 'begin':
    case 'savepoint':
    case 'release':
      throw new DriftError('0A000', 'unsupported transaction command in PL/pgSQL');
    case 'set':
      yield* applySet(scene.settings, statement, {
        inTransaction: true,
        resolve,
        isRole: (name) => isRole(scene.transaction.catalog, name),
      });
      return command('SET');
    case 'setTransaction': {
      // After COMMIT in a procedure the next transaction has read nothing yet.
      const open = { transaction: scene.turns?.transaction ?? scene.transaction, savepoints: [], asOf: null };
      return setModes(scene.settings, statement, open);
    }
    case 'twoPhase':
      throw new DriftError('0A000', 'unsupported transaction command in PL/pgSQL');
    default: {
      // A body is part of a transaction, also where its caller is not in a block.
      const within = statement.kind === 'lock' ? { ...scene, inBlock: true } : scene;
      return yield* whenFree(scene, () => dispatch(within, uncached(statement), [], prepared));
    }
  }
}

/** A body that has committed cannot begin anew as a whole: its statement waits for tables by itself. */
function* whenFree<T>({ turns, transaction }: Scene, work: () => Task<T>): Task<T> {
  if (turns === undefined) return yield* work();
  for (;;) {
    const mark = transaction.mark();
    try {
      return yield* work();
    } catch (error) {
      if (!(error instanceof Again)) throw error;
      transaction.rollbackTo(mark);
      yield* error.first();
    }
  }
}
