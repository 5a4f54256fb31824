/**
 * Engine: one open database. Opening recovers it, closing checkpoints it; in between sessions run and the log is kept
 * short by checkpoints.
 *
 * A checkpoint: the log rotates, so that new commits go to a file of their own; dirty leaves as of that moment become
 * segments; the manifest switches to them in one step; older logs and packs without live segments go. A crash at any
 * point leaves the manifest before or after, each with the log that continues it.
 */
import { DriftError } from '../base/error.ts';
import { type Task, wait } from '../base/task.ts';
import { FIRST_NEW_ID } from '../catalog/system-objects.ts';
import { CommitLog } from '../log/commit-log.ts';
import { LOG_STEP_BYTES } from '../log/constants.ts';
import { flushManifest, type ManifestState, readManifest, writeManifest } from '../log/manifest.ts';
import { scrubManifest } from '../log/scrub.ts';
import { removeFile } from '../storage/remove.ts';
import type { Storage } from '../storage/storage.ts';
import type { TableStore } from '../table/store.ts';
import { openTableStore } from '../table/table-store.ts';
import { Prover } from '../txn/proof/prover.ts';
import { findProofs } from '../txn/proof/find-proofs.ts';
import { TransactionManager } from '../txn/transaction-manager.ts';
import type { EngineApi, EngineOptions, EngineStatus, FunctionBody, FunctionOptions } from './api.ts';
import { rowIdsOf } from './branch/replay.ts';
import { bareContext } from './bare-context.ts';
import type { Core, EngineInside } from './core.ts';
import { restoreInto } from './backup/restore.ts';
import { erasePending, resumeErasing } from './history/erase-pending.ts';
import { refuseUnopenable } from './import-marker.ts';
import { createSystemTables, decodeCheckpoint, describePresent, Replay, encodeCheckpoint } from './recovery.ts';
import { register } from './registered.ts';
import { retain } from './retained.ts';
import { Maintenance } from './maintenance.ts';
import { resumeRekey } from './rekey.ts';
import { drive } from './scheduler.ts';
import { Sequences } from './sequences.ts';
import { Session } from './session.ts';
import { textArray } from './specs.ts';
import { endStructures, reopenStructures, structureIn } from './structure.ts';
import { makeWhole, whenWhole } from './whole.ts';

const DEFAULT_CHECKPOINT_LOG_BYTES = 16 * 1024 * 1024;
const DEFAULT_CHECKPOINT_INTERVAL_MS = 5 * 60 * 1000;
const DEFAULT_CACHE_BYTES = 256 * 1024 * 1024;
const FULL_PAUSE_MS = 2000;
/** Dirty bytes call for a checkpoint at half the cache's budget, but not below this. */
const MIN_DIRTY_BYTES = 4 * 1024 * 1024;
const DEFAULT_PACK_BYTES = 32 * 1024 * 1024;
const DEFAULT_LEAF_ROWS = 32768;
const DEFAULT_CLOSED_ROWS = 4096;
/** Log files that recovery may have to read: each opening that does not end in a checkpoint leaves one. */
const MAX_LOG_FILES = 4;
const DEFAULT_FLUSH_INTERVAL_MS = 100;

/** What the engine's own parts get to see of it, beside the API. */
export interface OpenEngine extends EngineApi {
  session(): Session;
  /** Loads the rare part, which whatever uses this belongs to. Throws 08003 when the engine is closed. */
  inside(): Promise<EngineInside>;
}

/** Opens (creates where there is none) the database on a storage. Throws 55006 when it is in use, XX001 when damaged. */
export async function openEngine(options: EngineOptions): Promise<OpenEngine> {
  await options.storage.acquire();
  try {
    const engine = await drive(Engine.open(options), options.host);
    if (options.proofs === true) await enableProofs(engine);
    return engine;
  } catch (error) {
    await options.storage.close();
    throw error;
  }
}

async function enableProofs(engine: Engine): Promise<void> {
  const session = engine.session();
  await session.execute('SELECT drift_enable_proofs()');
  await session.close();
}

class Engine implements EngineApi, OpenEngine {
  readonly #core: Core;
  readonly #log: CommitLog;
  readonly #maintenance: Maintenance;
  #manifest: ManifestState;
  #checkpoints = 0;
  /** The newest commit that the manifest in force has in segments. */
  #checkpointedSeq: number;
  /** Why no checkpoint is taken any more: what a failed one left in the packs cannot be relied on. */
  #checkpointError: unknown;
  /** When the next may be begun without being asked for: not at every commit while the medium is full. */
  #notBeforeMs = -Infinity;
  #closed = false;

  private constructor(core: Core, log: CommitLog, manifest: ManifestState, checkpointedSeq: number) {
    this.#checkpointedSeq = checkpointedSeq;
    this.#core = core;
    this.#log = log;
    this.#manifest = manifest;
    const { host, store, options } = core;
    this.#maintenance = new Maintenance({
      host,
      store,
      logLimitBytes: options.checkpointLogBytes ?? DEFAULT_CHECKPOINT_LOG_BYTES,
      intervalMs: options.checkpointIntervalMs ?? DEFAULT_CHECKPOINT_INTERVAL_MS,
      reasonFor: (limit) => this.#reasonForCheckpoint(limit),
      retain: () => retain(core),
      checkpoint: (force) => this.#checkpoint(force),
    });
    core.manager.onPublish = () => {
      this.#maintenance.noteCommit();
      for (const wake of core.awaitCommit) wake();
    };
    core.manager.turn = () => this.#maintenance.turn();
  }

  static *open(options: EngineOptions): Task<Engine> {
    const { storage } = options;
    if (options.restore !== undefined) {
      yield* makeWhole(options.host, 'rare');
      yield* wait(restoreInto(storage, options.host, options.restore));
    } else yield* refuseUnopenable(storage);
    const manifest = yield* readManifest(storage);
    try {
      // Replaying some commits needs more than the first half.
      return yield* whenWhole(options.host, () => Engine.#openFrom(options, manifest));
    } catch (error) {
      throw explained(error, manifest);
    }
  }

  static *#openFrom(options: EngineOptions, manifest: ManifestState | null): Task<Engine> {
    const { storage, host } = options;
    const state = manifest === null ? null : decodeCheckpoint(manifest.body);
    const epoch = (manifest?.epoch ?? 0) + 1;
    const store: TableStore = openTableStore(
      storage,
      state === null || state.directory.length === 0 ? null : state.directory,
      {
        cacheBudgetBytes: options.cacheBudgetBytes ?? DEFAULT_CACHE_BYTES,
        packSizeBytes: options.packSizeBytes ?? DEFAULT_PACK_BYTES,
        maxLeafRows: options.maxLeafRows ?? DEFAULT_LEAF_ROWS,
        minClosedRows: options.minClosedRows ?? DEFAULT_CLOSED_ROWS,
        inlineSplitCells: options.inlineSplitCells,
        sliceEntries: options.bulkRows,
        inlineTiles: options.inlineTiles,
      },
    );
    const sequences = new Sequences();
    for (const value of state?.sequences ?? []) sequences.restore(value);
    const context = bareContext(options, sequences);
    createSystemTables(store, context);
    const lastSeq = state?.lastSeq ?? 0;
    const limits = state?.limits ?? [];
    const catalogs = yield* describePresent(store, context, { lastSeq, limits });
    for (const [table, kept] of limits) if (store.has(table)) store.keepHistory(table, kept);
    const replay = new Replay(store, sequences, context, {
      ...catalogs,
      lastSeq,
      lastTimestamp: state?.lastTimestamp ?? -Infinity,
      nextObjectId: state?.nextObjectId ?? FIRST_NEW_ID,
    });
    const durability = options.durability ?? 'full';
    const log = new CommitLog(storage, host, {
      durability,
      flushIntervalMs: options.flushIntervalMs ?? DEFAULT_FLUSH_INTERVAL_MS,
      stepBytes: options.logStepBytes ?? LOG_STEP_BYTES,
      firstLog: state?.firstLog ?? 1,
      mustExist: manifest !== null,
      epoch,
    });
    yield* log.replay(lastSeq, (commit) => replay.apply(commit));
    if (manifest !== null) yield* settle(storage, manifest, yield* store.leftovers());
    const manager = new TransactionManager({
      store,
      log,
      host,
      durability,
      testIgnore: options.testIgnore,
      bulkRows: options.bulkRows,
      lastSeq: replay.lastSeq,
      lastTimestamp: replay.lastTimestamp,
      historyFrom: state?.historyFrom,
      catalog: replay.catalog,
      textArray: (names) => textArray(names, context),
      proverFor: (current) => {
        const proofs = findProofs(current);
        return proofs === undefined ? null : new Prover(store, proofs.id, host);
      },
      reopenStructures: (before, changes) => reopenStructures(store, before, changes),
      endStructures: (before, after, seq) => endStructures(store, before, after, seq),
    });
    const core: Core = {
      host,
      store,
      manager,
      sequences,
      options,
      nextObjectId: replay.nextObjectId,
      historyFrom: state?.historyFrom ?? 0,
      databaseId: state?.databaseId ?? null,
      ledger: state?.ledger ?? '{}',
      erasing: replay.erasing,
      lastSessionId: 0,
      sessions: new Map(),
      running: 0,
      temporary: null,
      helping: { pool: null },
      rowIds: replay.lines.version === 0 ? new Map() : rowIdsOf(replay.lines, replay.catalog, store),
      registered: new Map(),
      awaitCommit: new Set(),
      feeds: new Map(),
      lines: { state: replay.lines, open: new Map() },
      closing: false,
      checkpoint: (force) => engine.checkpoint(force),
      scrub: async () => engine.#maintenance.alone(() => drive(scrubManifest(storage, engine.#manifest), host)),
      alone: (work) => engine.#maintenance.alone(work),
      background: (job, work) => engine.#maintenance.run(job, work),
    };
    const inForce = manifest ?? (yield* firstManifest(options, epoch));
    const engine: Engine = new Engine(core, log, inForce, lastSeq);
    try {
      yield* dropLeftovers(core);
    } catch (error) {
      // On a full medium they stay until another opening: it can be read.
      if (!isFull(error)) throw error;
    }
    // An erasure that was cut off: no reader sees its rows again, and its files go in the background.
    if (core.erasing.length > 0 || core.ledger.includes('"rewriting"')) {
      yield* makeWhole(host, 'rare');
      yield* resumeErasing(core);
    }
    if (storage.cipher !== undefined) resumeRekey(engine.#inside).catch(() => undefined);
    engine.#maintenance.start();
    return engine;
  }

  session(): Session {
    if (this.#closed) throw new DriftError('08003', 'the database is closed');
    return new Session(this.#core);
  }

  createFunction(name: string, options: FunctionOptions, body: FunctionBody): void {
    const { registered, manager } = this.#core;
    register({ registered, catalog: manager.catalog }, name, options, body);
  }

  status(): EngineStatus {
    const statistics = this.#core.store.statistics();
    return {
      medium: this.#core.options.storage.medium,
      durability: this.#core.options.durability ?? 'full',
      lastSeq: this.#core.manager.published,
      storageBytes: statistics.diskBytes + this.#log.sizeBytes,
      cacheBytes: statistics.cacheBytes,
      logBytes: this.#log.sizeBytes,
      checkpoints: this.#checkpoints,
    };
  }

  async checkpoint(force = false): Promise<void> {
    await this.#maintenance.checkpoint('asked for', force);
  }

  async inside(): Promise<EngineInside> {
    if (this.#closed) throw new DriftError('08003', 'the database is closed');
    await this.#core.host.loadPart?.('rare');
    return this.#inside;
  }

  get #inside(): EngineInside {
    return {
      core: this.#core,
      alone: (work) => this.#maintenance.alone(work),
      checkpoint: async (then) => {
        await this.checkpoint(true);
        if (then !== undefined) await this.#maintenance.alone(() => then(this.#manifest));
      },
      isClosed: () => this.#closed,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#maintenance.close();
    this.#core.closing = true;
    for (const wake of this.#core.awaitCommit) wake();
    // As a fast shutdown: what runs is cancelled and rolled back, a commit that is being written comes to its end.
    const sessions = [...this.#core.sessions.values()];
    for (const session of sessions) session.terminate(shutdown());
    for (const session of sessions) {
      await session.close();
      // Who calls from now on calls a database that is closed.
      session.ended = null;
    }
    await this.#core.temporary?.close();
    this.#core.helping.pool?.end();
    try {
      if (this.#log.failed === undefined && this.#checkpointError === undefined) await this.#lastCheckpoint();
      await drive(this.#log.close(), this.#core.host);
    } finally {
      await this.#core.options.storage.close();
    }
  }

  async #lastCheckpoint(): Promise<void> {
    try {
      await this.#maintenance.checkpoint('closing');
    } catch (error) {
      // On a full medium, or where the half of the engine that writes checkpoints cannot be loaded: the log has everything.
      if (!isFull(error) && !(error instanceof DriftError && error.code === '08006')) throw error;
    }
  }

  /** What calls for a checkpoint now; null for nothing. */
  #reasonForCheckpoint(logLimitBytes: number): string | null {
    if (this.#checkpointError !== undefined || this.#log.failed !== undefined) return null;
    const { options, store, host } = this.#core;
    if (host.monotonicMs() < this.#notBeforeMs) return null;
    const dirtyLimit = Math.max(MIN_DIRTY_BYTES, (options.cacheBudgetBytes ?? DEFAULT_CACHE_BYTES) / 2);
    if (this.#log.sizeBytes >= logLimitBytes) return 'log';
    if (this.#log.fileCount > MAX_LOG_FILES) return 'log files';
    return store.dirtyBytes >= dirtyLimit ? 'dirty' : null;
  }

  /** False where there is nothing to write. */
  *#checkpoint(force = false): Task<boolean> {
    if (this.#checkpointError !== undefined) throw this.#checkpointError;
    const { manager } = this.#core;
    // Openings without a commit leave log files, too.
    if (!force && manager.appliedSeq === this.#checkpointedSeq && this.#log.fileCount <= MAX_LOG_FILES) return false;
    yield* makeWhole(this.#core.host);
    try {
      yield* this.#writeCheckpoint();
      return true;
    } catch (error) {
      // A full medium took some segments and not others: those it took are as good as any, the next checkpoint goes on.
      if (!isFull(error) || this.#log.failed !== undefined) this.#checkpointError = error;
      else this.#notBeforeMs = this.#core.host.monotonicMs() + FULL_PAUSE_MS;
      throw error;
    }
  }

  *#writeCheckpoint(): Task<void> {
    const { manager, store, sequences, options } = this.#core;
    const logBytes = this.#log.sizeBytes;
    const { writtenBytes } = store.traffic();
    let firstLog: number;
    do {
      if (this.#core.erasing.length > 0) yield* erasePending(this.#core);
      firstLog = yield* this.#log.rotate(() => manager.commitTurn.taken);
    } while (this.#core.erasing.length > 0);
    // Nothing waits between here and the capture at the start of `store.checkpoint`.
    const state = {
      lastSeq: manager.appliedSeq,
      lastTimestamp: manager.lastTimestamp,
      firstLog,
      nextObjectId: this.#core.nextObjectId,
      sequences: sequences.all(),
      historyFrom: this.#core.historyFrom,
      limits: store.limits(),
      databaseId: this.#core.databaseId,
      ledger: this.#core.ledger,
    };
    const catalog = manager.appliedCatalog;
    const lines = this.#core.lines.state;
    const directory = yield* store.checkpoint(
      (tableId) => structureIn(catalog, tableId) ?? structureIn(lines, tableId),
    );
    const body = encodeCheckpoint({ ...state, directory });
    this.#manifest = yield* writeManifest(options.storage, this.#manifest, { epoch: this.#manifest.epoch + 1, body });
    this.#checkpoints++;
    this.#checkpointedSeq = state.lastSeq;
    yield* store.checkpointDone();
    yield* this.#log.recycle(firstLog);
    this.#maintenance.noteCheckpoint(logBytes, store.traffic().writtenBytes - writtenBytes);
  }
}

function shutdown(): DriftError {
  return new DriftError('57P01', 'terminating connection due to administrator command');
}

function isFull(error: unknown): boolean {
  return error instanceof DriftError && error.code === '53100';
}

/**
 * Makes the manifest in force durable where a power failure could bring back one before it that is not good any more, and
 * removes what it does not name. Not before all of this state was found to be there: where it is an older one, those
 * files belong to the newer.
 */
function* settle(storage: Storage, manifest: ManifestState, leftovers: readonly string[]): Task<void> {
  if (manifest.generation === 1 || leftovers.length > 0) yield* flushManifest(storage);
  if (manifest.damage === undefined) for (const name of leftovers) yield* removeFile(storage, name);
}

/** Temporary objects whose sessions ended with a crash. */
function* dropLeftovers(core: Core): Task<void> {
  for (const object of core.manager.catalog.objects()) {
    if (object.kind !== 'schema' || !object.name.startsWith('pg_temp_')) continue;
    const session = new Session(core);
    yield* session.dropTemporaryOf(null);
    core.sessions.delete(session.id);
    return;
  }
}

/**
 * What an opening says of files that it cannot read: an older manifest whose files are gone, or do not fit, is in force
 * because the newer one is damaged; and bytes whose checksums hold may still not make sense (somebody has made them).
 */
function explained(error: unknown, manifest: ManifestState | null): unknown {
  const senseless =
    error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError || isInternal(error);
  if (senseless) return new DriftError('XX001', `the files of the database are damaged: ${(error as Error).message}`);
  if (!(error instanceof DriftError) || error.code !== 'XX001' || manifest?.damage === undefined) return error;
  return new DriftError('XX001', `MANIFEST is damaged: ${manifest.damage}; the state before it is gone`, {
    detail: error.message,
  });
}

function isInternal(error: unknown): boolean {
  return error instanceof DriftError && error.code === 'XX000';
}

/** The manifest of a database that has only its log so far. */
function* firstManifest(options: EngineOptions, epoch: number): Task<ManifestState> {
  const body = encodeCheckpoint({
    lastSeq: 0,
    lastTimestamp: -Infinity,
    firstLog: 1,
    nextObjectId: FIRST_NEW_ID,
    sequences: [],
    directory: new Uint8Array(0),
    historyFrom: 0,
    limits: [],
    databaseId: null,
    ledger: '{}',
  });
  return yield* writeManifest(options.storage, null, { epoch, body });
}
