/**
 * The ledger: what the manifest remembers besides the state, as JSON behind everything else in its body. No state of the
 * database differs by it: which backups were made, which rows were erased and which of those may still lie in old files.
 */
import { DriftError } from '../base/error.ts';

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
  /** Ids of the branches that had versions of their own of the rows. */
  readonly branches?: readonly number[] | undefined;
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

/** Throws XX001 for what is no ledger. */
export function parseLedger(text: string): Ledger {
  try {
    const found = JSON.parse(text) as Ledger;
    const { rewriting, backups = [], erasures = [] } = found;
    const numbers = [...backups.map(({ seq, madeAt }) => seq + madeAt), ...erasures.map(({ seq, rows }) => seq + rows)];
    if (rewriting !== undefined) numbers.push(rewriting.below + rewriting.since);
    const texts = [...backups.map(({ id }) => id), ...erasures.map(({ table }) => table)];
    if (numbers.every(Number.isSafeInteger) && texts.every((value) => typeof value === 'string')) return found;
  } catch {
    // Said below.
  }
  throw new DriftError('XX001', 'MANIFEST body: what is remembered besides the state does not make sense');
}

/** An erasure that was committed, and whose versions are still in the trees. */
export interface PendingErasure {
  readonly seq: number;
  /** The log's frame (txn/erasure-codec.ts). */
  readonly payload: Uint8Array;
}

/** A core as those see it who tell of erasures. */
export interface LedgerSeen {
  readonly ledger: string;
  readonly erasing: readonly PendingErasure[];
}
