/**
 * Session: one conversation with the engine. Its statements run one after another, each in a transaction: its own, or
 * the one that BEGIN opened. After an error an open transaction only takes ROLLBACK (25P02), as in PostgreSQL.
 */
import { Cancellation, NEVER } from '../base/cancel.ts';
import { DriftError } from '../base/error.ts';
import { Random } from '../base/random.ts';
import { ifThere } from '../base/part.ts';
import type { Task } from '../base/task.ts';
import { bindMoment, isBindable } from '../plan/bind.ts';
import { Suspended, waitFor } from '../exec/suspended.ts';
import type { TimePoint } from '../sql/ast-query.ts';
import type { Statement } from '../sql/ast-statement.ts';
import { parseOne } from '../sql/parser/parser.ts';
import type { StatementReader } from '../txn/api.ts';
import { unlockTaken } from '../txn/lock/advisory.ts';
import { Party } from '../txn/lock/party.ts';
import { waitForSafeSnapshot } from '../txn/serial/deferrable.ts';
import type { Isolation, Transaction } from '../txn/transaction.ts';
import { admit, leave } from './admission.ts';
import { Activity, idleTooLong, type Backend } from './activity.ts';
import type {
  CopyPiece,
  ExecuteOptions,
  Parameter,
  ResultSet,
  SessionApi,
  StatementDescription,
  StreamPiece,
  TransactionOptions,
} from './api.ts';
import { asText } from './text-answer.ts';
import { type Cached, uncached } from './bindable.ts';
import { commitInfo } from './commands.ts';
import { control, type Controlled } from './control.ts';
import { type Core, evalContext, type SessionSequences } from './core.ts';
import { ddlContext } from './definition.ts';
import { dispatch } from './dispatch.ts';
import { readsNothing } from './reads-nothing.ts';
import { fail } from './fail.ts';
import { signed } from './signature.ts';
import type { Open } from './open.ts';
import { Again } from './again.ts';
import { Pieces } from './pieces.ts';
import { readByKey } from './point-query.ts';
import { allStatements } from './read-text.ts';
import { endPortals, type Portals } from './portal.ts';
import { described, PreparedStatements } from './prepared.ts';
import { recheckConstraints } from './recheck.ts';
import { pastScene } from './past-scene.ts';
import { sceneOf } from './scene-of.ts';
import { type Run, runScript, runShape } from './script.ts';
import { SharedPlans } from './shared-plans.ts';
import { drive, Queue } from './scheduler.ts';
import { aborted, asDriftError } from './session-errors.ts';
import { Settings, timeoutMs } from './settings.ts';
import { endsTransaction, runSeveral } from './several.ts';
import { StatementCache } from './statement-cache.ts';
import { makeWhole, whenWhole } from './whole.ts';
import { command, noted } from './show.ts';
import { applyOnCommit, dropTemporary } from './temporary.ts';
import { withTurns } from './turn.ts';
import { bindContextOf, resolveMoment, type Scene } from './statement.ts';

/** Times a statement of its own transaction is tried when others commit in its way. */
const TRIES = 5;

export class Session implements SessionApi, Controlled, Backend {
  /** Unique in this opening of the database: what pg_backend_pid() gives. */
  readonly id: number;
  /** Another one after USE BRANCH. */
  core: Core;
  readonly settings: Settings = new Settings();
  readonly sequences: SessionSequences = { current: new Map(), last: null };
  readonly party: Party;
  readonly #random: Random;
  readonly #queue = new Queue();
  #prepared: PreparedStatements | null = null;
  /** Made when it is asked for. */
  readonly prepared = (): PreparedStatements => (this.#prepared ??= new PreparedStatements());
  /** Schema of the session's temporary objects, once it has any. */
  #temp: string | null = null;
  readonly statements: StatementCache = new StatementCache();
  #plans: SharedPlans | null = null;
  readonly portals: Portals = new Map();
  open: Open | null = null;
  #pieces: Pieces | null = null;
  #closed = false;
  /** Why the session was ended by others. */
  ended: DriftError | null = null;
  readonly activity: Activity;

  constructor(core: Core) {
    this.core = core;
    this.id = ++core.lastSessionId;
    core.sessions.set(this.id, this);
    this.party = new Party(this.id, () => timeoutMs(this.settings.get('lock_timeout')));
    this.activity = new Activity(core.host);
    this.#random = Random.seededBy(core.host);
  }

  another(core: Core): Session {
    return new Session(core);
  }

  get hasTemporary(): boolean {
    return this.#temp !== null;
  }

  /** Takes statements, and none is at work or waits. */
  get isIdle(): boolean {
    return this.#queue.isIdle && !this.#closed && this.ended === null;
  }

  get inTransaction(): boolean {
    return this.open !== null;
  }

  execute(sql: string, parameters: readonly Parameter[] = [], options: ExecuteOptions = {}): Promise<ResultSet> {
    const run = (cancellation: Cancellation): Task<ResultSet> =>
      whenWhole(this.core.host, () => this.#executeText(sql, parameters, options, cancellation));
    return this.#enqueue(options, run, sql);
  }

  script(sql: string, options: ExecuteOptions = {}): Promise<readonly ResultSet[]> {
    return this.#enqueue(options, (cancellation) => this.#script(sql, options, cancellation), sql);
  }

  begin(options: TransactionOptions = {}): Promise<void> {
    return this.#enqueue({}, (cancellation) => whenWhole(this.core.host, () => this.#begin(options, cancellation)));
  }

  commit(): Promise<number | null> {
    return this.#enqueue({}, () => this.commitTask());
  }

  rollback(): Promise<void> {
    return this.#enqueue({}, () => this.rollbackTask());
  }

  describe(sql: string): Promise<StatementDescription> {
    const work = (cancellation: Cancellation): Task<StatementDescription> =>
      whenWhole(this.core.host, () => this.#describe(sql, cancellation));
    return this.#enqueue({}, work, sql);
  }

  copy(piece: CopyPiece): Promise<string | number | null> {
    return this.#enqueue({}, (cancellation) => this.#inPieces((pieces) => pieces.copy(piece, cancellation)));
  }

  stream(piece: StreamPiece, options: ExecuteOptions = {}): Promise<ResultSet | null> {
    return this.#enqueue(options, (stop) => this.#inPieces((pieces) => pieces.stream(piece, options, stop)), piece.sql);
  }

  *#inPieces<T>(work: (pieces: Pieces) => Task<T>): Task<T> {
    // A stream cannot take a piece twice.
    yield* makeWhole(this.core.host, 'rare');
    return yield* work((this.#pieces ??= new Pieces(this, (open, options, stop) => this.#scene(open, options, stop))));
  }

  close(): Promise<void> {
    return this.#queue.run(() => drive(this.#close(), this.core.host));
  }

  *#close(): Task<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.activity.forget();
    try {
      yield* this.rollbackTask();
      // Where a database takes no more commits, the next opening drops them.
      if (this.core.manager.failed === undefined) yield* this.dropTemporary();
    } finally {
      this.party.ending?.();
      this.core.sessions.delete(this.id);
      this.core.feeds.delete(this.id);
    }
  }

  *dropTemporary(): Task<void> {
    if (this.#temp === null) return;
    if (this.open === null) yield* this.dropTemporaryOf(this.#temp);
    else dropTemporary(ddlContext(yield* this.#scene(this.open, {}, NEVER)), this.#temp);
  }

  /** Drops the temporary objects in a schema, or those of all sessions that are no more (null). */
  *dropTemporaryOf(schema: string | null): Task<void> {
    yield* makeWhole(this.core.host);
    const own = yield* this.startTask({ readOnly: false }, NEVER);
    dropTemporary(ddlContext(yield* this.#scene(own, {}, NEVER)), schema);
    yield* this.#finish(own);
  }

  terminate(reason: DriftError): void {
    this.ended ??= reason;
    this.activity.cancel(reason);
    this.close().catch(() => undefined);
  }

  #enqueue<T>(options: ExecuteOptions, work: (cancellation: Cancellation) => Task<T>, text = ''): Promise<T> {
    const cancellation = options.cancellation ?? new Cancellation();
    const { host } = this.core;
    const onTurn = options.onProgress && this.activity.watch(cancellation, options.onProgress);
    return this.#queue.run(() => drive(this.#guarded(options, work, cancellation, text), host, onTurn));
  }

  *#guarded<T>(
    options: ExecuteOptions,
    work: (cancellation: Cancellation) => Task<T>,
    cancellation: Cancellation,
    text: string,
  ): Task<T> {
    if (this.ended !== null) throw this.ended;
    if (this.#closed) throw new DriftError('08003', 'the session is closed');
    cancellation.check();
    this.party.cancellation = cancellation;
    const refused = admit(this.core, text);
    if (refused !== null) yield* refused;
    this.activity.begin(text, cancellation, options.timeoutMs ?? timeoutMs(this.settings.get('statement_timeout')));
    try {
      return yield* work(cancellation);
    } catch (error) {
      // Also the error of a text that cannot be read ends what an open transaction may do.
      if (this.open !== null) fail(this.open);
      throw asDriftError(error);
    } finally {
      const left = leave(this.core, cancellation);
      if (left !== null) yield left;
      this.activity.end(this.open, this.settings, () => this.terminate(idleTooLong()));
    }
  }

  *#executeText(
    sql: string,
    parameters: readonly Parameter[],
    options: ExecuteOptions,
    cancellation: Cancellation,
  ): Task<ResultSet> {
    let cached = this.statements.get(sql);
    if (cached === undefined) {
      const plans = parameters.length > 0 ? undefined : ifThere(() => this.#sharedPlans);
      const shape = plans?.shapeOf(sql) ?? null;
      const run: Run = (...known) => this.#runCached(...known, options, cancellation);
      const result = plans && (yield* runShape(plans, shape, run));
      if (result) return result;
      const [only, ...more] = yield* allStatements(sql, cancellation);
      if (only === undefined) return command('');
      if (more.length > 0) {
        if (parameters.length > 0)
          throw new DriftError('42601', 'cannot insert multiple commands into a prepared statement');
        return yield* this.#several([only, ...more], options, cancellation);
      }
      cached = plans?.parsed(shape, only) ?? uncached(only);
      this.statements.keep(sql, cached);
    }
    return yield* this.#runCached(cached, parameters, options, cancellation);
  }

  *#several(all: readonly Statement[], options: ExecuteOptions, cancellation: Cancellation): Task<ResultSet> {
    // Statements in a transaction of the session cannot be taken back together.
    if (this.open !== null || all.some(endsTransaction)) yield* makeWhole(this.core.host);
    const run = (statement: Statement): Task<ResultSet> =>
      whenWhole(this.core.host, () => this.#run(uncached(statement), [], options, cancellation));
    return yield* runSeveral(this, all, run, cancellation);
  }

  *#runCached(
    cached: Cached,
    parameters: readonly Parameter[],
    options: ExecuteOptions,
    cancellation: Cancellation,
  ): Task<ResultSet> {
    const found = cached.plan === null ? null : readByKey(this, cached, cached.plan, parameters, options);
    return found ?? (yield* this.#run(cached, parameters, options, cancellation));
  }

  *#script(sql: string, options: ExecuteOptions, cancellation: Cancellation): Task<readonly ResultSet[]> {
    yield* makeWhole(this.core.host);
    return yield* runScript(sql, this.#sharedPlans, cancellation, (...known) =>
      whenWhole(this.core.host, () => this.#run(...known, options, cancellation)),
    );
  }

  get #sharedPlans(): SharedPlans {
    return (this.#plans ??= new SharedPlans());
  }

  #endTransaction(undone: boolean): void {
    this.settings.endTransaction(undone);
    if (this.portals.size > 0) endPortals(this.portals, undone);
    this.#pieces?.endStreams();
  }

  /** Runs one statement in the open transaction or in one of its own. */
  *#run(
    cached: Cached,
    parameters: readonly Parameter[],
    options: ExecuteOptions,
    cancellation: Cancellation,
  ): Task<ResultSet> {
    const { statement } = cached;
    if (!isBindable(statement)) {
      const controlled = yield* control(this, statement, cancellation);
      if (controlled !== null) return controlled;
    }
    const { open } = this;
    this.party.taken.length = 0;
    if (open !== null) {
      if (open.failed) throw aborted();
      return yield* this.#runIn(open, cached, parameters, options, cancellation);
    }
    for (let attempt = 1; ; attempt++) {
      const own = this.#started(NONE);
      try {
        const result = yield* this.#runIn(own, cached, parameters, options, cancellation);
        yield* this.#finish(own, cancellation);
        return result;
      } catch (error) {
        this.core.manager.rollback(own.transaction);
        this.settings.endTransaction(true);
        // Nobody has seen a statement's own transaction: it may be run again on the newer state.
        if (error instanceof DriftError && error.code === '40001' && attempt < TRIES && own.turned !== true)
          unlockTaken(this.core.manager.locks, this.party);
        else throw error;
      } finally {
        this.#endTransaction(false);
      }
    }
  }

  *#runIn(
    open: Open,
    cached: Cached,
    parameters: readonly Parameter[],
    options: ExecuteOptions,
    cancellation: Cancellation,
  ): Task<ResultSet> {
    const { transaction } = open;
    const { kind } = cached.statement;
    const turns = (kind === 'callProcedure' || kind === 'do' || kind === 'erase') && open !== this.open;
    const { manager, host } = this.core;
    const reads = !readsNothing(kind);
    if (reads && transaction.awaitsSafety)
      yield* waitForSafeSnapshot(manager.serials, manager.locks, host, transaction);
    manager.refresh(transaction, reads);
    let scene = this.#presentScene(open, options, cancellation) ?? (yield* this.#scene(open, options, cancellation));
    if (turns) scene = this.#turning(scene, open, cancellation);
    let mark = transaction.mark();
    for (;;) {
      try {
        const result = noted(yield* dispatch(scene, cached, parameters, this.prepared), scene.notices);
        transaction.serial?.check();
        return options.text === true ? asText(result, scene.eval) : result;
      } catch (error) {
        if (open.turned === true) throw error;
        transaction.rollbackTo(mark);
        // It begins anew, or fails by our mistake.
        if (!(error instanceof DriftError)) unlockTaken(manager.locks, this.party);
        if (error instanceof Again) {
          yield* error.first();
          manager.refresh(transaction, reads);
          scene = yield* this.#scene(open, options, cancellation);
          if (turns) scene = this.#turning(scene, open, cancellation);
          mark = transaction.mark();
          continue;
        }
        if (!(error instanceof Suspended)) throw error;
        // A function that had to wait where nobody waits: it is run again when what it needs is there.
        yield* waitFor(error);
        scene.notices.length = 0;
      }
    }
  }

  #turning(scene: Scene, open: Open, cancellation: Cancellation): Scene {
    return withTurns(scene, open, {
      finish: () => this.#finish(open, cancellation),
      ended: (undone) => this.#endTransaction(undone),
      start: (options) => this.startTask(options, cancellation),
      scene: () => this.#scene(open, {}, cancellation),
    });
  }

  /** The scene of a statement that reads its transaction's state; null where a moment is to be found first. */
  #presentScene(open: Open, options: ExecuteOptions, cancellation: Cancellation): Scene | null {
    const { transaction } = open;
    if (open.asOf !== null || (options.asOf ?? this.settings.asOf) !== null) return null;
    transaction.usePath(this.settings.path);
    const context = this.evalFor(transaction, transaction.catalog, transaction.snapshot, cancellation);
    return sceneOf(this, open, null, context);
  }

  *#scene(open: Open, options: ExecuteOptions, cancellation: Cancellation): Task<Scene> {
    return (
      this.#presentScene(open, options, cancellation) ??
      (yield* pastScene(this, open, this.#temp, options, cancellation))
    );
  }

  useTemporary(): string {
    return (this.#temp ??= `pg_temp_${this.core.nextObjectId++}`);
  }

  evalFor(
    transaction: Transaction,
    catalog: Transaction['catalog'],
    snapshot: number,
    cancellation: Cancellation,
  ): Scene['eval'] {
    return evalContext({
      core: this.core,
      settings: this.settings,
      random: this.#random,
      sequences: this.sequences,
      catalog,
      snapshot,
      transaction,
      cancellation,
      sessionId: this.id,
    });
  }

  *momentTask(point: TimePoint, cancellation: Cancellation): Task<number> {
    const own = { ...(yield* this.startTask(NONE, cancellation)), asOf: null };
    const context = bindContextOf(yield* this.#scene(own, { asOf: undefined }, cancellation));
    return yield* context.resolveMoment(bindMoment(point, context));
  }

  *#begin(options: TransactionOptions, cancellation: Cancellation): Task<void> {
    if (this.open !== null) throw new DriftError('25001', 'there is already a transaction in progress');
    this.open = yield* this.startTask(options, cancellation);
  }

  #started(options: TransactionOptions): Open {
    const readOnly = options.asOf !== undefined || (options.readOnly ?? this.settings.readsOnly);
    const isolation = options.isolation ?? (this.settings.get('default_transaction_isolation') as Isolation);
    const transaction = this.core.manager.begin({ readOnly, temp: this.#temp, isolation, party: this.party });
    return { transaction, savepoints: [], durability: options.durability, failed: false, asOf: null };
  }

  *startTask(options: TransactionOptions, cancellation: Cancellation): Task<Open> {
    const started = this.#started(options);
    if (options === NONE) return started;
    const { transaction } = started;
    const context = this.evalFor(transaction, transaction.catalog, transaction.snapshot, cancellation);
    transaction.info = commitInfo(options, context);
    const asOf = options.asOf === undefined ? null : yield* resolveMoment(this.core, context, options.asOf);
    return { ...started, asOf };
  }

  *commitTask(cancellation?: Cancellation): Task<number | null> {
    const open = this.open;
    if (open === null) return null;
    if (open.failed) throw aborted();
    this.open = null;
    try {
      return yield* this.#finish(open, cancellation);
    } catch (error) {
      this.core.manager.rollback(open.transaction);
      throw error;
    } finally {
      this.#endTransaction(false);
    }
  }

  *#finish(open: Open, cancellation?: Cancellation): Task<number | null> {
    const { manager, sequences } = this.core;
    const { transaction } = open;
    if (this.#temp !== null && open.asOf === null)
      yield* applyOnCommit(ddlContext(yield* this.#scene(open, {}, NEVER)));
    const context = (snapshot: number): Scene['eval'] =>
      this.evalFor(transaction, transaction.catalog, snapshot, NEVER);
    const recheck = (reader: StatementReader, waits = false): Task<void> =>
      recheckConstraints(this.core, transaction, reader, context(reader.snapshot), { waits });
    if (this.settings.signs) transaction.info = signed(transaction.info, this.settings, context(transaction.snapshot));
    if (transaction.deferred) yield* recheck(manager.newestReader(transaction), true);
    return yield* manager.commit(transaction, {
      recheck: (reader) => recheck(reader),
      sequences: () => sequences.takeTouched(),
      cancellation,
      ...(open.durability === undefined ? {} : { durability: open.durability }),
    });
  }

  *rollbackTask(): Task<void> {
    if (this.open !== null) this.core.manager.rollback(this.open.transaction);
    this.open = null;
    this.#endTransaction(true);
  }

  *#describe(sql: string, cancellation: Cancellation): Task<StatementDescription> {
    const open = this.open ?? (yield* this.startTask(NONE, cancellation));
    return yield* described(yield* this.#scene(open, {}, cancellation), parseOne(sql));
  }
}

const NONE: TransactionOptions = {};
