/** What all sessions of an engine share, and the evaluation context that each statement gets from it. */
import { assert, DriftError } from '../base/error.ts';
import type { Cancellation } from '../base/cancel.ts';
import type { Host } from '../base/host.ts';
import { Random } from '../base/random.ts';
import type { Task } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import type { CatalogState } from '../catalog/catalog.ts';
import type { BranchDef } from '../catalog/lines.ts';
import type { Catalog, SequenceDef } from '../catalog/schema.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { ManifestState } from '../log/manifest.ts';
import type { HelperPool } from '../exec/helpers/pool.ts';
import type { SqlFunction } from '../sql/functions/function.ts';
import type { ProcedureNames } from '../sql/procedure-names.ts';
import type { TableStore } from '../table/store.ts';
import type { TransactionManager } from '../txn/transaction-manager.ts';
import type { EngineOptions } from './api.ts';
import type { Backend } from './activity.ts';
import { DomainChecks } from './domain-check.ts';
import type { PendingErasure } from './ledger.ts';
import type { Job } from './maintenance.ts';
import type { Sequences } from './sequences.ts';
import type { Settings } from './settings.ts';
import { type Modes, settingIn } from './show.ts';
import type { TemporaryFiles } from './temporary-files.ts';
import { procedureNames } from './system/procedure-names.ts';
import { catalogAnswer, systemClassName, systemClassOid } from './system/functions.ts';

export interface Core {
  readonly host: Host;
  readonly store: TableStore;
  readonly manager: TransactionManager;
  readonly sequences: Sequences;
  readonly options: EngineOptions;
  /** Functions registered through the API, by name. */
  readonly registered: Map<string, SqlFunction[]>;
  nextObjectId: number;
  /** Moments before this one are not there. */
  readonly historyFrom: number;
  /** Names the database in its backups; null until there is one. */
  databaseId: string | null;
  /** What the next manifest is to remember besides the state, as JSON: few openings look into it (ledger.ts). */
  ledger: string;
  /** Erasures whose versions are still in the trees: no checkpoint is written before they are not. */
  readonly erasing: PendingErasure[];
  lastSessionId: number;
  /** Those that are open, by id. */
  readonly sessions: Map<number, Backend>;
  /** Statements that run. */
  running: number;
  /** Their temporary files, once there were any. */
  temporary: TemporaryFiles | null;
  /** Workers that help with scans, once a statement has wanted them; one box for all lines. */
  readonly helping: { pool: HelperPool | null };
  /** Row ids handed out and not yet committed, by table. */
  readonly rowIds: Map<number, number>;
  /** Who waits for the next commit. */
  readonly awaitCommit: Set<() => void>;
  /** The commit after which each change feed goes on, by its session. */
  readonly feeds: Map<number, number>;
  /** The table of lines as of the last commit applied, and the cores of branches that are in use (branch/lines.ts). */
  readonly lines: { state: CatalogState; readonly open: Map<number, Core> };
  /** The branch that this is the core of, and the core of the main line; absent for that one. */
  readonly line?: { readonly branch: BranchDef; readonly main: Core } | undefined;
  /** The engine is being closed. */
  closing: boolean;
  /** What CHECKPOINT does: the engine's own. */
  checkpoint(force?: boolean): Promise<void>;
  /** Overwrites what older manifests have left. */
  scrub(): Promise<void>;
  /** Does something while no background work runs. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Does a piece of work in slices, after those that are under way. */
  background<T>(job: Job, work: () => Task<T>): Promise<T>;
}

/** An open engine, for what works on the database as a whole: changes of keys, backups. */
export interface EngineInside {
  readonly core: Core;
  /** Runs work while no checkpoint runs. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** Takes a checkpoint, whether there is anything new or not; `then` runs before anything else may change. */
  readonly checkpoint: (then?: (manifest: ManifestState) => void) => Promise<void>;
  readonly isClosed: () => boolean;
}

/** A session's memory of sequences: currval and lastval. */
export interface SessionSequences {
  readonly current: Map<number, bigint>;
  last: bigint | null;
}

export interface EvalParts {
  /** Without a store in values of the engine's own, before there is a session. */
  readonly core: Pick<Core, 'host' | 'sequences'> & {
    readonly store?: TableStore | undefined;
    readonly sessions?: Core['sessions'] | undefined;
  };
  readonly settings: Settings;
  readonly random: Random;
  readonly sequences: SessionSequences;
  readonly catalog: Catalog;
  readonly snapshot: number;
  readonly transaction: { readonly startedAt: number; readonly readOnly: boolean } & Modes;
  readonly cancellation: Cancellation;
  readonly sessionId: number;
}

export function evalContext(parts: EvalParts): EvalContext {
  return new StatementContext(parts);
}

/** A class rather than an object of closures: every statement makes one, and short statements feel it. */
class StatementContext implements EvalContext {
  /** Nothing here is `#private`: contexts that inherit from one (a statement under a catalog of its own) read it as well. */
  readonly parts: EvalParts;
  readonly transactionTime: number;
  readonly statementTime: number;
  readonly catalog: Catalog;
  readonly snapshot: number;
  readonly cancellation: Cancellation;
  readonly database: string = 'drift';

  get sessionId(): number {
    return this.parts.sessionId;
  }

  get readOnly(): boolean {
    return this.parts.transaction.readOnly;
  }

  constructor(parts: EvalParts) {
    this.parts = parts;
    this.transactionTime = parts.transaction.startedAt;
    this.statementTime = parts.core.host.now();
    this.catalog = parts.catalog;
    this.snapshot = parts.snapshot;
    this.cancellation = parts.cancellation;
  }

  catalogFunction(name: string, args: readonly Value[]): Value {
    const { store, sessions = new Map() } = this.parts.core;
    assert(store !== undefined, 'a function over the catalogs outside of a session');
    return catalogAnswer(name, args, {
      eval: this,
      store,
      settings: this.parts.settings,
      sequences: this.parts.core.sequences,
      sessions,
    });
  }

  systemClassOid(schema: string | undefined, name: string): number | undefined {
    return systemClassOid(this.catalog, schema, name);
  }

  systemClassName(oid: number): { readonly schema: string; readonly name: string } | undefined {
    return systemClassName(this.catalog, oid);
  }

  procedures(): ProcedureNames {
    return procedureNames(this.catalog);
  }

  get user(): string {
    return this.parts.settings.user;
  }

  domains: DomainChecks | null = null;

  checkDomain(oid: number, value: Value): void {
    this.domains ??= new DomainChecks(this);
    this.domains.check(oid, value);
  }

  clock(): number {
    return this.parts.core.host.now();
  }

  random(): number {
    return this.parts.random.next();
  }

  setSeed(seed: number): void {
    this.parts.random.seed(seed);
  }

  randomBytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.parts.core.host.randomBytes(bytes);
    return bytes;
  }

  get timeZone(): string {
    return this.parts.settings.get('timezone') ?? 'UTC';
  }

  setting(name: string): string | undefined {
    return settingIn(this.parts.settings, name, this.parts.transaction);
  }

  setSetting(name: string, value: string | null, local: boolean): void {
    this.parts.settings.set(name, value, local);
  }

  nextval(id: number): number | bigint {
    const { core, sequences } = this.parts;
    const value = core.sequences.next(sequenceOf(this.catalog, id));
    sequences.current.set(id, value);
    sequences.last = value;
    return plain(value);
  }

  currval(id: number): number | bigint {
    const value = this.parts.sequences.current.get(id);
    if (value === undefined)
      throw new DriftError(
        '55000',
        `currval of sequence "${sequenceOf(this.catalog, id).name}" is not yet defined in this session`,
      );
    return plain(value);
  }

  lastval(): number | bigint {
    const { last } = this.parts.sequences;
    if (last === null) throw new DriftError('55000', 'lastval is not yet defined in this session');
    return plain(last);
  }

  setval(id: number, value: number | bigint, isCalled: boolean): void {
    const { core, sequences } = this.parts;
    core.sequences.set(sequenceOf(this.catalog, id), BigInt(value), isCalled);
    if (isCalled) sequences.current.set(id, BigInt(value));
  }
}

function sequenceOf(catalog: Catalog, id: number): SequenceDef {
  const object = catalog.byId(id);
  if (object?.kind !== 'sequence') throw new DriftError('42P01', `sequence ${id} does not exist`);
  return object;
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
