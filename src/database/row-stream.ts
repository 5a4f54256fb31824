/**
 * RowStream: a query whose rows are asked for piece by piece, over one snapshot, in the open transaction of its session.
 *
 * Its operators stand still between two pieces; what they hold is all that it takes, however many rows there are. What the
 * transaction writes meanwhile it does not see.
 */
import type { Cancellation } from '../base/cancel.ts';
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { type Batch, BATCH_ROWS, type Vector } from '../base/vector.ts';
import { compactBatch, concat, emptyVector } from '../exec/vectors.ts';
import { isBindable } from '../plan/bind.ts';
import type { Plan } from '../plan/plan.ts';
import { parseOne } from '../sql/parser/parser.ts';
import type { Parameter, ResultSet } from './api.ts';
import { changesView, coerced } from './bindable.ts';
import { fieldsOf } from './answer.ts';
import { openPlan, planOf, type Running, type Scene } from './statement.ts';
import { asText } from './text-answer.ts';

/** A piece goes out when it has so many rows, or after so long where rows are rare. */
const PIECE_ROWS = BATCH_ROWS / 2;
const PIECE_MS = 30;

export class RowStream {
  readonly #scene: Scene;
  readonly #plan: Plan;
  readonly #running: Running;
  readonly #text: boolean;
  #ended = false;
  #begun = false;

  static *begin(scene: Scene, sql: string, parameters: readonly Parameter[], text: boolean): Task<RowStream> {
    const statement = parseOne(sql);
    if (!isBindable(statement) || changesView(scene, statement))
      throw new DriftError('0A000', 'this statement cannot be streamed', { hint: 'Run it by query or exec.' });
    const plan = yield* planOf({ ...scene, parameters }, statement);
    const bound = { ...scene, parameters: coerced(plan, parameters, scene) };
    return new RowStream(bound, plan, openPlan(bound, plan, true), text);
  }

  private constructor(scene: Scene, plan: Plan, running: Running, text: boolean) {
    this.#scene = scene;
    this.#plan = plan;
    this.#running = running;
    this.#text = text;
  }

  /** What cancels it, between pieces too. */
  get cancellation(): Cancellation {
    return this.#scene.eval.cancellation;
  }

  /** The next rows; null at the end. The first piece comes in any case, for its fields. */
  *next(): Task<ResultSet | null> {
    if (this.#ended) return null;
    this.cancellation.check();
    const { host } = this.#scene.core;
    const due = host.monotonicMs() + PIECE_MS;
    const batches: Batch[] = [];
    let rows = 0;
    while (rows < PIECE_ROWS && (rows === 0 || host.monotonicMs() < due)) {
      const batch = yield* this.#running.next();
      if (batch === null) {
        this.close();
        break;
      }
      if (batch.count > 0) batches.push(compactBatch(batch));
      rows += batch.count;
    }
    if (rows === 0 && this.#begun) return null;
    this.#begun = true;
    const result = this.#resultOf(batches, rows);
    return this.#text ? asText(result, this.#scene.eval) : result;
  }

  #resultOf(batches: readonly Batch[], rowCount: number): ResultSet {
    const { root, command, fields } = this.#plan;
    const columns = root.outputs.map(({ type }, c) =>
      batches.length === 0
        ? emptyVector(type.oid)
        : concat(
            batches.map((batch) => batch.columns[c] as Vector),
            type.oid,
          ),
    );
    const hasRows = fields !== null;
    const shown = fieldsOf(this.#plan);
    return {
      command,
      fields: shown,
      columns: hasRows ? columns.slice(0, shown.length) : [],
      rowCount: hasRows ? rowCount : 0,
      affectedRows: null,
    };
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#running.close();
  }
}
