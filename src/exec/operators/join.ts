/**
 * Joins of all types over candidate pairs (pair-source.ts).
 *
 * For each left batch the pairs that satisfy the condition are gathered into output batches; what left rows matched is
 * kept for the types that ask (left, full, semi, anti, mark, single), what right rows matched for right and full,
 * whose unmatched right rows come last. Columns are gathered only for pairs that passed, and those of the condition
 * only where there is one.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { BoundExpression, ColumnId } from '../../plan/expression.ts';
import type { JoinNode, PlanNode } from '../../plan/plan.ts';
import { columnsOf, conjunction } from '../../plan/walk-expression.ts';
import { codedSlice } from '../coded-column.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { BOOL, hashFamily } from '../physical.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { isNumbered, SidewaysFilter, type SidewaysScan } from '../sideways.ts';
import { emptyVector, take, takeOrNull, wholeBatch } from '../vectors.ts';
import { MAX_LEVEL } from '../spill/partitions.ts';
import { SpilledJoin, type Whole } from '../spill/spilled-join.ts';
import { isOfKeys } from './distinct-keys.ts';
import { batchedLookup, LookupPairs } from './lookup-pairs.ts';
import { MergePairs } from './merge-pairs.ts';
import { ApplyPairs, HashPairs, LoopPairs, type PairChunk, type PairSource, padsLeft } from './pair-source.ts';

/** Where one output column comes from. */
interface OutputSource {
  readonly side: 'left' | 'right' | 'mark';
  readonly index: number;
}

/** Rows of a right input in memory of which those without a partner are told at once. */
const UNMATCHED_ROWS = 8192;
const BOOLEAN = { oid: BOOL, typmod: -1 };

export class JoinOperator implements Operator {
  readonly #node: JoinNode;
  readonly #left: Operator;
  readonly #pairs: PairSource;
  readonly #hash: HashPairs | null;
  /** Left rows without a partner are among the pairs, with -1 for the right row. */
  readonly #padded: boolean;
  /** What the probe side's scans are told of the build side, by the key's place. */
  readonly #sideways: readonly { readonly filter: SidewaysFilter; readonly key: number }[];
  readonly #right: Operator;
  readonly #outputs: readonly OutputSource[];
  readonly #compiler: Compiler;
  readonly #condition: Evaluator | null;
  readonly #conditionColumns: readonly boolean[];
  readonly #run: ExecRun;
  #started = false;
  #leftBatch: Batch | null = null;
  #matched: Uint8Array = new Uint8Array(0);
  #unknown: Uint8Array | null = null;
  #rightMatched: Uint8Array = new Uint8Array(0);
  #leftDone = false;
  #rightEmitted = false;
  /** Where the right input's rows without a partner are looked for; with a reader where it is in the temporary file. */
  #rest: { readonly reader: Operator | null; base: number } | null = null;
  /** What this join's partitions are parts of. */
  readonly #whole: Whole | null;
  #spilled: SpilledJoin | null = null;

  constructor(node: JoinNode, left: Operator, right: Operator, run: ExecRun, whole: Whole | null = null) {
    this.#node = node;
    this.#left = left;
    this.#whole = whole;
    this.#run = run;
    run.form = codedSlice;
    const hashed = isHashable(node) && !mustLoop(node, whole);
    this.#hash = hashed ? new HashPairs(node, right, run, spillOf(node, run, whole)) : null;
    this.#padded = hashed && padsLeft(node);
    this.#sideways = hashed ? sidewaysFilters(node, left) : [];
    if (this.#hash !== null) this.#hash.keepsKeys = this.#sideways.length > 0;
    this.#right = right;
    const merged = node.algorithm === 'merge';
    this.#pairs = this.#hash ?? pairsOf(node, right, run);
    const leftLayout = layoutOf(node.left.outputs);
    const rightLayout = layoutOf(node.right.outputs);
    this.#outputs = node.outputs.map(({ id }) => {
      if (id === node.mark) return { side: 'mark', index: 0 };
      const index = leftLayout.get(id);
      return index === undefined ? { side: 'right', index: rightLayout.get(id) ?? -1 } : { side: 'left', index };
    });
    this.#compiler = new Compiler(layoutOf([...node.left.outputs, ...node.right.outputs]), run);
    const condition = conditionOf(node, hashed || merged);
    this.#condition = condition === null ? null : this.#compiler.compile(condition);
    const used = condition === null ? new Set<number>() : columnsOf(condition);
    this.#conditionColumns = [...node.left.outputs, ...node.right.outputs].map(({ id }) => used.has(id));
  }

  open(): void {
    this.#left.open();
    this.#pairs.open();
    for (const { filter } of this.#sideways) filter.clear();
    this.#started = false;
    this.#leftBatch = null;
    this.#leftDone = false;
    this.#rightEmitted = false;
    this.#rest = null;
    this.#spilled = null;
  }

  close(): void {
    this.#left.close();
    this.#pairs.close();
    this.#started = true;
    this.#leftDone = true;
    this.#rightEmitted = true;
    this.#leftBatch = null;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      yield* this.#pairs.start();
      this.#spilled = this.#hash?.spilled ?? null;
      if (this.#spilled !== null) yield* this.#spillLeft(this.#spilled);
      this.#fillSideways();
      if (this.#needsRight())
        this.#rightMatched = new Uint8Array(this.#pairs.right?.length ?? this.#pairs.spilledRight?.rowCount ?? 0);
    }
    if (this.#spilled !== null) return yield* this.#spilled.next();
    for (;;) {
      if (this.#leftBatch === null) {
        const left = this.#leftDone ? null : yield* this.#left.next();
        if (left === null) {
          this.#leftDone = true;
          return yield* this.#unmatchedRight();
        }
        if (left.count === 0) continue;
        yield* this.#pairs.begin(left);
        const direct = this.#direct(left);
        if (direct !== null) {
          if (direct.count > 0) return direct;
          continue;
        }
        this.#leftBatch = left;
        this.#matched = new Uint8Array(left.length);
        this.#unknown = this.#node.nullAware ? new Uint8Array(left.length) : null;
      }
      const left = this.#leftBatch;
      const chunk = yield* this.#pairs.nextChunk();
      if (chunk === null) {
        this.#leftBatch = null;
        const rest = this.#finishLeft(left);
        if (rest !== null && rest.count > 0) return rest;
        continue;
      }
      if (chunk.count === 0) continue;
      const result = yield* this.#pairsBatch(left, chunk);
      if (result !== null && result.count > 0) return result;
    }
  }

  *#spillLeft(spilled: SpilledJoin): Task<void> {
    for (let batch = yield* this.#left.next(); batch !== null; batch = yield* this.#left.next()) {
      yield* spilled.addLeft(batch);
      if (this.#run.due()) yield* this.#run.pause();
    }
    this.#left.close();
    yield* spilled.begin();
  }

  #fillSideways(): void {
    const hash = this.#hash;
    if (hash === null || hash.right === null) return;
    for (const { filter, key } of this.#sideways)
      filter.fill(hash.keys.map(({ keys, rows }) => ({ keys: keys[key] as Vector, rows })));
    hash.keys = [];
  }

  sideways(id: ColumnId): SidewaysScan | null {
    const { type, algorithm, left, right } = this.#node;
    if (left.outputs.some((output) => output.id === id)) {
      if (type === 'right' || type === 'full') return null;
      return this.#left.sideways?.(id) ?? null;
    }
    // The inside of an apply is another one for each row.
    if (type !== 'inner' || algorithm === 'apply' || algorithm === 'lookup') return null;
    return right.outputs.some((output) => output.id === id) ? (this.#right.sideways?.(id) ?? null) : null;
  }

  #needsRight(): boolean {
    return this.#node.type === 'right' || this.#node.type === 'full';
  }

  /** Semi, anti and mark joins by hash alone: only whether there is a match counts. */
  #direct(left: Batch): Batch | null {
    const { type, nullAware } = this.#node;
    const hash = this.#hash;
    if (
      this.#node.strictKeys === true ||
      hash === null ||
      this.#condition !== null ||
      (type !== 'semi' && type !== 'anti' && type !== 'mark')
    )
      return null;
    const flags = hash.matches(left);
    const empty = this.#whole === null && (hash.right?.count ?? 0) === 0;
    const hasNullKey = this.#whole?.hasNullKey ?? hash.hasNullKey;
    const matched = new Uint8Array(left.length);
    const unknown = nullAware ? new Uint8Array(left.length) : null;
    for (let k = 0; k < left.count; k++) {
      const row = left.selection === null ? k : (left.selection[k] as number);
      if (flags[k] === 1) matched[row] = 1;
      else if (unknown !== null && !empty && (flags[k] === 2 || hasNullKey)) unknown[row] = 1;
    }
    this.#matched = matched;
    this.#unknown = unknown;
    return this.#finishLeft(left);
  }

  /** Decides about one chunk of candidates; the batch of those that passed, for the types that give pairs. */
  *#pairsBatch(left: Batch, chunk: PairChunk): Task<Batch | null> {
    const passed = this.#condition === null ? chunk : yield* this.#filter(left, chunk, this.#condition);
    const { leftRows, rightRows, count } = passed;
    const { type } = this.#node;
    const matched = this.#matched;
    if (type === 'single') {
      for (let i = 0; i < count; i++) {
        const row = leftRows[i] as number;
        if (matched[row] === 1)
          throw new DriftError('21000', 'more than one row returned by a subquery used as an expression');
        matched[row] = 1;
      }
    } else if (type !== 'inner' && type !== 'right') {
      for (let i = 0; i < count; i++) matched[leftRows[i] as number] = 1;
    }
    if (type === 'semi' || type === 'anti' || type === 'mark') return null;
    if (this.#needsRight()) {
      const { rightBase = 0 } = passed;
      for (let i = 0; i < count; i++)
        if ((rightRows[i] as number) >= 0) this.#rightMatched[rightBase + (rightRows[i] as number)] = 1;
    }
    if (count === 0) return null;
    const columns = this.#outputs.map(({ side, index }) =>
      side === 'left'
        ? take(left.columns[index] as Vector, leftRows, count)
        : (this.#padded ? takeOrNull : take)(passed.right.columns[index] as Vector, rightRows, count),
    );
    return wholeBatch(columns, count);
  }

  *#filter(left: Batch, chunk: PairChunk, condition: Evaluator): Task<PairChunk> {
    const { leftRows, rightRows, count, right } = chunk;
    const width = left.columns.length;
    const columns = this.#conditionColumns.map((used, c) => {
      if (!used) return NO_COLUMN;
      return c < width
        ? take(left.columns[c] as Vector, leftRows, count)
        : take(right.columns[c - width] as Vector, rightRows, count);
    });
    const pairs = wholeBatch(columns, count);
    yield* this.#compiler.prepare(pairs);
    const result = condition.eval(pairs);
    const passes = result.data as Uint8Array;
    const outLeft = new Int32Array(count);
    const outRight = new Int32Array(count);
    let n = 0;
    for (let i = 0; i < count; i++) {
      if (result.nulls !== null && result.nulls[i] === 1) {
        if (this.#unknown !== null) this.#unknown[leftRows[i] as number] = 1;
      } else if (passes[i] === 1) {
        outLeft[n] = leftRows[i] as number;
        outRight[n++] = rightRows[i] as number;
      }
    }
    return { leftRows: outLeft, rightRows: outRight, count: n, right, rightBase: chunk.rightBase };
  }

  /** What a left batch gives once all of its pairs are known. */
  #finishLeft(left: Batch): Batch | null {
    switch (this.#node.type) {
      case 'inner':
      case 'right':
        return null;
      case 'left':
      case 'full':
      case 'single': {
        const rows = this.#rowsWhere(left, 0);
        if (rows.count === 0) return null;
        const none = new Int32Array(rows.count).fill(-1);
        const selection = rows.selection as Int32Array;
        const columns = this.#outputs.map(({ side, index }) =>
          side === 'left'
            ? take(left.columns[index] as Vector, selection, rows.count)
            : takeOrNull(this.#rightModel(index), none, rows.count),
        );
        return wholeBatch(columns, rows.count);
      }
      case 'semi':
        return this.#leftOutputs(this.#rowsWhere(left, 1));
      case 'anti':
        return this.#leftOutputs(this.#rowsWhere(left, 0));
      case 'mark':
        return this.#leftOutputs(left);
    }
  }

  /** Left rows that matched (1) or certainly did not (0). */
  #rowsWhere(left: Batch, matched: 0 | 1): Batch {
    const rows = new Int32Array(left.count);
    let n = 0;
    for (let k = 0; k < left.count; k++) {
      const row = left.selection === null ? k : (left.selection[k] as number);
      if (this.#matched[row] !== matched) continue;
      if (matched === 0 && this.#unknown !== null && this.#unknown[row] === 1) continue;
      rows[n++] = row;
    }
    return withSelection(left, rows, n);
  }

  #leftOutputs(batch: Batch): Batch {
    const matched = this.#matched;
    const unknown = this.#unknown;
    const columns = this.#outputs.map(({ side, index }): Vector => {
      if (side !== 'mark') return batch.columns[index] as Vector;
      let nulls: Uint8Array | null = null;
      if (unknown !== null) {
        nulls = new Uint8Array(batch.length);
        for (let i = 0; i < nulls.length; i++) nulls[i] = matched[i] === 0 ? (unknown[i] as number) : 0;
      }
      return { kind: 'bool', data: matched, length: batch.length, nulls };
    });
    return { columns, length: batch.length, selection: batch.selection, count: batch.count };
  }

  #rightModel(index: number): Vector {
    return this.#pairs.right?.columns[index] ?? emptyVector(this.#node.right.outputs[index]?.type.oid ?? 0);
  }

  *#unmatchedRight(): Task<Batch | null> {
    if (this.#rightEmitted || !this.#needsRight()) return null;
    const { right, spilledRight = null } = this.#pairs;
    if (this.#rest === null) {
      this.#rest = { reader: spilledRight?.reader() ?? null, base: 0 };
      this.#rest.reader?.open();
    }
    const rest = this.#rest;
    for (;;) {
      const { base, reader } = rest;
      const block = reader === null ? right : yield* reader.next();
      const from = reader === null ? base : 0;
      const length = block?.length ?? 0;
      // A block that is read is in memory for this once, and no longer than a batch.
      const to = reader === null ? Math.min(length, from + UNMATCHED_ROWS) : length;
      if (block === null || from === to) break;
      rest.base += to - from;
      const unmatched = this.#unmatchedOf(block, { from, to, base: base - from });
      if (unmatched !== null) return unmatched;
      if (this.#run.due()) yield* this.#run.pause();
    }
    this.#rightEmitted = true;
    return null;
  }

  /** Rows without a partner of a part of the right input, in which row 0 of a batch is number `base`. */
  #unmatchedOf(
    right: Batch,
    { from, to, base }: { readonly from: number; readonly to: number; readonly base: number },
  ): Batch | null {
    const rows = new Int32Array(to - from);
    let n = 0;
    for (let i = from; i < to; i++) if (this.#rightMatched[base + i] === 0) rows[n++] = i;
    if (n === 0) return null;
    const none = new Int32Array(n).fill(-1);
    const columns = this.#outputs.map(({ side, index }) => {
      if (side === 'right') return take(right.columns[index] as Vector, rows, n);
      return takeOrNull(emptyVector(this.#node.left.outputs[index]?.type.oid ?? 0), none, n);
    });
    return wholeBatch(columns, n);
  }
}

/**
 * A pair of partitions that has been spread as often as may be: its rows have few keys, or one. Then a loop over what is
 * in the temporary file does what no hash table can hold. NOT IN, which asks for the whole, is left to hashing; and so is
 * what asks only whether there is a partner, since each key is then needed once.
 */
function mustLoop(node: JoinNode, whole: Whole | null): boolean {
  if (whole === null || whole.level < MAX_LEVEL || node.nullAware || node.strictKeys === true) return false;
  return !isOfKeys(node);
}

/** What takes over where the build side does not fit; null where rows have been spread often enough. */
function spillOf(node: JoinNode, run: ExecRun, whole: Whole | null): (() => SpilledJoin) | null {
  if (whole !== null && whole.level >= MAX_LEVEL) return null;
  return () =>
    new SpilledJoin(run, node, (part, left, right, of) => new JoinOperator(part, left, right, run, of), whole);
}

/** Filters for the scans under the probe side, where a row without a partner goes at this join. */
function sidewaysFilters(
  { type, keys, left: probeSide }: JoinNode,
  left: Operator,
): { readonly filter: SidewaysFilter; readonly key: number }[] {
  if (type !== 'inner' && type !== 'right' && type !== 'semi') return [];
  return keys.flatMap(({ left: probe, right: built, nullsEqual }, key) => {
    if (probe.kind !== 'column' || nullsEqual || !isNumbered(probe.type.oid) || !isNumbered(built.type.oid)) return [];
    const scan = left.sideways?.(probe.id) ?? null;
    if (scan === null) return [];
    return [{ filter: new SidewaysFilter(scan, isRightBelow(probeSide)), key }];
  });
}

/** Whether nothing but projections and filters are between a join and its scan. */
function isRightBelow(node: PlanNode): boolean {
  if (node.kind === 'project' || node.kind === 'filter') return isRightBelow(node.source);
  return node.kind === 'scan';
}

const NO_COLUMN: Vector = { kind: 'bool', data: new Uint8Array(0), length: 0, nulls: null };

function pairsOf(node: JoinNode, right: Operator, run: ExecRun): PairSource {
  const scan = batchedLookup(node);
  if (scan !== null) return new LookupPairs(node, scan, run);
  if (node.algorithm === 'merge') return new MergePairs(node, right, run);
  return isApply(node) ? new ApplyPairs(node, right, run) : new LoopPairs(node, right, run);
}

function isApply(node: JoinNode): boolean {
  return node.algorithm === 'apply' || node.algorithm === 'lookup';
}

/** Hash joins need keys whose hashes agree when they are equal; NOT IN by hash knows one key and no residual. */
function isHashable(node: JoinNode): boolean {
  if (isApply(node) || node.algorithm === 'merge' || node.keys.length === 0) return false;
  if (node.keys.some((key) => hashFamily(key.left.type.oid) !== hashFamily(key.right.type.oid))) return false;
  if (node.strictKeys === true) return true;
  return !node.nullAware || (node.keys.length === 1 && node.residual === null);
}

/** What decides about a candidate pair beyond a hash match. */
function conditionOf(node: JoinNode, hashed: boolean): BoundExpression | null {
  if (hashed) return node.residual;
  const conditions: BoundExpression[] = node.keys.map(({ left, right, equal, nullsEqual }) =>
    nullsEqual
      ? { kind: 'distinctFrom', left, right, equal, negated: true, type: BOOLEAN }
      : { kind: 'call', fn: equal, args: [left, right], type: BOOLEAN },
  );
  if (node.residual !== null) conditions.push(node.residual);
  assert(!isApply(node) || (node.type !== 'right' && node.type !== 'full'), 'an apply keeps no unmatched right rows');
  return conjunction(conditions);
}
