/**
 * Transaction: a snapshot, and what has been changed on top of it.
 *
 * A transaction reads the state at `snapshot` plus its own writes. DDL is a change of the catalog like any other
 * change; structures that it needs at once (an empty table, an added column, a filled index) are made in the store
 * eagerly and are invisible to others because no catalog but this one names them; `undo` takes them back.
 *
 * A mark remembers how much was written; rolling back to it is how savepoints and failed statements leave no trace.
 */
import type { CatalogChange, CatalogState } from '../catalog/catalog.ts';
import type { CatalogObject, Deferrable } from '../catalog/schema.ts';
import type { TreeColumn } from '../table/table.ts';
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

/** A point to which a transaction can go back. */
export interface Mark {
  readonly counts: ReadonlyMap<number, number>;
  readonly catalogChanges: ReadonlyMap<number, CatalogObject | null>;
  readonly catalog: CatalogState;
  readonly undos: number;
  readonly forgotten: number;
}

export class Transaction {
  readonly snapshot: number;
  readOnly: boolean;
  /** Start time, µs: now() in it. */
  readonly startedAt: number;
  info: CommitInfo;
  /** What SET CONSTRAINTS said: of all constraints, and by name. */
  deferral: ConstraintModes = NO_MODES;
  /** Whether something has been put off until the commit. */
  deferred = false;
  readonly #writes = new Map<number, TableWrites>();
  #catalog: CatalogState;
  #catalogChanges = new Map<number, CatalogObject | null>();
  readonly #undos: (() => void)[] = [];
  /** Write sets of dropped tables, which a savepoint may bring back. */
  readonly #forgotten: { readonly tableId: number; readonly writes: TableWrites }[] = [];

  constructor(
    snapshot: number,
    catalog: CatalogState,
    options: { readOnly: boolean; startedAt: number; info: CommitInfo },
  ) {
    this.snapshot = snapshot;
    this.#catalog = catalog;
    this.readOnly = options.readOnly;
    this.startedAt = options.startedAt;
    this.info = options.info;
  }

  /** The catalog this transaction binds under: its snapshot's with its own DDL. */
  get catalog(): CatalogState {
    return this.#catalog;
  }

  get hasChanges(): boolean {
    if (this.#catalogChanges.size > 0) return true;
    for (const writes of this.#writes.values()) if (writes.count > 0) return true;
    return false;
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
    return {
      counts,
      catalogChanges: this.#catalogChanges,
      catalog: this.#catalog,
      undos: this.#undos.length,
      forgotten: this.#forgotten.length,
    };
  }

  rollbackTo(mark: Mark): void {
    while (this.#forgotten.length > mark.forgotten) {
      const { tableId, writes } = this.#forgotten.pop() as { tableId: number; writes: TableWrites };
      this.#writes.set(tableId, writes);
    }
    for (const [id, writes] of this.#writes) writes.rollbackTo(mark.counts.get(id) ?? 0);
    this.#catalogChanges = new Map(mark.catalogChanges);
    this.#catalog = mark.catalog;
    while (this.#undos.length > mark.undos) this.#undos.pop()?.();
  }

  /** Takes everything back. */
  rollback(): void {
    this.#forgotten.length = 0;
    for (const writes of this.#writes.values()) writes.rollbackTo(0);
    this.#catalogChanges = new Map();
    while (this.#undos.length > 0) this.#undos.pop()?.();
  }
}

let uncommitted = 0;

/** Versions of uncommitted catalogs: negative, so that no committed version is ever equal. */
function uncommittedVersion(): number {
  uncommitted -= 1;
  return uncommitted;
}
