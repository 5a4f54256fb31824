/**
 * The ledger: what the manifest remembers besides the state, as JSON behind everything else in its body. No state of the
 * database differs by it: which backups were made, which rows were erased and which of those may still lie in old files.
 */

export interface BackupNote {
  readonly id: string;
  /** The commit whose state it holds. */
  readonly seq: number;
  /** µs since 1970. */
  readonly madeAt: number;
  /** Whether it holds history, or that state alone. */
  readonly history: boolean;
}

export interface ErasureNote {
  /** The commit that recorded it. */
  readonly seq: number;
  /** As it was called then. */
  readonly table: string;
  readonly rows: number;
}

/** Packs from before an erasure, which go when all that is alive in them was written anew. */
export interface Rewriting {
  /** Packs of lower numbers. */
  readonly below: number;
  /** The first of the erasures whose rows they may hold. */
  readonly since: number;
}

export interface Ledger {
  readonly rewriting?: Rewriting | undefined;
  /** The newest last. */
  readonly backups?: readonly BackupNote[] | undefined;
  readonly erasures?: readonly ErasureNote[] | undefined;
}

/** An erasure that was committed, and whose versions are still in the trees. */
export interface PendingErasure {
  readonly seq: number;
  /** The log's frame (txn/erasure-codec.ts). */
  readonly payload: Uint8Array;
}
