/** Materialised CTEs, recursive unions and the scans that read them. */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { CteScanNode, RecursiveUnionNode, WithNode, WorkScanNode } from '../../plan/plan.ts';
import { modifiesOf } from '../../plan/walk-plan.ts';
import { oidsOf } from '../collector.ts';
import type { ExecRun, Operator } from '../run.ts';
import { KeptRows } from '../spill/kept-rows.ts';
import { noteSpill } from '../spill/note.ts';
import { SeenRows } from '../spill/seen-rows.ts';
import type { SpilledRows } from '../spill/spilled-rows.ts';
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
  readonly #kept: KeptRows;
  readonly #modifies: boolean;
  #rows: Batch | SpilledRows | null = null;

  constructor(node: WithNode, definition: Operator, body: Operator, run: ExecRun) {
    this.#node = node;
    this.#definition = definition;
    this.#body = body;
    this.#run = run;
    this.#kept = new KeptRows(run, oidsOf(node.definition.outputs));
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
    this.#kept.clear();
    this.#rows = null;
  }

  /** Runs the definition, the first time. */
  *#materialise(): Task<Batch | Operator> {
    if (this.#rows === null) {
      this.#definition.open();
      for (let batch = yield* this.#definition.next(); batch !== null; batch = yield* this.#definition.next()) {
        yield* this.#kept.add(batch);
        if (this.#run.due()) yield* this.#run.pause();
      }
      this.#definition.close();
      this.#rows = yield* this.#kept.whole();
      const { spilledBytes } = this.#kept;
      if (spilledBytes > 0) noteSpill(this.#run, this.#node, { spilledBytes });
    }
    return 'columns' in this.#rows ? this.#rows : this.#rows.reader();
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
  #round: KeptRows;
  /** The rows of a round that are in the temporary file. */
  #reader: Operator | null = null;
  /** Distinct rows that the memory does not hold. */
  #seen: SeenRows | null = null;
  #state: 'initial' | 'step' | 'end' = 'end';

  constructor(node: RecursiveUnionNode, initial: Operator, step: Operator, run: ExecRun) {
    this.#node = node;
    this.#initial = initial;
    this.#step = step;
    this.#run = run;
    this.#distinct = new DistinctRows(oidsOf(node.outputs), run);
    this.#round = new KeptRows(run, oidsOf(node.outputs));
  }

  open(): void {
    this.close();
    this.#state = 'initial';
  }

  close(): void {
    this.#initial.close();
    this.#step.close();
    this.#distinct.reset();
    this.#seen?.clear();
    this.#seen = null;
    this.#round.clear();
    this.#reader = null;
    this.#pieces.reset(null);
    this.#state = 'end';
  }

  *next(): Task<Batch | null> {
    for (;;) {
      const piece = this.#reader === null ? this.#pieces.next() : yield* this.#reader.next();
      if (piece !== null) return piece;
      this.#reader = null;
      if (this.#state === 'end') return null;
      const source = this.#state === 'initial' ? this.#initial : this.#step;
      this.#state = 'step';
      const rows = yield* this.#runRound(source);
      if (this.#round.count === 0) {
        this.#state = 'end';
        return null;
      }
      this.#run.works.set(this.#node.work, rows);
      if ('columns' in rows) this.#pieces.reset(rows);
      else {
        this.#reader = rows.reader();
        this.#reader.open();
      }
    }
  }

  *#runRound(source: Operator): Task<Batch | SpilledRows> {
    const round = new KeptRows(this.#run, oidsOf(this.#node.outputs));
    const before = this.#seen?.writtenBytes ?? 0;
    source.open();
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
      if (this.#node.distinct) yield* this.#addNew(batch, round);
      else yield* round.add(batch);
      if (this.#run.due()) yield* this.#run.pause();
    }
    source.close();
    if (this.#seen !== null) yield* this.#seen.endRound((rows) => round.add(rows));
    if (this.#run.due()) yield* this.#run.pause();
    this.#round.clear();
    this.#round = round;
    const rows = yield* round.whole();
    const spilledBytes = round.spilledBytes + (this.#seen?.writtenBytes ?? 0) - before;
    if (spilledBytes > 0) noteSpill(this.#run, this.#node, { spilledBytes });
    return rows;
  }

  /** Adds rows that no round has had; those that cannot be told at once when it ends. */
  *#addNew(batch: Batch, round: KeptRows): Task<void> {
    const oids = oidsOf(this.#node.outputs);
    // Its table doubles; and the partitions, which must be read into tables of their own, want their room.
    const { bytes } = this.#distinct;
    if (this.#seen === null && oids.length > 0 && this.#run.memory.isScarce(bytes, bytes))
      this.#seen = new SeenRows(this.#run, oids);
    if (this.#seen === null) yield* round.add(yield* this.#distinct.pass(batch));
    else yield* this.#seen.add(this.#distinct.unknown(batch));
  }
}

export class WorkScanOperator implements Operator {
  readonly #node: WorkScanNode;
  readonly #run: ExecRun;
  readonly #pieces = new BatchPieces();
  #reader: Operator | null = null;
  #started = false;

  constructor(node: WorkScanNode, run: ExecRun) {
    this.#node = node;
    this.#run = run;
  }

  open(): void {
    this.#reader = null;
    this.#pieces.reset(null);
    this.#started = false;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      const rows = this.#run.works.get(this.#node.work);
      assert(rows !== undefined, 'a work table is read within its recursion');
      if ('columns' in rows) this.#pieces.reset(pick(rows, this.#node.columns));
      else {
        this.#reader = rows.reader();
        this.#reader.open();
      }
    }
    if (this.#reader === null) return this.#pieces.next();
    const batch = yield* this.#reader.next();
    return batch === null ? null : pick(batch, this.#node.columns);
  }

  close(): void {
    this.#reader = null;
    this.#pieces.reset(null);
    this.#started = true;
  }
}
