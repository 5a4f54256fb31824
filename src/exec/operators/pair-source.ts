/**
 * Candidate pairs of a join: which left row might meet which right row. Hash join, loop join and apply differ only
 * here; what the pairs mean for the join's type is join.ts's part.
 *
 * A source is given one left batch after another and hands out its pairs in chunks of bounded size, ordered by left row.
 */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import { valueAt } from '../../base/vector.ts';
import type { JoinNode } from '../../plan/plan.ts';
import { Collector, oidsOf } from '../collector.ts';
import { Compiler } from '../compile.ts';
import type { Evaluator } from '../evaluator.ts';
import { KeyTable } from '../key-table.ts';
import { type Cell, type ExecRun, layoutOf, type Operator } from '../run.ts';
import { KeptRows } from '../spill/kept-rows.ts';
import { noteSpill } from '../spill/note.ts';
import type { SpilledJoin } from '../spill/spilled-join.ts';
import type { SpilledRows } from '../spill/spilled-rows.ts';
import { vectorBytes } from '../vectors.ts';
import { DistinctKeys, isOfKeys } from './distinct-keys.ts';
import { cutBatch } from './simple.ts';

/** Positions in the left batch and rows of `right` (-1: none, see padsLeft), in step. */
export interface PairChunk {
  readonly leftRows: Int32Array;
  readonly rightRows: Int32Array;
  readonly count: number;
  readonly right: Batch;
  /** Where `right` begins among all rows of the right input, if it is a part of them. Default 0. */
  readonly rightBase?: number | undefined;
}

export interface PairSource {
  open(): void;
  close(): void;
  /** Before the first left batch. */
  start(): Task<void>;
  begin(left: Batch): Task<void>;
  nextChunk(): Task<PairChunk | null>;
  /** The whole right input, where it is materialised in memory. */
  readonly right: Batch | null;
  /** The same in the temporary file. */
  readonly spilledRight?: SpilledRows | null;
}

const CHUNK_ROWS = 8192;
/** Build rows that are worked on between looks at the clock. */
const BUILD_ROWS = 8192;
/** What a row takes in the hash table, roughly. */
const ROW_BYTES = 40;

/** Whether hash matches alone decide about a left join's rows, so that those without any can be told at once. */
export function padsLeft(node: JoinNode): boolean {
  return (node.type === 'left' || node.type === 'full') && node.residual === null;
}

/** Chains of build rows with equal keys, found through a KeyTable. */
export class HashPairs implements PairSource {
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #node: JoinNode;
  /** A left row without a partner is paired with row -1, in its place. */
  readonly #padded: boolean;
  readonly #collector: Collector;
  readonly #leftCompiler: Compiler;
  readonly #rightCompiler: Compiler;
  readonly #leftKeys: readonly Evaluator[];
  readonly #rightKeys: readonly Evaluator[];
  #table: KeyTable;
  #bytes = 0;
  #heads = new Int32Array(0);
  #next = new Int32Array(0);
  #unique = true;
  #left: Batch | null = null;
  #ids: Int32Array = new Int32Array(0);
  #at = 0;
  #chain = -1;
  right: Batch | null = null;
  /** Keys of the build rows as they were evaluated, for who asks to have them kept: one vector for each part. */
  keys: { readonly keys: readonly Vector[]; readonly rows: Batch }[] = [];
  keepsKeys = false;
  /** Some build row has a null key. */
  hasNullKey = false;
  /** Makes what takes both sides when the build side does not fit; null: it must. */
  readonly #newSpill: (() => SpilledJoin) | null;
  spilled: SpilledJoin | null = null;
  /** What was spread as often as may be has few keys: where they need to be there but once, they are. */
  readonly #distinct: DistinctKeys | null;

  constructor(node: JoinNode, source: Operator, run: ExecRun, newSpill: (() => SpilledJoin) | null) {
    this.#distinct = newSpill === null && isOfKeys(node) ? new DistinctKeys(node, run) : null;
    this.#source = source;
    this.#run = run;
    this.#newSpill = newSpill;
    this.#node = node;
    this.#padded = padsLeft(node);
    this.#collector = new Collector(oidsOf(node.right.outputs), run.memory);
    this.#leftCompiler = new Compiler(layoutOf(node.left.outputs), run);
    this.#rightCompiler = new Compiler(layoutOf(node.right.outputs), run);
    this.#leftKeys = this.#leftCompiler.compileAll(node.keys.map((key) => key.left));
    this.#rightKeys = this.#rightCompiler.compileAll(node.keys.map((key) => key.right));
    this.#table = this.#newTable();
  }

  #newTable(): KeyTable {
    return new KeyTable(
      this.#node.keys.map((key) => key.right.type.oid),
      this.#node.keys.map((key) => key.nullsEqual),
    );
  }

  open(): void {
    this.close();
  }

  close(): void {
    this.#source.close();
    this.#collector.release();
    this.#distinct?.reset();
    this.#run.memory.give(this.#bytes);
    this.#bytes = 0;
    this.right = null;
    this.keys = [];
    this.#left = null;
    this.spilled?.close();
    this.spilled = null;
  }

  /** Collects the build side; false where it went to partitions. */
  *#collect(): Task<boolean> {
    this.#source.open();
    const { memory } = this.#run;
    for (;;) {
      const all = yield* this.#source.next();
      if (all === null) break;
      const batch = this.#distinct === null ? all : yield* this.#distinct.pass(all);
      if (this.spilled === null && this.#newSpill !== null) {
        const more = batch.columns.reduce((sum, column) => sum + vectorBytes(column), 0);
        const tableBytes = (this.#collector.length + batch.count) * ROW_BYTES;
        if (memory.isScarce(this.#collector.bytes, more + tableBytes)) yield* this.#spill(this.#newSpill());
      }
      if (this.spilled !== null) yield* this.spilled.addRight(batch);
      else this.#collector.add(batch);
      if (this.#run.due()) yield* this.#run.pause();
    }
    this.#source.close();
    this.#distinct?.reset();
    return this.spilled === null;
  }

  *#spill(spilled: SpilledJoin): Task<void> {
    this.spilled = spilled;
    for (const batch of this.#collector.chunks()) yield* spilled.addRight(batch);
    noteSpill(this.#run, this.#node, { memoryBytes: this.#collector.bytes });
    this.#collector.release();
  }

  *start(): Task<void> {
    if (!(yield* this.#collect())) return;
    const right = yield* this.#collector.whole(this.#run);
    this.#table = this.#newTable();
    const ids = yield* this.#assign(right);
    const { count } = this.#table;
    this.#heads = new Int32Array(count).fill(-1);
    this.#next = new Int32Array(right.count).fill(-1);
    this.#unique = true;
    this.hasNullKey = false;
    for (let end = right.count; end > 0; end -= BUILD_ROWS) {
      this.#link(ids, Math.max(0, end - BUILD_ROWS), end);
      if (this.#run.due()) yield* this.#run.pause();
    }
    this.#bytes = this.#table.bytes + count * 4 + right.count * 4;
    this.#run.memory.take(this.#bytes);
    noteSpill(this.#run, this.#node, { memoryBytes: this.#collector.bytes + this.#bytes });
    this.right = right;
  }

  /** Puts build rows at the heads of their keys' chains, the last one first. */
  #link(ids: Int32Array, from: number, to: number): void {
    const heads = this.#heads;
    const next = this.#next;
    for (let row = to - 1; row >= from; row--) {
      const id = ids[row] as number;
      if (id < 0) {
        this.hasNullKey = true;
        continue;
      }
      const head = heads[id] as number;
      if (head >= 0) this.#unique = false;
      next[row] = head;
      heads[id] = row;
    }
  }

  /** Numbers the build rows' keys, piece by piece. */
  *#assign(right: Batch): Task<Int32Array> {
    const ids = new Int32Array(right.count);
    this.#table.expect(right.count);
    for (let at = 0; at < right.count; at += BUILD_ROWS) {
      const piece = cutBatch(right, at, Math.min(at + BUILD_ROWS, right.count));
      yield* this.#rightCompiler.prepare(piece);
      const keys = this.#rightKeys.map((key) => key.eval(piece));
      if (this.keepsKeys) this.keys.push({ keys, rows: piece });
      ids.set(yield* this.#table.assignInSlices(keys, piece, this.#run), at);
      if (this.#run.due()) yield* this.#run.pause();
    }
    return ids;
  }

  *begin(left: Batch): Task<void> {
    yield* this.#leftCompiler.prepare(left);
    this.#left = left;
    this.#ids = this.#table.find(
      this.#leftKeys.map((key) => key.eval(left)),
      left,
    );
    this.#at = 0;
    this.#chain = -1;
  }

  /** Marks the positions whose key is among the build rows; 2 where the key has a null. */
  matches(left: Batch): Uint8Array {
    const flags = new Uint8Array(left.count);
    for (let k = 0; k < left.count; k++) if ((this.#ids[k] as number) >= 0) flags[k] = 1;
    if (this.#node.nullAware) {
      for (const key of this.#leftKeys) {
        const { nulls } = key.eval(left);
        if (nulls === null) continue;
        for (let k = 0; k < left.count; k++) {
          if (nulls[left.selection === null ? k : (left.selection[k] as number)] === 1) flags[k] = 2;
        }
      }
    }
    return flags;
  }

  *nextChunk(): Task<PairChunk | null> {
    const left = this.#left;
    const { right } = this;
    if (left === null || right === null || this.#at >= left.count) return null;
    const chunk = this.#unique ? this.#uniqueChunk(left, right) : this.#chainChunk(left, right);
    return chunk;
  }

  #uniqueChunk(left: Batch, right: Batch): PairChunk {
    const { selection, count } = left;
    const ids = this.#ids;
    const heads = this.#heads;
    const leftRows = new Int32Array(count + 1);
    const rightRows = new Int32Array(count + 1);
    let n = 0;
    if (this.#padded) {
      for (let k = 0; k < count; k++) {
        const id = ids[k] as number;
        leftRows[k] = selection === null ? k : (selection[k] as number);
        rightRows[k] = id < 0 ? -1 : (heads[id] as number);
      }
      this.#at = count;
      return { leftRows, rightRows, count, right };
    }
    for (let k = 0; k < count; k++) {
      const id = ids[k] as number;
      leftRows[n] = selection === null ? k : (selection[k] as number);
      rightRows[n] = id < 0 ? 0 : (heads[id] as number);
      n += id < 0 ? 0 : 1;
    }
    this.#at = count;
    return { leftRows, rightRows, count: n, right };
  }

  #chainChunk(left: Batch, right: Batch): PairChunk {
    const leftRows = new Int32Array(CHUNK_ROWS);
    const rightRows = new Int32Array(CHUNK_ROWS);
    const { selection } = left;
    let n = 0;
    let at = this.#at;
    let row = this.#chain;
    while (at < left.count) {
      if (row < 0) {
        const id = this.#ids[at] as number;
        row = id < 0 ? -1 : (this.#heads[id] as number);
      }
      const leftRow = selection === null ? at : (selection[at] as number);
      if (row < 0 && this.#padded) {
        if (n === CHUNK_ROWS) break;
        leftRows[n] = leftRow;
        rightRows[n++] = -1;
      }
      while (row >= 0 && n < CHUNK_ROWS) {
        leftRows[n] = leftRow;
        rightRows[n++] = row;
        row = this.#next[row] as number;
      }
      if (row >= 0) break;
      at++;
    }
    this.#at = at;
    this.#chain = row;
    return { leftRows, rightRows, count: n, right };
  }
}

/** Every left row with every right row. */
export class LoopPairs implements PairSource {
  readonly #node: JoinNode;
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #kept: KeptRows;
  readonly #distinct: DistinctKeys | null;
  /** Counting left rows that are paired: up to `#end`, from `#at` on. */
  #left: Batch | null = null;
  #at = 0;
  #end = 0;
  /** The part of the right input that they are paired with, and where it begins. */
  #block: Batch | null = null;
  #base = 0;
  #rightAt = 0;
  #reader: Operator | null = null;
  right: Batch | null = null;
  spilledRight: SpilledRows | null = null;

  constructor(node: JoinNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
    this.#kept = new KeptRows(run, oidsOf(node.right.outputs));
    this.#distinct = isOfKeys(node) ? new DistinctKeys(node, run, true) : null;
  }

  open(): void {
    this.close();
  }

  close(): void {
    this.#source.close();
    this.#kept.clear();
    this.#distinct?.reset();
    this.right = null;
    this.spilledRight = null;
    this.#block = null;
    this.#reader = null;
    this.#left = null;
  }

  *start(): Task<void> {
    this.#source.open();
    for (let batch = yield* this.#source.next(); batch !== null; batch = yield* this.#source.next()) {
      yield* this.#kept.add(this.#distinct === null ? batch : yield* this.#distinct.pass(batch));
      if (this.#run.due()) yield* this.#run.pause();
    }
    this.#source.close();
    this.#distinct?.reset();
    const rows = yield* this.#kept.whole();
    if ('columns' in rows) this.right = rows;
    else {
      this.spilledRight = rows;
      noteSpill(this.#run, this.#node, { spilledBytes: this.#kept.spilledBytes });
    }
  }

  *begin(left: Batch): Task<void> {
    this.#left = left;
    this.#end = 0;
    this.#block = null;
    this.#reader = null;
  }

  /** The next part of the right input for some left rows; where it is in memory there is one part. */
  *#nextBlock(left: Batch): Task<Batch | null> {
    for (;;) {
      if (this.#reader !== null) {
        this.#base += this.#block?.length ?? 0;
        this.#block = yield* this.#reader.next();
        if (this.#block !== null) return this.#block;
      }
      if (this.#end >= left.count) return null;
      this.#base = 0;
      if (this.spilledRight === null) {
        this.#end = left.count;
        return (this.#block = this.right);
      }
      // Each part with all left rows, so that it is read once for them; with one by one where their order matters.
      this.#end = this.#node.inOrder === true ? this.#end + 1 : left.count;
      this.#reader = this.spilledRight.reader();
      this.#reader.open();
    }
  }

  *nextChunk(): Task<PairChunk | null> {
    const left = this.#left;
    if (left === null || left.count === 0) return null;
    while (this.#block === null || this.#at >= this.#end) {
      if ((yield* this.#nextBlock(left)) === null) return null;
      this.#at = this.#node.inOrder === true && this.spilledRight !== null ? this.#end - 1 : 0;
      this.#rightAt = 0;
      if (this.#block?.count === 0) this.#at = this.#end;
    }
    if (this.#run.due()) yield* this.#run.pause();
    const right = this.#block;
    const leftRows = new Int32Array(CHUNK_ROWS);
    const rightRows = new Int32Array(CHUNK_ROWS);
    let n = 0;
    while (this.#at < this.#end && n < CHUNK_ROWS) {
      const leftRow = left.selection === null ? this.#at : (left.selection[this.#at] as number);
      const end = Math.min(right.count, this.#rightAt + CHUNK_ROWS - n);
      for (let row = this.#rightAt; row < end; row++) {
        leftRows[n] = leftRow;
        rightRows[n++] = row;
      }
      this.#rightAt = end;
      if (end === right.count) {
        this.#rightAt = 0;
        this.#at++;
      }
    }
    return { leftRows, rightRows, count: n, right, rightBase: this.#base };
  }
}

/** The right input opened anew for each left row, whose values it finds in cells. */
export class ApplyPairs implements PairSource {
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #oids: readonly number[];
  readonly #cells: readonly { readonly cell: Cell; readonly index: number }[];
  #left: Batch | null = null;
  #at = 0;
  #rowOpen = false;
  #collector: Collector;
  readonly right: Batch | null = null;

  constructor(node: JoinNode, source: Operator, run: ExecRun) {
    this.#source = source;
    this.#run = run;
    this.#oids = oidsOf(node.right.outputs);
    const layout = layoutOf(node.left.outputs);
    this.#cells = node.correlated
      .map((id) => ({ cell: run.cell(id), index: layout.get(id) ?? -1 }))
      .filter(({ index }) => index >= 0);
    this.#collector = new Collector(this.#oids, run.memory);
  }

  open(): void {
    this.close();
  }

  close(): void {
    this.#source.close();
    this.#collector.release();
    this.#left = null;
  }

  *start(): Task<void> {}

  *begin(left: Batch): Task<void> {
    this.#left = left;
    this.#at = 0;
    this.#rowOpen = false;
  }

  *nextChunk(): Task<PairChunk | null> {
    const left = this.#left;
    if (left === null || this.#at >= left.count) return null;
    this.#collector.release();
    const pieces: { readonly row: number; readonly count: number }[] = [];
    while (this.#at < left.count && this.#collector.length < CHUNK_ROWS) {
      const row = left.selection === null ? this.#at : (left.selection[this.#at] as number);
      if (!this.#rowOpen) {
        for (const { cell, index } of this.#cells) cell.value = valueAt(left.columns[index] as Vector, row);
        this.#source.open();
        this.#rowOpen = true;
      }
      const batch = yield* this.#source.next();
      if (batch === null) {
        this.#source.close();
        this.#rowOpen = false;
        this.#at++;
        if (this.#run.due()) yield* this.#run.pause();
      } else if (batch.count > 0) {
        this.#collector.add(batch);
        pieces.push({ row, count: batch.count });
      }
    }
    const right = this.#collector.batch();
    const leftRows = new Int32Array(right.count);
    const rightRows = new Int32Array(right.count);
    let n = 0;
    for (const { row, count } of pieces) {
      leftRows.fill(row, n, n + count);
      n += count;
    }
    for (let i = 0; i < n; i++) rightRows[i] = i;
    return { leftRows, rightRows, count: n, right };
  }
}
