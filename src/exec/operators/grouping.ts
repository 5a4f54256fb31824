/**
 * Groupings: the groups of one grouping set, their keys and the states of the calls over them (aggregate-call.ts). One that
 * is full makes no more groups and puts the rows of others aside, in partitions.
 */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import { concatInSlices } from '../concat-slices.ts';
import { withSelection } from '../evaluator.ts';
import { KeyTable } from '../key-table.ts';
import type { ExecRun } from '../run.ts';
import { hashRows } from '../spill/hash-rows.ts';
import { Partitions } from '../spill/partitions.ts';
import { constantVector, take, wholeBatch } from '../vectors.ts';
import { type CallInput, CallState, type CompiledCall, inputOf } from './aggregate-call.ts';

/** One grouping set. */
export class Grouping {
  readonly #run: ExecRun;
  readonly #set: readonly number[];
  readonly #oids: readonly number[];
  readonly #table: KeyTable | null;
  readonly #keys: Vector[][];
  readonly #states: readonly CallState[];
  #groups: number;
  /** Rows of groups that are not there, once no more are made. */
  spilled: Partitions | null = null;

  constructor(set: readonly number[], oids: readonly number[], calls: readonly CompiledCall[], run: ExecRun) {
    this.#set = set;
    this.#oids = oids;
    this.#run = run;
    this.#table =
      set.length === 0
        ? null
        : new KeyTable(
            set.map((g) => oids[g] as number),
            set.map(() => true),
          );
    this.#keys = set.map(() => []);
    this.#states = calls.map((call) => new CallState(call, set.length > 0, run));
    this.#groups = set.length === 0 ? 1 : 0;
  }

  get bytes(): number {
    const states = this.#states.reduce((sum, state) => sum + state.bytes, 0);
    if (this.#table === null) return states;
    return states + this.#table.bytes + this.#groups * 16 * (this.#states.length + this.#set.length);
  }

  get isFull(): boolean {
    return this.spilled !== null;
  }

  /** From now on rows of groups that are not there go to partitions; `oids` are those of the batches' columns. */
  fill(oids: readonly number[], level: number): void {
    for (const state of this.#states) state.fill(level);
    if (this.#set.length > 0) this.spilled ??= new Partitions(this.#run, oids, level);
  }

  /** Adds the rows of groups that are there; the others are put aside. */
  *addKnown(batch: Batch, groups: readonly Vector[], calls: readonly CompiledCall[]): Task<void> {
    const { spilled } = this;
    if (this.#table === null || spilled === null) return;
    const keys = this.#set.map((g) => groups[g] as Vector);
    const ids = this.#table.find(keys, batch);
    const [known, knownIds, others] = parted(batch, ids);
    if (others.count > 0) {
      const oids = this.#set.map((g) => this.#oids[g] as number);
      spilled.add(others, hashRows(keys, oids, others, spilled.level));
    }
    if (known.count === 0) return;
    for (let c = 0; c < this.#states.length; c++)
      yield* (this.#states[c] as CallState).add(inputOf(calls[c] as CompiledCall, known), knownIds, this.#groups);
  }

  /** Writes what has been put aside. */
  *settle(): Task<void> {
    if (this.spilled !== null) yield* this.spilled.settle();
    for (const state of this.#states) if (state.spills) yield* state.settle();
  }

  *add(batch: Batch, groups: readonly Vector[], inputs: readonly CallInput[]): Task<void> {
    let ids: Int32Array | null = null;
    if (this.#table !== null) {
      const keys = this.#set.map((g) => groups[g] as Vector);
      ids = yield* this.#table.assignInSlices(keys, batch, this.#run);
      if (this.#table.count > this.#groups) this.#addGroups(keys, batch, ids);
    }
    for (let c = 0; c < this.#states.length; c++)
      yield* (this.#states[c] as CallState).add(inputs[c] as CallInput, ids, this.#groups);
  }

  /** Keeps the key values of groups seen for the first time. */
  #addGroups(keys: readonly Vector[], batch: Batch, ids: Int32Array): void {
    const count = (this.#table as KeyTable).count;
    const rows = new Int32Array(count - this.#groups);
    let next = this.#groups;
    for (let k = 0; k < batch.count && next < count; k++) {
      if (ids[k] !== next) continue;
      rows[next - this.#groups] = batch.selection === null ? k : (batch.selection[k] as number);
      next++;
    }
    for (let g = 0; g < keys.length; g++) (this.#keys[g] as Vector[]).push(take(keys[g] as Vector, rows, rows.length));
    this.#groups = count;
  }

  *finish(): Task<Batch> {
    const columns: Vector[] = [];
    for (const [g, oid] of this.#oids.entries()) {
      const position = this.#set.indexOf(g);
      const keys = this.#keys[position];
      columns.push(
        keys === undefined ? constantVector(null, this.#groups, oid) : yield* concatInSlices(keys, oid, this.#run),
      );
    }
    for (const state of this.#states) {
      columns.push(yield* state.finish(this.#groups));
      if (this.#run.due()) yield* this.#run.pause();
    }
    return wholeBatch(columns, this.#groups);
  }
}

/** The rows with a number, these, and the others. */
function parted(batch: Batch, ids: Int32Array): [Batch, Int32Array, Batch] {
  const known = new Int32Array(batch.count);
  const knownIds = new Int32Array(batch.count);
  const others = new Int32Array(batch.count);
  let [n, m] = [0, 0];
  for (let k = 0; k < batch.count; k++) {
    const row = batch.selection === null ? k : (batch.selection[k] as number);
    if ((ids[k] as number) < 0) {
      others[m++] = row;
      continue;
    }
    known[n] = row;
    knownIds[n++] = ids[k] as number;
  }
  return [withSelection(batch, known, n), knownIds.subarray(0, n), withSelection(batch, others, m)];
}
