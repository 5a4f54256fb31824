/**
 * Row locks: who may change, or has promised not to change, which row.
 *
 * What a transaction has written it has locked: its write set is asked, and a statement of millions of rows keeps
 * nothing besides. Kept here is only what has not been written: rows locked by SELECT … FOR, parents that foreign keys
 * rely on, and the rows of a statement between its look at them and its writing (claims). So in a table that one
 * transaction alone is at work in, a row costs nothing at all; the look at others begins where there are others.
 *
 * Invariant: a row's holders never conflict; who wants it otherwise waits before it writes or registers.
 */
import { KeyMap, type Keys } from '../../base/key-set.ts';
import type { Key } from '../../table/table.ts';
import { OP_NONE, OP_UPDATE } from '../../table/table.ts';
import type { TableWrites } from '../table-writes.ts';
import type { Transaction } from '../transaction.ts';
import { type Enrolled, Roll } from './roll.ts';
import { FOR_UPDATE, NO_KEY_UPDATE, rowConflicts } from './modes.ts';

/** Rows that a statement is about to write. */
export interface Claim {
  readonly owner: Transaction;
  keys: Keys;
  readonly mode: number;
}

/**
 * One transaction's locks on rows, in layers: those of a statement that locks very many have one of their own, which goes
 * as a whole when the statement is taken back. A row may be in several.
 */
export interface Holder {
  /** Modes by key. The first has what was taken row by row. */
  readonly layers: KeyMap[];
  /** Where the transaction notes the newest layer among its locks. */
  newestAt: number;
}

/** So many layers at most, for who looks for a row looks into all of them. */
const MOST_LAYERS = 16;

/** A transaction that writes to the table. */
export interface Writer extends Enrolled {
  readonly owner: Transaction;
  readonly writes: TableWrites;
}

export class RowLocks {
  readonly writers: Roll<Writer> = new Roll();
  readonly claims: Set<Claim> = new Set();
  readonly holders: Map<Transaction, Holder> = new Map();

  /** Whether anybody but the transaction has locks here. */
  isShared(self: Transaction): boolean {
    const { size } = this.writers;
    if (size > 1 || (size === 1 && this.writers.items[0]?.owner !== self)) return true;
    return this.claims.size > 0 || this.holders.size > (this.holders.has(self) ? 1 : 0);
  }

  get isEmpty(): boolean {
    return this.writers.size === 0 && this.holders.size === 0 && this.claims.size === 0;
  }

  /** Transactions whose locks on a row conflict with a mode. */
  inTheWay(self: Transaction, key: Key, mode: number): Transaction[] {
    const conflicts = rowConflicts(mode);
    const found: Transaction[] = [];
    for (const { owner, writes } of this.writers.items)
      if (owner !== self && (writtenMode(writes, key) & conflicts) !== 0) found.push(owner);
    for (const { owner, keys, mode: claimed } of this.claims)
      if (owner !== self && (claimed & conflicts) !== 0 && keys.has(key)) found.push(owner);
    for (const [owner, holder] of this.holders)
      if (owner !== self && (heldMode(holder, key) & conflicts) !== 0) found.push(owner);
    return found;
  }

  /** Transactions that have, or have had and may bring back, a row of this key which is not committed yet. */
  inserting(self: Transaction, key: Key): Transaction[] {
    const found: Transaction[] = [];
    for (const { owner, writes } of this.writers.items)
      if (owner !== self && writes.latestEntry(key) >= 0) found.push(owner);
    return found;
  }

  /**
   * Registers a lock; true where the transaction had none of that mode on the row. REQUIRES: nobody in the way.
   * `layer`: one of `newLayer`. Default: the first.
   */
  take(owner: Transaction, key: Key, mode: number, layer: KeyMap = this.#holderOf(owner).layers[0] as KeyMap): boolean {
    if ((heldMode(this.#holderOf(owner), key) & mode) === mode) return false;
    layer.set(key, Math.max(0, layer.get(key)) | mode);
    return true;
  }

  /** A layer for very many rows, or null where there are many. `at`: where its owner will note it. */
  newLayer(owner: Transaction, at: number): KeyMap | null {
    const holder = this.#holderOf(owner);
    if (holder.layers.length >= MOST_LAYERS) return null;
    const layer = new KeyMap();
    holder.layers.push(layer);
    holder.newestAt = at;
    return layer;
  }

  /** The newest layer, if it was noted at a place or behind it: all that is in it goes when that place is gone back to. */
  layerSince(owner: Transaction, place: number): KeyMap | null {
    const holder = this.holders.get(owner);
    if (holder === undefined || holder.layers.length === 1 || holder.newestAt < place) return null;
    return holder.layers.at(-1) ?? null;
  }

  dropLayer(owner: Transaction, layer: KeyMap): void {
    const holder = this.holders.get(owner);
    if (holder === undefined) return;
    const at = holder.layers.indexOf(layer);
    if (at < 0) return;
    holder.layers.splice(at, 1);
    // Which of the others is the newest one is known no more: the next statement makes one of its own.
    holder.newestAt = -1;
    this.#forgetEmpty(owner, holder);
  }

  /** Takes bits of a lock that was taken by itself back. */
  release(owner: Transaction, key: Key, mode: number): void {
    const holder = this.holders.get(owner);
    const [first] = holder?.layers ?? [];
    if (holder === undefined || first === undefined) return;
    const own = first.get(key);
    if (own < 0) return;
    if ((own & ~mode) === 0) first.delete(key);
    else first.set(key, own & ~mode);
    this.#forgetEmpty(owner, holder);
  }

  /** Takes all locks of a transaction back, in one step: it may have a million of them. */
  releaseAll(owner: Transaction): void {
    this.holders.delete(owner);
  }

  #holderOf(owner: Transaction): Holder {
    let holder = this.holders.get(owner);
    if (holder === undefined) this.holders.set(owner, (holder = { layers: [new KeyMap()], newestAt: -1 }));
    return holder;
  }

  #forgetEmpty(owner: Transaction, { layers }: Holder): void {
    if (layers.every(({ size }) => size === 0)) this.holders.delete(owner);
  }
}

function heldMode({ layers }: Holder, key: Key): number {
  let mode = 0;
  for (const layer of layers) {
    const own = layer.get(key);
    if (own > 0) mode |= own;
  }
  return mode;
}

/** The lock that an own write stands for. */
function writtenMode(writes: TableWrites, key: Key): number {
  const entry = writes.latestEntry(key);
  if (entry < 0) return 0;
  const op = writes.opAt(entry);
  if (op === OP_NONE) return 0;
  return op === OP_UPDATE ? NO_KEY_UPDATE : FOR_UPDATE;
}
