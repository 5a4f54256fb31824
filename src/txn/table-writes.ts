/**
 * TableWrites: what one transaction has changed in one table, columnar, before anyone else may see it.
 *
 * Entries are appended; a later entry for the same key overtakes the earlier one, which keeps a link so that a
 * savepoint can be rolled back by cutting the tail. The op of the effective entry says what the commit does to the
 * state at the snapshot, not what the statement said: a row inserted and deleted again leaves OP_NONE.
 *
 *     entry   0 insert 7     1 update 3    2 update 7 (overtakes 0: still an insert)
 *     ops     NONE           UPDATE        INSERT
 *     prior   -1             -1            0
 *
 * The first entries whose keys ascend (mostly all of a bulk load) need no hash map: look-ups are a binary search.
 *
 * Invariants: `latestEntry(key)` is the only entry of a key whose op may differ from OP_NONE; `count` is also the
 * length of every column. The lists of keys and of assigned columns may be longer: room for what is to come.
 */
import { assert } from '../base/error.ts';
import { KeyMap } from '../base/key-set.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { Value, Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import {
  type Key,
  OP_DELETE,
  OP_INSERT,
  OP_NONE,
  OP_UPDATE,
  type RowChanges,
  type TreeColumn,
} from '../table/table.ts';

/** Most transactions write a row or two. */
const FIRST_ROWS = 4;
/** Entries from which on room is made beforehand, column by column. */
const MANY_ROWS = 16_384;
/** How much more room there is then at least: as a list grows by itself. */
const GROWTH = 1.5;

/** Own writes as readers see them: all of them, or those from before a statement (frozen-writes.ts). */
export interface OwnWrites {
  readonly count: number;
  readonly liveCount: number;
  readonly rollbacks: number;
  latestEntry(key: Key): number;
  keyAt(entry: number): Key;
  isLive(entry: number): boolean;
  rows(): readonly Vector[];
}

export class TableWrites implements OwnWrites {
  readonly #builders: VectorBuilder[];
  readonly #keys: Key[] = [];
  readonly #assigned: (readonly number[] | null)[] = [];
  #ops = new Uint8Array(16);
  /** Entry overtaken by this one, or -1; and the op it had. */
  #prior = new Int32Array(16);
  #priorOp = new Uint8Array(16);
  #count = 0;
  /** Entries for which every column has room. */
  #room = MANY_ROWS;
  /** So many first entries ascend by key; the newest entries of the others are in `#latest`, which is null where there are none. */
  #ascending = 0;
  #latest: KeyMap | null = null;
  #views: readonly Vector[] | null = null;
  #live = 0;
  #rollbacks = 0;

  constructor(columns: readonly TreeColumn[]) {
    this.#builders = columns.map((column) => new VectorBuilder(column.format, FIRST_ROWS));
  }

  /** Entries, overtaken ones included. */
  get count(): number {
    return this.#count;
  }

  /** Grows whenever entries are cut: what was remembered about entries is then void. */
  get rollbacks(): number {
    return this.#rollbacks;
  }

  /** Written rows that exist (inserts and updates in force). */
  get liveCount(): number {
    return this.#live;
  }

  get columnCount(): number {
    return this.#builders.length;
  }

  /** Adopts columns that DDL of this transaction has appended to the table. */
  widen(columns: readonly TreeColumn[]): void {
    for (let ordinal = this.#builders.length; ordinal < columns.length; ordinal++) {
      const column = columns[ordinal] as TreeColumn;
      const builder = new VectorBuilder(column.format);
      for (let row = 0; row < this.#count; row++) builder.append(column.missing);
      this.#builders.push(builder);
    }
    this.#views = null;
  }

  /** Forgets columns that were adopted and have been taken back. */
  narrow(columnCount: number): void {
    this.#builders.length = Math.min(columnCount, this.#builders.length);
    this.#views = null;
  }

  /** Newest entry of a key, or -1. */
  latestEntry(key: Key): number {
    const later = this.#latest === null ? -1 : this.#latest.get(key);
    if (later >= 0) return later;
    let low = 0;
    let high = this.#ascending - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = this.#keys[middle] as Key;
      if (at === key) return middle;
      if (at < key) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The entry that this one overtook, or -1. */
  priorOf(entry: number): number {
    return this.#prior[entry] as number;
  }

  opAt(entry: number): number {
    return this.#ops[entry] as number;
  }

  keyAt(entry: number): Key {
    return this.#keys[entry] as Key;
  }

  /** True when the entry's row exists after the transaction. */
  isLive(entry: number): boolean {
    const op = this.#ops[entry];
    return op === OP_INSERT || op === OP_UPDATE;
  }

  /** Rows of all entries, by table ordinal. */
  rows(): readonly Vector[] {
    this.#views ??= this.#builders.map((builder) => builder.view());
    return this.#views;
  }

  /** Writes the new row of a key; `existed`: the key has a row at the snapshot. */
  put(key: Key, row: readonly Value[], existed: boolean, assigned: readonly number[] | null): void {
    for (let c = 0; c < this.#builders.length; c++) (this.#builders[c] as VectorBuilder).append(row[c] ?? null);
    this.#push(key, existed ? OP_UPDATE : OP_INSERT, assigned);
    this.#live++;
  }

  /**
   * Makes room for rows that are to come, column by column. A list that grows entry by entry is copied to half as much again
   * whenever it is full; all of these would be full together, and a row more would copy some megabytes of each.
   */
  *makeRoom(more: number): Task<void> {
    const needed = this.#count + more;
    if (needed <= this.#room) return;
    const room = more < MANY_ROWS ? Math.ceil(needed * GROWTH) : needed;
    for (const builder of this.#builders) {
      builder.reserve(room);
      yield PAUSE;
    }
    this.#views = null;
    for (const list of [this.#keys, this.#assigned]) {
      list.length = Math.max(list.length, room);
      yield PAUSE;
    }
    this.#reserve(room);
    this.#room = room;
    yield PAUSE;
  }

  /** Writes new rows that are not at the snapshot: those of the vectors from row `start` on, one for each key. */
  insertVectors(keys: readonly Key[], vectors: readonly Vector[], start: number): void {
    this.#append(vectors, start, start + keys.length);
    for (const key of keys) this.#push(key, OP_INSERT, null);
    this.#live += keys.length;
  }

  /** Writes rows in place of those that are there, in the same way. */
  updateVectors(
    keys: readonly Key[],
    vectors: readonly Vector[],
    start: number,
    assigned: readonly number[] | null,
  ): void {
    this.#append(vectors, start, start + keys.length);
    for (const key of keys) this.#push(key, OP_UPDATE, assigned);
    this.#live += keys.length;
  }

  #append(vectors: readonly Vector[], start: number, end: number): void {
    for (let c = 0; c < this.#builders.length; c++) {
      const vector = vectors[c];
      const builder = this.#builders[c] as VectorBuilder;
      if (vector === undefined) for (let r = start; r < end; r++) builder.append(null);
      else builder.appendVector(vector, null, start, end);
    }
  }

  /** Deletes a key; `existed` as in `put`. */
  delete(key: Key, existed: boolean): void {
    for (const builder of this.#builders) builder.append(null);
    this.#push(key, existed ? OP_DELETE : OP_NONE, null);
  }

  /** Cuts everything from entry `count` on: back to a savepoint or the start of a failed statement. */
  rollbackTo(count: number): void {
    assert(count <= this.#count, 'rollback to a savepoint ahead');
    if (count <= this.#ascending) {
      this.#ascending = count;
      this.#latest = null;
    }
    if (count === 0) this.#live = 0;
    else for (let entry = this.#count - 1; entry >= count; entry--) this.#takeBack(entry);
    this.#rollbacks++;
    this.#count = count;
    this.#keys.length = count;
    this.#assigned.length = count;
    this.#room = MANY_ROWS;
    for (const builder of this.#builders) builder.truncate(count);
    this.#views = null;
  }

  #takeBack(entry: number): void {
    if (this.isLive(entry)) this.#live--;
    const prior = this.#prior[entry] as number;
    if (prior >= 0) {
      this.#ops[prior] = this.#priorOp[entry] as number;
      if (this.isLive(prior)) this.#live++;
    }
    if (entry < this.#ascending || this.#latest === null) return;
    if (prior >= this.#ascending) this.#latest.set(this.#keys[entry] as Key, prior);
    else this.#latest.delete(this.#keys[entry] as Key);
  }

  /** The changes as the log and the table store take them. */
  changes(): RowChanges {
    return {
      count: this.#count,
      // A copy of few is cheaper than a view, which gives the array a buffer of its own outside of the heap.
      ops: this.#count < 64 ? this.#ops.slice(0, this.#count) : this.#ops.subarray(0, this.#count),
      keys: this.#keys,
      rows: this.rows(),
      assigned: this.#assigned,
    };
  }

  #push(key: Key, op: number, assigned: readonly number[] | null): void {
    const entry = this.#count;
    this.#reserve(entry + 1);
    const follows = this.#latest === null && (entry === 0 || (this.#keys[entry - 1] as Key) < key);
    const prior = follows ? -1 : this.latestEntry(key);
    let ownOp = op;
    if (prior >= 0) {
      const priorOp = this.#ops[prior] as number;
      ownOp = overtake(op, priorOp);
      if (this.isLive(prior)) this.#live--;
      this.#priorOp[entry] = priorOp;
      this.#ops[prior] = OP_NONE;
    }
    this.#prior[entry] = prior;
    this.#ops[entry] = ownOp;
    this.#keys[entry] = key;
    this.#assigned[entry] = prior >= 0 ? null : assigned;
    if (follows) this.#ascending++;
    else (this.#latest ??= new KeyMap()).set(key, entry);
    this.#count++;
    this.#views = null;
  }

  #reserve(count: number): void {
    if (count <= this.#ops.length) return;
    const size = Math.max(count, this.#ops.length * 2);
    this.#ops = grown(this.#ops, new Uint8Array(size));
    this.#prior = grown(this.#prior, new Int32Array(size));
    this.#priorOp = grown(this.#priorOp, new Uint8Array(size));
  }
}

/** What a new op means for the state at the snapshot, given the op it overtakes. */
function overtake(op: number, prior: number): number {
  // A key inserted by this transaction (or inserted and deleted again) is not at the snapshot, whatever came later.
  const atSnapshot = prior === OP_UPDATE || prior === OP_DELETE;
  if (op === OP_DELETE || op === OP_NONE) return atSnapshot ? OP_DELETE : OP_NONE;
  return atSnapshot ? OP_UPDATE : OP_INSERT;
}

function grown<T extends Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
