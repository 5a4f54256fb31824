/**
 * The rows of a right input that differ in their keys, for joins that only ask whether there is a partner: of rows with
 * equal keys one is enough, be it a million of them that NOT IN compares with.
 */
import type { Task } from '../../base/task.ts';
import type { Batch } from '../../base/vector.ts';
import type { JoinNode } from '../../plan/plan.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { type ExecRun, layoutOf } from '../run.ts';
import { DistinctRows } from './distinct.ts';

/** Whether the keys alone decide, and only whether there is a row with them. */
export function isOfKeys({ type, residual, keys }: JoinNode): boolean {
  return (type === 'semi' || type === 'anti' || type === 'mark') && residual === null && keys.length > 0;
}

export class DistinctKeys {
  readonly #compiler: Compiler;
  readonly #keys: readonly Evaluator[];
  readonly #rows: DistinctRows;
  readonly #run: ExecRun;
  readonly #givesUp: boolean;
  #hasGivenUp = false;

  /** `givesUp`: its owner may have all rows, where the keys take too much. */
  constructor(node: JoinNode, run: ExecRun, givesUp = false) {
    this.#run = run;
    this.#givesUp = givesUp;
    this.#compiler = new Compiler(layoutOf(node.right.outputs), run);
    this.#keys = this.#compiler.compileAll(node.keys.map((key) => key.right));
    this.#rows = new DistinctRows(
      this.#keys.map(({ oid }) => oid),
      run,
    );
  }

  /** The rows of a batch whose keys were not seen before. */
  *pass(batch: Batch): Task<Batch> {
    if (batch.count === 0 || this.#hasGivenUp) return batch;
    yield* this.#compiler.prepare(batch);
    const { selection, count } = yield* this.#rows.pass({
      ...batch,
      columns: this.#keys.map((key) => key.eval(batch)),
    });
    if (this.#givesUp && this.#run.memory.isScarce(this.#rows.bytes, 0)) {
      this.#rows.reset();
      this.#hasGivenUp = true;
    }
    return selection === null ? batch : withSelection(batch, selection, count);
  }

  reset(): void {
    this.#rows.reset();
    this.#hasGivenUp = false;
  }
}
