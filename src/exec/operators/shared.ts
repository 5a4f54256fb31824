/** Materialised CTEs, recursive unions and the scans that read them. */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { CteScanNode, RecursiveUnionNode, WithNode, WorkScanNode } from '../../plan/plan.ts';
import { modifiesOf } from '../../plan/walk-plan.ts';
import { Collector, oidsOf } from '../collector.ts';
import type { ExecRun, Operator } from '../run.ts';
import { noteSpill } from '../spill/note.ts';
import { SpilledRows } from '../spill/spilled-rows.ts';
import { BatchPieces } from './simple.ts';
import { DistinctRows } from './distinct.ts';
import { wholeBatch } from '../vectors.ts';

/**
 * Runs the definition when it is first read. One that changes data and that nobody has read runs when the body is done,
 * later ones before earlier ones: PostgreSQL's order, which shows where two parts change the same row.
 */
export class WithOperator implements Operator {
  readonly #node: WithNode;
  readonly #definition: Operator;
  readonly #body: Operator;
  readonly #run: ExecRun;
  readonly #collector: Collector;
  readonly #modifies: boolean;
  #rows: Batch | null = null;
  #spilled: SpilledRows | null = null;

  constructor(node: WithNode, definition: Operator, body: Operator, run: ExecRun) {
    this.#node = node;
    this.#definition = definition;
    this.#body = body;
    this.#run = run;
    this.#collector = new Collector(oidsOf(node.definition.outputs), run.memory, true);
    this.#modifies = modifiesOf(node.definition).length > 0;
  }

  open(): void {
    this.#forget();
    this.#run.ctes.set(this.#node.cte, { rows: () => this.#materialise() });
    this.#body.open();
  }

  *next(): Task<Batch | null> {
    const batch = yield* this.#body.next();
    if (batch === null && this.#modifies) yield* this.#materialise();
    return batch;
  }

  close(): void {
    this.#body.close();
    this.#definition.close();
    this.#forget();
  }

  #forget(): void {
    this.#collector.release();
    this.#rows = null;
    this.#spilled?.clear();
    this.#spilled = null;
  }

  *#materialise(): Task<Batch | Operator> {
    if (this.#rows === null && this.#spilled === null) yield* this.#collect();
    if (this.#spilled !== null) return this.#spilled.reader();
    return (this.#rows ??= yield* this.#collector.whole(this.#run));
  }

  /** Runs the definition; its rows go to the temporary file when they are too many. */
  *#collect(): Task<void> {
    this.#definition.open();
    const oids = oidsOf(this.#node.definition.outputs);
    for (;;) {
      const batch = yield* this.#definition.next();
      if (batch === null) break;
      if (this.#spilled === null && oids.length > 0 && this.#run.memory.isScarce(this.#collector.bytes, 0)) {
        this.#spilled = new SpilledRows(this.#run, oids);
        for (const chunk of this.#collector.chunks()) this.#spilled.add(chunk);
        this.#collector.release();
      }
      if (this.#spilled === null) this.#collector.add(batch);
      else {
        this.#spilled.add(batch);
        yield* this.#spilled.settle();
      }
      if (this.#run.due()) yield* this.#run.pause();
    }
    this.#definition.close();
    if (this.#spilled === null) this.#rows = yield* this.#collector.whole(this.#run);
    else noteSpill(this.#run, this.#node, { spilledBytes: this.#spilled.writtenBytes });
  }
}

export class CteScanOperator implements Operator {
  readonly #node: CteScanNode;
  readonly #run: ExecRun;
  readonly #pieces = new BatchPieces();
  #reader: Operator | null = null;
  #started = false;

  constructor(node: CteScanNode, run: ExecRun) {
    this.#node = node;
    this.#run = run;
  }

  open(): void {
    this.#started = false;
    this.#reader = null;
    this.#pieces.reset(null);
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      const shared = this.#run.ctes.get(this.#node.cte);
      assert(shared !== undefined, `CTE ${this.#node.name} is in scope`);
      const rows = yield* shared.rows();
      if ('columns' in rows) this.#pieces.reset(pick(rows, this.#node.columns));
      else {
        this.#reader = rows;
        rows.open();
      }
    }
    if (this.#reader === null) return this.#pieces.next();
    const batch = yield* this.#reader.next();
    return batch === null ? null : pick(batch, this.#node.columns);
  }

  close(): void {
    this.#reader?.close();
    this.#reader = null;
    this.#pieces.reset(null);
    this.#started = true;
  }
}

function pick(rows: Batch, columns: readonly number[]): Batch {
  return wholeBatch(
    columns.map((column) => rows.columns[column] as Vector),
    rows.length,
  );
}

/** WITH RECURSIVE: each round's new rows go out and are the next round's work. */
export class RecursiveUnionOperator implements Operator {
  readonly #node: RecursiveUnionNode;
  readonly #initial: Operator;
  readonly #step: Operator;
  readonly #run: ExecRun;
  readonly #distinct: DistinctRows;
  readonly #pieces = new BatchPieces();
  #round: Collector;
  #state: 'initial' | 'step' | 'end' = 'end';

  constructor(node: RecursiveUnionNode, initial: Operator, step: Operator, run: ExecRun) {
    this.#node = node;
    this.#initial = initial;
    this.#step = step;
    this.#run = run;
    this.#distinct = new DistinctRows(oidsOf(node.outputs), run);
    this.#round = new Collector(oidsOf(node.outputs), run.memory);
  }

  open(): void {
    this.close();
    this.#state = 'initial';
  }

  close(): void {
    this.#initial.close();
    this.#step.close();
    this.#distinct.reset();
    this.#round.release();
    this.#pieces.reset(null);
    this.#state = 'end';
  }

  *next(): Task<Batch | null> {
    for (;;) {
      const piece = this.#pieces.next();
      if (piece !== null) return piece;
      if (this.#state === 'end') return null;
      const source = this.#state === 'initial' ? this.#initial : this.#step;
      this.#state = 'step';
      const rows = yield* this.#runRound(source);
      if (rows.count === 0) {
        this.#state = 'end';
        return null;
      }
      this.#run.works.set(this.#node.work, rows);
      this.#pieces.reset(rows);
    }
  }

  *#runRound(source: Operator): Task<Batch> {
    const round = new Collector(oidsOf(this.#node.outputs), this.#run.memory);
    source.open();
    for (;;) {
      const batch = yield* source.next();
      if (batch === null) break;
      round.add(this.#node.distinct ? yield* this.#distinct.pass(batch) : batch);
      if (this.#run.due()) yield* this.#run.pause();
    }
    source.close();
    if (this.#run.due()) yield* this.#run.pause();
    this.#round.release();
    this.#round = round;
    return yield* round.whole(this.#run);
  }
}

export class WorkScanOperator implements Operator {
  readonly #node: WorkScanNode;
  readonly #run: ExecRun;
  readonly #pieces = new BatchPieces();
  #started = false;

  constructor(node: WorkScanNode, run: ExecRun) {
    this.#node = node;
    this.#run = run;
  }

  open(): void {
    this.#started = false;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      const rows = this.#run.works.get(this.#node.work);
      assert(rows !== undefined, 'a work table is read within its recursion');
      this.#pieces.reset(pick(rows, this.#node.columns));
    }
    return this.#pieces.next();
  }

  close(): void {
    this.#pieces.reset(null);
    this.#started = true;
  }
}
