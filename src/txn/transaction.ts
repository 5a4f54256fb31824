/**
 * Transaction: a snapshot, and what has been changed on top of it.
 *
 * READ COMMITTED takes a newer snapshot for each statement. What was written stays right under it: a written row is
 * locked, so nobody else has changed it since.
 *
 * A transaction reads the state at `snapshot` plus its own writes. DDL is a change of the catalog like any other
 * change; structures that it needs at once (an empty table, an added column, a filled index) are made in the store
 * eagerly and are invisible to others because no catalog but this one names them; `undo` takes them back.
 *
 * A mark remembers how much was written; rolling back to it is how savepoints and failed statements leave no trace.
 */
import type { CatalogChange, CatalogState } from '../catalog/catalog.ts';
import type { LogFrame } from '../log/frame.ts';
import type { CatalogObject, Deferrable } from '../catalog/schema.ts';
import type { TreeColumn } from '../table/table.ts';
import { Party } from './lock/party.ts';
import type { TableReader } from './api.ts';
import { TableWrites } from './table-writes.ts';

/** Constraints that wait for the commit (true) or not; those that are not named do as they were declared. */
export interface ConstraintModes {
  readonly all: boolean | undefined;
  readonly named: ReadonlyMap<string, boolean>;
}
const NO_MODES: ConstraintModes = { all: undefined, named: new Map() };

/** What a commit carries besides changes. */
export interface CommitInfo {
  readonly author: string | null;
  readonly message: string | null;
  /** JSON text. */
  readonly metadata: string | null;
  /** Explicit commit timestamp, µs. */
  readonly timestamp: number | null;
  readonly clientId: string | null;
}

export const NO_COMMIT_INFO: CommitInfo = {
  author: null,
  message: null,
  metadata: null,
  timestamp: null,
  clientId: null,
};

/** READ UNCOMMITTED is READ COMMITTED, as in PostgreSQL; SNAPSHOT is REPEATABLE READ. */
export type Isolation = 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable';

/** Rows that a transaction was about to write to a table. */
export interface Unwritten {
  readonly tableId: number;
  readonly writes: TableWrites;
}

/** A transaction whose dependencies are watched (serial/serializable.ts). */
export interface Watched {
  /** Throws 40001 where it cannot be part of a serial order any more, `also` written. */
  check(also?: Unwritten): void;
  commit(end: number, hasWritten: boolean): void;
  /** The commit that was noted has not come about. */
  retract(): void;
  reader(tableId: number, inner: TableReader): TableReader;
}

/** A point to which a transaction can go back. */
export interface Mark {
  readonly counts: ReadonlyMap<number, number>;
  readonly catalogChanges: ReadonlyMap<number, CatalogObject | null>;
  readonly catalog: CatalogState;
  readonly base: CatalogState;
  readonly undos: number;
  readonly forgotten: number;
  readonly locks: number;
}

export class Transaction {
  /** The state that its statements read. */
  snapshot: number;
  isolation: Isolation;
  /** SERIALIZABLE and READ ONLY: waits for a snapshot with which it needs no checks. */
  deferrable = false;
  /** Nothing has been read or written yet: the snapshot and the modes may still change. */
  fresh = true;
  readonly party: Party;
  /** Its place among those that use tables (lock/space.ts). */
  place = -1;
  /** What is watched of it at SERIALIZABLE. */
  serial: Watched | null = null;
  readOnly: boolean;
  /** Start time, µs: now() in it. */
  readonly startedAt: number;
  info: CommitInfo;
  /** Goes into the log with its commit; told of the sequence number before anything else can happen. */
  alsoLogged: { readonly frames: readonly LogFrame[]; committed(seq: number): void } | null = null;
  /** What SET CONSTRAINTS said: of all constraints, and by name. */
  deferral: ConstraintModes = NO_MODES;
  /** Whether something has been put off until the commit. */
  deferred = false;
  /** Modes of the tables that its statements have used (bits of lock/modes.ts). */
  readonly used: Map<number, number> = new Map();
  /** What gives each of its locks back, in the order in which they were taken. */
  readonly locks: (() => void)[] = [];
  /** How many there were at the newest mark: what is taken back takes those behind it. */
  lockMark = 0;
  /** What is to be done when it has ended, whichever way. */
  readonly endings: (() => void)[] = [];
  /** Told of each write set when it is made, so that others find it. */
  onWrites: ((owner: Transaction, tableId: number, writes: TableWrites) => void) | undefined;
  readonly #writes = new Map<number, TableWrites>();
  /** The committed catalog under `#catalog`. */
  #base: CatalogState;
  #catalog: CatalogState;
  #catalogChanges = new Map<number, CatalogObject | null>();
  readonly #undos: (() => void)[] = [];
  /** Write sets of dropped tables, which a savepoint may bring back. */
  readonly #forgotten: { readonly tableId: number; readonly writes: TableWrites }[] = [];

  constructor(
    snapshot: number,
    catalog: CatalogState,
    options: {
      readOnly: boolean;
      startedAt: number;
      info: CommitInfo;
      isolation?: Isolation | undefined;
      party?: Party | undefined;
    },
  ) {
    this.snapshot = snapshot;
    this.isolation = options.isolation ?? 'read committed';
    this.party = options.party ?? new Party(0);
    this.#base = catalog;
    this.#catalog = catalog;
    this.readOnly = options.readOnly;
    this.startedAt = options.startedAt;
    this.info = options.info;
  }

  /** The catalog this transaction binds under: its snapshot's with its own DDL. */
  get catalog(): CatalogState {
    return this.#catalog;
  }

  /** Whether each statement reads what is committed when it begins. */
  get readsCommitted(): boolean {
    return this.isolation === 'read committed' || this.isolation === 'read uncommitted';
  }

  /** Reads a newer state from here on; `catalog` is the committed one of that state. */
  refresh(snapshot: number, catalog: CatalogState): void {
    this.snapshot = snapshot;
    if (catalog === this.#base) return;
    const { temp, path } = this.#catalog;
    this.#base = catalog;
    const mine = catalog.forSession(temp, path);
    this.#catalog = this.hasDdl ? mine.apply(uncommittedVersion(), this.catalogChanges()) : mine;
  }

  get hasChanges(): boolean {
    if (this.#catalogChanges.size > 0) return true;
    for (const writes of this.#writes.values()) if (writes.count > 0) return true;
    return false;
  }

  /** SERIALIZABLE READ ONLY DEFERRABLE that has not begun to read: it waits for a snapshot that cannot be in the way. */
  get awaitsSafety(): boolean {
    return this.deferrable && this.fresh && this.readOnly && this.isolation === 'serializable';
  }

  /** Whether a constraint waits for the commit now. */
  defers({ name, deferrable }: { readonly name: string; readonly deferrable?: Deferrable | undefined }): boolean {
    if (deferrable === undefined) return false;
    return this.deferral.named.get(name) ?? this.deferral.all ?? deferrable === 'deferred';
  }

  get hasDdl(): boolean {
    return this.#catalogChanges.size > 0;
  }

  writes(tableId: number): TableWrites | null {
    return this.#writes.get(tableId) ?? null;
  }

  /** The write set of a table, made at the first write. */
  writesFor(tableId: number, columns: readonly TreeColumn[]): TableWrites {
    let writes = this.#writes.get(tableId);
    if (writes === undefined) {
      writes = new TableWrites(columns);
      this.#writes.set(tableId, writes);
      this.onWrites?.(this, tableId, writes);
    } else if (writes.columnCount < columns.length) {
      writes.widen(columns);
    }
    return writes;
  }

  /** Tables with entries, in order of their ids. */
  written(): readonly (readonly [number, TableWrites])[] {
    return [...this.#writes].filter(([, writes]) => writes.count > 0).sort(([a], [b]) => a - b);
  }

  /** Forgets the writes to a table that this transaction drops. */
  forget(tableId: number): void {
    const writes = this.#writes.get(tableId);
    if (writes === undefined) return;
    this.#writes.delete(tableId);
    this.#forgotten.push({ tableId, writes });
  }

  /** Makes catalog changes part of the transaction; `undo` takes eager structures back if it does not commit. */
  changeCatalog(changes: readonly CatalogChange[], undo?: () => void): void {
    const own = new Map(this.#catalogChanges);
    for (const { id, object } of changes) own.set(id, object);
    this.#catalogChanges = own;
    // A version between two sequence numbers: unique to this state of this transaction, never equal to a committed one.
    this.#catalog = this.#catalog.apply(uncommittedVersion(), changes);
    if (undo !== undefined) this.#undos.push(undo);
  }

  /** From here on bare names find the objects of this schema first. */
  useTemporary(schema: string): void {
    this.#catalog = this.#catalog.forSession(schema);
  }

  /** From here on bare names are looked for along this path. */
  usePath(path: readonly string[]): void {
    this.#catalog = this.#catalog.forSession(this.#catalog.temp, path);
  }

  catalogChanges(): readonly CatalogChange[] {
    return [...this.#catalogChanges].map(([id, object]) => ({ id, object }));
  }

  mark(): Mark {
    const counts = new Map<number, number>();
    for (const [id, writes] of this.#writes) counts.set(id, writes.count);
    this.lockMark = this.locks.length;
    return {
      counts,
      catalogChanges: this.#catalogChanges,
      catalog: this.#catalog,
      base: this.#base,
      undos: this.#undos.length,
      forgotten: this.#forgotten.length,
      locks: this.locks.length,
    };
  }

  rollbackTo(mark: Mark): void {
    while (this.#forgotten.length > mark.forgotten) {
      const { tableId, writes } = this.#forgotten.pop() as { tableId: number; writes: TableWrites };
      this.#writes.set(tableId, writes);
    }
    for (const [id, writes] of this.#writes) writes.rollbackTo(mark.counts.get(id) ?? 0);
    const { temp, path } = this.#catalog;
    this.#catalogChanges = new Map(mark.catalogChanges);
    this.#catalog = mark.base === this.#base ? mark.catalog : this.#base.forSession(temp, path);
    if (mark.base !== this.#base && this.hasDdl)
      this.#catalog = this.#catalog.apply(uncommittedVersion(), this.catalogChanges());
    while (this.#undos.length > mark.undos) this.#undos.pop()?.();
    this.#unlock(mark.locks);
  }

  /** Takes everything back. */
  rollback(): void {
    this.#forgotten.length = 0;
    for (const writes of this.#writes.values()) writes.rollbackTo(0);
    this.#catalogChanges = new Map();
    while (this.#undos.length > 0) this.#undos.pop()?.();
  }

  /** Ends it for others: gives all locks back. */
  release(): void {
    this.used.clear();
    while (this.endings.length > 0) this.endings.pop()?.();
    this.#unlock(0);
  }

  /** Whoever waits for this one looks again. */
  #unlock(count: number): void {
    while (this.locks.length > count) this.locks.pop()?.();
    this.lockMark = Math.min(this.lockMark, count);
    this.party.wake();
  }
}

let uncommitted = 0;

/** Versions of uncommitted catalogs: negative, so that no committed version is ever equal. */
function uncommittedVersion(): number {
  uncommitted -= 1;
  return uncommitted;
}
